//! Sending and receiving. The queue itself is `process/mailbox.rs`.

use crate::ctx::Ctx;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::{SliceEnd, raise};
use crate::native::Raise;
use crate::process::Process;
use crate::process::saved_calls::{self, Saved};
use crate::sched::Scheduler;
use crate::signal::Signal;
use crate::term::{RawTerm, Term};
use crate::trace::{Flags, seq};

type M<'a, 'r> = &'a mut Machine<'r>;

/// `x0 ! x1`.
#[inline(always)]
pub(crate) fn send(m: M) -> Flow {
    m.fcalls -= 1;
    m.out();
    let r = send_slow(m.s(), m.p(), m.xr(0), m.xr(1));
    m.back();
    match r {
        Ok(t) => {
            m.set_xr(0, t);
            Flow::Next
        }
        Err(Raise::Wait) => {
            // A port is busy: this instruction runs again when the process is woken.
            m.out();
            crate::interp::save_registers(m.s(), m.p(), 2);
            Flow::End(SliceEnd::Waiting)
        }
        Err(e) => {
            m.out();
            // OTP reports the operator under this name.
            let to = raise::in_operator(m.s(), m.p(), e, crate::am::SEND);
            raise::resume(m, to)
        }
    }
}

#[inline(never)]
fn send_slow(s: &Scheduler, p: &Process, to: RawTerm, msg: RawTerm) -> Result<RawTerm, Raise> {
    // SAFETY: registers are saved; nothing collects here.
    unsafe {
        let ctx = Ctx::new(p, s);
        let r = crate::signal::operator(&ctx, to.brand(), msg.brand()).map(Term::raw);
        if r.is_err() {
            raise::keep_arguments(s, p, &[to, msg]);
        }
        r
    }
}

/// Whether a signal fetched just now ends the process.
#[inline(always)]
fn exiting(m: &Machine) -> bool {
    m.p().state().get().exiting()
}

#[inline(always)]
fn view<'r>(m: &Machine<'r>, t: RawTerm) -> Term<'r> {
    // SAFETY: a register's term, used before anything collects.
    unsafe { m.brand(t) }
}

/// The message at the save pointer, or on to the wait. No X register is live here: what received messages left in
/// fragments is collected, since a loop that only receives comes by no other place that would.
#[inline(always)]
pub(crate) fn loop_rec(m: M, d: impl Dst, f: i32) -> Flow {
    if m.lacks(0) {
        m.collect(0, 0);
    }
    m.out();
    let r = m.owner().mailbox.peek(m.p());
    m.back();
    match r {
        Some(t) => {
            m.set(d, t);
            Flow::Next
        }
        None if exiting(m) => Flow::End(SliceEnd::Exited),
        None => Flow::Jump(f),
    }
}

/// The message did not match: on to the next one.
#[inline(always)]
pub(crate) fn loop_rec_end(m: M, f: i32) -> Flow {
    m.owner().mailbox.advance();
    m.fcalls -= 1;
    if m.fcalls > 0 {
        return Flow::Jump(f);
    }
    m.pc = m.pc.wrapping_offset(f as isize);
    m.out();
    crate::interp::save_registers(m.s(), m.p(), 0);
    Flow::End(SliceEnd::Yielded)
}

#[inline(always)]
pub(crate) fn remove_message(m: M) -> Flow {
    if m.owner().mailbox.queue.current_carries() || m.p().trace_flags().any(Flags::TAKING) {
        slow!(m);
        m.out();
        received(m.s(), m.p());
        m.back();
    }
    m.owner().mailbox.remove(&m.owner().heap.arena);
    Flow::Next
}

/// Saves the receiving, and looks at the length of the queue. The process takes over the sequential trace token of the
/// message, or loses its own if a process without one sent it.
#[cold]
#[inline(never)]
fn received(s: &Scheduler, p: &Process) {
    saved_calls::note(p, Saved::Receive);
    crate::trace::monitor::queue_shrinks(p);
    let queue = &p.owner().mailbox.queue;
    if !queue.current_carries() {
        return;
    }
    let signal = queue.take_current_signal();
    let token = match signal.as_deref() {
        Some(Signal::Token(token)) => Some(token),
        Some(Signal::NoToken) if !seq::has_token(p) => return,
        Some(Signal::NoToken) => None,
        _ => return,
    };
    let Some(message) = queue.current() else { return };
    // SAFETY: registers are saved; nothing collects here, and the message stays where it is meanwhile.
    unsafe {
        let ctx = Ctx::new(p, s);
        seq::received(&ctx, token, message.brand());
    }
}

/// Waits at the loop's begin.
#[inline(always)]
pub(crate) fn wait(m: M, f: i32) -> Flow {
    m.pc = m.pc.wrapping_offset(f as isize);
    m.out();
    crate::interp::save_registers(m.s(), m.p(), 0);
    Flow::End(SliceEnd::Waiting)
}

/// Restartable: run again after every wake-up, it looks for a message, then at the timer.
#[inline(always)]
pub(crate) fn wait_timeout(m: M, time: RawTerm, f: i32) -> Flow {
    let mailbox = &m.owner().mailbox;
    // A receive without clauses returns to this very instruction, whatever messages there are.
    let clauses = f != 0;
    if !mailbox.timer_started() {
        // SAFETY: a register's term.
        let t = unsafe { m.brand(time) };
        match t.as_u64().filter(|&ms| ms <= u64::from(u32::MAX)) {
            None if t.is(crate::am::INFINITY) && clauses => return wait(m, f),
            None if t.is(crate::am::INFINITY) => mailbox.wait_forever(),
            Some(0) if !clauses => return Flow::Next,
            // A timeout of 0 means: look once more, without giving up the slice.
            Some(0) => {
                m.out();
                let more = mailbox.peek(m.p()).is_some();
                m.back();
                if !more && exiting(m) {
                    return Flow::End(SliceEnd::Exited);
                }
                return if more { Flow::Jump(f) } else { Flow::Next };
            }
            Some(ms) => mailbox.timer_start(m.p(), ms),
            None => {
                // Whoever catches it receives from the queue's head.
                mailbox.reset();
                m.out();
                let to = raise::atom(m.s(), m.p(), m.pc, crate::am::TIMEOUT_VALUE);
                return raise::resume(m, to);
            }
        }
    }
    m.out();
    let more = if clauses {
        mailbox.peek(m.p()).is_some()
    } else {
        mailbox.fetch(m.p());
        false
    };
    m.back();
    if !more && exiting(m) {
        return Flow::End(SliceEnd::Exited);
    }
    if more {
        return Flow::Jump(f);
    }
    if mailbox.timed_out() {
        return Flow::Next;
    }
    m.out();
    crate::interp::save_registers(m.s(), m.p(), 0);
    Flow::End(SliceEnd::Waiting)
}

/// The `after` branch: the next receive begins at the queue's head.
#[inline(always)]
pub(crate) fn timeout(m: M) -> Flow {
    if m.p().trace_flags().any(Flags::RECEIVE.and(Flags::SAVES)) {
        slow!(m);
        m.out();
        timed_out(m.p());
    }
    m.owner().mailbox.reset();
    Flow::Next
}

#[cold]
#[inline(never)]
fn timed_out(p: &Process) {
    if p.trace_flags().any(Flags::RECEIVE) {
        crate::trace::events::timed_out(p);
    }
    saved_calls::note(p, Saved::Timeout);
}

#[inline(always)]
pub(crate) fn marker_reserve(m: M, d: impl Dst) -> Flow {
    let t = m.owner().mailbox.marker_reserve(m.p());
    m.set(d, t);
    Flow::Next
}

#[inline(always)]
pub(crate) fn marker_bind(m: M, marker: RawTerm, reference: RawTerm) -> Flow {
    let reference = view(m, reference);
    m.owner().mailbox.marker_bind(marker, reference);
    Flow::Next
}

#[inline(always)]
pub(crate) fn marker_clear(m: M, reference: RawTerm) -> Flow {
    let reference = view(m, reference);
    m.owner().mailbox.marker_clear(reference);
    Flow::Next
}

#[inline(always)]
pub(crate) fn marker_use(m: M, reference: RawTerm) -> Flow {
    let reference = view(m, reference);
    m.owner().mailbox.marker_use(reference);
    Flow::Next
}
