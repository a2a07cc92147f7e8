//! Match specifications: `[{Head, [Guard], [Body]}]`, compiled once into flat programs for a stack machine.
//!
//! A head becomes a list of tests over a stack of terms still to be matched, guards and bodies become postfix code, so
//! neither compiling nor running recurses, however deep the specification. Invariants of a compiled clause: a variable
//! is bound before it is read; every constant index is below the number of constants; jumps go forward.

mod compile;
mod guard;
mod plan;
mod run;
#[cfg(test)]
mod tests;
mod trace;

pub use compile::{CompileErrors, is_variable};
pub use plan::KeyPlan;
pub use trace::{Call, Dialect, Event, Outcome, TraceCall, Wants};

use crate::heap::Detached;
use crate::term::{RawTerm, Term};
use guard::GuardFn;

/// A compiled specification.
pub struct MatchSpec {
    clauses: Vec<Clause>,
    /// All constants and the source, as one tuple: what the programs refer to by index.
    constants: Detached,
    dialect: Dialect,
}

struct Clause {
    head: Vec<Test>,
    guards: Vec<Op>,
    body: Vec<Op>,
    /// Number of variables, and their numbers in `'$N'`, ascending, with their places.
    variables: Vec<(u32, u32)>,
    /// Constant that is the head's pattern, for a look at its key.
    pattern: u32,
}

/// One test of a head on the term on top of the stack, which it takes off.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// `'_'`.
    Any,
    /// First occurrence of a variable.
    Bind(u32),
    /// A variable for the list of all arguments.
    BindArguments(u32),
    /// A later occurrence.
    Same(u32),
    /// This immediate.
    Word(RawTerm),
    /// `=:=` to a constant.
    Constant(u32),
    /// A tuple of this size; its elements come next.
    Tuple(u32),
    /// A list cell; head and tail come next.
    Cons,
    /// A map with these constants as keys; their values come next.
    Map(Box<[u32]>),
}

/// One step of a guard or body.
#[derive(Clone, Copy)]
enum Op {
    /// Pushes an immediate.
    Word(RawTerm),
    /// Pushes a constant.
    Constant(u32),
    /// Pushes a variable's value.
    Variable(u32),
    /// `'$_'`.
    Object,
    /// `'$$'`.
    Bindings,
    /// Takes so many elements, the first on top, pushes the tuple.
    Tuple(u32),
    /// Takes a tail and then so many elements, pushes the list.
    List(u32),
    /// Takes so many pairs, key above value, pushes the map.
    Map(u32),
    /// Takes so many arguments, the first on top, pushes the result.
    Call(GuardFn, u32),
    /// Takes so many arguments, the first on top, pushes the result; for traced calls.
    Trace(TraceCall, u32),
    /// Pushes the running process.
    SelfPid,
    /// Takes so many booleans, pushes their conjunction or disjunction.
    Junction { conjunction: bool, count: u32 },
    /// `andalso`, `orelse`: the boolean that decides stays and jumps there, the other is taken off.
    ShortCut { decides: bool, to: u32 },
    /// The condition of a guard: takes a term and fails unless it is `true`.
    Require,
    /// An expression of a body is complete, and its value not wanted.
    Drop,
}

impl MatchSpec {
    /// Compiles a specification for use on table objects.
    pub fn compile(spec: Term<'_>) -> Result<MatchSpec, CompileErrors> {
        compile::compile(spec, Dialect::Table, Event::Call)
    }
    /// Compiles a specification for traced calls.
    pub fn compile_trace(spec: Term<'_>) -> Result<MatchSpec, CompileErrors> {
        MatchSpec::compile_event(spec, Event::Call)
    }
    /// Compiles a specification for traced events of a kind.
    pub fn compile_event(spec: Term<'_>, event: Event) -> Result<MatchSpec, CompileErrors> {
        compile::compile(spec, Dialect::Trace, event)
    }
    /// What bodies ask for that takes time to make.
    pub fn wants(&self) -> Wants {
        let calls = |wanted| {
            let mut ops = self.clauses.iter().flat_map(|c| &c.body);
            ops.any(|op| matches!(op, Op::Trace(call, _) if *call == wanted))
        };
        Wants { dump: calls(TraceCall::ProcessDump), stacktrace: calls(TraceCall::CurrentStacktrace) }
    }
    /// For what it was compiled.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
    /// The specification's source.
    pub fn with_source<R>(&self, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        self.constants.with(|t| f(t.as_tuple().and_then(|e| e.first()).copied().unwrap_or(Term::NIL)))
    }
}

/// The trace control word: what `get_tcw` answers.
static CONTROL_WORD: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// The trace control word.
pub fn control_word() -> u32 {
    CONTROL_WORD.load(std::sync::atomic::Ordering::Acquire)
}

/// Sets the trace control word; answers what it was.
pub fn set_control_word(n: u32) -> u32 {
    CONTROL_WORD.swap(n, std::sync::atomic::Ordering::AcqRel)
}
