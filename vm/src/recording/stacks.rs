//! Stacks of processes, looked at after so many reductions.
//!
//! A turn in which a stack is due is cut there: the process is run with fewer reductions, its stack is noted when they are
//! used up, and it goes on with the rest at once, as one that yields, but without a way through a run queue. Invariant:
//! the reductions that a turn has and those that it is charged are the same with and without cuts.

use super::track::track;
use super::{Note, What, is_on, note};
use crate::interp::raise;
use crate::process::Process;
use crate::sys::ticks;

/// Reductions between two stacks, on average.
pub(super) const PERIOD: i64 = 32_000;
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
    if is_on(What::STACKS) { cut_turn(p) } else { None }
}

#[inline(never)]
fn cut_turn(p: &Process) -> Option<Cut> {
    let owner = p.owner();
    let whole = owner.fcalls.get();
    let part = track(|t| {
        if t.until_stack.get() <= 0 {
            t.until_stack.set(1 + i64::from(next(&t.random)) % (2 * PERIOD));
        }
        t.until_stack.get()
    });
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
    track(|t| t.until_stack.set(t.until_stack.get() - (cut.part - left)));
    let due = cut.held > 0 && yielded && left <= 0;
    if due {
        let frames = raise::current_frames(p, owner.pc.get(), FRAMES);
        let frames = frames.into_iter().map(|at| (at.mfa, at.line.map_or(0, |(_, line)| line))).collect();
        note(Note::Stack { pid: p.pid(), at: ticks::now(), reductions: PERIOD as u64, frames });
    }
    due && may_go_on && left + cut.held > 0
}

/// Xorshift.
fn next(state: &std::cell::Cell<u32>) -> u32 {
    let mut x = state.get();
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    state.set(x);
    x
}
