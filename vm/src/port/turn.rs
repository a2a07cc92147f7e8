//! Running a port: on a scheduler that popped it, or inline for a process that asks something of an idle one.
//!
//! Invariant: [`Running`] stands for the state word's RUNNING bit; when it goes, the port is put back into a run queue
//! if something has come in meanwhile, or leaves the table if it is gone.

use super::poll::Readiness;
use super::request::{Op, Reply, Request};
use super::{Core, Port, Table, with};
use crate::atom::am;
use crate::heap::message::Message;
use crate::process::relations::{Link, Reference};
use crate::process::state::AfterSlice;
use crate::sched;
use crate::signal::{self, ReplyTo, Signal};
use crate::sync::atomic::Ordering;
use crate::sync::{MutexGuard, lock};
use crate::term::RawTerm;
use crate::trace::ports::{self, Turn};
use crate::trace::profiler;

/// Signals handled in one turn.
const SIGNALS_PER_TURN: usize = 100;
/// Reductions of one signal.
const COST: usize = 40;

/// The right to run a port.
pub(super) struct Running<'p> {
    port: &'p Port,
    core: Option<MutexGuard<'p, Core>>,
}

impl<'p> Running<'p> {
    /// A port that was just made.
    pub(super) fn opened(port: &'p Port) -> Running<'p> {
        Running::of(port)
    }
    fn of(port: &'p Port) -> Running<'p> {
        let mut core = lock(&port.core);
        core.io.traced = port.trace_flags();
        Running { port, core: Some(core) }
    }
    fn borrow(port: &'p Port) -> Option<Running<'p>> {
        port.state.borrow().then(|| Running::of(port))
    }
    fn start(port: &'p Port) -> Option<Running<'p>> {
        port.state.start().map(|_| Running::of(port).profiled())
    }
    /// Being opened is nothing that a profiler hears of.
    fn profiled(mut self) -> Running<'p> {
        let id = self.port.id;
        profiler::port_runs(id, &mut self.core().told_active);
        self
    }
    pub(super) fn core(&mut self) -> &mut Core {
        self.core.as_mut().expect("it is there until the end")
    }
    /// Does at once what a process asks, whose thread this is, and gives the port up.
    fn perform(self, caller: RawTerm, op: Op) -> Reply {
        let port = self.port;
        let told = profiler::caller_rests(caller);
        let mut running = self.profiled();
        let turn = Turn::begin(port, ports::name_of(&op));
        let core = running.core();
        let reply = core.perform(port, caller, op);
        core.turn_ends(turn);
        drop(running);
        profiler::caller_runs(caller, told);
        reply
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(mut core) = self.core.take() else { return };
        // What comes in from here on makes it active once more.
        if core.told_active && (core.gone || !self.port.state.get().has_inbox()) {
            profiler::port_rests(self.port.id, &mut core.told_active);
        }
        if core.gone {
            return self.port.retire(core);
        }
        drop(core);
        if let AfterSlice::Enqueue(priority) = self.port.state.end_slice() {
            sched::enqueue(self.port.id, priority);
        }
    }
}

/// A popped port's turn; gives the reductions it took. The caller holds an epoch guard.
pub(crate) fn turn(id: RawTerm) -> usize {
    let guard = crossbeam_epoch::pin();
    Table::get().find(id, &guard).map_or(0, step)
}

/// Runs a port that waits in a run queue.
fn step(port: &Port) -> usize {
    let Some(mut running) = Running::start(port) else { return 0 };
    let core = running.core();
    port.state.inbox_taken();
    core.left.extend(port.inbox.take());
    let mut handled = 0;
    let mut turn = Turn::of(port);
    let ready = Readiness(port.ready.swap(0, Ordering::AcqRel));
    if !ready.is_empty() {
        handled += 1;
        turn.comes_to(ports::OWN);
        core.descriptors_ready(port, ready);
    }
    while !core.gone
        && handled < SIGNALS_PER_TURN
        && let Some(m) = core.left.pop_front()
    {
        handled += 1;
        if let Some(s) = m.take_signal() {
            turn.comes_to(name_of(&s));
            core.handle(port, *s);
        }
    }
    core.turn_ends(turn);
    if !core.left.is_empty() || port.ready.load(Ordering::Relaxed) != 0 {
        // This thread runs it: the end of the turn enqueues it.
        port.state.signal_came();
    }
    handled * COST
}

/// What a signal is called when a port's turns are traced; requests that had to wait have no name.
fn name_of(s: &Signal) -> RawTerm {
    match s {
        Signal::Exit { .. } => RawTerm::atom(am::CLOSE),
        Signal::Link { .. } => RawTerm::atom(am::LINK),
        Signal::Unlink { .. } => RawTerm::atom(am::UNLINK),
        Signal::Monitor { .. } => RawTerm::atom(am::MONITOR),
        Signal::Demonitor { .. } => RawTerm::atom(am::DEMONITOR),
        _ => ports::OWN,
    }
}

impl Core {
    fn turn_ends(&self, turn: Turn<'_>) {
        if !self.gone {
            turn.end();
        }
    }
    /// What the driver watches has become ready.
    fn descriptors_ready(&mut self, port: &Port, ready: Readiness) {
        self.io.caller = RawTerm::NIL;
        // A VM that stops only writes what is queued.
        let halts = sched::halted().is_some();
        if let Some(d) = self.driver.as_mut().filter(|_| !self.gone && !halts) {
            d.ready(&mut self.io, ready);
            self.settle(port);
        }
    }
    fn handle(&mut self, port: &Port, s: Signal) {
        match s {
            Signal::Port(r) => self.serve(port, *r),
            Signal::Exit { from, reason, kind } => {
                let over_link = kind == crate::process::exit::ExitKind::Linked;
                // No link, or an unlink is under way: the sender does not exist for this port any more.
                if over_link && self.links.remove(&from.bits()).is_none_or(|l| l.unlink != 0) {
                    return;
                }
                self.close(port, from, reason, false, over_link);
            }
            s if self.closing.is_some() => signal::answer_dead_signal(port.id, s),
            Signal::Link { from } => {
                self.links.insert_new(from.bits(), Link::default());
                ports::link(port, am::GETTING_LINKED, from);
            }
            Signal::Unlink { from, id } => {
                if self.links.get(&from.bits()).is_some_and(|l| l.unlink == 0) {
                    self.links.remove(&from.bits());
                    ports::link(port, am::GETTING_UNLINKED, from);
                }
                signal::signal(from, Signal::UnlinkAck { from: port.id, id });
            }
            Signal::UnlinkAck { from, id } => {
                if self.links.get(&from.bits()).is_some_and(|l| l.unlink == id) {
                    self.links.remove(&from.bits());
                }
            }
            Signal::Monitor { from, numbers, .. } => {
                self.watchers.insert(numbers, from);
            }
            Signal::Demonitor { numbers } => {
                self.watchers.remove(&numbers);
            }
            Signal::Down { numbers, .. } => {
                if let (Some(who), Some(d)) = (self.io.monitors.remove(&numbers), self.driver.as_mut()) {
                    d.exited(&mut self.io, who);
                    self.settle(port);
                }
            }
            s => signal::answer_dead_signal(port.id, s),
        }
    }
}

/// Descriptors that a port watches have become ready: its driver is told in the port's next turn.
pub(crate) fn ready(id: RawTerm, what: Readiness) {
    with(id, |port| {
        // The transition of the state word publishes the bits; whoever takes them has seen it.
        port.ready.fetch_or(what.0, Ordering::AcqRel);
        if let Some(priority) = port.state.signal_came() {
            sched::enqueue(id, priority);
        }
    });
}

/// Sends a signal to a port; if nobody is there, it is answered.
pub fn signal(id: RawTerm, s: Signal) {
    if let Err(s) = deliver(id, s) {
        signal::answer_dead_signal(id, s);
    }
}

/// Sends a signal to a port; it comes back if nobody is there.
pub(crate) fn deliver(id: RawTerm, s: Signal) -> Result<(), Signal> {
    let guard = crossbeam_epoch::pin();
    let port = match Table::get().find(id, &guard) {
        Some(p) => p,
        None => return Err(s),
    };
    // Only what comes from inside still reaches a closed port.
    let internal = matches!(&s, Signal::Port(r) if r.op.is_internal());
    if port.is_closed() && !internal {
        return Err(s);
    }
    match port.inbox.push(Message::signal(s)) {
        Ok(_) => {
            if let Some(priority) = port.state.signal_came() {
                sched::enqueue(id, priority);
            }
            Ok(())
        }
        Err(m) => Err(*m.take_signal().expect("it was made with a signal")),
    }
}

/// What became of a request.
pub enum Outcome {
    /// Done: the answer.
    Done(Reply),
    /// The port is at work: the answer comes as a message `{Reference, Answer}`.
    Later(Reference),
    /// There is no such port.
    Gone,
}

/// Asks something of a port and wants the answer: inline if the port is idle.
pub fn sync(id: RawTerm, caller: RawTerm, op: Op) -> Outcome {
    let guard = crossbeam_epoch::pin();
    let Some(port) = Table::get().find(id, &guard).filter(|p| !p.is_closed()) else { return Outcome::Gone };
    if let Some(running) = Running::borrow(port) {
        return Outcome::Done(running.perform(caller, op));
    }
    let reference = Reference::fresh();
    let reply = Some(ReplyTo { pid: caller, reference });
    signal(id, Request { caller, reply, op }.into());
    Outcome::Later(reference)
}

/// Asks something of a port that a message carries: inline if the port is idle.
pub fn send(id: RawTerm, caller: RawTerm, op: Op) {
    let guard = crossbeam_epoch::pin();
    let Some(port) = Table::get().find(id, &guard).filter(|p| !p.is_closed()) else { return };
    match Running::borrow(port) {
        Some(running) => drop(running.perform(caller, op)),
        None => signal(id, Request { caller, reply: None, op }.into()),
    }
}

/// The VM stops, schedulers do not run any more: every port does what waits for it and writes what it has queued,
/// closed ones too.
pub fn flush_all() {
    let t = Table::get();
    for id in t.ids_between(0, t.used_slots(), |_| true) {
        with(id, |p| {
            while step(p) > 0 {}
            if let Some(d) = lock(&p.core).driver.as_mut() {
                d.flush();
            }
        });
    }
}
