//! Native records (OTP 29).
//!
//! A record points at its definition, the literal tuple `{Module, Name, Exported, [Field]}`; see `code/records.rs`.
//! Which module the code belongs to decides what it may touch, so the emitter writes it into the instructions.

use crate::am;
use crate::atom::Atom;
use crate::code::records;
use crate::ctx::Ctx;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::process::Process;
use crate::sched::Scheduler;
use crate::term::{RawTerm, RecordView, Term};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn record<'r>(m: &Machine<'r>, s: RawTerm) -> Option<RecordView<'r>> {
    // SAFETY: a register's term, looked at before anything collects.
    unsafe { m.brand(s) }.as_record()
}

#[inline(always)]
fn branch(ok: bool, f: i32) -> Flow {
    if ok { Flow::Next } else { Flow::Jump(f) }
}

#[inline(always)]
pub(crate) fn is_any_record(m: M, s: RawTerm, f: i32) -> Flow {
    branch(record(m, s).is_some(), f)
}

fn is(r: &RecordView<'_>, module: RawTerm, name: RawTerm) -> bool {
    records::id(r.definition).is_some_and(|(m, n)| m.raw() == module && n.raw() == name)
}

#[inline(always)]
pub(crate) fn is_record(m: M, s: RawTerm, module: RawTerm, name: RawTerm, f: i32) -> Flow {
    branch(record(m, s).is_some_and(|r| is(&r, module, name)), f)
}

/// `scope` is `external`, or `auto_local`: the record's own module may use it, too.
#[inline(always)]
pub(crate) fn is_accessible(m: M, s: RawTerm, scope: RawTerm, f: i32, own: u64) -> Flow {
    let ok = record(m, s).is_some_and(|r| {
        let local = scope != RawTerm::atom(am::EXTERNAL)
            && records::id(r.definition).is_some_and(|(module, _)| module.raw() == RawTerm::from_bits(own));
        local || records::is_exported(r.definition)
    });
    branch(ok, f)
}

/// The table holds `n` pairs of field and destination.
#[inline(always)]
pub(crate) fn get_elements(m: M, s: RawTerm, f: i32, n: u32, table: *const u64) -> Flow {
    let Some(r) = record(m, s) else { return Flow::Jump(f) };
    for i in 0..n as usize {
        // SAFETY: the emitter wrote n pairs.
        let (field, d) = unsafe { (*table.add(2 * i), *table.add(2 * i + 1)) };
        // SAFETY: an atom.
        let field = unsafe { m.brand(RawTerm::from_bits(field)) };
        match records::field_index(r.definition, field).and_then(|i| r.values.get(i)) {
            Some(v) => m.set(m.any_dst(d), v.raw()),
            None => return Flow::Jump(f),
        }
    }
    Flow::Skip(2 * n as usize)
}

/// What is wrong with a record operation: `{Tag, Value}`.
struct Wrong(Atom, RawTerm);

fn bad_field<'s>(b: &Ctx<'s>, definition: Term<'s>, tag: Atom, field: Term<'s>) -> Wrong {
    let id = records::id(definition).map_or(Term::NIL, |(m, n)| b.tuple(&[m, n]));
    Wrong(tag, b.tuple(&[id, field]).raw())
}

/// Module and name that an identifier stands for: an atom (own module) or `{Module, Name}`; `_` stands for any.
fn identify(id: Term<'_>, own: RawTerm) -> Option<(RawTerm, RawTerm)> {
    match id.as_tuple() {
        Some([module, name]) => Some((module.raw(), name.raw())),
        _ if id.is(am::UNDERSCORE) => None,
        _ => Some((own, id.raw())),
    }
}

/// Whether code of module `own` may use the record under this identifier.
fn permits(r: &RecordView<'_>, id: Option<(RawTerm, RawTerm)>, own: RawTerm) -> bool {
    match id {
        None => true,
        Some((module, name)) => is(r, module, name) && (module == own || records::is_exported(r.definition)),
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn get_field(m: M, s: RawTerm, id: RawTerm, field: u64, d: impl Dst, f: i32, own: u64) -> Flow {
    m.out();
    let r = field_slow(m.s(), m.p(), s, id, RawTerm::from_bits(field), RawTerm::from_bits(own));
    m.back();
    finish(m, r, d, f, 0)
}

#[inline(never)]
fn field_slow(
    s: &Scheduler,
    p: &Process,
    record: RawTerm,
    id: RawTerm,
    field: RawTerm,
    own: RawTerm,
) -> Result<RawTerm, Wrong> {
    // SAFETY: registers are saved and nothing collects here; all terms come from registers or the code.
    unsafe {
        let b = Ctx::new(p, s);
        let view = record.brand::<'_>().as_record().filter(|r| permits(r, identify(id.brand(), own), own));
        let Some(r) = view else { return Err(Wrong(am::BADRECORD, record)) };
        let field = field.brand();
        match records::field_index(r.definition, field).and_then(|i| r.values.get(i)) {
            Some(v) => Ok(v.raw()),
            None => Err(bad_field(&b, r.definition, am::BADFIELD, field)),
        }
    }
}

#[inline(always)]
fn finish(m: M, r: Result<RawTerm, Wrong>, d: impl Dst, f: i32, skip: usize) -> Flow {
    match r {
        Ok(t) => {
            m.set(d, t);
            Flow::Skip(skip)
        }
        Err(_) if f != 0 => Flow::Jump(f),
        Err(Wrong(tag, v)) => {
            m.out();
            let to = raise::tagged(m.s(), m.p(), m.pc, tag, v);
            raise::resume(m, to)
        }
    }
}

/// Makes a record (`s` is nil) or a changed copy of one. The table holds `n` words: fields and values.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn put(
    m: M,
    id: RawTerm,
    s: RawTerm,
    d: impl Dst,
    f: i32,
    live: u32,
    n: u32,
    own: u64,
    table: *const u64,
) -> Flow {
    m.out();
    let r = put_slow(m.s(), m.p(), id, s, live, n as usize, RawTerm::from_bits(own), table);
    m.back();
    finish(m, r, d, f, n as usize)
}

/// Operands by value: a structure of them would lend its address.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn put_slow(
    s: &Scheduler,
    p: &Process,
    mut id: RawTerm,
    mut source: RawTerm,
    live: u32,
    n: usize,
    own: RawTerm,
    table: *const u64,
) -> Result<RawTerm, Wrong> {
    let heap = &p.owner().heap;
    if heap.lacks(64) {
        crate::interp::collect_keeping(s, p, live as usize, 64, &mut [&mut id, &mut source]);
    }
    let (x, e): (*const RawTerm, *const RawTerm) = (s.registers().cast(), heap.stop.get());
    let pairs: Vec<RawTerm> = (0..n)
        .map(|i| {
            // SAFETY: the emitter wrote n operand words, see `Machine::any`.
            unsafe {
                let w = *table.add(i);
                if w & 3 != 0 {
                    RawTerm::from_bits(w)
                } else {
                    *(if w & 4 != 0 { e } else { x }).byte_add((w >> 3) as usize)
                }
            }
        })
        .collect();
    // SAFETY: registers are saved and nothing collects here; all terms come from registers or the code.
    let (b, id, source) = unsafe { (Ctx::new(p, s), id.brand::<'_>(), source.brand::<'_>()) };
    let target = identify(id, own);
    let (definition, mut values) = if source.is_nil() {
        let found = target.and_then(|(module, name)| {
            let d = records::find(module.as_atom()?, name.as_atom()?)?;
            (module == own || d.exported).then_some(d)
        });
        let Some(d) = found else {
            let full = target.map_or(id, |(module, name)| b.tuple(&[Term::from_raw(module), Term::from_raw(name)]));
            return Err(Wrong(am::BADRECORD, full.raw()));
        };
        (d.term(), d.defaults())
    } else {
        let view = source.as_record().filter(|r| permits(r, target, own));
        let Some(r) = view else { return Err(Wrong(am::BADRECORD, source.raw())) };
        (r.definition, r.values.iter().copied().map(Some).collect())
    };
    for pair in pairs.chunks_exact(2) {
        let (field, value) = (Term::from_raw(pair[0]), Term::from_raw(pair[1]));
        match records::field_index(definition, field).and_then(|i| values.get_mut(i)) {
            Some(slot) => *slot = Some(value),
            None => return Err(bad_field(&b, definition, am::BADFIELD, field)),
        }
    }
    let mut all = Vec::with_capacity(values.len());
    for (i, v) in values.into_iter().enumerate() {
        match v {
            Some(v) => all.push(v),
            None => {
                let field = definition.as_tuple().and_then(|d| d[3].list_iter().nth(i)).unwrap_or(Term::NIL);
                return Err(bad_field(&b, definition, am::NOVALUE, field));
            }
        }
    }
    Ok(b.record(definition, &all).raw())
}
