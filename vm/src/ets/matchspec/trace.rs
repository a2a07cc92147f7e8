//! What match specifications for traced calls have besides: functions with effects, and what became of a call.
//!
//! Invariant: running a specification has no effect of its own. What its body asks for is noted in an [`Outcome`] and
//! carried out by whoever traces, or by nobody in a test.

use crate::atom::{Atom, am};
use crate::heap::Builder;
use crate::profile::Profile;
use crate::term::{RawTerm, Term};

/// For what a specification is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Objects of tables, elements of lists.
    Table,
    /// Arguments of traced calls, or of another event.
    Trace,
}

/// What a specification of the trace dialect is about, which decides what it may call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Event {
    /// Messages that are received.
    Receive,
    /// Messages that are sent.
    Send,
    /// Calls.
    Call,
}

macro_rules! calls {
    ($($call:ident = $atom:ident $arities:expr, $event:ident, $guards:literal, $($form:literal)?;)*) => {
        /// A function that only specifications for traced calls have.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs)]
        pub enum TraceCall { $($call),* }

        impl TraceCall {
            pub(super) fn find(name: Atom) -> Option<TraceCall> {
                match name {
                    $(am::$atom => Some(TraceCall::$call),)*
                    _ => None,
                }
            }
            pub(super) fn arities(self) -> &'static [usize] {
                match self { $(TraceCall::$call => &$arities),* }
            }
            /// Whether specifications about this event may call it.
            pub(super) fn goes_with(self, event: Event) -> bool {
                event >= match self { $(TraceCall::$call => Event::$event),* }
            }
            /// Whether guards may call it.
            pub(super) fn in_guards(self) -> bool {
                match self { $(TraceCall::$call => $guards),* }
            }
            fn name(self) -> &'static str {
                match self { $(TraceCall::$call => calls!(@name $atom $($form)?)),* }
            }
        }
    };
    (@name $atom:ident) => { am::$atom.name() };
    (@name $atom:ident $form:literal) => { $form };
}

calls! {
    Message = MESSAGE [1], Receive, false,;
    ReturnTrace = RETURN_TRACE [0], Receive, false,;
    ExceptionTrace = EXCEPTION_TRACE [0], Receive, false,;
    IsSeqTrace = IS_SEQ_TRACE [0], Send, true,;
    SetSeqToken = SET_SEQ_TOKEN [2], Send, false, "set_seq_trace";
    GetSeqToken = GET_SEQ_TOKEN [0], Send, false,;
    Display = DISPLAY [1], Receive, false,;
    ProcessDump = PROCESS_DUMP [0], Send, false,;
    EnableTrace = ENABLE_TRACE [1, 2], Send, false,;
    DisableTrace = DISABLE_TRACE [1, 2], Send, false,;
    Trace = TRACE [2, 3], Send, false,;
    Caller = CALLER [0], Call, false,;
    CallerLine = CALLER_LINE [0], Call, false,;
    CurrentStacktrace = CURRENT_STACKTRACE [0, 1], Call, false,;
    Silent = SILENT [1], Send, false,;
    SetControlWord = SET_TCW [1], Receive, false,;
}

impl TraceCall {
    /// Whether this release has it.
    pub(super) fn is_known(self) -> bool {
        self != TraceCall::CurrentStacktrace || Profile::get().release >= 27
    }
    /// What is wrong with its arguments before they have values.
    pub(super) fn mistake(self, arguments: &[Term<'_>]) -> Option<&'static str> {
        let depth = arguments.first().filter(|_| self == TraceCall::CurrentStacktrace)?;
        match depth.as_small() {
            None => Some("called with non small argument"),
            Some(n) if n < 0 => Some("called with negative integer argument"),
            Some(_) => None,
        }
    }
    pub(super) fn form(self, problem: &str) -> String {
        format!("Special form '{}' {problem}.", self.name())
    }
}

/// What is known of a traced call besides its arguments.
#[derive(Clone, Copy)]
pub struct Call<'o> {
    /// The process that makes it.
    pub pid: RawTerm,
    /// `{Module, Function, Arity}` of the caller, or `undefined`.
    pub caller: Term<'o>,
    /// The same with the place in the source.
    pub caller_line: Term<'o>,
    /// The process's sequential trace token, or `[]`.
    pub seq_token: Term<'o>,
    /// Nobody calls: the specification is only tried, and changes nothing.
    pub tried: bool,
    /// The text of `process_dump`; only for specifications that ask for it ([`super::MatchSpec::wants`]).
    pub dump: Term<'o>,
    /// The process's stack, as far as stack traces go; as `dump`.
    pub stacktrace: Term<'o>,
}

/// What a specification asks for that takes time to make.
#[derive(Clone, Copy)]
pub struct Wants {
    /// The process's dump.
    pub dump: bool,
    /// The process's stack.
    pub stacktrace: bool,
}

/// What a specification says of a traced call that it matches.
#[derive(Default)]
pub struct Outcome<'o> {
    /// What the trace message gets appended; `true`: nothing, `false`: there is no message.
    pub message: Option<Term<'o>>,
    /// The call's return is traced.
    pub return_trace: bool,
    /// The call's return or exception is traced.
    pub exception_trace: bool,
    /// Other effects wanted, with their arguments, in order.
    pub effects: Vec<(TraceCall, Vec<Term<'o>>)>,
}

/// The value of a call in a body, and its effect on the outcome; `None`: it fails.
pub(super) fn evaluate<'o>(
    b: &Builder<'o>,
    call: TraceCall,
    args: &[Term<'o>],
    known: &Call<'o>,
    outcome: &mut Outcome<'o>,
) -> Option<Term<'o>> {
    let mut effect = || outcome.effects.push((call, args.to_vec()));
    Some(match call {
        TraceCall::Message => {
            outcome.message = args.first().copied();
            Term::TRUE
        }
        TraceCall::ReturnTrace => {
            outcome.return_trace = true;
            Term::TRUE
        }
        TraceCall::ExceptionTrace => {
            outcome.exception_trace = true;
            Term::TRUE
        }
        TraceCall::IsSeqTrace => (!known.seq_token.is_nil()).into(),
        TraceCall::GetSeqToken => known.seq_token,
        TraceCall::SetSeqToken => {
            let item = args.first().and_then(|a| a.as_atom())?;
            let items = [
                "label",
                "serial",
                "send",
                "receive",
                "print",
                "timestamp",
                "monotonic_timestamp",
                "strict_monotonic_timestamp",
            ];
            if !items.contains(&item.name()) {
                return None;
            }
            effect();
            known.seq_token
        }
        TraceCall::SetControlWord => {
            // At once: the rest of the body sees the new word.
            let n = args.first()?.as_u64().and_then(|n| u32::try_from(n).ok())?;
            let old = if known.tried { super::control_word() } else { super::set_control_word(n) };
            Term::from_raw(RawTerm::small(i64::from(old)))
        }
        TraceCall::ProcessDump => known.dump,
        TraceCall::Caller => known.caller,
        TraceCall::CallerLine => known.caller_line,
        TraceCall::CurrentStacktrace => match args.first() {
            None => known.stacktrace,
            Some(depth) => {
                let frames: Vec<_> = known.stacktrace.list_iter().take(depth.as_usize()?).collect();
                b.list(&frames)
            }
        },
        TraceCall::Display
        | TraceCall::EnableTrace
        | TraceCall::DisableTrace
        | TraceCall::Trace
        | TraceCall::Silent => {
            effect();
            Term::TRUE
        }
    })
}
