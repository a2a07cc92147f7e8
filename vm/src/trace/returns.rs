//! The end of a traced call: return, exception, or where the process goes on.
//!
//! Invariant: a frame tells for whom it was pushed; who does not watch the process any more is not told.

use super::call::META;
use super::report;
use super::tracee::{self, Tracee};
use super::{Flags, profile};
use crate::atom::am;
use crate::code::{self, Mfa};
use crate::heap::Builder;
use crate::interp::trace_frames::{Frame, Kind, Stack};
use crate::process::{Class, Process};
use crate::profile::Profile;
use crate::term::{RawTerm, Term};

/// Who is told of the end of the call that a frame belongs to.
fn told(p: &Process, f: &Frame) -> Option<Tracee> {
    match f.tracer {
        Some(tracer) => Some(Tracee { session: f.session, flags: META, tracer: Some(tracer) }),
        None => tracee::get(p.pid(), f.session).filter(|t| t.flags.any(Flags::CALL)),
    }
}

fn mfa_term<'b>(b: &Builder<'b>, m: Mfa) -> Term<'b> {
    b.tuple(&[m.module.into(), m.function.into(), Term::small(i32::from(m.arity))])
}

/// A call returned `value` to its frame, which is off the stack already.
pub(crate) fn returned(p: &Process, f: &Frame, value: Term<'_>) {
    match f.kind {
        Kind::Return | Kind::Exception => {
            if let (Some(to), Some(mfa)) = (told(p, f), f.mfa) {
                report::report(&to, p.pid(), |b, all| {
                    all.extend([am::RETURN_FROM.into(), mfa_term(b, mfa), b.copy(value)])
                });
            }
        }
        Kind::ReturnTo => return_to(p, f.session, Stack::of(p).caller()),
        Kind::Profile => profile::returned(p, f),
    }
}

/// The process goes on at `place`.
fn return_to(p: &Process, session: u32, place: *const u64) {
    if let Some(to) = tracee::get(p.pid(), session).filter(|t| t.flags.any(Flags::RETURN_TO)) {
        let mfa = code::lookup(place).map(|at| at.mfa);
        report::report(&to, p.pid(), |b, all| {
            let mfa = mfa.map_or(am::UNDEFINED.into(), |m| mfa_term(b, m));
            all.extend([am::RETURN_TO.into(), mfa]);
        });
    }
}

/// What an exception passes on its way up the stack.
#[derive(Default)]
pub(crate) struct Unwinding {
    /// Sessions whose `return_to` frame was the last thing passed.
    open: Vec<u32>,
    /// Sessions that are told where the process goes on: if the handler is in the next frame (25), or wherever it is.
    due: Vec<u32>,
}

impl Unwinding {
    /// A frame of a traced call.
    pub(crate) fn frame(&mut self, p: &Process, f: &Frame, class: Class, value: Term<'_>) {
        match f.kind {
            Kind::Exception => {
                if let (Some(to), Some(mfa)) = (told(p, f), f.mfa) {
                    report::report(&to, p.pid(), |b, all| {
                        let what = b.tuple(&[class.atom().into(), b.copy(value)]);
                        all.extend([am::EXCEPTION_FROM.into(), mfa_term(b, mfa), what]);
                    });
                }
            }
            Kind::ReturnTo => self.open.push(f.session),
            Kind::Return | Kind::Profile => {}
        }
    }
    /// Another return word.
    pub(crate) fn call(&mut self) {
        if !Profile::get().far_handlers_are_returned_to() {
            self.due.clear();
        }
        for session in self.open.drain(..) {
            if !self.due.contains(&session) {
                self.due.push(session);
            }
        }
    }
    /// The handler is found, in the function that is returned to by `word`.
    pub(crate) fn caught(&mut self, p: &Process, handler: *const u64) {
        for session in std::mem::take(&mut self.due) {
            return_to(p, session, handler);
        }
    }
}

/// The value that a tracer's slot of a frame holds.
pub(crate) fn tracer_slot(tracer: Option<RawTerm>) -> RawTerm {
    tracer.unwrap_or(RawTerm::bool(true))
}
