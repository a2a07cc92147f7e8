//! Timers of ports: when the time is over, the port's driver is told.
//!
//! Invariant: a timer whose handle is gone does not fire any more; what had fired before may still be on its way to the
//! port, so drivers tell their timers apart by a number.

use std::sync::Arc;

use super::control::{CANCELLED, Control, FIRED};
use super::{Due, TICK_NS, clock, tick_from};
use crate::port::{self, Op, Request};
use crate::sched;
use crate::term::RawTerm;

pub(crate) struct Timer {
    pub(super) control: Control,
    port: RawTerm,
    number: u32,
}

/// A port's timer; it ends with this.
pub struct PortTimer(Arc<Timer>);

impl PortTimer {
    /// Starts a timer; `number` is what the driver gets.
    pub(crate) fn start(port: RawTerm, ms: u64, number: u32) -> PortTimer {
        let t = Arc::new(Timer { control: Control::new(), port, number });
        let ns = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(TICK_NS);
        sched::start_timer(tick_from(clock::monotonic_ns().saturating_add(ns)), Due::Port(t.clone()));
        PortTimer(t)
    }
}

impl Drop for PortTimer {
    fn drop(&mut self) {
        if self.0.control.end(CANCELLED) {
            self.0.control.unlink();
        }
    }
}

pub(super) fn fire(t: &Timer) {
    if t.control.end(FIRED) {
        port::signal(t.port, Request::note(Op::Timeout(t.number)).into());
    }
}
