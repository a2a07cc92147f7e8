//! Source to programs.

use super::guard;
use super::trace::{Event, TraceCall};
use super::{Clause, Dialect, MatchSpec, Op, Test};
use crate::atom::{Atom, am};
use crate::heap::Detached;
use crate::term::{Kind, Term, copy, map, print};

/// Why a specification does not compile: everything that is wrong with its first bad clause, in OTP's words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", .0.join(" "))]
pub struct CompileErrors(pub Vec<String>);

impl CompileErrors {
    /// Whether it may be right, but is nested too deeply: `system_limit` and not `badarg`.
    pub fn is_limit(&self) -> bool {
        self.0.iter().any(|text| text.starts_with(EXCESSIVE))
    }
}

/// Levels of an expression. Nothing here would fail behind them, but what prints or walks such terms might take very long;
/// OTP gives up at about as many.
const MAX_NESTING: u32 = 4096;
/// Terms of what is nested too deeply that the error shows.
const NEAR: usize = 20;
const EXCESSIVE: &str = "Excessive nesting; system limit reached";

/// `N` of `'$N'`.
pub fn is_variable(t: Term<'_>) -> Option<u32> {
    let digits = t.as_atom()?.name().strip_prefix('$')?;
    let number: u32 = digits.parse().ok().filter(|&n| n <= 100_000_000)?;
    // No sign and no leading zeros.
    (digits == "0" || !digits.starts_with(['0', '+'])).then_some(number)
}

fn wrong(text: &str) -> CompileErrors {
    CompileErrors(vec![text.to_owned()])
}

/// Compiles a specification in a dialect, for an event if that is the one for traces.
pub(super) fn compile(spec: Term<'_>, dialect: Dialect, event: Event) -> Result<MatchSpec, CompileErrors> {
    let mut constants = Constants { terms: vec![spec] };
    let mut clauses = Vec::new();
    if spec.as_cons().is_none() {
        return Err(wrong("Match programs are not in a list."));
    }
    let sources = spec.to_vec().ok_or_else(|| wrong("Match programs are not in a proper list."))?;
    let parts: Option<Vec<[Term<'_>; 3]>> = sources.iter().map(|c| c.as_tuple_of()).collect();
    let parts = parts.ok_or_else(|| wrong("Match program part is not a tuple of arity 3."))?;
    if dialect == Dialect::Trace
        && let Some([head, ..]) = parts.iter().find(|[head, ..]| head.is_list() && head.to_vec().is_none())
    {
        return Err(wrong(&format!("Match expression part {} is not a proper list.", shown(*head))));
    }
    for [head, guards, body] in parts {
        let mut c = Compiler {
            constants: &mut constants,
            bound: Vec::new(),
            dialect,
            event,
            in_guard: true,
            nesting: 0,
            errors: Vec::new(),
        };
        let pattern = c.constants.add(head);
        let tests = match dialect {
            Dialect::Table => c.head(vec![head]),
            Dialect::Trace => c.arguments(head),
        };
        let mut guard_ops = Vec::new();
        c.expressions(guards, &mut guard_ops, Op::Require);
        c.in_guard = false;
        let mut body_ops = Vec::new();
        if dialect == Dialect::Table && body.as_cons().is_none() {
            c.errors.push("Body clause does not return anything.".to_owned());
        } else {
            c.expressions(body, &mut body_ops, Op::Drop);
            if dialect == Dialect::Table {
                body_ops.pop();
            }
        }
        if !c.errors.is_empty() {
            return Err(CompileErrors(c.errors));
        }
        let mut variables = c.bound;
        variables.sort_unstable();
        clauses.push(Clause { head: tests, guards: guard_ops, body: body_ops, variables, pattern });
    }
    // One copy of all constants; the source is the first.
    let refs = constants.terms;
    let constants = Detached::build(|b| {
        let all: Vec<_> = refs.iter().map(|&t| b.copy(t)).collect();
        b.tuple(&all)
    });
    Ok(MatchSpec { clauses, constants: constants.with(copy::detach), dialect })
}

/// A term as OTP's messages show it.
fn shown(t: Term<'_>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = print::write_term(&mut text, t, print::Limits::default());
    text
}

struct Constants<'a> {
    terms: Vec<Term<'a>>,
}

impl<'a> Constants<'a> {
    fn add(&mut self, t: Term<'a>) -> u32 {
        self.terms.push(t);
        (self.terms.len() - 1) as u32
    }
}

struct Compiler<'c, 'a> {
    constants: &'c mut Constants<'a>,
    /// Variables bound so far: number and place.
    bound: Vec<(u32, u32)>,
    dialect: Dialect,
    event: Event,
    in_guard: bool,
    /// Levels around the expression that is being compiled.
    nesting: u32,
    errors: Vec<String>,
}

/// What is left to do on an expression.
enum Todo<'a> {
    /// With the number of levels around it.
    Expression(Term<'a>, u32),
    Emit(Op),
    /// The last argument of a short-cutting operator, whose value counts, is compiled: the jumps of the others, from
    /// this index of the list on, lead here.
    Land(usize, bool),
    /// An argument that may decide is compiled.
    Jump(bool),
}

impl<'a> Compiler<'_, 'a> {
    fn place(&self, variable: u32) -> Option<u32> {
        self.bound.iter().find(|(v, _)| *v == variable).map(|&(_, place)| place)
    }

    /// The head of a clause for traced calls, which matches the tuple of a call's arguments: a list or a tuple of
    /// patterns, or one variable for all of them.
    fn arguments(&mut self, head: Term<'a>) -> Vec<Test> {
        let patterns = match (head.to_vec(), head.as_tuple()) {
            (Some(list), _) => list,
            (None, Some(elements)) => elements.to_vec(),
            _ if head.is(am::UNDERSCORE) => return vec![Test::Any],
            _ if is_variable(head).is_some() => {
                self.bound.push((is_variable(head).unwrap_or_default(), 0));
                return vec![Test::BindArguments(0)];
            }
            _ => {
                self.errors.push("Match head is invalid in this context.".to_owned());
                return Vec::new();
            }
        };
        let mut tests = vec![Test::Tuple(patterns.len() as u32)];
        tests.extend(self.head(patterns.into_iter().rev().collect()));
        tests
    }

    /// `todo`: patterns in order of matching, the next one last.
    fn head(&mut self, mut todo: Vec<Term<'a>>) -> Vec<Test> {
        let mut tests = Vec::new();
        while let Some(t) = todo.pop() {
            tests.push(match t.kind() {
                Kind::Atom(am::UNDERSCORE) => Test::Any,
                Kind::Atom(_) if is_variable(t).is_some() => {
                    let variable = is_variable(t).unwrap_or_default();
                    match self.place(variable) {
                        Some(place) => Test::Same(place),
                        None => {
                            let place = self.bound.len() as u32;
                            self.bound.push((variable, place));
                            Test::Bind(place)
                        }
                    }
                }
                Kind::Tuple(elements) => {
                    todo.extend(elements.iter().rev());
                    Test::Tuple(elements.len() as u32)
                }
                Kind::Cons(head, tail) => {
                    todo.extend([tail, head]);
                    Test::Cons
                }
                Kind::Map => {
                    let pairs: Vec<_> = map::iter(t).collect();
                    for (key, _) in &pairs {
                        if is_variable(*key).is_some() {
                            self.errors.push("Variable found in map key.".to_owned());
                        } else if key.is(am::UNDERSCORE) {
                            self.errors.push("Underscore found in map key.".to_owned());
                        }
                    }
                    todo.extend(pairs.iter().rev().map(|(_, v)| *v));
                    Test::Map(pairs.iter().map(|(k, _)| self.constants.add(*k)).collect())
                }
                _ if t.is_immediate() => Test::Word(t.raw()),
                _ => Test::Constant(self.constants.add(t)),
            });
        }
        tests
    }

    /// A list of expressions, each followed by `end`.
    fn expressions(&mut self, list: Term<'a>, out: &mut Vec<Op>, end: Op) {
        if !list.is_list() {
            return self.errors.push("Match expression is not a list.".to_owned());
        }
        let mut all = list.list_iter();
        for e in &mut all {
            self.expression(e, out);
            out.push(end);
        }
        if !all.tail().is_nil() {
            self.errors.push("Match expression is not a proper list.".to_owned());
        }
    }

    fn constant(&mut self, t: Term<'a>) -> Op {
        if t.is_immediate() { Op::Word(t.raw()) } else { Op::Constant(self.constants.add(t)) }
    }

    /// Code for an expression. What is below it is compiled from the last to the first, except for lists and operators
    /// that cut short: errors come in OTP's order.
    fn expression(&mut self, source: Term<'a>, out: &mut Vec<Op>) {
        let mut todo = vec![Todo::Expression(source, 0)];
        let mut jumps: Vec<usize> = Vec::new();
        while let Some(next) = todo.pop() {
            let t = match next {
                Todo::Emit(op) => {
                    out.push(op);
                    continue;
                }
                Todo::Jump(decides) => {
                    jumps.push(out.len());
                    out.push(Op::ShortCut { decides, to: 0 });
                    continue;
                }
                Todo::Land(from, decides) => {
                    let here = out.len() as u32;
                    for at in jumps.drain(from..) {
                        out[at] = Op::ShortCut { decides, to: here };
                    }
                    continue;
                }
                Todo::Expression(t, MAX_NESTING) => {
                    let mut near = String::new();
                    // Writing to a string does not fail.
                    let _ = print::write_term(&mut near, t, print::Limits { terms: NEAR });
                    self.errors.push(format!("{EXCESSIVE} near: {near}"));
                    continue;
                }
                Todo::Expression(t, nesting) => {
                    self.nesting = nesting;
                    t
                }
            };
            let below = |t| Todo::Expression(t, self.nesting + 1);
            match t.kind() {
                Kind::Atom(a) => {
                    let op = self.atom(t, a);
                    out.push(op);
                }
                Kind::Cons(..) => {
                    let mut list = t.list_iter();
                    let elements: Vec<_> = list.by_ref().collect();
                    if list.tail().is_nil() && elements.iter().all(|e| e.is_small()) {
                        let op = self.constant(t);
                        out.push(op);
                        continue;
                    }
                    todo.push(Todo::Emit(Op::List(elements.len() as u32)));
                    todo.push(below(list.tail()));
                    todo.extend(elements.into_iter().rev().map(below));
                }
                Kind::Map => {
                    let pairs: Vec<_> = map::iter(t).collect();
                    todo.push(Todo::Emit(Op::Map(pairs.len() as u32)));
                    todo.extend(pairs.iter().flat_map(|&(k, v)| [below(k), below(v)]));
                }
                Kind::Tuple(&[inner]) if inner.as_tuple().is_some() => {
                    let elements = inner.as_tuple().unwrap_or_default();
                    todo.push(Todo::Emit(Op::Tuple(elements.len() as u32)));
                    todo.extend(elements.iter().copied().map(below));
                }
                Kind::Tuple(&[op, value]) if op.is(am::CONST) => {
                    let op = self.constant(value);
                    out.push(op);
                }
                Kind::Tuple(&[op, ref arguments @ ..]) if op.is_atom() && is_variable(op).is_none() => {
                    if let Some(name) = op.as_atom()
                        && let Err(error) = self.call(t, name, arguments, &mut todo, jumps.len())
                    {
                        self.errors.push(error);
                    }
                }
                Kind::Tuple(_) => self.errors.push(format!(
                    "{} is neither a function call, nor a tuple (tuples are written {{{{ ... }}}}).",
                    shown(t)
                )),
                _ => {
                    let op = self.constant(t);
                    out.push(op);
                }
            }
        }
    }

    fn atom(&mut self, t: Term<'a>, a: Atom) -> Op {
        match a {
            am::MS_OBJECT => Op::Object,
            am::MS_BINDINGS => Op::Bindings,
            _ => match is_variable(t) {
                Some(n) => Op::Variable(self.place(n).unwrap_or_else(|| {
                    self.errors.push(format!("Variable ${n} is unbound."));
                    0
                })),
                None => Op::Word(t.raw()),
            },
        }
    }

    /// `{name, arguments...}`, which is `t`.
    fn call(
        &mut self,
        t: Term<'a>,
        name: Atom,
        arguments: &[Term<'a>],
        todo: &mut Vec<Todo<'a>>,
        jumps: usize,
    ) -> Result<(), String> {
        let count = arguments.len() as u32;
        let form = |problem: &str| format!("Special form '{}' {problem}.", name.name());
        let called = |how: &str| form(&format!("called {how} in {}", shown(t)));
        let nesting = self.nesting + 1;
        let last_first = arguments.iter().map(|&a| Todo::Expression(a, nesting));
        match name {
            am::CONST => return Err(called("with more than one argument")),
            am::AND | am::OR | am::ANDALSO | am::ORELSE if count == 0 => {
                return Err(form(&format!("called without arguments in {}", shown(t))));
            }
            am::AND | am::OR => {
                todo.push(Todo::Emit(Op::Junction { conjunction: name == am::AND, count }));
                todo.extend(last_first);
            }
            am::ANDALSO | am::ORELSE => {
                let decides = name == am::ORELSE;
                todo.push(Todo::Land(jumps, decides));
                let mut in_order = arguments.iter().rev().map(|&a| Todo::Expression(a, nesting));
                todo.extend(in_order.next());
                todo.extend(in_order.flat_map(|e| [Todo::Jump(decides), e]));
            }
            am::SELF if count == 0 => todo.push(Todo::Emit(Op::SelfPid)),
            am::SELF => return Err(called("with arguments")),
            // This one is an ordinary function as far as errors are concerned.
            _ => match TraceCall::find(name).filter(|&call| call != TraceCall::SetControlWord && call.is_known()) {
                Some(call) => {
                    if self.dialect != Dialect::Trace {
                        return Err(call.form("used in wrong dialect"));
                    }
                    if !call.goes_with(self.event) {
                        return Err(call.form("not allow for this trace event"));
                    }
                    if self.in_guard && !call.in_guards() {
                        return Err(call.form("called in guard context"));
                    }
                    if !call.arities().contains(&arguments.len()) {
                        let none = call.arities() == [0];
                        return Err(called(if none { "with arguments" } else { "with wrong number of arguments" }));
                    }
                    if let Some(mistake) = call.mistake(arguments) {
                        return Err(call.form(mistake));
                    }
                    todo.push(Todo::Emit(Op::Trace(call, count)));
                    todo.extend(last_first);
                }
                None => {
                    let f = guard::find(name, arguments.len())
                        .ok_or_else(|| format!("Function {}/{count} does_not_exist.", shown(name.into())))?;
                    if !f.1.allows(self.dialect, self.in_guard) {
                        return Err(format!(
                            "Function {}/{count} cannot be called in this context.",
                            shown(name.into())
                        ));
                    }
                    let op = if name == am::SET_TCW {
                        Op::Trace(TraceCall::SetControlWord, count)
                    } else {
                        Op::Call(f.0, count)
                    };
                    todo.push(Todo::Emit(op));
                    todo.extend(last_first);
                }
            },
        }
        Ok(())
    }
}
