//! Natives of module `erl_ddll`. Drivers that are C libraries cannot be loaded: every attempt is answered as one to
//! load a file that is no driver, and the drivers that are built in as what they are.

use girder_vm::heap::message::Message;
use girder_vm::process::relations::Reference;
use girder_vm::term::iolist;
use girder_vm::{Ctx, Kind, Raise, Term, am, signal};

use crate::drivers;
use crate::filename::native;

girder_vm::natives! { pub TABLE:
    "erl_ddll" {
        "demonitor"/1 => demonitor_1, Bif;
        "format_error_int"/1 => format_error_int_1, Bif;
        "info"/2 => info_2, Bif;
        "loaded_drivers"/0 => loaded_drivers_0, Bif;
        "monitor"/2 => monitor_2, Bif;
        "try_load"/3 => try_load_3, Bif;
        "try_unload"/2 => try_unload_2, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Number of the error that a file is no library.
const NO_LIBRARY: i32 = -10;

const ERRORS: &[(&str, &str)] = &[
    ("inconsistent", "Driver name and/or driver options are inconsistent with currently loaded driver"),
    ("linked_in_driver", "Driver is statically linked and cannot be loaded/unloaded"),
    ("permanent", "DDLL driver is permanent an cannot be unloaded/loaded"),
    ("not_loaded", "DDLL driver is not loaded"),
    ("not_loaded_by_this_process", "DDLL driver was not loaded by this process"),
    ("not_pending", "DDLL load not pending for this driver name"),
    ("already_loaded", "DDLL driver is already loaded successfully"),
    ("pending_reload", "Driver reloading is already pending"),
    ("pending_process", "Driver is loaded by others when attempting option {reload, pending_driver}"),
];

fn atom<'s>(ctx: &Ctx<'s>, name: &str) -> Answer<'s> {
    ctx.atom(name).map_err(|_| Raise::SystemLimit)
}

fn error<'s>(ctx: &Ctx<'s>, reason: Term<'s>) -> Answer<'s> {
    Ok(ctx.tuple(&[am::ERROR.into(), reason]))
}

fn name(t: Term<'_>) -> Result<Vec<u8>, Raise> {
    match t.kind() {
        Kind::Atom(a) => Ok(a.name().into()),
        _ => Ok(iolist::flatten(t)?.0),
    }
}

fn loaded_drivers_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let names = ctx.list_from(drivers::names().map(|n| ctx.string(n)));
    Ok(ctx.tuple(&[am::OK.into(), names]))
}

/// Options of `try_load` and `try_unload`: pairs, or for the latter also words.
fn check_options(t: Term<'_>, words: &[&str], pairs: &[&str]) -> Result<(), Raise> {
    let known = |o: Term<'_>| match (o.as_atom(), o.as_tuple_of::<2>()) {
        (Some(a), _) => words.contains(&a.name()),
        (_, Some([key, _])) => key.as_atom().is_some_and(|k| pairs.contains(&k.name())),
        _ => false,
    };
    if t.to_vec().ok_or(Raise::Badarg)?.into_iter().all(known) { Ok(()) } else { Err(Raise::Badarg) }
}

fn try_load_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    native(a[0]).filter(|_| a[0].as_atom().is_none()).ok_or(Raise::Badarg)?;
    let driver = name(a[1])?;
    check_options(a[2], &[], &["driver_options", "monitor", "reload"])?;
    if drivers::is_driver(&driver) {
        return error(ctx, atom(ctx, "linked_in_driver")?);
    }
    error(ctx, ctx.tuple(&[atom(ctx, "open_error")?, Term::small(NO_LIBRARY)]))
}

fn try_unload_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let driver = name(a[0])?;
    check_options(a[1], &["kill_ports"], &["monitor"])?;
    error(ctx, atom(ctx, if drivers::is_driver(&driver) { "linked_in_driver" } else { "not_loaded" })?)
}

fn info_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if !drivers::is_driver(&name(a[0])?) {
        return Err(Raise::Badarg);
    }
    match a[1].as_atom().ok_or(Raise::Badarg)?.name() {
        "linked_in_driver" => Ok(Term::TRUE),
        "permanent" => Ok(Term::FALSE),
        "processes" | "driver_options" | "port_count" | "awaiting_load" | "awaiting_unload" => {
            atom(ctx, "linked_in_driver")
        }
        _ => Err(Raise::Badarg),
    }
}

/// The answer comes at once: a driver that is built in is up for ever, any other is not there.
fn monitor_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let driver = atom(ctx, "driver")?;
    let [item, when] = a[1].as_tuple_of::<2>().filter(|_| a[0].same(driver)).ok_or(Raise::Badarg)?;
    let known = matches!(when.as_atom().ok_or(Raise::Badarg)?.name(), "loaded" | "unloaded" | "unloaded_only");
    if !known {
        return Err(Raise::Badarg);
    }
    let up = drivers::is_driver(&name(item)?);
    let (tag, state) = if up { (atom(ctx, "UP")?, "permanent") } else { (am::DOWN_UP.into(), "unloaded") };
    let reference = Reference::fresh().term(ctx);
    let message = ctx.tuple(&[tag, reference, driver, item, atom(ctx, state)?]);
    signal::to_pid(ctx.self_pid().raw(), Message::copy_of(message));
    Ok(reference)
}

fn demonitor_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if a[0].is_ref() { Ok(Term::TRUE) } else { Err(Raise::Badarg) }
}

fn format_error_int_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if let Some([tag, number]) = a[0].as_tuple_of::<2>() {
        let open = tag.as_atom().is_some_and(|t| t.name() == "open_error");
        let number = number.as_small().filter(|_| open).ok_or(Raise::Badarg)?;
        return Ok(ctx.string(match number {
            -1 => "No driver init in dynamic library",
            -2 => "Driver init failed",
            -3 => "Bad driver name",
            _ => "This file is no driver that the VM can load",
        }));
    }
    let name = a[0].as_atom().ok_or(Raise::Badarg)?.name();
    let text = ERRORS.iter().find(|(n, _)| *n == name).ok_or(Raise::Badarg)?.1;
    Ok(ctx.string(text))
}
