//! Instructions of the bit syntax: matching and building.

use super::Flow;
use super::facts::Fact;
use super::rules::{Next, reservation};
use super::state::State;
use crate::error::LoadError;
use crate::module::{ListRef, Operand};
use crate::ops::Opcode;

impl<'m> Flow<'_, 'm> {
    pub(super) fn binary(&mut self, opcode: Opcode, args: &'m [Operand], s: &mut State) -> Next {
        use Opcode::*;
        use Operand::{Label as L, List, Unsigned as U};
        match (opcode, args) {
            // Matching.
            (BsStartMatch3, &[L(fail), source, U(live), dest]) => {
                self.start_match(s, Some(fail), live, source, dest)?;
            }
            (BsStartMatch4, &[L(fail), U(live), source, dest]) => {
                self.start_match(s, Some(fail), live, source, dest)?
            }
            (BsStartMatch4, &[Operand::Atom(how), U(live), source, dest]) => {
                if self.context.module.atom(how) == "resume" {
                    let register = self.read(s, source)?;
                    self.prove(register.fact == Fact::Context);
                }
                self.start_match(s, None, live, source, dest)?;
            }
            (BsMatch, &[L(fail), context, List(commands)]) => {
                self.context_operand(s, context)?;
                self.init_y(s)?;
                self.match_commands(s, fail, commands)?;
            }
            (BsGetInteger2 | BsGetFloat2 | BsGetBinary2, &[L(fail), context, U(live), size, _, _, dest]) => {
                self.context_operand(s, context)?;
                self.read(s, size)?;
                self.collect(s, live)?;
                self.branch(fail, s)?;
                let fact = if opcode == BsGetFloat2 { Fact::Float } else { Fact::Any };
                self.write(s, dest, fact)?;
            }
            (BsGetUtf8 | BsGetUtf16 | BsGetUtf32, &[L(fail), context, U(live), _, dest]) => {
                self.context_operand(s, context)?;
                self.collect(s, live)?;
                self.branch(fail, s)?;
                self.write(s, dest, Fact::Any)?;
            }
            (BsSkipUtf8 | BsSkipUtf16 | BsSkipUtf32, &[L(fail), context, U(live), _]) => {
                self.context_operand(s, context)?;
                self.collect(s, live)?;
                self.branch(fail, s)?;
            }
            (BsSkipBits2, &[L(fail), context, size, _, _]) => {
                self.context_operand(s, context)?;
                self.read(s, size)?;
                self.branch(fail, s)?;
            }
            (BsTestTail2 | BsTestUnit, &[L(fail), context, _]) | (BsMatchString, &[L(fail), context, _, _]) => {
                self.context_operand(s, context)?;
                self.branch(fail, s)?;
            }
            (BsGetTail | BsGetPosition, &[context, dest, U(live)]) => {
                self.context_operand(s, context)?;
                self.collect(s, live)?;
                self.write(s, dest, Fact::Any)?;
            }
            (BsSetPosition, &[context, position]) => {
                self.context_operand(s, context)?;
                self.read(s, position)?;
            }

            // Building.
            (BsCreateBin, &[L(fail), need, U(live), _, dest, List(segments)]) => {
                self.read_all(s, segments)?;
                self.collect(s, live)?;
                self.fail_to(s, fail)?;
                s.reserved = reservation(need);
                self.write(s, dest, Fact::Any)?;
            }
            (BsInit2 | BsInitBits, &[L(fail), size, need, U(live), _, dest]) => {
                if matches!(size, Operand::X(_) | Operand::Y(_)) {
                    self.read(s, size)?;
                }
                self.collect(s, live)?;
                self.fail_to(s, fail)?;
                s.reserved = reservation(need);
                self.write(s, dest, Fact::Any)?;
                s.constructing = true;
            }
            (BsAppend, &[L(fail), size, need, U(live), _, source, _, dest]) => {
                self.read(s, size)?;
                self.read(s, source)?;
                self.collect(s, live)?;
                self.fail_to(s, fail)?;
                s.reserved = reservation(need);
                self.write(s, dest, Fact::Any)?;
                s.constructing = true;
            }
            (BsPrivateAppend, &[L(fail), size, _, source, _, dest]) => {
                self.read(s, size)?;
                self.read(s, source)?;
                self.fail_to(s, fail)?;
                self.write(s, dest, Fact::Any)?;
                s.constructing = true;
            }
            (BsPutInteger | BsPutBinary | BsPutFloat, &[L(fail), size, _, _, source]) => {
                self.constructing(s)?;
                self.read(s, size)?;
                self.read(s, source)?;
                self.fail_to(s, fail)?;
            }
            (BsPutUtf8 | BsPutUtf16 | BsPutUtf32, &[L(fail), _, source]) => {
                self.constructing(s)?;
                self.read(s, source)?;
                self.fail_to(s, fail)?;
            }
            (BsPutString, _) => self.constructing(s)?,
            (BsAdd, &[L(fail), a, b, _, dest]) => {
                self.read(s, a)?;
                self.read(s, b)?;
                self.fail_to(s, fail)?;
                self.write(s, dest, Fact::Any)?;
            }
            (BsUtf8Size | BsUtf16Size, &[L(fail), source, dest]) => {
                self.read(s, source)?;
                self.fail_to(s, fail)?;
                self.write(s, dest, Fact::Any)?;
            }
            _ => return Err(self.misplaced("the checker has no rule for it")),
        }
        Ok(true)
    }

    fn context_operand(&mut self, state: &mut State, context: Operand) -> Result<(), LoadError> {
        self.take_apart(state, context, Fact::Context)
    }

    fn constructing(&self, state: &State) -> Result<(), LoadError> {
        if state.constructing { Ok(()) } else { Err(self.misplaced("no binary is under construction")) }
    }

    fn start_match(
        &mut self,
        state: &mut State,
        fail: Option<u32>,
        live: u64,
        source: Operand,
        dest: Operand,
    ) -> Result<(), LoadError> {
        self.read(state, source)?;
        self.collect(state, live)?;
        if let Some(fail) = fail {
            self.fail_to(state, fail)?;
        }
        self.write(state, dest, Fact::Context)
    }

    /// Commands in turn. Any that tests may leave, with what the commands before it did.
    fn match_commands(&mut self, state: &mut State, fail: u32, commands: ListRef) -> Result<(), LoadError> {
        let mut rest = self.list(commands);
        while let Some((&Operand::Atom(command), arguments)) = rest.split_first() {
            let count = match (self.context.module.atom(command), arguments) {
                ("ensure_at_least", _) => {
                    self.branch(fail, state)?;
                    2
                }
                ("ensure_exactly", _) => {
                    self.branch(fail, state)?;
                    1
                }
                ("=:=", _) => {
                    self.branch(fail, state)?;
                    3
                }
                ("skip", _) => 1,
                ("integer" | "binary", &[Operand::Unsigned(live), _, _, _, dest, ..]) => {
                    self.collect(state, live)?;
                    self.write(state, dest, Fact::Any)?;
                    5
                }
                ("get_tail", &[Operand::Unsigned(live), _, dest, ..]) => {
                    self.collect(state, live)?;
                    self.write(state, dest, Fact::Any)?;
                    3
                }
                _ => return Err(self.misplaced("the checker has no rule for a command")),
            };
            rest = arguments.get(count..).unwrap_or(&[]);
        }
        Ok(())
    }
}
