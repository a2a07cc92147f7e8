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

pub use compile::{CompileError, is_variable};
pub use plan::KeyPlan;

use crate::heap::Detached;
use crate::term::{RawTerm, Term};
use guard::GuardFn;

/// A compiled specification.
pub struct MatchSpec {
    clauses: Vec<Clause>,
    /// All constants and the source, as one tuple: what the programs refer to by index.
    constants: Detached,
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
    /// Takes so many elements, pushes the tuple.
    Tuple(u32),
    /// Takes a tail and then so many elements, pushes the list.
    List(u32),
    /// Takes so many pairs, value above key, pushes the map.
    Map(u32),
    /// Takes so many arguments, pushes the result.
    Call(GuardFn, u32),
    /// Pushes the running process.
    SelfPid,
    /// Takes so many booleans, pushes their conjunction or disjunction.
    Junction { conjunction: bool, count: u32 },
    /// `andalso`, `orelse`: the boolean that decides stays and jumps there, the other is taken off.
    ShortCut { decides: bool, to: u32 },
    /// The condition of a guard: takes a term and fails unless it is `true`.
    Require,
    /// An expression of a body is complete: its value is what counts unless another follows.
    Drop,
}

impl MatchSpec {
    /// Compiles a specification for use on table objects.
    pub fn compile(spec: Term<'_>) -> Result<MatchSpec, CompileError> {
        compile::compile(spec)
    }
    /// The specification's source.
    pub fn with_source<R>(&self, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        self.constants.with(|t| f(t.as_tuple().and_then(|e| e.first()).copied().unwrap_or(Term::NIL)))
    }
}
