//! Frames of traced calls: what the interpreter returns to before it returns to the caller.
//!
//! ```text
//! E -> [return word: the `trace_return` stub][kind and session][module][function][arity][tracer][place] [return word: caller]
//! ```
//! A breakpoint pushes them below the return word of the call, so whoever walks the stack meets return words and terms
//! that need no memory. Invariant: a frame is pushed where a function is entered, so what lies above it is the return word of
//! that function's call, or another frame.

use std::marker::PhantomData;

use super::entry;
use crate::code::Mfa;
use crate::heap::ProcessHeap;
use crate::process::Process;
use crate::sched::Scheduler;
use crate::term::RawTerm;
use crate::trace::returns::tracer_slot;

/// Slots of a frame, without its return word.
const SLOTS: usize = 6;
/// Words of a frame.
const WORDS: usize = SLOTS + 1;

/// For what a frame was pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `return_from`.
    Return,
    /// `return_from` or `exception_from`.
    Exception,
    /// `return_to`.
    ReturnTo,
    /// Time or memory goes to the function before again.
    Profile,
}

const KINDS: [Kind; 4] = [Kind::Return, Kind::Exception, Kind::ReturnTo, Kind::Profile];

/// See the module's head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) session: u32,
    /// The function called.
    pub(crate) mfa: Option<Mfa>,
    /// Who is told, if not the process's tracer.
    pub(crate) tracer: Option<RawTerm>,
    /// Of [`Kind::Profile`]: the breakpoint of the function before, or 0.
    pub(crate) place: usize,
}

impl Frame {
    fn slots(&self) -> [RawTerm; SLOTS] {
        let kind = self.kind as i64 | i64::from(self.session) << 2;
        let none = RawTerm::NIL;
        let (module, function, arity) = self.mfa.map_or((none, none, none), |m| {
            (RawTerm::atom(m.module), RawTerm::atom(m.function), RawTerm::small(i64::from(m.arity)))
        });
        let place = RawTerm::small(self.place as i64);
        [RawTerm::small(kind), module, function, arity, tracer_slot(self.tracer), place]
    }
    fn of_slots(s: [RawTerm; SLOTS]) -> Frame {
        let [kind, module, function, arity, tracer, place] = s;
        let kind = kind.as_small().unwrap_or(0);
        let mfa = match (module.as_atom(), function.as_atom(), arity.as_small().map(u8::try_from)) {
            (Some(module), Some(function), Some(Ok(arity))) => Some(Mfa { module, function, arity }),
            _ => None,
        };
        Frame {
            kind: KINDS[(kind & 3) as usize],
            session: u32::try_from(kind >> 2).unwrap_or(0),
            mfa,
            tracer: tracer.as_atom().is_none().then_some(tracer),
            place: place.as_small().and_then(|p| usize::try_from(p).ok()).unwrap_or(0),
        }
    }
}

/// The newest part of a process's stack, as a function finds it that is being entered or a frame that was returned to.
pub(crate) struct Stack<'p> {
    top: *const RawTerm,
    end: *const RawTerm,
    _process: PhantomData<&'p Process>,
}

impl<'p> Stack<'p> {
    /// The stack of a process that this thread runs, its stack pointer saved.
    pub(crate) fn of(p: &'p Process) -> Stack<'p> {
        let heap = &p.owner().heap;
        Stack { top: heap.stop.get(), end: heap.hend.get(), _process: PhantomData }
    }
    /// As [`Stack::of`], where a native has taken the return word of a frame off.
    pub(crate) fn of_native(p: &'p Process) -> Stack<'p> {
        let s = Stack::of(p);
        Stack { top: s.top.wrapping_add(SLOTS), ..s }
    }
    fn frames(&self) -> impl Iterator<Item = Frame> {
        let (mut at, end) = (self.top, self.end);
        std::iter::from_fn(move || {
            let frame = frame_at(at, end)?;
            at = at.wrapping_add(WORDS);
            Some(frame)
        })
    }
    /// Whether one of the frames on top is of this kind and session.
    pub(crate) fn has(&self, kind: Kind, session: u32) -> bool {
        self.frames().any(|f| f.kind == kind && f.session == session)
    }
    /// Whether a process's first call was made on it: nothing is behind the frames on top but the return from that.
    pub(crate) fn is_of_first_call(&self) -> bool {
        self.top.wrapping_add(WORDS * self.frames().count() + 1) >= self.end
    }
    /// Where the process goes on behind the frames on top: in the instruction that made the call.
    pub(crate) fn caller(&self) -> *const u64 {
        let at = self.top.wrapping_add(WORDS * self.frames().count());
        if at >= self.end {
            return std::ptr::null();
        }
        // SAFETY: [top, end) are stack words of a process that this thread runs.
        let word = unsafe { *at };
        if word.is_header() {
            std::ptr::with_exposed_provenance(word.0.wrapping_sub(8) as usize)
        } else {
            std::ptr::null()
        }
    }
}

/// Whether a stack word leads to a frame's end.
#[inline]
pub(crate) fn is_frame(word: RawTerm) -> bool {
    word.0 as usize == entry::trace_return() as usize
}

/// The frame whose return word is at `at`, if there is one.
pub(crate) fn frame_at(at: *const RawTerm, end: *const RawTerm) -> Option<Frame> {
    // SAFETY: callers walk the words between the stack pointer and the end of a stack that this thread runs.
    (at < end && is_frame(unsafe { *at })).then(|| frame_of(at.wrapping_add(1)))
}

/// The frame with these slots.
pub(crate) fn frame_of(slots: *const RawTerm) -> Frame {
    // SAFETY: above a frame's return word lie its slots, which `push` wrote together with it.
    Frame::of_slots(unsafe { *slots.cast::<[RawTerm; SLOTS]>() })
}

/// Behind a frame whose return word is at `at`.
pub(crate) fn above(at: *mut RawTerm) -> *mut RawTerm {
    at.wrapping_add(WORDS)
}

/// Takes a frame off the stack whose return word is off already.
pub(crate) fn pop(heap: &ProcessHeap) -> Frame {
    let frame = frame_of(heap.stop.get());
    heap.stop.set(heap.stop.get().wrapping_add(SLOTS));
    heap.sync_limit();
    frame
}

/// Pushes frames, the first lowest, where a function is entered that has `live` arguments in registers.
pub(crate) fn push(s: &Scheduler, p: &Process, live: usize, frames: &[Frame]) {
    let need = frames.len() * WORDS;
    let heap = &p.owner().heap;
    if !heap.has_room(need) || crate::heap::gc::must_collect() {
        super::collect_keeping(s, p, live, need, &mut []);
    }
    for f in frames {
        let at = heap.stop.get().wrapping_sub(WORDS);
        // SAFETY: there is room for the words, tested above; the return word leads to an instruction of the VM's own.
        unsafe {
            *at = RawTerm(entry::trace_return().expose_provenance() as u64);
            *at.add(1).cast::<[RawTerm; SLOTS]>() = f.slots();
        }
        heap.stop.set(at);
    }
    heap.sync_limit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom::am;

    #[test]
    fn slots_hold_a_frame() {
        let mfa = Some(Mfa { module: am::LISTS, function: am::MAP, arity: 2 });
        for (kind, tracer) in [(Kind::Exception, None), (Kind::Return, Some(RawTerm::pid(9)))] {
            let f = Frame::of_slots(Frame { kind, session: 7, mfa, tracer, place: 0 }.slots());
            assert_eq!((f.kind, f.session, f.mfa, f.tracer, f.place), (kind, 7, mfa, tracer, 0));
        }
        let f = Frame { kind: Kind::Profile, session: 0, mfa: None, tracer: None, place: 0x7f12_3456_7890 };
        let f = Frame::of_slots(f.slots());
        assert_eq!((f.kind, f.mfa, f.place), (Kind::Profile, None, 0x7f12_3456_7890));
    }
}
