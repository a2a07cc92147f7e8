//! Tracing: what stands for a function's first instruction, what calls by name go through, what traced calls return to.

use crate::ctx::Ctx;
use crate::interp::machine::{Flow, Machine};
use crate::interp::trace_frames;
use crate::process::{Process, saved_calls};
use crate::sched::Scheduler;
use crate::term::Term;
use crate::trace::{breakpoint as breakpoints, call, returns};

type M<'a, 'r> = &'a mut Machine<'r>;

/// Stands for another instruction, which is done when the call has been noticed.
#[inline(always)]
pub(crate) fn breakpoint(m: M) -> Flow {
    m.out();
    let original = noticed(m.s(), m.p(), m.pc);
    m.back();
    match original {
        Next::Original(opcode) => Flow::Original(opcode),
        Next::Goto(to) => Flow::Goto(to),
    }
}

/// What follows a breakpoint.
enum Next {
    /// The instruction that it stands for.
    Original(u16),
    /// Another one: the same again if the breakpoint was taken away meanwhile.
    Goto(*const u64),
}

#[cold]
#[inline(never)]
fn noticed(s: &Scheduler, p: &Process, pc: *const u64) -> Next {
    let Some(b) = breakpoints::find(pc as usize) else { return Next::Goto(pc) };
    let arity = usize::from(b.mfa.arity);
    let frames = {
        // SAFETY: registers are saved; nothing collects while the context and the arguments are used. A function is
        // being entered, so the first registers hold its arguments.
        unsafe {
            let ctx = Ctx::new(p, s);
            let args = std::slice::from_raw_parts(s.registers().cast_const().cast::<Term<'_>>(), arity);
            call::hit(&ctx, &b, args)
        }
    };
    if !frames.is_empty() {
        // SAFETY: an entry is preceded by the number of registers that are live there: the arguments, of funs with the
        // environment.
        let live = unsafe { *pc.sub(1) } as usize;
        trace_frames::push(s, p, live, &frames);
    }
    let handler = if b.diverts() { crate::code::error_handler(p, crate::am::BREAKPOINT) } else { None };
    match handler {
        Some(handler) => {
            super::stubs::arguments_for_handler(s, p, b.mfa);
            Next::Goto(handler)
        }
        None => Next::Original(b.original),
    }
}

/// The rest of an export entry's trampoline: on to the function.
#[inline(always)]
pub(crate) fn trampoline(m: M, export: u64) -> Flow {
    let e = super::natives::export_at(export);
    saved_calls::called(m.p(), e);
    Flow::Goto(e.behind_trampoline())
}

/// A traced call has returned.
#[inline(always)]
pub(crate) fn returned(m: M) -> Flow {
    m.out();
    frame_returned(m.s(), m.p());
    m.back();
    super::calls::ret(m)
}

#[cold]
#[inline(never)]
fn frame_returned(s: &Scheduler, p: &Process) {
    let frame = trace_frames::pop(&p.owner().heap);
    // SAFETY: a function returns its value in x0; nothing collects here.
    returns::returned(p, &frame, unsafe { (*s.registers()).x[0].brand() });
}
