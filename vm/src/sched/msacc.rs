//! Microstate accounting: in which states the VM's threads spend their time.
//!
//! Each scheduler's seat, each place of a dirty scheduler and the poll thread has an [`Account`]. Its thread notes
//! every change of state; times are measured on a clock that stands still while accounting is off, so a change costs no
//! system call then. Invariant: an account is written by the thread that has it, and by nobody else; others read it
//! while it changes.

use std::cell::Cell;
use std::sync::{LazyLock, OnceLock};

use super::stats::{Wall, WallTime};
use super::{Dirty, all};
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use crate::timer::clock;

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Work for the VM itself: requests of other threads, timers.
    Aux,
    /// Looks for input and output.
    CheckIo,
    /// Runs a process.
    Emulator,
    /// Collects garbage.
    Gc,
    /// All else: looking for work, switching processes.
    Other,
    /// Runs a port.
    Port,
    /// Nothing.
    Sleep,
}

impl State {
    /// All, with the names that programs see.
    pub const ALL: [(State, &'static str); 7] = [
        (State::Aux, "aux"),
        (State::CheckIo, "check_io"),
        (State::Emulator, "emulator"),
        (State::Gc, "gc"),
        (State::Other, "other"),
        (State::Port, "port"),
        (State::Sleep, "sleep"),
    ];
}

/// The clock, in one word: while accounting is on, twice the nanoseconds for which it was off before, plus one; while
/// it is off, twice those for which it was on.
static CLOCK: AtomicU64 = AtomicU64::new(0);
/// What the clock showed at the last reset.
static RESET: AtomicU64 = AtomicU64::new(0);

fn since_start() -> u64 {
    u64::try_from(clock::since_start_ns()).unwrap_or(0)
}

fn reading() -> u64 {
    let c = CLOCK.load(Ordering::Relaxed);
    if c & 1 == 0 { c >> 1 } else { since_start().saturating_sub(c >> 1) }
}

/// Switches accounting on or off; whether it was on.
pub fn switch(on: bool) -> bool {
    let mut c = CLOCK.load(Ordering::Relaxed);
    while (c & 1 == 1) != on {
        let other = since_start().saturating_sub(c >> 1) << 1 | u64::from(on);
        match CLOCK.compare_exchange(c, other, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return !on,
            Err(now) => c = now,
        }
    }
    on
}

/// Begins anew with all times; whether accounting is on.
pub fn reset() -> bool {
    RESET.store(reading(), Ordering::Relaxed);
    CLOCK.load(Ordering::Relaxed) & 1 == 1
}

/// See the module's head.
pub(super) struct Account {
    state: AtomicU8,
    /// The clock at the last change of state.
    since: AtomicU64,
    /// The reset that the times begin with.
    reset: AtomicU64,
    times: [AtomicU64; State::ALL.len()],
}

impl Default for Account {
    fn default() -> Self {
        Account {
            state: AtomicU8::new(State::Sleep as u8),
            since: AtomicU64::new(0),
            reset: AtomicU64::new(0),
            times: Default::default(),
        }
    }
}

impl Account {
    fn state(&self) -> State {
        State::ALL[usize::from(self.state.load(Ordering::Relaxed))].0
    }
    fn enter(&self, to: State) -> State {
        let (old, now) = (self.state(), reading());
        let reset = RESET.load(Ordering::Relaxed);
        if self.reset.load(Ordering::Relaxed) != reset {
            self.times.iter().for_each(|t| t.store(0, Ordering::Relaxed));
            self.reset.store(reset, Ordering::Relaxed);
            self.since.fetch_max(reset, Ordering::Relaxed);
        }
        let spent = now.saturating_sub(self.since.load(Ordering::Relaxed));
        if spent != 0 {
            let t = &self.times[old as usize];
            t.store(t.load(Ordering::Relaxed) + spent, Ordering::Relaxed);
            self.since.store(now, Ordering::Relaxed);
        }
        self.state.store(to as u8, Ordering::Relaxed);
        old
    }
    fn read(&self) -> [u64; State::ALL.len()] {
        let reset = RESET.load(Ordering::Relaxed);
        let stale = self.reset.load(Ordering::Relaxed) != reset;
        let mut times = self.times.each_ref().map(|t| if stale { 0 } else { t.load(Ordering::Relaxed) });
        let since = self.since.load(Ordering::Relaxed).max(reset);
        times[self.state() as usize] += reading().saturating_sub(since);
        times
    }
}

/// What a dirty scheduler counts; whichever thread has taken the place writes it.
struct Place {
    account: Account,
    wall: Wall,
    taken: AtomicBool,
}

/// The account of the thread that waits for descriptors.
static POLL: LazyLock<Account> = LazyLock::new(Account::default);

/// The calling thread is the poll thread.
pub(crate) fn poll() {
    MINE.set(Some(&POLL));
}

impl Default for Place {
    fn default() -> Place {
        Place { account: Account::default(), wall: Wall::idle_from_the_start(), taken: AtomicBool::new(false) }
    }
}

fn places(kind: Dirty) -> &'static [Place] {
    static PLACES: OnceLock<[Vec<Place>; 2]> = OnceLock::new();
    let new = |kind: Dirty| std::iter::repeat_with(Place::default).take(kind.count()).collect();
    &PLACES.get_or_init(|| [new(Dirty::Cpu), new(Dirty::Io)])[kind as usize]
}

thread_local! {
    static MINE: Cell<Option<&'static Account>> = const { Cell::new(None) };
    static PLACE: Cell<Option<&'static Place>> = const { Cell::new(None) };
}

/// The calling thread has the seat of scheduler `id`.
pub(super) fn sit(id: usize) {
    leave();
    let account = &all()[id].counters.msacc;
    account.enter(State::Other);
    MINE.set(Some(account));
}

/// The calling thread has left its seat, in the middle of a slice, and is a dirty scheduler of this kind.
pub(super) fn go_dirty(kind: Dirty) {
    let free = |p: &&Place| p.taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    // There is one while the number of dirty schedulers is kept; else the thread goes without.
    let place = places(kind).iter().find(free);
    leave();
    if let Some(p) = place {
        p.account.enter(State::Emulator);
        p.wall.busy();
        MINE.set(Some(&p.account));
        PLACE.set(Some(p));
    }
}

/// The calling thread has nothing to do any more.
pub(super) fn leave() {
    MINE.set(None);
    if let Some(p) = PLACE.take() {
        p.account.enter(State::Sleep);
        p.wall.idle();
        p.taken.store(false, Ordering::Release);
    }
}

/// Enters a state; gives the one before, to be entered again.
#[inline]
pub(crate) fn enter(state: State) -> State {
    MINE.get().map_or(State::Other, |a| a.enter(state))
}

/// Runs `f` in a state.
#[inline]
pub(crate) fn during<R>(state: State, f: impl FnOnce() -> R) -> R {
    let old = enter(state);
    let r = f();
    enter(old);
    r
}

/// A sort of thread.
#[derive(Clone, Copy)]
pub enum Thread {
    /// Those that run processes.
    Scheduler,
    /// Those that run natives of this kind.
    Dirty(Dirty),
    /// The one that waits for descriptors.
    Poll,
}

/// A thread's times, in the order of [`State::ALL`], in nanoseconds.
pub struct Times {
    /// What it is.
    pub kind: Thread,
    /// Its number among its kind, from 1; the poll thread is number 0.
    pub id: usize,
    /// The times.
    pub times: [u64; State::ALL.len()],
}

/// The times of all threads that have an account.
pub fn times() -> Vec<Times> {
    let of = |kind, id, a: &Account| Times { kind, id, times: a.read() };
    let dirty = |kind| places(kind).iter().enumerate().map(move |(i, p)| of(Thread::Dirty(kind), i + 1, &p.account));
    let schedulers = all().iter().enumerate().map(|(i, s)| of(Thread::Scheduler, i + 1, &s.counters.msacc));
    let poll = std::iter::once_with(|| of(Thread::Poll, 0, &POLL));
    schedulers.chain(dirty(Dirty::Cpu)).chain(dirty(Dirty::Io)).chain(poll).collect()
}

/// How much the dirty schedulers of a kind had to do.
pub fn dirty_wall_times(kind: Dirty) -> Vec<WallTime> {
    places(kind).iter().map(|p| p.wall.read()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spin() {
        let begin = since_start();
        while since_start() - begin < 100_000 {}
    }

    #[test]
    fn time_is_counted_where_it_is_spent_and_only_while_accounting_is_on() {
        let a = Account::default();
        let of = |s: State| a.read()[s as usize];
        a.enter(State::Emulator);
        spin();
        assert_eq!(a.read(), [0; 7], "it is off");
        assert!(!switch(true));
        assert!(switch(true));
        assert_eq!(a.enter(State::Emulator), State::Emulator);
        spin();
        assert!(of(State::Emulator) >= 100_000, "what goes on counts");
        assert_eq!(a.enter(State::Gc), State::Emulator);
        spin();
        assert_eq!(a.enter(State::Emulator), State::Gc);
        assert!(of(State::Gc) >= 100_000);
        let gc = of(State::Gc);
        assert!(switch(false));
        let emulator = of(State::Emulator);
        spin();
        a.enter(State::Sleep);
        spin();
        assert_eq!((of(State::Gc), of(State::Emulator), of(State::Sleep)), (gc, emulator, 0));
        assert!(!reset());
        assert_eq!(a.read(), [0; 7]);
        a.enter(State::Other);
        assert_eq!(a.read(), [0; 7]);
    }
}
