//! Making tables, giving them away, and what else concerns a table as a whole.

use std::sync::Arc;

use girder_vm::ets::{Heir, Kind, Options, Protection, Table, WriteConcurrency, registry};
use girder_vm::process::unique;
use girder_vm::profile::Profile;
use girder_vm::term::copy::detach;
use girder_vm::{Ctx, Raise, Term, am};

use super::{Access, Answer, because, find, in_one_step, shown, table};

girder_vm::natives! { pub TABLE:
    "ets" {
        "delete"/1 => delete_1, Bif;
        "give_away"/3 => give_away_3, Bif;
        "internal_delete_all"/2 => internal_delete_all_2, Bif;
        "internal_request_all"/0 => internal_request_all_0, Bif;
        "new"/2 => new_2, Bif;
        "rename"/2 => rename_2, Bif;
        "safe_fixtable"/2 => safe_fixtable_2, Bif;
        "setopts"/2 => setopts_2, Bif;
        "whereis"/1 => whereis_1, Bif;
    }
    "erts_internal" {
        "ets_super_user"/1 => ets_super_user_1, Bif;
    }
}

/// An heir, which is none if the process is gone already; `None` if it can be none.
fn heir(pid: Term<'_>, data: Option<Term<'_>>) -> Option<Option<Heir>> {
    let heir = |birth| Heir { pid: pid.raw(), birth, data: data.map(|d| Arc::new(detach(d))) };
    pid.is_local_pid().then(|| registry::birth(pid.raw()).map(heir))
}

/// Whether an heir may be named without data, and then gets no message.
fn silent_heirs() -> bool {
    Profile::get().release >= 28
}

/// The options of `ets:new/2`; of options that exclude each other the last counts.
fn options(list: Term<'_>) -> Option<Options> {
    let mut o = Options {
        kind: Kind::Set,
        protection: Protection::Protected,
        named: false,
        keypos: 1,
        heir: None,
        read_concurrency: false,
        write_concurrency: WriteConcurrency::Off,
        decentralized_counters: false,
        compressed: false,
    };
    let mut decentralized = None;
    let mut fixed_locks = false;
    for item in list.to_vec()? {
        match (item.as_atom(), item.as_tuple()) {
            (Some(am::SET | am::PROTECTED), _) => {}
            (Some(am::BAG), _) => o.kind = Kind::Bag,
            (Some(am::DUPLICATE_BAG), _) => o.kind = Kind::DuplicateBag,
            (Some(am::ORDERED_SET), _) => {
                o.kind = Kind::OrderedSet;
                o.decentralized_counters = true;
            }
            (Some(am::PUBLIC), _) => o.protection = Protection::Public,
            (Some(am::PRIVATE), _) => o.protection = Protection::Private,
            (Some(am::NAMED_TABLE), _) => o.named = true,
            (Some(am::COMPRESSED), _) => o.compressed = true,
            (_, Some(&[tag, pid, data])) if tag.is(am::HEIR) => o.heir = heir(pid, Some(data))?,
            (_, Some(&[tag, value])) => match tag.as_atom()? {
                am::KEYPOS => o.keypos = value.as_small().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0)?,
                am::READ_CONCURRENCY => o.read_concurrency = value.as_bool()?,
                am::DECENTRALIZED_COUNTERS => decentralized = Some(value.as_bool()?),
                am::HEIR if value.is(am::NONE) => o.heir = None,
                am::HEIR if silent_heirs() => o.heir = heir(value, None)?,
                am::WRITE_CONCURRENCY => {
                    fixed_locks = false;
                    o.write_concurrency = match (value.as_bool(), value.as_tuple()) {
                        (Some(false), _) => WriteConcurrency::Off,
                        (Some(true), _) => {
                            if o.kind != Kind::OrderedSet {
                                o.decentralized_counters = false;
                            }
                            WriteConcurrency::On
                        }
                        _ if value.is(am::AUTO) => {
                            o.decentralized_counters = true;
                            WriteConcurrency::Auto
                        }
                        (_, Some(&[tag, n])) if tag.is(am::DEBUG_LOCKS) => {
                            n.as_small().filter(|n| (1..=32768).contains(n))?;
                            (o.decentralized_counters, fixed_locks) = (true, true);
                            WriteConcurrency::On
                        }
                        _ => return None,
                    };
                }
                _ => return None,
            },
            _ => return None,
        }
    }
    if fixed_locks && o.kind == Kind::OrderedSet {
        return None;
    }
    o.decentralized_counters = decentralized.unwrap_or(o.decentralized_counters);
    if o.protection == Protection::Private {
        (o.write_concurrency, o.read_concurrency) = (WriteConcurrency::Off, false);
    }
    o.decentralized_counters &= o.write_concurrency != WriteConcurrency::Off;
    Some(o)
}

fn new_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let name = args[0].as_atom().ok_or(Raise::Badarg)?;
    let options = options(args[1]).ok_or(Raise::Badarg)?;
    let t = Arc::new(Table::new(name, ctx.process().pid(), unique::magic_reference(), options));
    if !registry::insert(&t) {
        return Err(because(ctx, am::ALREADY_EXISTS));
    }
    Ok(shown(ctx, &t))
}

fn delete_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Write)?;
    if registry::delete(&t) { Ok(Term::TRUE) } else { Err(because(ctx, am::ID)) }
}

fn internal_delete_all_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Write)?;
    Ok(ctx.uint(in_one_step(ctx, &t, t.work_to_clear(), || t.clear()) as u64))
}

/// Answers as if each scheduler had sent the tables it knows; the first knows all.
fn internal_request_all_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let reference = ctx.reference(unique::reference());
    let tables: Vec<_> = registry::all().iter().map(|t| shown(ctx, t)).collect();
    let mut list = ctx.list(&tables);
    for _ in 0..girder_vm::sched::count().max(1) {
        girder_vm::signal::send(ctx, ctx.self_pid(), ctx.tuple(&[reference, list]))?;
        list = Term::NIL;
    }
    Ok(reference)
}

fn ets_super_user_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    registry::set_super_user(ctx.process().pid(), args[0].as_bool().ok_or(Raise::Badarg)?);
    Ok(am::OK.into())
}

fn rename_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Write)?;
    let name = args[1].as_atom().ok_or(Raise::Badarg)?;
    if !registry::rename(&t, name) {
        return Err(Raise::Badarg);
    }
    Ok(shown(ctx, &t))
}

fn whereis_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let name = args[0].as_atom().ok_or(Raise::Badarg)?;
    Ok(registry::by_name(name).map_or(am::UNDEFINED.into(), |t| t.tid(ctx)))
}

fn safe_fixtable_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Read)?;
    let me = ctx.process().pid();
    match args[1].as_bool().ok_or(Raise::Badarg)? {
        true => registry::fix(&t, me),
        false => in_one_step(ctx, &t, t.tombstones(), || registry::unfix(&t, me)),
    }
    Ok(Term::TRUE)
}

fn give_away_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = find(args[0]).map_err(|cause| because(ctx, cause))?;
    let (me, to) = (ctx.process().pid(), args[1].raw());
    if t.owner() != me {
        return Err(because(ctx, am::NOT_OWNER));
    }
    if !to.is_local_pid() {
        return Err(Raise::Badarg);
    }
    if to == me {
        return Err(because(ctx, am::OWNER));
    }
    if !registry::is_alive(to) {
        return Err(Raise::Badarg);
    }
    registry::give(&t, to, me, Some(&detach(args[2])));
    Ok(Term::TRUE)
}

fn setopts_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Write)?;
    let items = args[1].to_vec().unwrap_or_else(|| vec![args[1]]);
    if t.owner() != ctx.process().pid() {
        return Err(Raise::Badarg);
    }
    let (mut new_heir, mut protection) = (None, None);
    for item in items {
        let twice = match item.as_tuple() {
            Some(&[tag, none]) if tag.is(am::HEIR) && none.is(am::NONE) => new_heir.replace(None).is_some(),
            Some(&[tag, pid]) if tag.is(am::HEIR) && silent_heirs() => {
                new_heir.replace(heir(pid, None).ok_or(Raise::Badarg)?).is_some()
            }
            Some(&[tag, pid, data]) if tag.is(am::HEIR) => {
                new_heir.replace(heir(pid, Some(data)).ok_or(Raise::Badarg)?).is_some()
            }
            Some(&[tag, value]) if tag.is(am::PROTECTION) => {
                let value = match value.as_atom() {
                    Some(am::PUBLIC) => Protection::Public,
                    Some(am::PROTECTED) => Protection::Protected,
                    Some(am::PRIVATE) => Protection::Private,
                    _ => return Err(Raise::Badarg),
                };
                protection.replace(value).is_some()
            }
            _ => return Err(Raise::Badarg),
        };
        if twice {
            return Err(Raise::Badarg);
        }
    }
    if let Some(h) = new_heir {
        t.set_heir(h);
    }
    if let Some(p) = protection {
        t.set_protection(p);
    }
    Ok(Term::TRUE)
}
