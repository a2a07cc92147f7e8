//! Natives of `ets`: arguments, rights and errors; the tables are in `girder_vm::ets`.
//!
//! A table that cannot be used gives `badarg` with the cause that OTP's error texts expect: `type`, `id` or `access`.

mod info;
mod keeps_key;
mod objects;
mod select;
mod spec;
mod tables;
mod update;
mod walk;

pub use info::TABLE as INFO;
pub use objects::TABLE as OBJECTS;
pub use select::TABLE as SELECT;
pub use spec::TABLE as SPEC;
pub use tables::TABLE as TABLES;
pub use update::TABLE as UPDATE;
pub use walk::TABLE as WALK;

use std::sync::Arc;

use girder_vm::ets::{Kind, Object, Table, registry};
use girder_vm::sched::Dirty;
use girder_vm::{Atom, Ctx, Raise, RawTerm, Term, am};

type Answer<'s> = Result<Term<'s>, Raise>;

/// What a native wants from a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Its properties.
    Look,
    /// Its objects.
    Read,
    /// To change it.
    Write,
}

/// A table that an argument named.
enum TableRef<'s> {
    Borrowed(&'s Arc<Table>),
    Owned(Arc<Table>),
}

impl std::ops::Deref for TableRef<'_> {
    type Target = Arc<Table>;
    fn deref(&self) -> &Arc<Table> {
        match self {
            TableRef::Borrowed(t) => t,
            TableRef::Owned(t) => t,
        }
    }
}

#[cold]
fn because(ctx: &Ctx<'_>, cause: Atom) -> Raise {
    ctx.badarg_because(cause.into())
}

/// The table that `t` names, whoever may use it; the error is the cause.
fn find<'s>(t: Term<'s>) -> Result<TableRef<'s>, Atom> {
    if let Some(name) = t.as_atom() {
        return registry::by_name(name).map(TableRef::Owned).ok_or(am::ID);
    }
    let r = t.as_ref().ok_or(am::TYPE)?;
    match r.magic() {
        Some(magic) => {
            let table = magic.get::<Arc<Table>>().ok_or(am::TYPE)?;
            if table.is_deleted() { Err(am::ID) } else { Ok(TableRef::Borrowed(table)) }
        }
        // An identifier that went through the external format.
        None => registry::by_id(r.numbers).map(TableRef::Owned).ok_or(am::TYPE),
    }
}

/// Whether `t` names an ordered table.
pub fn is_ordered(t: Term<'_>) -> bool {
    find(t).is_ok_and(|table| table.kind == Kind::OrderedSet)
}

impl Access {
    /// Whether `pid` may do this with a table.
    #[inline]
    fn allows(self, t: &Table, pid: RawTerm) -> bool {
        match self {
            Access::Look => true,
            Access::Read => t.may_read(pid),
            Access::Write => t.may_write(pid),
        }
    }
}

/// The table that `t` names, if the running process may use it so.
#[inline]
fn table<'s>(ctx: &Ctx<'s>, t: Term<'s>, access: Access) -> Result<TableRef<'s>, Raise> {
    if let Some(table) = t.as_magic().and_then(|m| m.get::<Arc<Table>>())
        && !table.is_deleted()
        && access.allows(table, ctx.self_pid().raw())
        && !table.is_busy()
    {
        return Ok(TableRef::Borrowed(table));
    }
    look_closer(ctx, t, access)
}

/// The answer of `f` for the table that `t` names. A table that is deleted meanwhile is emptied in steps, and found empty:
/// then the answer is that it is gone.
#[inline]
fn using<'s>(ctx: &Ctx<'s>, t: Term<'s>, access: Access, f: impl FnOnce(&Arc<Table>) -> Answer<'s>) -> Answer<'s> {
    let table = table(ctx, t, access)?;
    let answer = f(&table)?;
    unless_deleted(ctx, &table, answer)
}

/// The answer, if the table has not been deleted since it was found.
#[inline]
fn unless_deleted<'s>(ctx: &Ctx<'s>, t: &Table, answer: Term<'s>) -> Answer<'s> {
    if t.is_deleted() { Err(because(ctx, am::ID)) } else { Ok(answer) }
}

#[inline(never)]
fn look_closer<'s>(ctx: &Ctx<'s>, t: Term<'s>, access: Access) -> Result<TableRef<'s>, Raise> {
    let table = find(t).map_err(|cause| because(ctx, cause))?;
    let me = ctx.self_pid().raw();
    if !access.allows(&table, me) && !registry::is_super_user(me) {
        return Err(because(ctx, am::ACCESS));
    }
    if access != Access::Look && !table.pass_or_wait(me) {
        return Err(Raise::Wait);
    }
    Ok(table)
}

/// Objects from which on an operation that looks at so many in one step is a dirty scheduler's.
const MANY: usize = 4000;

/// Does `f`, which looks at `objects` objects in one step. Others that come meanwhile wait for their turn.
fn in_one_step<R>(ctx: &Ctx<'_>, t: &Table, objects: usize, f: impl FnOnce() -> R) -> R {
    if objects < MANY {
        return f();
    }
    let _busy = t.at_length();
    ctx.dirty(Dirty::Cpu, f)
}

/// How the table `t` is shown: by its name if that finds it.
fn shown<'s>(ctx: &Ctx<'s>, t: &Arc<Table>) -> Term<'s> {
    if t.named { t.name().into() } else { t.tid(ctx) }
}

fn is_set(t: &Table) -> bool {
    matches!(t.kind, Kind::Set | Kind::OrderedSet)
}

/// Words copied for a reduction.
const WORDS_PER_REDUCTION: usize = 32;

/// A copy of an object on the running process's heap.
fn copy<'s>(ctx: &Ctx<'s>, o: &Object) -> Term<'s> {
    ctx.charge(o.words() / WORDS_PER_REDUCTION);
    o.copy_to(ctx)
}

/// Whether `t` can be stored: a tuple with a key.
fn is_storable(table: &Table, t: Term<'_>) -> bool {
    t.as_tuple().is_some_and(|e| e.len() >= table.keypos)
}
