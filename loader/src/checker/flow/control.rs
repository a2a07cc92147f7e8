//! Instructions that call, return, raise, catch and receive.

use super::facts::Fact;
use super::rules::Next;
use super::state::{Frame, State};
use super::{Flow, returns, set_bit};
use crate::checker::Context;
use crate::error::LoadError;
use crate::module::Operand;
use crate::ops::Opcode;

/// Functions that raise whatever their arguments are. Compilers put nothing behind a call of one,
/// and a tail call of one may name a frame that is not there.
pub(in crate::checker) fn never_returns(module: &str, function: &str, arity: u32) -> bool {
    module == "erlang" && matches!((function, arity), ("error", 1..=3) | ("exit" | "throw", 1) | ("nif_error", 1..=2))
}

/// Instructions that may raise an exception instead of going on: calls that are expected to return, and whatever has no
/// label to fail to.
pub(super) fn may_not_go_on(opcode: Opcode, args: &[Operand]) -> bool {
    use Opcode::*;
    matches!(opcode, Call | CallExt | CallFun | CallFun2 | Apply) || args.first() == Some(&Operand::Label(0))
}

/// Whether nothing but labels and lines stand between a label and this instruction.
pub(super) fn waits_at(context: &Context<'_>, label: u32, index: usize) -> bool {
    let target = context.labels.get(label as usize).map_or(usize::MAX, |&op| op as usize);
    let between = context.module.code.get(target..index);
    between.is_some_and(|ops| ops.iter().all(|op| matches!(op.opcode, Opcode::Label | Opcode::Line)))
}

impl<'m> Flow<'_, 'm> {
    pub(super) fn control(&mut self, opcode: Opcode, args: &'m [Operand], s: &mut State, raised: bool) -> Next {
        use Opcode::*;
        use Operand::{Label as L, Unsigned as U};
        match (opcode, args) {
            // Calls.
            (Call, &[U(arity), _]) => {
                let callee = returns::local_callee(self.context, self.op());
                self.call(s, arity)?;
                if callee.is_some_and(|callee| !self.returns[callee]) {
                    return Ok(false);
                }
            }
            (CallExt | CallExtOnly | CallExtLast, &[U(arity), U(import), ..]) if self.never_returns(import) => {
                // The frame that the instruction names may be wrong, as it is not dropped.
                self.live(s, arity)?;
                self.exception(s)?;
                return Ok(false);
            }
            (CallExt, &[U(arity), U(import)]) if self.is_import(import, "erlang", "raise", 3) => {
                // It returns only if the class is no class or the stack trace no stack trace.
                let fact = |x: usize| s.x.get(x).map(|register| register.fact);
                let raises = fact(0) == Some(Fact::Class) && matches!(fact(2), Some(Fact::Nil | Fact::StackTrace));
                self.call(s, arity)?;
                if raises {
                    return Ok(false);
                }
            }
            (CallExt, &[U(arity), U(import)]) => {
                // What setelement/3 returns may be updated in place, see `set_tuple_element`.
                let updated = self.is_import(import, "erlang", "setelement", 3).then(|| s.x.get(1).copied()).flatten();
                self.call(s, arity)?;
                if let (Some(tuple), Some(result)) = (updated, s.x.first_mut()) {
                    s.fresh_tuple = Some(result.value);
                    if matches!(tuple.fact, Fact::Tuple { .. }) {
                        result.fact = tuple.fact;
                    }
                }
            }
            (CallOnly | CallExtOnly, &[U(arity), _]) => {
                if s.frame != Frame::None {
                    return Err(self.bad_frame("there is a frame"));
                }
                self.live(s, arity)?;
                return Ok(false);
            }
            (CallLast | CallExtLast, &[U(arity), _, U(size)]) => {
                self.live(s, arity)?;
                self.init_y(s)?;
                self.deallocate(s, size)?;
                return Ok(false);
            }
            (Apply, &[U(arity)]) => self.call(s, arity + 2)?,
            (ApplyLast, &[U(arity), U(size)]) => {
                self.live(s, arity + 2)?;
                self.init_y(s)?;
                self.deallocate(s, size)?;
                return Ok(false);
            }
            (CallFun, &[U(arity)]) => self.call(s, arity + 1)?,
            (CallFun2, &[_, U(arity), fun]) => {
                let register = self.read(s, fun)?;
                self.prove(u8::try_from(arity).is_ok_and(|arity| register.fact == Fact::Fun(arity)));
                self.call(s, arity)?;
            }
            (Return, _) => {
                if s.frame != Frame::None {
                    return Err(self.bad_frame("there is a frame"));
                }
                self.live(s, 1)?;
                return Ok(false);
            }
            (Send, _) => self.call(s, 2)?,
            (RawRaise, _) => {
                // It goes on only if x0 is no class.
                let class = s.x.first().is_some_and(|x0| x0.fact == Fact::Class);
                self.call(s, 3)?;
                set_bit(&mut self.findings.traps_before, self.index + 1, !class && self.raw_raise_ends);
                if class || self.raw_raise_ends {
                    return Ok(false);
                }
            }
            (BsInitWritable, _) => self.call(s, 1)?,

            // Raising.
            (FuncInfo, &[_, _, U(arity)]) => {
                if s.frame != Frame::None {
                    return Err(self.bad_frame("there is a frame"));
                }
                self.live(s, arity)?;
                return Ok(false);
            }
            (IfEnd, _) => {
                self.exception(s)?;
                return Ok(false);
            }
            (Badmatch | CaseEnd | TryCaseEnd | Badrecord, &[source]) => {
                self.read(s, source)?;
                self.exception(s)?;
                return Ok(false);
            }
            (Raise, &[trace, reason]) => {
                self.read(s, trace)?;
                self.read(s, reason)?;
                self.exception(s)?;
                return Ok(false);
            }
            (BuildStacktrace, _) => {
                self.collect(s, 1)?;
                self.write(s, Operand::X(0), Fact::StackTrace)?;
            }

            // Catching.
            (Catch | Try, &[Operand::Y(y), L(label)]) => self.push_tag(s, y, label, opcode == Try)?,
            (CatchEnd, &[Operand::Y(y)]) => {
                self.pop_tag(s, y, false)?;
                self.live(s, 1)?;
                s.forget_all_but_frame();
                self.write(s, Operand::X(0), Fact::Any)?;
            }
            (TryEnd, &[Operand::Y(y)]) => self.pop_tag(s, y, true)?,
            (TryCase, &[Operand::Y(y)]) => {
                if !raised {
                    return Err(self.bad_catch("control comes here without an exception"));
                }
                self.pop_tag(s, y, true)?;
                s.forget_all_but_frame();
                for (x, fact) in [(0, Fact::Class), (1, Fact::Any), (2, Fact::Any)] {
                    self.write(s, Operand::X(x), fact)?;
                }
            }

            // Receiving.
            (LoopRec, &[L(fail), dest]) => {
                self.branch(fail, s)?;
                self.write(s, dest, Fact::Any)?;
            }
            (RemoveMessage | RecvMark | RecvSet, _) => {}
            (Timeout, _) => s.prune(0),
            (LoopRecEnd | Wait, &[L(label)]) => {
                self.init_y(s)?;
                s.forget_all_but_frame();
                self.branch(label, s)?;
                return Ok(false);
            }
            (WaitTimeout, &[L(label), time]) => {
                self.read(s, time)?;
                s.forget_all_but_frame();
                self.exception(s)?;
                // Coming back here, it goes on waiting and does not read the time again.
                if !waits_at(self.context, label, self.index) {
                    self.branch(label, s)?;
                }
            }
            (RecvMarkerReserve, &[dest]) => self.write(s, dest, Fact::Any)?,
            (RecvMarkerBind, &[marker, reference]) => {
                self.read(s, marker)?;
                self.read(s, reference)?;
            }
            (RecvMarkerClear | RecvMarkerUse, &[reference]) => drop(self.read(s, reference)?),
            _ => return self.binary(opcode, args, s),
        }
        Ok(true)
    }

    /// A call that returns here: arguments are live, the frame can be scanned, nothing but the
    /// frame and x0 survives.
    fn call(&mut self, state: &mut State, live: u64) -> Result<(), LoadError> {
        if state.frame != Frame::Known {
            return Err(self.bad_frame("a call needs a frame"));
        }
        self.live(state, live)?;
        self.exception(state)?;
        state.forget_all_but_frame();
        self.write(state, Operand::X(0), Fact::Any)
    }

    fn never_returns(&self, index: u64) -> bool {
        let module = self.context.module;
        let import = usize::try_from(index).ok().and_then(|index| module.imports.get(index));
        import
            .is_some_and(|import| never_returns(module.atom(import.module), module.atom(import.function), import.arity))
    }

    fn is_import(&self, index: u64, module: &str, function: &str, arity: u32) -> bool {
        let import = usize::try_from(index).ok().and_then(|index| self.context.module.imports.get(index));
        import.is_some_and(|import| {
            self.context.module.atom(import.module) == module
                && self.context.module.atom(import.function) == function
                && import.arity == arity
        })
    }

    /// Inner tags stand in lower registers, where the unwinder finds them first. At the label
    /// nothing but the instruction that takes the exception may stand.
    fn push_tag(&mut self, state: &mut State, y: u16, label: u32, is_try: bool) -> Result<(), LoadError> {
        let at = usize::from(y);
        if state.y.iter().take(at).any(|slot| slot.fact.is_tag()) {
            return Err(self.bad_catch("an outer tag stands in a lower register"));
        }
        let module = self.context.module;
        let target = self.context.labels.get(label as usize).map_or(0, |&op| op as usize);
        let first = module.code[target..].iter().find(|op| !matches!(op.opcode, Opcode::Label | Opcode::Line));
        let expected = if is_try { Opcode::TryCase } else { Opcode::CatchEnd };
        if first.is_none_or(|op| op.opcode != expected) {
            return Err(self.bad_catch("the handler does not begin with try_case or catch_end"));
        }
        self.write(state, Operand::Y(y), Fact::Tag { label, is_try })
    }

    /// The innermost tag is the one expected; its register becomes nil.
    fn pop_tag(&mut self, state: &mut State, y: u16, is_try: bool) -> Result<(), LoadError> {
        let innermost = state.y.iter().position(|slot| slot.fact.is_tag());
        if innermost != Some(usize::from(y)) {
            return Err(self.bad_catch("the register does not hold the innermost tag"));
        }
        let register = self.value(Fact::Nil);
        let slot = &mut state.y[usize::from(y)];
        match slot.fact {
            Fact::Tag { is_try: kind, .. } if kind == is_try => *slot = register,
            _ => return Err(self.bad_catch("the tag is of the other kind")),
        }
        Ok(())
    }
}
