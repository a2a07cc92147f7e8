//! The mailbox: the private message queue and the timer of a receive in progress.
//!
//! Invariant: when the inbox is fetched, since a receive has looked at all messages of the private queue or a turn begins
//! with signals, then signals are handled in their order and messages appended in theirs.

use std::cell::Cell;
use std::sync::Arc;

use super::Process;
use crate::atom::am;
use crate::heap::Arena;
use crate::heap::message::MessageQueue;
use crate::process::relations::Reference;
use crate::term::{RawTerm, Term};
use crate::timer::{self, ReceiveTimer};

/// Turns after which messages are fetched that nobody has asked for.
const TURNS_PER_FETCH: u32 = 16;

/// See the module's head.
#[derive(Default)]
pub struct Mailbox {
    /// Messages fetched and not received.
    pub queue: MessageQueue,
    timer: Cell<Option<Arc<ReceiveTimer>>>,
    /// The receive in progress has no clauses and waits for ever.
    forever: Cell<bool>,
    /// Turns that began with something in the inbox.
    turns: Cell<u32>,
}

impl Mailbox {
    /// The message at the save pointer. At the end of the queue the inbox is fetched and signals are handled; if that
    /// ends the process, there is no message and the state word says so.
    #[inline]
    pub(crate) fn peek(&self, p: &Process) -> Option<RawTerm> {
        match self.queue.current() {
            Some(t) => Some(t),
            None if p.inbox_is_empty() => None,
            None => self.fetch_and_peek(p),
        }
    }
    /// At the beginning of a turn with something in the inbox: whether it is time to fetch it. A process that does not
    /// receive for long fetches now and then all the same, so that what it has to take at once stays short; but messages
    /// that wait there are still behind those of priority that come after them.
    pub(crate) fn is_due(&self) -> bool {
        self.turns.set(self.turns.get().wrapping_add(1));
        self.turns.get().is_multiple_of(TURNS_PER_FETCH)
    }
    /// Handles signals although messages may be left to look at.
    pub(crate) fn fetch(&self, p: &Process) {
        if !p.inbox_is_empty() {
            crate::signal::fetch(p);
        }
    }
    #[cold]
    #[inline(never)]
    fn fetch_and_peek(&self, p: &Process) -> Option<RawTerm> {
        crate::signal::fetch(p);
        if p.state().get().exiting() {
            return None;
        }
        self.queue.current()
    }
    /// The next receive is for a message that is yet to be asked for: it passes over those fetched.
    pub(crate) fn skip_fetched(&self) {
        self.queue.skip_all();
    }
    /// Moves the save pointer to the next message.
    #[inline]
    pub(crate) fn advance(&self) {
        self.queue.advance();
    }
    /// Takes the message at the save pointer out: the receive has succeeded. Its memory goes to `arena`.
    #[inline]
    pub(crate) fn remove(&self, arena: &Arena) {
        self.queue.receive(arena);
        self.timer_stop();
    }
    /// The receive ended without a message: the next one looks at all messages.
    #[inline]
    pub(crate) fn reset(&self) {
        self.queue.reset();
        self.timer_stop();
    }
    /// Reserves a receive marker: what `recv_marker_reserve` puts into its register.
    pub(crate) fn marker_reserve(&self, p: &Process) -> RawTerm {
        if !p.inbox_is_empty() {
            crate::signal::fetch(p);
        }
        RawTerm::small(i64::from(self.queue.marker_reserve()))
    }
    /// Binds a marker to a reference; other terms are ignored.
    pub(crate) fn marker_bind(&self, marker: RawTerm, reference: Term<'_>) {
        let Some(id) = marker.as_small().and_then(|i| u32::try_from(i).ok()) else { return };
        match Reference::of(reference) {
            Some(r) => self.queue.marker_bind(id, r.numbers),
            None => self.queue.marker_release(id),
        }
    }
    /// Gives up the marker bound to a reference.
    pub(crate) fn marker_clear(&self, reference: Term<'_>) {
        if reference.is(am::UNDEFINED) {
            return;
        }
        if let Some(r) = Reference::of(reference) {
            self.queue.marker_clear(r.numbers);
        }
    }
    /// Lets the receive start at the marker bound to a reference.
    pub(crate) fn marker_use(&self, reference: Term<'_>) {
        if let Some(r) = Reference::of(reference) {
            self.queue.marker_use(r.numbers);
        }
    }
    /// Starts the timer of a receive.
    pub(crate) fn timer_start(&self, p: &Process, ms: u64) {
        self.timer.set(Some(timer::start_receive_timer(p.pid(), ms)));
    }
    fn timer_is(&self, f: impl FnOnce(&ReceiveTimer) -> bool) -> bool {
        let timer = self.timer.take();
        let is = timer.as_deref().is_some_and(f);
        self.timer.set(timer);
        is
    }
    /// Notes that a receive without clauses waits for ever.
    pub(crate) fn wait_forever(&self) {
        self.forever.set(true);
    }
    /// Whether the time of the receive in progress has been looked at: its register may be gone by now.
    pub(crate) fn timer_started(&self) -> bool {
        self.forever.get() || self.timer_is(|_| true)
    }
    /// Whether the timer of the receive in progress has fired.
    pub(crate) fn timed_out(&self) -> bool {
        self.timer_is(ReceiveTimer::fired)
    }
    /// Stops the timer of the receive.
    #[inline]
    pub(crate) fn timer_stop(&self) {
        if self.timer_started() {
            self.timer_drop();
        }
    }
    #[cold]
    fn timer_drop(&self) {
        self.forever.set(false);
        if let Some(t) = self.timer.take() {
            timer::stop_receive_timer(&t);
        }
    }
    pub(crate) fn before_collection(&self, arena: &Arena) {
        self.queue.before_collection(arena);
    }
    pub(crate) fn roots(&self, f: &mut dyn FnMut(&mut [RawTerm])) {
        self.queue.roots(f);
    }
    /// Whether messages lie behind the save pointer.
    pub(crate) fn has_unseen(&self) -> bool {
        self.queue.has_unseen()
    }
    /// Number of messages fetched.
    pub fn len(&self) -> usize {
        self.queue.len()
    }
    /// Whether no message is fetched.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
