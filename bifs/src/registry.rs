//! Registered names.

use girder_vm::native::Raise;
use girder_vm::process::registry::{self, RegisterError};
use girder_vm::process::table;
use girder_vm::term::RawTerm;
use girder_vm::trace::events;
use girder_vm::{Atom, Ctx, Term, am, port};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "register"/2 => register_2, Bif;
        "unregister"/1 => unregister_1, Bif;
        "whereis"/1 => whereis_1, Bif;
        "registered"/0 => registered_0, Bif;
    }
}

/// Names listed for one reduction.
const NAMES_PER_REDUCTION: usize = 16;

type Answer<'s> = Result<Term<'s>, Raise>;

fn register_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let none = || ctx.badarg_because(Term::atom(am::NONE));
    let (Some(name), id) = (args[0].as_atom(), args[1].raw()) else { return Err(none()) };
    if !id.is_local_pid() && !id.is_local_port() {
        return Err(none());
    }
    let done = if name == am::UNDEFINED {
        Err(RegisterError::NameTaken)
    } else {
        let done = match id.is_local_port() {
            true => port::with(id, |p| registry::register(name, p)),
            false => table::with(id, |p| registry::register(name, p)),
        };
        done.unwrap_or(Err(RegisterError::NotAlive))
    };
    match done {
        Ok(()) => {
            tell(ctx, id, am::REGISTER, name);
            Ok(Term::TRUE)
        }
        Err(RegisterError::NameTaken) => Err(none()),
        Err(RegisterError::HasName) => Err(ctx.badarg_because(Term::atom(am::REGISTERED_NAME))),
        Err(RegisterError::NotAlive) => Err(ctx.badarg_because(Term::atom(am::NOTALIVE))),
    }
}

/// Tells who traces it of a name, but not what a sensitive process does with its own.
fn tell(ctx: &Ctx<'_>, id: RawTerm, tag: Atom, name: Atom) {
    if id != ctx.self_pid().raw() || !ctx.owner().flags.sensitive.get() {
        events::named(id, tag, name);
    }
}

fn unregister_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match args[0].as_atom() {
        Some(name) => {
            let id = registry::unregister(name).ok_or(Raise::Badarg)?;
            tell(ctx, id, am::UNREGISTER, name);
            Ok(Term::TRUE)
        }
        None => Err(Raise::Badarg),
    }
}

fn whereis_1<'s>(_ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let name = args[0].as_atom().ok_or(Raise::Badarg)?;
    Ok(registry::whereis(name).and_then(Term::immediate).unwrap_or(Term::atom(am::UNDEFINED)))
}

fn registered_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    let names = registry::registered();
    ctx.charge(names.len() / NAMES_PER_REDUCTION);
    Ok(ctx.list_from(names.into_iter().map(Term::atom)))
}
