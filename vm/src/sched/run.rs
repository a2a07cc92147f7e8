//! The scheduler's loop: picks a process, runs a slice of it, decides what becomes of it; polls timers; helps others;
//! sleeps.
//!
//! Invariants: an epoch guard is held from the pick to the end of the slice, so the process stays; between slices the
//! guard is renewed, and it is not held while the thread sleeps. A panic in a slice kills the process, not the VM.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use super::dirty::{self, Dirty, Seat};
use super::queues::Stealers;
use super::{
    IDLE, Local, MicroState, OUT_OF_WORK, SLICE, Scheduler, What, all, block, count, halted, msacc, place, progress,
    stats, wake_helper,
};
use crate::heap::gc;
use crate::interp::{self, SliceEnd};
use crate::port;
use crate::process::state::{AfterSlice, AfterWait};
use crate::process::{Process, Table, exit, limits, report};
use crate::recording;
use crate::recording::format::{Kind, Reason};
use crate::signal;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::park::Parker;
use crate::sys::priority;
use crate::term::RawTerm;
use crate::trace::{Flags, events, monitor, profiler};

/// Picks after which inbox and timers are looked at, however short the slices are.
const PICKS_PER_POLL: u32 = 32;
/// Ended processes after which memory is reclaimed.
const EXITS_PER_FLUSH: u32 = 64;
/// How long a scheduler without work looks at the queues of others before it sleeps.
const SEARCH: Duration = Duration::from_micros(30);
/// How long a lone entry lies in the queue of a busy scheduler before another takes it.
const STUCK: Duration = Duration::from_micros(10);
/// Polls after which a busy scheduler compares its queues with another's.
const POLLS_PER_BALANCE: u32 = 8;
/// Longest sleep while somebody waits for thread progress.
const PROGRESS_NAP: Duration = Duration::from_millis(1);
/// How long the VM waits at its end for slices that are still running.
const GRACE: Duration = Duration::from_millis(100);
/// What of a process wants to know of its turns.
const TURNS: Flags = Flags::SCHEDULING.and(Flags::EXITING).and(Flags::MEASURED);
/// Stack of a scheduler's thread.
const STACK_BYTES: usize = 8 << 20;

/// Where the main thread waits for the VM's end.
pub(super) static MAIN: LazyLock<Parker> = LazyLock::new(Parker::new);
/// Schedulers in their loop.
static LOOPS: AtomicUsize = AtomicUsize::new(0);

pub(super) fn loops() -> usize {
    LOOPS.load(Ordering::Acquire)
}

/// Starts a thread of the VM. A panic outside of a slice leaves it in no known state: it ends the VM.
pub(super) fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let body = move || {
        if catch_unwind(AssertUnwindSafe(f)).is_err() {
            std::process::abort();
        }
    };
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(body).map(drop)
}

/// What a thread does: runs in its seat until it leaves it for long work, then waits for another.
pub(super) fn work(mut seat: Option<Seat>) {
    let Some(Seat(first)) = seat.take() else { return };
    let s = Scheduler::in_seat(first);
    loop {
        s.run();
        // A thread that had to step back for good would be a slow scheduler: the next to be needed is a new one.
        if halted().is_some() || s.stepped_back.get() {
            msacc::leave();
            break;
        }
        let Some(Seat(next)) = dirty::wait_for_seat() else { break };
        s.sit(next);
    }
    if s.seat.get().is_some() {
        LOOPS.fetch_sub(1, Ordering::AcqRel);
        MAIN.wake();
    }
}

/// Starts a thread for each scheduler and waits until the VM halts; gives the exit status.
pub fn run_all() -> std::io::Result<i32> {
    LOOPS.store(count(), Ordering::Release);
    priority::init();
    #[cfg(feature = "count-pairs")]
    interp::pairs::begin();
    for id in 0..count() {
        spawn(&format!("scheduler-{}", id + 1), move || work(Some(Seat(Local::new(id)))))?;
    }
    let status = loop {
        if let Some(status) = halted() {
            break status;
        }
        MAIN.park(None);
    };
    let end = Instant::now() + GRACE;
    while loops() != 0 && Instant::now() < end {
        MAIN.park(Some(GRACE));
    }
    port::flush_all();
    Ok(status)
}

#[cfg(feature = "shuffle")]
use super::shuffle::{pop as next, slice};

#[cfg(not(feature = "shuffle"))]
fn next(q: &super::queues::RunQueues) -> Option<RawTerm> {
    q.pop()
}

#[cfg(not(feature = "shuffle"))]
fn slice() -> i64 {
    SLICE
}

impl Scheduler {
    /// Runs processes until the VM halts or the thread leaves its seat.
    fn run(&self) {
        let mut picks = 0;
        self.pin();
        while let Some(local) = self.seat.get()
            && halted().is_none()
        {
            if picks == 0 || self.since_poll.get() >= SLICE {
                picks = PICKS_PER_POLL;
                self.pin();
                self.poll(local);
                self.share(local);
                self.balance(local);
                recording::queue(local.queues.len());
                if self.exits.get() >= EXITS_PER_FLUSH || progress::is_wanted() {
                    self.exits.set(0);
                    recording::pauses();
                    crossbeam_epoch::pin().flush();
                }
            }
            picks -= 1;
            match next(&local.queues) {
                Some(pid) => {
                    self.pin();
                    self.turn(pid);
                }
                None => {
                    drop(self.guard.take());
                    recording::pauses();
                    recording::queue(0);
                    self.idle(local);
                    self.pin();
                    picks = 0;
                }
            }
        }
        drop(self.guard.take());
    }
    /// Renews the guard, or takes one.
    fn pin(&self) {
        let guard = match self.guard.take() {
            Some(mut g) => {
                g.repin();
                g
            }
            None => crossbeam_epoch::pin(),
        };
        self.guard.set(Some(guard));
    }
    /// Does what other threads asked for, and fires timers.
    fn poll(&self, local: &Local) {
        self.since_poll.set(0);
        let before = msacc::enter(MicroState::Aux);
        port::poll::look();
        if !self.shared().inbox.is_empty() {
            recording::pauses();
        }
        for r in self.shared().inbox.take() {
            match r.what {
                What::Run(pid, priority) => local.queues.push(pid, priority),
                What::StartTimer(due, what) => local.timers.start(due, what),
                What::StopTimer(key) => local.timers.stop(key),
                What::Call(f) => f(),
            }
        }
        if !local.timers.is_empty() {
            local.timers.poll();
        }
        local.push_later();
        msacc::enter(before);
        if !self.is_online() {
            Self::give_away(local);
        }
    }
    fn is_online(&self) -> bool {
        block::may_run(self.id())
    }
    #[cold]
    fn give_away(local: &Local) {
        recording::pauses();
        while let Some((pid, priority)) = local.queues.pop_any() {
            place(pid, priority);
        }
    }
    /// Has somebody help if there is more than one entry waiting.
    fn share(&self, local: &Local) {
        if IDLE.any_sleeping() && local.queues.len() > 1 {
            recording::pauses();
            wake_helper();
        }
    }
    /// Now and then takes some of the work of another scheduler that has more: while all are busy, nobody steals.
    fn balance(&self, local: &Local) {
        let left = self.until_balance.get();
        if left > 0 {
            return self.until_balance.set(left - 1);
        }
        self.until_balance.set(POLLS_PER_BALANCE);
        recording::pauses();
        self.shared().counters.comparisons.add(1);
        let (id, before) = self.compared.get();
        let switches = |id: usize| all()[id].counters.switches.get();
        if id != self.id() && self.is_online() {
            let stuck = switches(id) == before;
            if let Some(s) = all()[id].stealers.get()
                && s.balance_into(&local.queues, stuck)
            {
                recording::stolen(id, local.queues.len());
                self.shared().counters.steals.add(1);
            }
        }
        let next = (id + 1) % count();
        self.compared.set((next, switches(next)));
    }
    /// Returns when there is something in the run queues, or the VM halts: found in the inbox, in the queues of others,
    /// or after some sleep.
    fn idle(&self, local: &Local) {
        let counters = &self.shared().counters;
        counters.wall.idle();
        loop {
            self.poll(local);
            if local.queues.len() != 0 || halted().is_some() || (self.is_online() && self.search(local)) {
                break;
            }
            self.sleep(local);
        }
        if self.out_of_work.replace(false) {
            let out = OUT_OF_WORK.fetch_sub(1, Ordering::Relaxed) - 1;
            profiler::scheduler(self.id(), true, count() - out);
        }
        if self.searching.replace(false) {
            IDLE.stop_searching();
            // The one who woke this scheduler, or whom it stole from, may have more.
            self.share(local);
        }
        counters.wall.busy();
    }
    /// There was nothing to do here or with others.
    fn rest(&self) {
        if !self.out_of_work.replace(true) {
            let out = OUT_OF_WORK.fetch_add(1, Ordering::Relaxed) + 1;
            profiler::scheduler(self.id(), false, count() - out);
        }
    }
    /// Sleeps until somebody wakes this scheduler or a timer is due.
    fn sleep(&self, local: &Local) {
        let me = self.shared();
        self.rest();
        IDLE.announce(self.id());
        if self.searching.replace(false) {
            IDLE.stop_searching();
        }
        // Reclaimed memory may have woken somebody here since the queues were looked at.
        let more = local.queues.len() != 0
            || !me.inbox.is_empty()
            || (self.is_online() && others(self.id()).any(|(s, _)| s.len() > 1));
        if !more && halted().is_none() {
            me.counters.parks.add(1);
            port::poll::take_over();
            let nap = progress::is_wanted().then_some(PROGRESS_NAP);
            let due = local.timers.wait();
            // Who has been told of this sleep would sleep as long.
            local.push_later();
            if local.queues.len() == 0 {
                // A push to the inbox that came after the look has left its wake-up with the parker: this returns at once.
                let begin = recording::begins(recording::What::SCHEDULING);
                msacc::during(MicroState::Sleep, || me.parker.park(nap.into_iter().chain(due).min()));
                recording::ended(Kind::Slept, begin, 0, 0);
            }
        }
        if progress::is_wanted() {
            crossbeam_epoch::pin().flush();
        }
        self.searching.set(!IDLE.withdraw(self.id()));
    }
    /// Looks for work in the queues of others: at once where more than one entry waits, and where a lone one has been
    /// waiting for some time, since its scheduler is in a long slice.
    fn search(&self, local: &Local) -> bool {
        let n = count();
        if n == 1 {
            return false;
        }
        let searchers = if self.searching.replace(true) { 1 } else { IDLE.search() };
        // Spinning takes cores away from work: only some do.
        let limit = if searchers <= spinners() { SEARCH } else { Duration::ZERO };
        let begin = Instant::now();
        let mut lone: Option<(usize, u64, Instant)> = None;
        loop {
            let first = self.first_victim.get();
            for i in 0..n {
                let id = (first + i) % n;
                let Some(victim) = all()[id].stealers.get().filter(|_| id != self.id()) else { continue };
                match victim.len() {
                    0 => {}
                    1 => {
                        let switches = all()[id].counters.switches.get();
                        match lone {
                            Some((l, s, since)) if l == id && s == switches => {
                                if since.elapsed() >= STUCK && self.steal(local, id, victim) {
                                    return true;
                                }
                            }
                            Some((l, ..)) if l != id => {}
                            _ => lone = Some((id, switches, Instant::now())),
                        }
                    }
                    _ => {
                        if self.steal(local, id, victim) {
                            return true;
                        }
                    }
                }
            }
            self.rest();
            if begin.elapsed() >= limit || halted().is_some() {
                return false;
            }
            port::poll::look();
            if local.queues.len() != 0 {
                return true;
            }
            if !self.shared().inbox.is_empty() {
                self.poll(local);
                if local.queues.len() != 0 {
                    return true;
                }
            }
            for _ in 0..32 {
                std::hint::spin_loop();
            }
        }
    }
    fn steal(&self, local: &Local, id: usize, victim: &Stealers) -> bool {
        let got = victim.steal_into(&local.queues);
        if got {
            self.first_victim.set(id);
            recording::stolen(id, local.queues.len());
            self.shared().counters.steals.add(1);
        }
        got
    }
    /// A popped entry's turn.
    fn turn(&self, pid: RawTerm) {
        if pid.is_local_port() {
            return self.port_turn(pid);
        }
        // SAFETY: the thread's guard keeps what the table shows until this process is ours (`start`), which keeps it in
        // the table; a guard is held again when it leaves the table (`dirty.rs`).
        let guard = unsafe { crossbeam_epoch::unprotected() };
        let Some(p) = Table::get().find(pid, guard) else { return };
        let Some(state) = p.state().start() else { return };
        let owner = p.owner();
        let slice = slice();
        owner.fcalls.set(slice);
        let recorded = recording::turn_begins(p, slice);
        if state.has_signals() || (state.has_inbox() && owner.mailbox.is_due()) {
            signal::fetch(p);
        }
        let end = msacc::during(MicroState::Emulator, || self.slice(p));
        let used = u64::try_from(slice - owner.fcalls.get()).unwrap_or(0).max(1);
        owner.reductions.set(owner.reductions.get() + used);
        if self.seat.get().is_some() {
            let counters = &self.shared().counters;
            counters.reductions.add(used);
            counters.switches.add(1);
        } else {
            stats::add_dirty(used);
        }
        self.since_poll.set(self.since_poll.get() + used as i64);
        if recorded {
            let reason = if end == End::Waiting { Reason::Wait } else { end.reason(p) };
            recording::turn_ends(pid, used, reason);
        }
        match end {
            End::Gone => self.exits.set(self.exits.get() + 1),
            End::Waiting => self.wait(p),
            End::Runnable => self.put_back(p),
        }
    }
    #[cold]
    fn port_turn(&self, id: RawTerm) {
        let begin = recording::begins(recording::What::IO);
        let used = msacc::during(MicroState::Port, || catch_unwind(|| port::turn(id))).unwrap_or_else(|_| {
            eprintln!("girder: internal error in port {id:?}");
            0
        });
        recording::ended(Kind::Port, begin, id.bits(), used as u64);
        recording::pauses();
        let counters = &self.shared().counters;
        counters.reductions.add(used as u64);
        counters.switches.add(1);
        self.since_poll.set(self.since_poll.get() + used as i64);
    }
    /// Runs signals' tasks, Erlang code or the next step of the exit.
    fn slice(&self, p: &Process) -> End {
        let owner = p.owner();
        loop {
            match owner.tasks.pop() {
                Some(t) if p.state().get().exiting() => t.answer_dead(),
                Some(t) if t.takes_long(p) => self.dirty(p, Dirty::Cpu, || t.run(p)),
                Some(t) => t.run(p),
                None => break,
            }
        }
        if owner.flags.hibernating.get() && !p.state().get().exiting() {
            if owner.mailbox.is_empty() && p.inbox_is_empty() {
                return End::Waiting;
            }
            owner.flags.hibernating.set(false);
        }
        let mut ran = false;
        if p.state().get().may_execute() && owner.fcalls.get() > 0 {
            profiler::process_runs(p);
            if p.trace_flags().any(TURNS) {
                events::scheduled(p, true);
            }
            let measured = monitor::turn_begins(p);
            let end = self.execute_all(p);
            if let Some(turn) = measured {
                turn.ends(p);
            }
            ran = true;
            if p.trace_flags().any(TURNS) && end != SliceEnd::Exited && !p.state().get().exiting() {
                events::scheduled(p, false);
            }
            if end != SliceEnd::Exited || p.state().get().exiting() {
                if !p.state().get().exiting() {
                    return if end == SliceEnd::Waiting { self.settle(p) } else { End::Runnable };
                }
            } else {
                let reason = report::reason(p);
                if report::is_crash(p) && !exit::ends_all(p) {
                    report::crash(p, &reason);
                }
                exit::begin(p, reason);
            }
        }
        if p.state().get().exiting() {
            owner.fcalls.set(owner.fcalls.get().max(SLICE / 4));
            if p.trace_flags().any(TURNS) && !ran {
                events::scheduled(p, true);
            }
            if exit::step(self, p) {
                return End::Gone;
            }
            if p.trace_flags().any(TURNS) {
                events::scheduled(p, false);
            }
        }
        End::Runnable
    }
    /// Runs Erlang code, in parts if a stack is to be looked at in this turn.
    fn execute_all(&self, p: &Process) -> SliceEnd {
        loop {
            let Some(cut) = recording::cut(p) else { return self.execute(p) };
            let end = self.execute(p);
            let yielded = end == SliceEnd::Yielded;
            let may_go_on = self.seat.get().is_some() && p.state().get().may_execute() && p.owner().tasks.is_empty();
            if !recording::resume(p, &cut, yielded, may_go_on) {
                return end;
            }
        }
    }
    fn execute(&self, p: &Process) -> SliceEnd {
        match catch_unwind(AssertUnwindSafe(|| interp::run(self, p))) {
            Ok(end) => end,
            Err(_) => {
                // A bug of ours. The heap may be half-built: it is given up unread.
                eprintln!("girder: internal error in process {:?}; it is killed", p.pid());
                exit::begin(p, exit::killed());
                SliceEnd::Exited
            }
        }
    }
    /// A process that begins to wait: one that hibernates gives its memory back, unless it has messages already.
    fn settle(&self, p: &Process) -> End {
        let owner = p.owner();
        if owner.flags.hibernating.get() {
            if !owner.mailbox.is_empty() {
                return End::Runnable;
            }
            let pack = || gc::hibernate(p, &mut []);
            limits::collected(p, &if gc::is_large(owner) { self.dirty(p, Dirty::Cpu, pack) } else { pack() });
        }
        End::Waiting
    }
    fn put_back(&self, p: &Process) {
        // A receive fetched them, and the process may have been suspended since: it answers all the same.
        if !p.owner().tasks.is_empty() {
            p.state().has_tasks();
        }
        if let AfterSlice::Enqueue(priority) = p.state().end_slice() {
            match self.seat.get() {
                Some(local) => local.push(p.pid(), priority),
                None => self.shared().ask(What::Run(p.pid(), priority)),
            }
        }
    }
    /// Lets a process wait, unless something has come in meanwhile that it must look at: also a receive that looked at
    /// the inbox in this slice may have found tasks there.
    fn wait(&self, p: &Process) {
        profiler::process_rests(p);
        while p.owner().tasks.is_empty() {
            match p.state().wait() {
                AfterWait::Idle => return,
                AfterWait::Again => break,
                AfterWait::Look => {
                    recording::pauses();
                    signal::fetch(p);
                }
            }
            if p.state().get().exiting() || p.owner().mailbox.has_unseen() || !p.owner().tasks.is_empty() {
                break;
            }
        }
        recording::woken(p.pid());
        self.put_back(p);
    }
}

/// The queues of all schedulers but one.
fn others(id: usize) -> impl Iterator<Item = (&'static Stealers, usize)> {
    all().iter().enumerate().filter(move |(i, _)| *i != id).filter_map(|(i, s)| Some((s.stealers.get()?, i)))
}

/// How many schedulers may spin at a time.
fn spinners() -> usize {
    static N: OnceLock<usize> = OnceLock::new();
    *N.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if cores == 1 { 0 } else { (cores / 2).max(1) }
    })
}

/// What became of a process in its slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Gone,
    Waiting,
    Runnable,
}

impl End {
    /// Not inlined: most turns end waiting, of which the caller knows.
    #[inline(never)]
    fn reason(self, p: &Process) -> Reason {
        let s = p.state().get();
        match self {
            End::Gone => Reason::Exit,
            End::Runnable if s.exiting() || s.may_execute() => Reason::Yield,
            // Also one that has only answered signals.
            End::Runnable | End::Waiting => Reason::Wait,
        }
    }
}
