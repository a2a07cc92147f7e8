//! Module `records` (OTP 29): native records, made and looked at without code of their module.
//!
//! Invariant: a record that is made here has a definition of its own, whatever its module says.

use std::collections::HashSet;

use girder_vm::code::records;
use girder_vm::term::{RecordView, map};
use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "records" {
        "create"/4 => create_4, Bif, R29;
        "get"/2 => get_2, Bif, R29;
        "get_definition"/2 => get_definition_2, Bif, R29;
        "get_field_names"/1 => get_field_names_1, Bif, R29;
        "get_module"/1 => get_module_1, Bif, R29;
        "get_name"/1 => get_name_1, Bif, R29;
        "is_exported"/1 => is_exported_1, Bif, R29;
        "update"/4 => update_4, Bif, R29;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// `error:{badfield, {{Module, Name}, Field}}`.
fn bad_field<'s>(ctx: &Ctx<'s>, module: Term<'s>, name: Term<'s>, field: Term<'s>) -> Raise {
    let id = ctx.tuple(&[module, name]);
    ctx.error_tuple(am::BADFIELD, ctx.tuple(&[id, field]))
}

fn record<'s>(t: Term<'s>) -> Result<RecordView<'s>, Raise> {
    t.as_record().ok_or(Raise::Badarg)
}

fn record_or_badrecord<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<RecordView<'s>, Raise> {
    t.as_record().ok_or_else(|| ctx.error_tuple(am::BADRECORD, t))
}

/// Module and name.
fn id<'s>(r: &RecordView<'s>) -> Result<(Term<'s>, Term<'s>), Raise> {
    records::id(r.definition).ok_or(Raise::Badarg)
}

/// The value of `is_exported`, the only option.
fn exported<'s>(ctx: &Ctx<'s>, options: Term<'s>) -> Result<bool, Raise> {
    if !options.is_map() {
        return Err(ctx.error_tuple(am::BADMAP, options));
    }
    let value = map::get(options, am::IS_EXPORTED.into()).filter(|_| map::size(options) == 1);
    value.and_then(|v| v.as_bool()).ok_or(Raise::Badarg)
}

fn create_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (module, name) = (a[0], a[1]);
    if !module.is_atom() || !name.is_atom() {
        return Err(ctx.error_tuple(am::BADRECORD, name));
    }
    let exported = exported(ctx, a[3])?;
    let (mut fields, mut values, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let (mut rest, mut repeated) = (a[2], false);
    while let Some((head, tail)) = rest.as_cons() {
        let [field, value] = head.as_tuple_of().ok_or(Raise::Badarg)?;
        if !field.is_atom() {
            return Err(bad_field(ctx, module, name, field));
        }
        repeated |= !seen.insert(field.raw().bits());
        fields.push(field);
        values.push(value);
        rest = tail;
    }
    ctx.charge(fields.len() / 4);
    if repeated || !rest.is_nil() {
        return Err(Raise::Badarg);
    }
    let definition = ctx.tuple(&[module, name, exported.into(), ctx.list(&fields)]);
    Ok(ctx.record(definition, &values))
}

/// Module and name of the record are checked, unless the name is `_`.
fn update_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (module, name, changes) = (a[1], a[2], a[3]);
    let r = record_or_badrecord(ctx, a[0])?;
    let (of_module, of_name) = id(&r)?;
    let meant = name.is(am::UNDERSCORE) || module.same(of_module) && name.same(of_name);
    if !meant {
        return Err(ctx.error_tuple(am::BADRECORD, name));
    }
    if !changes.is_map() {
        return Err(ctx.error_tuple(am::BADMAP, changes));
    }
    if map::size(changes) == 0 {
        return Ok(a[0]);
    }
    let mut values = r.values.to_vec();
    ctx.charge((values.len() * map::size(changes).min(values.len())) / 64);
    for (field, value) in map::iter(changes) {
        let slot = records::field_index(r.definition, field).and_then(|i| values.get_mut(i));
        *slot.ok_or_else(|| bad_field(ctx, of_module, of_name, field))? = value;
    }
    Ok(ctx.record(r.definition, &values))
}

fn get_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let r = record(a[1])?;
    let place = records::field_index(r.definition, a[0]);
    place.and_then(|i| r.values.get(i)).copied().ok_or(Raise::Badarg)
}

fn get_module_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(id(&record(a[0])?)?.0)
}

fn get_name_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(id(&record(a[0])?)?.1)
}

fn get_field_names_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    records::fields(record_or_badrecord(ctx, a[0])?.definition).ok_or(Raise::Badarg)
}

fn is_exported_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(records::is_exported(record_or_badrecord(ctx, a[0])?.definition).into())
}

/// `{#{is_exported => Exported}, [Field | {Field, Default}]}` of a record that a loaded module defines.
fn get_definition_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (Some(module), Some(name)) = (a[0].as_atom(), a[1].as_atom()) else { return Err(Raise::Badarg) };
    let d = records::find(module, name).ok_or(Raise::Badarg)?;
    let fields = records::fields(d.term()).ok_or(Raise::Badarg)?;
    let described: Vec<Term<'s>> = fields
        .list_iter()
        .zip(d.defaults())
        .map(|(field, default)| default.map_or(field, |value| ctx.tuple(&[field, value])))
        .collect();
    let options = map::from_pairs(ctx, &[(am::IS_EXPORTED.into(), d.exported.into())]);
    Ok(ctx.tuple(&[options, ctx.list(&described)]))
}
