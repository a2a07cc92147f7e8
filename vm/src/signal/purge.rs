//! Freeing literal areas: every process is made independent of them first.
//!
//! Areas that nothing new refers to (a module's after it was purged, a persistent term's after it was replaced) are
//! retired. A round takes all areas retired so far, publishes their ranges, and sends every process a [`Token`], which
//! the process handles between two slices: its heap and its queued messages lose their references. From the
//! publication on, messages copy what is in the ranges, and everything else that is copied never shares literals, so no
//! new reference comes up elsewhere. A token is dropped when it has been handled, and by the exit of a process, whose heap
//! is not read any more. Dropping the last one frees the areas and starts the next round.
//!
//! Invariant: while terms are copied for a message on one scheduler, no other one sends tokens of a round that the copy
//! does not know of: tokens are sent after all schedulers have passed a safe point since the publication. That also
//! ends every look-up that began before the area was retired.

use std::sync::{Arc, Mutex};

use crate::heap::gc;
use crate::heap::literal::{self, LiteralArea, Ranges};
use crate::process::{Process, Table, limits};
use crate::sched;
use crate::signal::{Signal, signal};

/// What one round frees.
struct Round {
    areas: Vec<LiteralArea>,
    ranges: Arc<Ranges>,
}

/// A process's part in a round.
pub struct Token(Arc<Round>);

#[derive(Default)]
struct Retired {
    areas: Vec<LiteralArea>,
    /// A round is under way.
    busy: bool,
}

static RETIRED: Mutex<Retired> = Mutex::new(Retired { areas: Vec::new(), busy: false });

fn retired() -> std::sync::MutexGuard<'static, Retired> {
    RETIRED.lock().expect("no code panics under the lock of the retired areas")
}

/// Hands over an area to be freed.
pub fn retire(area: LiteralArea) {
    if area.words() == 0 {
        return;
    }
    retired().areas.push(area);
    start();
}

/// Starts a round if none is under way and there is something to free.
fn start() {
    let areas = {
        let mut r = retired();
        if r.busy || r.areas.is_empty() {
            return;
        }
        r.busy = true;
        std::mem::take(&mut r.areas)
    };
    let ranges = Arc::new(Ranges::new(areas.iter().map(LiteralArea::range)));
    literal::set_purging(Some(ranges.clone()));
    let round = Arc::new(Round { areas, ranges });
    sched::after_thread_progress(move || {
        for pid in Table::get().pids() {
            signal(pid, Signal::Purge(Token(round.clone())));
        }
    });
}

impl Token {
    /// Makes `p` independent of the areas, on the thread that runs it and while it is not executing.
    pub(crate) fn run(self, p: &Process) {
        let owner = p.owner();
        let done = gc::purge_literals(owner, &mut [], &self.0.areas, &self.0.ranges);
        owner.mailbox.queue.purge(&self.0.ranges);
        limits::collected(p, &done);
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        literal::set_purging(None);
        for area in self.areas.drain(..) {
            // SAFETY: this was the last token of the round: every process that existed when the ranges were published
            // has lost its references or is exiting, and later ones never got any, by the argument above.
            unsafe { area.free() };
        }
        retired().busy = false;
        start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::message::Message;
    use crate::heap::{Detached, verify};
    use crate::term::RawTerm;

    #[test]
    fn heap_and_messages_lose_their_references() {
        let p = Process::for_test(RawTerm::pid(9));
        let build = || Detached::build(|b| b.tuple(&[b.string("literal"), b.binary(&[1; 100])]));
        let (area, terms) = LiteralArea::from_terms(&[build()]);
        let literal = terms[0];
        let owner = p.owner();
        owner.saved_x.borrow_mut().save(&[literal]);
        // SAFETY: the area lives until the round ends.
        owner.mailbox.queue.push(Message::sent(unsafe { literal.brand() }));
        owner.mailbox.queue.push(Detached::build(|b| b.string("another")).with(Message::sent));
        assert_eq!(owner.mailbox.queue.words(), 14, "the literal is shared");

        let ranges = Arc::new(Ranges::new(std::iter::once(area.range())));
        Token(Arc::new(Round { areas: vec![area], ranges: ranges.clone() })).run(&p);

        assert!(literal::purging().is_none());
        verify::check(&owner.heap, &[], owner);
        let mut seen = Vec::new();
        let x = owner.saved_x.borrow_mut().words()[0];
        assert!(ranges.find(x.any_ptr()).is_none() && ranges.find(literal.any_ptr()).is_some());
        // SAFETY: a root.
        seen.push(format!("{:?}", unsafe { x.brand() }));
        owner.mailbox.queue.for_each(|t| {
            assert!(ranges.find(t.any_ptr()).is_none());
            seen.push(format!("{t:?}"));
        });
        let expected = build().with(|t| format!("{t:?}"));
        assert_eq!(seen[..2], [expected.clone(), expected]);
        assert!(owner.mailbox.queue.words() > 14 + 14);
    }
}
