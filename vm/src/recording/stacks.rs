//! Stacks of processes, looked at after so many reductions or so much time.
//!
//! *By reductions*: a turn in which a stack is due is cut there. The process is run with fewer reductions, its stack is
//! noted when they are used up, and it goes on with the rest at once, as one that yields, but without a way through a run
//! queue.
//!
//! *By time*: turns are cut so often that the clock is read every few microseconds, and it is read before and behind each
//! native, too. A stack is noted where the time until the next one is found to be over: what a native takes counts for the
//! function that has called it. It stands for a millisecond for each of the times that have passed, and what has passed of
//! the next one is kept, so that no function hides behind another one's stacks. Time for which the thread had no processor
//! does not count.
//!
//! Invariant: the reductions that a turn has and those that it is charged are the same with and without cuts.

use std::cell::Cell;

use super::track::track;
use super::{Note, What, is_on, note};
use crate::ctx::Ctx;
use crate::interp::raise;
use crate::native::{NativeFn, Raise};
use crate::process::Process;
use crate::sys::clock::thread_ns;
use crate::sys::ticks;
use crate::term::Term;
use crate::timer::clock;

/// Reductions between two stacks, on average.
pub(super) const PERIOD: i64 = 32_000;
/// Reductions between two looks at the clock.
const LOOK: i64 = 1_000;
/// Nanoseconds between two stacks, on average.
const NANOSECONDS: i64 = 1_000_000;
/// Frames that are looked at.
const FRAMES: usize = 64;

/// A cut turn: the reductions that were held back.
pub(crate) struct Cut {
    held: i64,
    part: i64,
}

/// Before a process is run: if a stack is due in this turn, holds back the reductions that come behind.
#[inline(always)]
pub(crate) fn cut(p: &Process) -> Option<Cut> {
    if is_on(What::STACKS.and(What::TIME)) { cut_turn(p) } else { None }
}

#[inline(never)]
fn cut_turn(p: &Process) -> Option<Cut> {
    let owner = p.owner();
    let whole = owner.fcalls.get();
    let part = if is_on(What::TIME) {
        TIME.with(Timed::goes_on);
        LOOK
    } else {
        track(|t| {
            if t.until_stack.get() <= 0 {
                t.until_stack.set(1 + i64::from(next(&t.random)) % (2 * PERIOD));
            }
            t.until_stack.get()
        })
    };
    if part >= whole {
        // The turn takes what it takes; at most all of it.
        return Some(Cut { held: 0, part: whole });
    }
    owner.fcalls.set(part);
    // What is shown of the reductions of a process that runs is computed from those left.
    owner.reductions.set(owner.reductions.get().wrapping_sub((whole - part) as u64));
    Some(Cut { held: whole - part, part })
}

/// Behind the part of a turn: gives back what was held back; `true` if the process goes on at once.
#[inline(never)]
pub(crate) fn resume(p: &Process, cut: &Cut, yielded: bool, may_go_on: bool) -> bool {
    let owner = p.owner();
    let left = owner.fcalls.get();
    owner.fcalls.set(left + cut.held);
    owner.reductions.set(owner.reductions.get().wrapping_add(cut.held as u64));
    let due = cut.held > 0 && yielded && left <= 0;
    if is_on(What::TIME) {
        TIME.with(|t| t.looks(p, yielded));
    } else {
        track(|t| t.until_stack.set(t.until_stack.get() - (cut.part - left)));
        if due {
            tell(p, PERIOD as u64);
        }
    }
    due && may_go_on && left + cut.held > 0
}

fn tell(p: &Process, weight: u64) {
    let frames = raise::current_frames(p, p.owner().pc.get(), FRAMES);
    let frames = frames.into_iter().map(|at| (at.mfa, at.line.map_or(0, |(_, line)| line))).collect();
    note(Note::Stack { pid: p.pid(), at: ticks::now(), weight, frames });
}

/// What a thread knows of the time that its turns take.
struct Timed {
    /// The last look at the clock in this turn.
    looked: Cell<u64>,
    /// Ticks spent in turns since the clocks were compared.
    spent: Cell<u64>,
    /// Ticks after which they are compared again: a stack is due by then, unless the thread had no processor.
    due: Cell<u64>,
    /// When they were: ticks, nanoseconds by the thread's own clock and by everybody's.
    last: Cell<(u64, u64, u64)>,
    /// Nanoseconds until the next stack, at that time.
    left: Cell<i64>,
    random: Cell<u32>,
    /// The native that [`timed`] stands for.
    native: Cell<Option<NativeFn>>,
}

thread_local! {
    static TIME: Timed = const { Timed {
        looked: Cell::new(0),
        spent: Cell::new(0),
        due: Cell::new(0),
        last: Cell::new((0, 0, 0)),
        left: Cell::new(NANOSECONDS),
        random: Cell::new(0x6C07_8965),
        native: Cell::new(None),
    } };
}

impl Timed {
    /// A turn, or a part of one, begins.
    fn goes_on(&self) {
        self.looked.set(ticks::now());
    }
    /// Counts the time since the last look; notes the stack if it is due and `here` says that it is one.
    fn looks(&self, p: &Process, here: bool) {
        let now = ticks::now();
        self.spent.set(self.spent.get() + now.saturating_sub(self.looked.replace(now)));
        if here && self.spent.get() >= self.due.get() {
            self.is_due(p, now);
        }
    }
    #[cold]
    fn is_due(&self, p: &Process, now: u64) {
        let (own, all) = (thread_ns(), clock::since_start_ns().cast_unsigned());
        let (ticks_before, own_before, all_before) = self.last.replace((now, own, all));
        let (passed, had) = (all.saturating_sub(all_before), own.saturating_sub(own_before));
        let passed_ticks = now.saturating_sub(ticks_before);
        let spent = self.spent.replace(0);
        // Before the first one there is nothing to measure from.
        if ticks_before == 0 || passed_ticks == 0 || passed == 0 {
            return;
        }
        // How long a tick is, the time that has passed tells.
        let nanoseconds = (u128::from(spent) * u128::from(passed) / u128::from(passed_ticks)) as u64;
        let draw = || i64::from(next(&self.random)) % NANOSECONDS + NANOSECONDS / 2;
        let (left, times) = times_passed(self.left.get(), nanoseconds.min(had), draw);
        self.left.set(left);
        self.due.set((u128::from(left.cast_unsigned()) * u128::from(passed_ticks) / u128::from(passed)) as u64);
        if times > 0 {
            tell(p, times * NANOSECONDS.cast_unsigned());
        }
    }
}

/// How much is `left` of a time when so many nanoseconds more have passed, and how many times are over by then: one that is
/// over is followed by another, as long as `draw` says.
fn times_passed(left: i64, nanoseconds: u64, mut draw: impl FnMut() -> i64) -> (i64, u64) {
    let (mut left, mut times) = (left.saturating_sub_unsigned(nanoseconds), 0);
    while left <= 0 {
        left += draw();
        times += 1;
    }
    (left, times)
}

/// The native to be called instead of `f` while stacks are looked at by time; the next call on this thread is its.
pub(crate) fn instead_of(f: NativeFn) -> NativeFn {
    TIME.with(|t| t.native.set(Some(f)));
    timed
}

fn timed<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let Some(f) = TIME.with(|t| {
        t.looks(ctx.process(), true);
        t.native.take()
    }) else {
        return Err(Raise::Undef);
    };
    let r = f(ctx, args);
    // Of a process that is at its end there is no stack.
    TIME.with(|t| t.looks(ctx.process(), !matches!(r, Err(Raise::Exiting))));
    r
}

/// Xorshift.
fn next(state: &Cell<u32>) -> u32 {
    let mut x = state.get();
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    state.set(x);
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_has_its_share_beside_what_is_long() {
        let random = Cell::new(7);
        let draw = || i64::from(next(&random)) % NANOSECONDS + NANOSECONDS / 2;
        let (mut left, mut seen) = (draw(), [0, 0]);
        for _ in 0..10_000 {
            for (i, nanoseconds) in [5_000_000, 300_000].into_iter().enumerate() {
                let times;
                (left, times) = times_passed(left, nanoseconds, draw);
                seen[i] += times;
            }
        }
        assert!(seen[0].abs_diff(50_000) < 1_500 && seen[1].abs_diff(3_000) < 150, "{seen:?}");
    }
}
