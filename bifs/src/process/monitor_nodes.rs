//! Subscriptions to nodes that come and go: `process_flag(monitor_nodes, _)`, plain and with options.
//!
//! A process counts its subscriptions, apart for each set of options. At a node that is not distributed nothing ever
//! comes of them.

use girder_vm::native::Raise;
use girder_vm::term::map;
use girder_vm::{Ctx, Term, am};

const MAP: u8 = 1;
const CONNECTION_ID: u8 = 2;
const VISIBLE: u8 = 4;
const HIDDEN: u8 = 8;
const REASON: u8 = 16;

/// Options as bits; `[]` is the plain subscription.
fn options(t: Term<'_>) -> Result<u8, Raise> {
    if t.is_nil() {
        return Ok(0);
    }
    if !t.is_map() {
        return Err(Raise::Badarg);
    }
    let (mut bits, mut known) = (MAP, 0);
    let mut option = |key, read: &dyn Fn(Term<'_>) -> Option<u8>| match map::get(t, Term::atom(key)) {
        None => Ok(0),
        Some(v) => {
            known += 1;
            read(v).ok_or(Raise::Badarg)
        }
    };
    let flag = |v: Term<'_>, bit| v.as_bool().map(|on| if on { bit } else { 0 });
    bits &= !option(am::LIST, &|v| v.is(am::TRUE).then_some(MAP))?;
    bits |= option(am::CONNECTION_ID, &|v| flag(v, CONNECTION_ID))?;
    bits |= option(am::NODEDOWN_REASON, &|v| flag(v, REASON))?;
    bits |= option(am::NODE_TYPE, &|v| match v.as_atom()? {
        am::VISIBLE => Some(VISIBLE),
        am::HIDDEN => Some(HIDDEN),
        am::ALL => Some(VISIBLE | HIDDEN),
        _ => None,
    })?;
    if known == map::size(t) { Ok(bits) } else { Err(Raise::Badarg) }
}

/// Subscribes, or ends all subscriptions with these options; gives how many there were.
pub(super) fn set<'s>(ctx: &Ctx<'s>, opts: Term<'s>, on: Term<'s>) -> Result<Term<'s>, Raise> {
    let (on, opts) = (on.as_bool().ok_or(Raise::Badarg)?, options(opts)?);
    let mut relations = ctx.owner().relations.borrow_mut();
    let counts = &mut relations.monitor_nodes;
    let old = counts.get(&opts).copied().unwrap_or(0);
    if on {
        counts.insert(opts, old + 1);
    } else {
        counts.remove(&opts);
    }
    Ok(ctx.uint(old.into()))
}
