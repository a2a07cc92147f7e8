//! The stack machine.
//!
//! Invariant: terms that a run makes lie beside the object and are gone when it ends; what is kept is copied.

use std::cell::RefCell;

use super::guard::Env;
use super::trace;
use super::{Call, Clause, MatchSpec, Op, Outcome, Test};
use crate::atom::am;
use crate::ets::Object;
use crate::heap::Builder;
use crate::term::{RawTerm, Term, cmp, map};

impl MatchSpec {
    /// Runs the specification on a stored object. The first clause that matches gives the value shown to `f`; no
    /// clause: `None`.
    pub fn run<R>(&self, object: &Object, self_pid: RawTerm, f: impl for<'o> FnOnce(Term<'o>) -> R) -> Option<R> {
        object.with(|t| self.run_on(t, self_pid, f))
    }
    /// As [`MatchSpec::run`] on any term.
    pub fn run_on<R>(&self, t: Term<'_>, self_pid: RawTerm, f: impl for<'o> FnOnce(Term<'o>) -> R) -> Option<R> {
        self.constants.beside(t, |b, constants, object| self.first_match(b, constants, object, self_pid).map(f))
    }
    /// Runs a specification for traced calls on the tuple of a call's arguments; what is known of the call is made by
    /// `known`. No clause: `None`.
    pub fn run_call<R>(
        &self,
        arguments: Term<'_>,
        known: impl for<'o> FnOnce(&Builder<'o>) -> Call<'o>,
        f: impl for<'o> FnOnce(Outcome<'o>) -> R,
    ) -> Option<R> {
        self.constants.beside(arguments, |b, constants, object| {
            let call = known(b);
            let constants = constants.as_tuple().unwrap_or_default();
            let trace = Some((call, RefCell::default()));
            let m = Machine { b, constants, object, self_pid: call.pid, trace };
            let matched = self.clauses.iter().any(|c| m.clause(c).is_some());
            matched.then(|| f(m.trace.map(|(_, outcome)| outcome.into_inner()).unwrap_or_default()))
        })
    }
    fn first_match<'o>(
        &self,
        b: &Builder<'o>,
        constants: Term<'o>,
        object: Term<'o>,
        self_pid: RawTerm,
    ) -> Option<Term<'o>> {
        let m = Machine { b, constants: constants.as_tuple().unwrap_or_default(), object, self_pid, trace: None };
        self.clauses.iter().find_map(|c| m.clause(c))
    }
}

struct Machine<'m, 'o> {
    b: &'m Builder<'o>,
    constants: &'o [Term<'o>],
    object: Term<'o>,
    self_pid: RawTerm,
    /// Of a traced call.
    trace: Option<(Call<'o>, RefCell<Outcome<'o>>)>,
}

/// Variables that need no memory of their own.
const INLINE: usize = 8;

impl<'o> Machine<'_, 'o> {
    fn clause(&self, c: &Clause) -> Option<Term<'o>> {
        let mut inline = [Term::NIL; INLINE];
        let mut spilled = Vec::new();
        let bound = match c.variables.len() {
            n if n <= INLINE => &mut inline[..n],
            n => {
                spilled.resize(n, Term::NIL);
                &mut spilled[..]
            }
        };
        if !self.head(&c.head, bound) {
            return None;
        }
        if !c.guards.is_empty() {
            self.evaluate(c, &c.guards, bound, false)?;
        }
        match c.body[..] {
            // The commonest bodies need no stack.
            [Op::Object] => Some(self.object()),
            [Op::Variable(v)] => Some(bound[v as usize]),
            [Op::Word(w)] => Term::immediate(w),
            [] => Some(Term::TRUE),
            _ => self.evaluate(c, &c.body, bound, true),
        }
    }

    /// `'$_'`: the object, or the list of a call's arguments.
    fn object(&self) -> Term<'o> {
        match self.object.as_tuple().filter(|_| self.trace.is_some()) {
            Some(arguments) => self.b.list(arguments),
            None => self.object,
        }
    }

    fn head(&self, tests: &[Test], bound: &mut [Term<'o>]) -> bool {
        // The tests follow the pattern depth first, so the pending terms are a stack of slices.
        let mut stack: Vec<&'o [Term<'o>]> = Vec::new();
        let mut single: Vec<Term<'o>> = Vec::new();
        let mut next = Some(self.object);
        for test in tests {
            let t = match next.take() {
                Some(t) => t,
                None => match self.pop(&mut stack, &mut single) {
                    Some(t) => t,
                    None => return false,
                },
            };
            let ok = match test {
                Test::Any => true,
                Test::Bind(v) => {
                    bound[*v as usize] = t;
                    true
                }
                Test::BindArguments(v) => {
                    bound[*v as usize] = self.object();
                    true
                }
                Test::Same(v) => cmp::eq_exact(bound[*v as usize], t),
                Test::Word(w) => t.raw() == *w,
                Test::Constant(i) => cmp::eq_exact(self.constants[*i as usize], t),
                Test::Tuple(n) => match t.as_tuple() {
                    Some(e) if e.len() == *n as usize => {
                        if !e.is_empty() {
                            stack.push(e);
                        }
                        true
                    }
                    _ => false,
                },
                Test::Cons => match t.as_cons() {
                    Some((head, tail)) => {
                        // An empty slice stands for a term on the other stack.
                        single.push(tail);
                        stack.push(&[]);
                        next = Some(head);
                        true
                    }
                    None => false,
                },
                Test::Map(keys) => {
                    for &k in keys.iter().rev() {
                        let Some(v) = map::get(t, self.constants[k as usize]) else { return false };
                        single.push(v);
                        stack.push(&[]);
                    }
                    t.is_map()
                }
            };
            if !ok {
                return false;
            }
        }
        true
    }

    fn pop(&self, stack: &mut Vec<&'o [Term<'o>]>, single: &mut Vec<Term<'o>>) -> Option<Term<'o>> {
        match stack.last_mut()? {
            [] => {
                stack.pop();
                single.pop()
            }
            [last] => {
                let t = *last;
                stack.pop();
                Some(t)
            }
            rest => {
                let (first, others) = rest.split_first()?;
                *rest = others;
                Some(*first)
            }
        }
    }

    /// The value of the last expression; of guards `Some` of anything if all hold. In a body a call that fails has the
    /// value `'EXIT'`.
    fn evaluate(&self, c: &Clause, ops: &[Op], bound: &[Term<'o>], in_body: bool) -> Option<Term<'o>> {
        let env = Env { self_pid: self.self_pid };
        let mut stack: Vec<Term<'o>> = Vec::with_capacity(8);
        let mut pc = 0;
        while let Some(op) = ops.get(pc) {
            pc += 1;
            match *op {
                Op::Word(w) => stack.push(Term::immediate(w)?),
                Op::Constant(i) => stack.push(self.constants[i as usize]),
                Op::Variable(v) => stack.push(bound[v as usize]),
                Op::Object => stack.push(self.object()),
                Op::SelfPid => stack.push(Term::immediate(self.self_pid)?),
                Op::Bindings => {
                    let all: Vec<_> = c.variables.iter().map(|&(_, place)| bound[place as usize]).collect();
                    stack.push(self.b.list(&all));
                }
                Op::Tuple(n) => {
                    let from = stack.len() - n as usize;
                    stack[from..].reverse();
                    let t = self.b.tuple(&stack[from..]);
                    stack.truncate(from);
                    stack.push(t);
                }
                Op::List(n) => {
                    let tail = stack.pop()?;
                    let from = stack.len() - n as usize;
                    let t = self.b.list_with_tail(&stack[from..], tail);
                    stack.truncate(from);
                    stack.push(t);
                }
                Op::Map(n) => {
                    let from = stack.len() - 2 * n as usize;
                    let pairs: Vec<_> = stack[from..].as_chunks().0.iter().map(|&[v, k]| (k, v)).collect();
                    stack.truncate(from);
                    stack.push(map::from_pairs(self.b, &pairs));
                }
                Op::Call(f, n) => {
                    let from = stack.len() - n as usize;
                    stack[from..].reverse();
                    let value = f(&env, self.b, &stack[from..]).or(in_body.then_some(am::EXIT_UP.into()))?;
                    stack.truncate(from);
                    stack.push(value);
                }
                Op::Trace(call, n) => {
                    let from = stack.len() - n as usize;
                    stack[from..].reverse();
                    let (known, outcome) = self.trace.as_ref()?;
                    let value = trace::evaluate(self.b, call, &stack[from..], known, &mut outcome.borrow_mut());
                    let value = value.or(in_body.then_some(am::EXIT_UP.into()))?;
                    stack.truncate(from);
                    stack.push(value);
                }
                Op::Junction { conjunction, count } => {
                    let from = stack.len() - count as usize;
                    let values: Option<Vec<bool>> = stack[from..].iter().map(|t| t.as_bool()).collect();
                    stack.truncate(from);
                    stack.push(match values {
                        Some(v) if conjunction => v.into_iter().all(|b| b).into(),
                        Some(v) => v.into_iter().any(|b| b).into(),
                        None if in_body => am::EXIT_UP.into(),
                        None => return None,
                    });
                }
                Op::ShortCut { decides, to } => match stack.last()?.as_bool() {
                    Some(b) if b == decides => pc = to as usize,
                    Some(_) => {
                        stack.pop();
                    }
                    None if in_body => {
                        stack.pop();
                        stack.push(am::EXIT_UP.into());
                        pc = to as usize;
                    }
                    None => return None,
                },
                Op::Require => {
                    if !stack.pop()?.is(am::TRUE) {
                        return None;
                    }
                }
                Op::Drop => {
                    stack.pop();
                }
            }
        }
        Some(stack.pop().unwrap_or(Term::NIL))
    }
}
