//! Timers: a wheel per scheduler, timers of receives and of ports, and timers that send messages.
//!
//! A timer's state is one atomic word. Invariant: exactly one thread moves a timer from active to fired or cancelled;
//! who cancels it off its own scheduler sends the wheel's owner its key, so a cancelled timer does not stay in the wheel.

pub mod chain;
pub mod clock;
mod control;
pub mod message;
mod port;
pub mod wheel;

use std::cell::RefCell;
use std::sync::Arc;

pub use message::{Timers, cancel_some};
pub use port::PortTimer;

use crate::process::relations::RefNumbers;

use crate::recording::{self, What};
use crate::sched;
use crate::term::RawTerm;
use control::{CANCELLED, Control, FIRED};
use message::MessageTimer;
use wheel::{Key, Wheel};

/// Nanoseconds of a tick.
const TICK_NS: i64 = 1_000_000;

impl Control {
    /// Of a timer that the calling thread is about to start.
    fn new() -> Control {
        Control::of(sched::current_id())
    }
    /// Takes a cancelled timer out of its wheel.
    fn unlink(&self) {
        if let Some(key) = self.key_to_stop() {
            sched::stop_timer(self.scheduler, key);
        }
    }
}

/// The timer of a receive.
pub struct ReceiveTimer {
    control: Control,
    pid: RawTerm,
}

impl ReceiveTimer {
    /// Whether the time is over.
    pub fn fired(&self) -> bool {
        self.control.is(FIRED)
    }
}

/// What lies in a wheel.
pub(crate) enum Due {
    Receive(Arc<ReceiveTimer>),
    Message(Arc<MessageTimer>),
    Port(Arc<port::Timer>),
    Chain(Arc<chain::Link>),
}

impl Due {
    fn control(&self) -> &Control {
        match self {
            Due::Receive(t) => &t.control,
            Due::Message(t) => &t.control,
            Due::Port(t) => &t.control,
            Due::Chain(t) => &t.control,
        }
    }
    fn fire(self) {
        match self {
            Due::Receive(t) => {
                if t.control.end(FIRED) {
                    sched::wake(t.pid);
                }
            }
            Due::Message(t) => message::fire(&t),
            Due::Port(t) => port::fire(&t),
            Due::Chain(t) => chain::fire(&t),
        }
    }
}

/// The wheel of one scheduler; only its thread touches it.
pub(crate) struct TimerQueue(RefCell<Wheel<Due>>);

impl TimerQueue {
    pub(crate) fn new() -> TimerQueue {
        TimerQueue(RefCell::new(Wheel::new(tick(clock::monotonic_ns()))))
    }
    /// Starts a timer that is due at a tick.
    pub(crate) fn start(&self, due: u64, what: Due) {
        let mut w = self.0.borrow_mut();
        // The payload is shared, so the key can be noted after it is known.
        let shared = match &what {
            Due::Receive(t) => Due::Receive(t.clone()),
            Due::Message(t) => Due::Message(t.clone()),
            Due::Port(t) => Due::Port(t.clone()),
            Due::Chain(t) => Due::Chain(t.clone()),
        };
        let key = w.start(due, what);
        if !shared.control().set_key(key) {
            w.stop(key);
        }
    }
    pub(crate) fn stop(&self, key: Key) {
        self.0.borrow_mut().stop(key);
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
    /// When [`TimerQueue::poll`] may have something to do, in monotonic nanoseconds; the end of time if never.
    pub(crate) fn next(&self) -> i64 {
        self.0.borrow().next_due().map_or(i64::MAX, tick_ns)
    }
    /// Fires what is due.
    pub(crate) fn poll(&self) {
        let mut due = Vec::new();
        self.0.borrow_mut().advance(tick(clock::monotonic_ns()), |d| due.push(d));
        if due.is_empty() {
            return;
        }
        recording::pauses();
        let (begin, fired) = (recording::begins(What::TIMERS), due.len() as u64);
        due.into_iter().for_each(Due::fire);
        recording::ended(recording::format::Kind::Timers, begin, fired, 0);
    }
    /// How long until [`TimerQueue::poll`] may have something to do.
    pub(crate) fn wait(&self) -> Option<std::time::Duration> {
        let next = Some(self.next()).filter(|&next| next != i64::MAX)?;
        let ns = next - clock::monotonic_ns();
        Some(std::time::Duration::from_nanos(u64::try_from(ns).unwrap_or(0)))
    }
}

/// The tick that has begun at a time.
fn tick(ns: i64) -> u64 {
    u64::try_from((ns - clock::START).div_euclid(TICK_NS)).unwrap_or(0)
}
/// When a tick begins.
fn tick_ns(tick: u64) -> i64 {
    clock::START.saturating_add(i64::try_from(tick).unwrap_or(i64::MAX).saturating_mul(TICK_NS))
}
/// The first tick that begins at or after a time.
fn tick_from(ns: i64) -> u64 {
    tick(ns.saturating_add(TICK_NS - 1))
}

/// Starts the timer of a receive.
pub(crate) fn start_receive_timer(pid: RawTerm, ms: u64) -> Arc<ReceiveTimer> {
    let t = Arc::new(ReceiveTimer { control: Control::new(), pid });
    let ns = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(TICK_NS);
    let due = tick_from(clock::monotonic_ns().saturating_add(ns));
    sched::start_timer(due, Due::Receive(t.clone()));
    t
}

/// Stops the timer of a receive.
pub(crate) fn stop_receive_timer(t: &ReceiveTimer) {
    if t.control.end(CANCELLED) {
        t.control.unlink();
    }
}

/// A monitor of the time offset ends. The offset is fixed at start, so nobody keeps a list of its watchers.
pub(crate) fn time_offset_demonitor(_numbers: RefNumbers) {}
