//! Timers that send a message: `send_after`, `start_timer`.
//!
//! Invariant: an active timer is in the table by reference, and in the list of the process that it goes to if that was
//! given by pid; whoever ends it takes it out of both.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::control::{CANCELLED, Control, FIRED};
use super::{Due, clock, tick_from};
use crate::atom::Atom;
use crate::heap::message::Message;
use crate::process::relations::{RefNumbers, Reference};
use crate::process::{Process, registry, table};
use crate::sched;
use crate::signal;
use crate::sync::{Mutex, lock};
use crate::term::{RawTerm, Term};

/// References of the timers that go to one process; one word while there are none.
#[derive(Default)]
pub struct Timers(Option<Box<References>>);

#[derive(Default)]
struct References {
    active: HashSet<RefNumbers>,
    /// The process exits: what is left of `active` as it was then.
    ending: Vec<RefNumbers>,
}

/// Where a timer's message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A process.
    Pid(RawTerm),
    /// Whoever has the name when the time is over.
    Name(Atom),
}

/// See the module's head.
pub struct MessageTimer {
    pub(super) control: Control,
    numbers: RefNumbers,
    target: Target,
    /// Monotonic time at which it is due.
    due_ns: i64,
    message: Mutex<Option<Message>>,
}

const SHARDS: usize = 16;
type Shard = Mutex<HashMap<RefNumbers, Arc<MessageTimer>>>;
static ACTIVE: LazyLock<[Shard; SHARDS]> = LazyLock::new(Default::default);

fn shard(r: RefNumbers) -> &'static Shard {
    &ACTIVE[r[0] as usize % SHARDS]
}

/// Starts a timer under a reference. A process that is not there gets none: the message would find nobody.
pub fn start(r: Reference, target: Target, due_ns: i64, message: Message) {
    let t = Arc::new(MessageTimer {
        control: Control::new(),
        numbers: r.numbers,
        target,
        due_ns,
        message: Mutex::new(Some(message)),
    });
    lock(shard(r.numbers)).insert(r.numbers, t.clone());
    if let Target::Pid(pid) = target {
        let alive = table::with(pid, |p| {
            lock(p.timers()).0.get_or_insert_default().active.insert(r.numbers);
            // The exit marks the process before it takes the list: one of the two sees the other.
            !p.state().get().exiting()
        });
        if alive != Some(true) {
            cancel(r.numbers);
            return;
        }
    }
    sched::start_timer(tick_from(due_ns), Due::Message(t));
}

fn forget(t: &MessageTimer) {
    lock(shard(t.numbers)).remove(&t.numbers);
    if let Target::Pid(pid) = t.target {
        table::with(pid, |p| {
            let mut l = lock(p.timers());
            if let Some(all) = &mut l.0 {
                all.active.remove(&t.numbers);
                if all.active.is_empty() && all.ending.is_empty() {
                    l.0 = None;
                }
            }
        });
    }
}

pub(super) fn fire(t: &MessageTimer) {
    if !t.control.end(FIRED) {
        return;
    }
    forget(t);
    let Some(m) = lock(&t.message).take() else { return };
    match t.target {
        Target::Pid(pid) => signal::to_pid(pid, m),
        Target::Name(name) => {
            if let Some(pid) = registry::whereis(name).filter(|p| p.is_local_pid()) {
                signal::to_pid(pid, m);
            }
        }
    }
}

fn left_ms(t: &MessageTimer) -> u64 {
    let ns = t.due_ns - clock::monotonic_ns();
    // As much as is not over yet, rounded up: a timer read just after its start shows all of its time.
    u64::try_from(ns.max(0)).unwrap_or(0).div_ceil(1_000_000)
}

/// Milliseconds left of an active timer.
pub fn read(r: RefNumbers) -> Option<u64> {
    lock(shard(r)).get(&r).map(|t| left_ms(t))
}

/// Shows what active timers will send, and to which process unless it goes to a name.
pub(crate) fn each(mut f: impl FnMut(Option<RawTerm>, Term<'_>)) {
    for t in ACTIVE.iter().flat_map(|shard| lock(shard).values().cloned().collect::<Vec<_>>()) {
        let to = match t.target {
            Target::Pid(pid) => Some(pid),
            Target::Name(_) => None,
        };
        if let Some(m) = &*lock(&t.message) {
            m.with_term(|t| f(to, t));
        }
    }
}

/// Cancels a timer; gives the milliseconds that were left, `None` if it was not active.
pub fn cancel(r: RefNumbers) -> Option<u64> {
    let t = lock(shard(r)).get(&r).cloned()?;
    if !t.control.end(CANCELLED) {
        return None;
    }
    forget(&t);
    t.control.unlink();
    drop(lock(&t.message).take());
    Some(left_ms(&t))
}

/// A process exits: up to `n` timers that go to it end; `true` when none is left.
pub fn cancel_some(p: &Process, n: usize) -> bool {
    let some = {
        let mut l = lock(p.timers());
        let Some(all) = &mut l.0 else { return true };
        all.ending.extend(std::mem::take(&mut all.active));
        all.ending.split_off(all.ending.len().saturating_sub(n))
    };
    for r in some {
        cancel(r);
    }
    let mut l = lock(p.timers());
    let done = l.0.as_ref().is_none_or(|all| all.ending.is_empty());
    if done {
        l.0 = None;
    }
    done
}
