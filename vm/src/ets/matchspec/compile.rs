//! Source to programs.

use super::guard;
use super::{Clause, MatchSpec, Op, Test};
use crate::atom::{Atom, am};
use crate::heap::Detached;
use crate::term::{Kind, Term, copy, map};

/// Why a specification does not compile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CompileError {
    /// Not a list of `{Head, Guards, Body}`.
    #[error("not a list of three-tuples with lists of guards and bodies")]
    Shape,
    /// `'$1'` or `'_'` as a map key.
    #[error("variable or underscore found in map key")]
    VariableKey,
    /// A variable that the head does not bind.
    #[error("variable '${0}' is unbound")]
    Unbound(u32),
    /// No such function for table objects.
    #[error("function {0:?}/{1} is not allowed in this type of match specification")]
    Function(Option<Atom>, usize),
    /// A body without expressions.
    #[error("body clause does not return anything")]
    EmptyBody,
}

/// `N` of `'$N'`.
pub fn is_variable(t: Term<'_>) -> Option<u32> {
    let digits = t.as_atom()?.name().strip_prefix('$')?;
    let number: u32 = digits.parse().ok().filter(|&n| n <= 100_000_000)?;
    // No sign and no leading zeros.
    (digits == "0" || !digits.starts_with(['0', '+'])).then_some(number)
}

/// Compiles for table objects.
pub(super) fn compile(spec: Term<'_>) -> Result<MatchSpec, CompileError> {
    let mut constants = Constants { terms: vec![spec] };
    let mut clauses = Vec::new();
    for clause in spec.to_vec().filter(|c| !c.is_empty()).ok_or(CompileError::Shape)? {
        let [head, guards, body] = clause.as_tuple_of().ok_or(CompileError::Shape)?;
        let (guards, body) = guards.to_vec().zip(body.to_vec()).ok_or(CompileError::Shape)?;
        let mut c = Compiler { constants: &mut constants, bound: Vec::new() };
        let pattern = c.constants.add(head);
        let head = c.head(head)?;
        let mut guard_ops = Vec::new();
        for g in guards {
            c.expression(g, &mut guard_ops)?;
            guard_ops.push(Op::Require);
        }
        let mut body_ops = Vec::new();
        for (i, e) in body.iter().enumerate() {
            if i > 0 {
                body_ops.push(Op::Drop);
            }
            c.expression(*e, &mut body_ops)?;
        }
        if body.is_empty() {
            return Err(CompileError::EmptyBody);
        }
        let mut variables = c.bound;
        variables.sort_unstable();
        clauses.push(Clause { head, guards: guard_ops, body: body_ops, variables, pattern });
    }
    // One copy of all constants; the source is the first.
    let refs = constants.terms;
    let constants = Detached::build(|b| {
        let all: Vec<_> = refs.iter().map(|&t| b.copy(t)).collect();
        b.tuple(&all)
    });
    Ok(MatchSpec { clauses, constants: constants.with(copy::detach) })
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
}

/// What is left to do on an expression.
enum Todo<'a> {
    Expression(Term<'a>),
    Emit(Op),
    /// The last argument of a short-cutting operator is compiled: its jumps, from this index of the list on, lead here.
    Land(usize, bool),
    /// An argument that may decide is compiled.
    Jump(bool),
}

impl<'a> Compiler<'_, 'a> {
    fn place(&self, variable: u32) -> Option<u32> {
        self.bound.iter().find(|(v, _)| *v == variable).map(|&(_, place)| place)
    }

    fn head(&mut self, pattern: Term<'a>) -> Result<Vec<Test>, CompileError> {
        let mut tests = Vec::new();
        // Patterns in order of matching, the next one last.
        let mut todo = vec![pattern];
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
                    if pairs.iter().any(|(k, _)| k.is(am::UNDERSCORE) || is_variable(*k).is_some()) {
                        return Err(CompileError::VariableKey);
                    }
                    todo.extend(pairs.iter().rev().map(|(_, v)| *v));
                    Test::Map(pairs.iter().map(|(k, _)| self.constants.add(*k)).collect())
                }
                _ if t.is_immediate() => Test::Word(t.raw()),
                _ => Test::Constant(self.constants.add(t)),
            });
        }
        Ok(tests)
    }

    fn constant(&mut self, t: Term<'a>) -> Op {
        if t.is_immediate() { Op::Word(t.raw()) } else { Op::Constant(self.constants.add(t)) }
    }

    fn expression(&mut self, source: Term<'a>, out: &mut Vec<Op>) -> Result<(), CompileError> {
        let mut todo = vec![Todo::Expression(source)];
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
                    // What no argument decided is the other value.
                    out.push(Op::Word(Term::bool(!decides).raw()));
                    let here = out.len() as u32;
                    for at in jumps.drain(from..) {
                        out[at] = Op::ShortCut { decides, to: here };
                    }
                    continue;
                }
                Todo::Expression(t) => t,
            };
            match t.kind() {
                Kind::Atom(a) => out.push(self.atom(t, a)?),
                Kind::Cons(..) => {
                    let mut list = t.list_iter();
                    let elements: Vec<_> = list.by_ref().collect();
                    if list.tail().is_nil() && elements.iter().all(|e| e.is_small()) {
                        let op = self.constant(t);
                        out.push(op);
                        continue;
                    }
                    todo.push(Todo::Emit(Op::List(elements.len() as u32)));
                    todo.push(Todo::Expression(list.tail()));
                    todo.extend(elements.into_iter().rev().map(Todo::Expression));
                }
                Kind::Map => {
                    let pairs: Vec<_> = map::iter(t).collect();
                    todo.push(Todo::Emit(Op::Map(pairs.len() as u32)));
                    todo.extend(pairs.iter().rev().flat_map(|&(k, v)| [Todo::Expression(v), Todo::Expression(k)]));
                }
                Kind::Tuple(&[]) => return Err(CompileError::Function(None, 0)),
                Kind::Tuple(&[inner]) if inner.as_tuple().is_some() => {
                    let elements = inner.as_tuple().unwrap_or_default();
                    todo.push(Todo::Emit(Op::Tuple(elements.len() as u32)));
                    todo.extend(elements.iter().rev().map(|&e| Todo::Expression(e)));
                }
                Kind::Tuple(&[op, value]) if op.is(am::CONST) => {
                    let op = self.constant(value);
                    out.push(op);
                }
                Kind::Tuple(&[op, ref arguments @ ..]) => {
                    let name = op.as_atom().ok_or(CompileError::Function(None, arguments.len()))?;
                    self.call(name, arguments, &mut todo, jumps.len())?;
                }
                _ => {
                    let op = self.constant(t);
                    out.push(op);
                }
            }
        }
        Ok(())
    }

    fn atom(&mut self, t: Term<'a>, a: Atom) -> Result<Op, CompileError> {
        Ok(match a {
            am::MS_OBJECT => Op::Object,
            am::MS_BINDINGS => Op::Bindings,
            _ => match is_variable(t) {
                Some(n) => Op::Variable(self.place(n).ok_or(CompileError::Unbound(n))?),
                None => Op::Word(t.raw()),
            },
        })
    }

    fn call(
        &mut self,
        name: Atom,
        arguments: &[Term<'a>],
        todo: &mut Vec<Todo<'a>>,
        jumps: usize,
    ) -> Result<(), CompileError> {
        let unknown = CompileError::Function(Some(name), arguments.len());
        let count = arguments.len() as u32;
        let in_order = arguments.iter().rev().map(|&a| Todo::Expression(a));
        match name {
            am::AND | am::OR if count > 0 => {
                todo.push(Todo::Emit(Op::Junction { conjunction: name == am::AND, count }));
                todo.extend(in_order);
            }
            am::ANDALSO | am::ORELSE if count > 0 => {
                let decides = name == am::ORELSE;
                todo.push(Todo::Land(jumps, decides));
                todo.extend(in_order.flat_map(|e| [Todo::Jump(decides), e]));
            }
            am::SELF if count == 0 => todo.push(Todo::Emit(Op::SelfPid)),
            _ => {
                let f = guard::find(name, arguments.len()).ok_or(unknown)?;
                todo.push(Todo::Emit(Op::Call(f, count)));
                todo.extend(in_order);
            }
        }
        Ok(())
    }
}
