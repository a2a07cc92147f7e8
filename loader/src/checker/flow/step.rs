//! Instructions that move, test, take apart and build terms, and those about frame and heap.

use super::Flow;
use super::facts::Fact;
use super::rules::{Next, exact_tuple, reservation};
use super::state::{Frame, State};
use crate::module::Operand;
use crate::ops::Opcode;

impl<'m> Flow<'_, 'm> {
    /// Makes the state the one behind an instruction.
    #[allow(clippy::too_many_lines)]
    pub(super) fn step(&mut self, opcode: Opcode, args: &'m [Operand], s: &mut State) -> Next {
        use Opcode::*;
        use Operand::{Label as L, List, Unsigned as U};
        let raised = std::mem::take(&mut s.raised);
        if !matches!(opcode, Move | Swap | GetTupleElement | Line | SetTupleElement) {
            s.fresh_tuple = None;
        }
        match (opcode, args) {
            // Nothing happens.
            (Line, _) => s.raised = raised,
            (NifStart | OnLoad | ExecutableLine | Fclearerror, _) => {}
            (DebugLine, &[_, _, _, U(live)]) => self.live(s, live)?,

            // Moves.
            (Move, &[source, dest]) => {
                let register = self.read(s, source)?;
                self.write_reg(s, dest, register)?;
            }
            (Swap, &[a, b]) => {
                let (from_a, from_b) = (self.read(s, a)?, self.read(s, b)?);
                self.write_reg(s, a, from_b)?;
                self.write_reg(s, b, from_a)?;
            }
            (Init, &[y]) => self.write(s, y, Fact::Nil)?,
            (InitYregs, &[List(list)]) => {
                for &y in self.list(list) {
                    self.write(s, y, Fact::Nil)?;
                }
            }

            // Floats.
            (Fmove, &[Operand::FloatReg(from), Operand::FloatReg(to)]) => {
                self.float(s, from)?;
                s.floats.set(to);
            }
            (Fmove, &[Operand::FloatReg(from), dest]) => {
                self.float(s, from)?;
                self.take_float(s)?;
                self.write(s, dest, Fact::Float)?;
            }
            (Fmove, &[source, Operand::FloatReg(to)]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Float);
                s.floats.set(to);
            }
            (Fconv, &[source, Operand::FloatReg(to)]) => {
                match source {
                    Operand::FloatReg(from) => self.float(s, from)?,
                    _ => drop(self.read(s, source)?),
                }
                self.exception(s)?;
                s.floats.set(to);
            }
            (
                Fadd | Fsub | Fmul | Fdiv,
                &[L(fail), Operand::FloatReg(a), Operand::FloatReg(b), Operand::FloatReg(to)],
            ) => {
                self.float(s, a)?;
                self.float(s, b)?;
                self.fail_to(s, fail)?;
                s.floats.set(to);
            }
            (Fnegate, &[L(fail), Operand::FloatReg(a), Operand::FloatReg(to)]) => {
                self.float(s, a)?;
                self.fail_to(s, fail)?;
                s.floats.set(to);
            }
            (Fcheckerror, &[L(fail)]) => self.fail_to(s, fail)?,

            // Tests.
            (IsNonemptyList, &[L(fail), source]) => self.test(s, fail, source, Fact::Cons)?,
            (IsNil, &[L(fail), source]) => self.test(s, fail, source, Fact::Nil)?,
            (IsList, &[L(fail), source]) => self.test(s, fail, source, Fact::List)?,
            (IsTuple, &[L(fail), source]) => self.test(s, fail, source, Fact::TUPLE)?,
            (IsMap, &[L(fail), source]) => self.test(s, fail, source, Fact::Map)?,
            (IsFloat, &[L(fail), source]) => self.test(s, fail, source, Fact::Float)?,
            (IsAnyNativeRecord, &[L(fail), source]) => self.test(s, fail, source, Fact::Record)?,
            (
                IsInteger | IsNumber | IsAtom | IsPid | IsReference | IsPort | IsBinary | IsFunction | IsBoolean
                | IsBitstr,
                &[L(fail), source],
            ) => self.test(s, fail, source, Fact::Any)?,
            (IsFunction2, &[L(fail), source, arity]) => {
                self.read(s, arity)?;
                let fact = match arity {
                    Operand::Int(arity) => u8::try_from(arity).map_or(Fact::Any, Fact::Fun),
                    _ => Fact::Any,
                };
                self.test(s, fail, source, fact)?;
            }
            (TestArity, &[L(fail), source, U(arity)]) => {
                let register = self.read(s, source)?;
                self.prove(matches!(register.fact, Fact::Tuple { .. }));
                self.test(s, fail, source, exact_tuple(arity))?;
            }
            (IsTaggedTuple, &[L(fail), source, U(arity), _]) => self.test(s, fail, source, exact_tuple(arity))?,
            (IsEqExact | IsNeExact, &[L(fail), a, b]) => {
                let (left, right) = (self.read(s, a)?, self.read(s, b)?);
                let mut equal = s.clone();
                equal.refine(left.value, |fact| fact.refine(right.fact));
                equal.refine(right.value, |fact| fact.refine(left.fact));
                if opcode == IsEqExact {
                    self.branch(fail, s)?;
                    *s = equal;
                    return Ok(true);
                }
                self.branch(fail, &equal)?;
            }
            (IsLt | IsGe | IsEq | IsNe, &[L(fail), a, b]) => {
                self.read(s, a)?;
                self.read(s, b)?;
                self.branch(fail, s)?;
            }
            (IsNativeRecord, &[L(fail), source, module, name]) => {
                self.read(s, module)?;
                self.read(s, name)?;
                self.test(s, fail, source, Fact::Record)?;
            }
            (IsRecordAccessible, &[L(fail), source, _]) => self.test(s, fail, source, Fact::Any)?,
            (HasMapFields, &[L(fail), source, List(keys)]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Map);
                self.read_all(s, keys)?;
                self.branch(fail, s)?;
            }

            // Jumps.
            (Jump, &[L(label)]) => {
                // A jump into a handler is never taken, by what the compiler knew of the instruction before it.
                if self.is_try_handler(label) && self.trap_before(self.index) {
                    return Ok(false);
                }
                self.branch(label, s)?;
                return Ok(false);
            }
            (SelectVal, &[source, L(fail), List(list)]) => {
                self.read(s, source)?;
                self.branch(fail, s)?;
                for label in self.list(list).iter().filter_map(|operand| operand.as_label()) {
                    self.branch(label, s)?;
                }
                return Ok(false);
            }
            (SelectTupleArity, &[source, L(fail), List(list)]) => {
                let register = self.read(s, source)?;
                self.prove(matches!(register.fact, Fact::Tuple { .. }));
                self.branch(fail, s)?;
                for pair in self.list(list).chunks(2) {
                    if let &[U(arity), L(label)] = pair {
                        let mut matched = s.clone();
                        matched.refine(register.value, |fact| fact.refine(exact_tuple(arity)));
                        self.branch(label, &matched)?;
                    }
                }
                return Ok(false);
            }

            // Taking terms apart.
            (GetList, &[source, head, tail]) => {
                self.take_apart(s, source, Fact::Cons)?;
                self.write(s, head, Fact::Any)?;
                self.write(s, tail, Fact::Any)?;
            }
            (GetHd | GetTl, &[source, dest]) => {
                self.take_apart(s, source, Fact::Cons)?;
                self.write(s, dest, Fact::Any)?;
            }
            (GetTupleElement, &[source, U(position), dest]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact.has_element(position));
                let at_least = u32::try_from(position).unwrap_or(u32::MAX).saturating_add(1);
                s.refine(register.value, |fact| fact.refine(Fact::Tuple { min: at_least, exact: false }));
                self.write(s, dest, Fact::Any)?;
            }
            (SetTupleElement, &[source, tuple, U(position)]) => {
                self.read(s, source)?;
                let register = self.read(s, tuple)?;
                if s.fresh_tuple != Some(register.value) {
                    return Err(self.misplaced("the tuple does not come from setelement/3 right before"));
                }
                self.prove(register.fact.has_element(position));
            }
            (GetMapElements, &[L(fail), source, List(list)]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Map);
                self.get_fields(s, fail, list)?;
            }
            (GetRecordElements, &[L(fail), source, List(list)]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Record);
                self.get_fields(s, fail, list)?;
            }
            (GetRecordField, &[L(fail), source, id, name, dest]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Record);
                self.read(s, id)?;
                self.read(s, name)?;
                self.fail_to(s, fail)?;
                self.write(s, dest, Fact::Any)?;
            }

            // Building terms.
            (PutList, &[head, tail, dest]) => {
                self.read(s, head)?;
                self.read(s, tail)?;
                self.take_words(s, 2)?;
                self.write(s, dest, Fact::Cons)?;
            }
            (PutTuple2, &[dest, List(list)]) => {
                self.read_all(s, list)?;
                if list.len > 0 {
                    self.take_words(s, u64::from(list.len) + 1)?;
                }
                self.write(s, dest, Fact::Tuple { min: list.len, exact: true })?;
            }
            (UpdateRecord, &[_, U(size), source, dest, List(list)]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == exact_tuple(size));
                self.read_all(s, list)?;
                self.init_y(s)?;
                self.take_words(s, size.saturating_add(1))?;
                self.write(s, dest, exact_tuple(size))?;
            }
            (MakeFun3, &[U(lambda), dest, List(env)]) => {
                self.read_all(s, env)?;
                let fact = self.fun_fact(lambda, Some(env.len.into()))?;
                self.take_fun(s)?;
                self.take_words(s, env.len.into())?;
                self.write(s, dest, fact)?;
            }
            (MakeFun2, &[U(lambda)]) => {
                let num_free = self.context.module.lambdas.get(lambda as usize).map_or(0, |lambda| lambda.num_free);
                let fact = self.fun_fact(lambda, None)?;
                self.collect(s, num_free.into())?;
                self.write(s, Operand::X(0), fact)?;
            }
            (PutMapAssoc | PutMapExact, &[L(fail), source, dest, U(live), List(list)]) => {
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Map);
                self.read_all(s, list)?;
                self.collect(s, live)?;
                self.fail_to(s, fail)?;
                self.write(s, dest, Fact::Map)?;
            }
            (PutRecord, &[L(fail), id, source, dest, U(live), List(list)]) => {
                self.read(s, id)?;
                let register = self.read(s, source)?;
                self.prove(register.fact == Fact::Record);
                self.read_all(s, list)?;
                self.collect(s, live)?;
                self.fail_to(s, fail)?;
                self.write(s, dest, Fact::Record)?;
            }

            // BIFs.
            (Bif0, &[_, dest]) => self.write(s, dest, Fact::Any)?,
            (Bif1 | Bif2 | Bif3, &[L(fail), U(import), ref sources @ .., dest]) => {
                self.bif(s, fail, import, sources, dest)?;
            }
            (GcBif1 | GcBif2 | GcBif3, &[L(fail), U(live), U(import), ref sources @ .., dest]) => {
                for &source in sources {
                    self.read(s, source)?;
                }
                self.collect(s, live)?;
                self.bif_kept(s, fail, import, sources, dest)?;
            }

            // Frames and heap.
            (Allocate | AllocateZero, &[U(size), U(live)]) => {
                self.allocate(s, size, live, opcode == AllocateZero)?;
            }
            (AllocateHeap | AllocateHeapZero, &[U(size), need, U(live)]) => {
                self.allocate(s, size, live, opcode == AllocateHeapZero)?;
                s.reserved = reservation(need);
            }
            (TestHeap, &[need, U(live)]) => {
                self.collect(s, live)?;
                s.reserved = reservation(need);
            }
            (Deallocate, &[U(size)]) => self.deallocate(s, size)?,
            (Trim, &[U(words), U(remaining)]) => {
                if s.frame != Frame::Known || s.y.len() as u64 != words.saturating_add(remaining) {
                    return Err(self.bad_frame("trim does not fit the frame"));
                }
                let dropped = s.y.drain(..words as usize);
                if dropped.into_iter().any(|slot| slot.fact.is_tag()) {
                    return Err(self.bad_catch("trim drops a catch tag"));
                }
            }

            _ => return self.control(opcode, args, s, raised),
        }
        Ok(true)
    }
}
