//! Follows the flow of each function, as OTP's `beam_validator` does, but for safety alone.
//!
//! Code is walked once from the entry on. At a label the states of all ways to it are joined; a
//! jump back to a label must promise what was assumed there, else the label's state is weakened
//! and the function walked again. Labels that a receive loop returns to begin without X registers
//! and heap reservation, so that loops settle at once.
//!
//! What a VM must keep for this to hold:
//!
//! * instructions with a live count collect only garbage beyond it, and may collect before they
//!   fail; BIFs without one that build nothing (comparisons, `element` and their like) leave
//!   reserved heap words alone;
//! * type tests and comparisons that are called as BIFs do not fail;
//! * Y slots that the code has not written are never looked at by code, and none are left where a
//!   collection can happen. They may be left where an exception can: such frames are marked, see
//!   [`super::CheckedModule::clears_frame`];
//! * `wait_timeout` reads its time only when no timer runs for the receive it belongs to;
//! * a call of a function that [`super::never_returns`] does not drop the frame it names;
//! * an exception enters the handler of the innermost tag (the lowest Y register) with the
//!   function's frame as it was.

mod binary;
mod control;
mod facts;
mod returns;
mod rules;
mod state;
mod step;

use std::collections::{HashMap, HashSet};

use super::{Context, Function};
use crate::error::{LoadError, LoadErrorKind, Register};
use crate::module::{Module, Op, Operand};
use crate::ops::Opcode;
pub(super) use control::never_returns;
use facts::Fact;
use state::{Reg, State, Unjoinable};

/// Times a function is walked before it is given up as too entangled.
const MAX_ROUNDS: u32 = 100;

/// What following the flow finds out: a bit for each instruction.
#[derive(Debug)]
pub(super) struct Findings {
    /// See [`super::CheckedModule::proven`].
    pub(super) proven: Vec<u64>,
    /// See [`super::CheckedModule::clears_frame`].
    pub(super) clears_frame: Vec<u64>,
    /// See [`super::CheckedModule::traps_before`].
    pub(super) traps_before: Vec<u64>,
    /// See [`super::CheckedModule::clears_result`].
    pub(super) clears_result: Vec<u64>,
}

impl Findings {
    fn new(instructions: usize) -> Findings {
        let words = instructions.div_ceil(64);
        let none = || vec![0; words];
        Findings { proven: none(), clears_frame: none(), traps_before: none(), clears_result: none() }
    }
}

/// Whether an instruction's bit is set.
pub(super) fn bit(bits: &[u64], index: usize) -> bool {
    bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
}

/// Sets or clears an instruction's bit.
fn set_bit(bits: &mut [u64], index: usize, value: bool) {
    if let Some(word) = bits.get_mut(index / 64) {
        *word = *word & !(1 << (index % 64)) | u64::from(value) << (index % 64);
    }
}

/// Follows all functions.
pub(super) fn check(context: &mut Context<'_>) -> Result<Findings, LoadError> {
    let labels = context.labels.len();
    let mut places = Places { labels: vec![Place::default(); labels], used: Vec::new() };
    let mut findings = Findings::new(context.module.code.len());
    let returns = returns::can_return(context);
    let literals: Vec<Fact> = context.module.literals.iter().map(|bytes| Fact::of_literal(bytes)).collect();
    for index in 0..context.functions.len() {
        context.current = index;
        let function = context.functions[index];
        places.clear();
        find_loops(context, &function, &mut places);
        let mut flow = Flow {
            context,
            function,
            literals: &literals,
            places: &mut places,
            floor: HashMap::new(),
            cleared: HashSet::new(),
            raw_raise_ends: false,
            returns: &returns,
            findings: &mut findings,
            values: 0,
            index: 0,
            again: false,
        };
        flow.function()?;
    }
    Ok(findings)
}

/// What is known about a label of the function being walked.
#[derive(Clone, Default)]
struct Place {
    /// Something jumps back to it, or an exception may.
    looped: bool,
    /// A receive loop returns to it.
    receive: bool,
    /// `try_case` stands there.
    try_handler: bool,
    /// The walk has come past it.
    passed: bool,
    /// The joined states of the ways to it that the walk has met.
    incoming: Option<Box<State>>,
    /// What was assumed when the walk came past it; kept if `looped`.
    assumed: Option<Box<State>>,
}

/// All labels of the module. Only those of one function are in use at a time.
struct Places {
    labels: Vec<Place>,
    used: Vec<u32>,
}

impl Places {
    fn clear(&mut self) {
        for label in self.used.drain(..) {
            if let Some(place) = self.labels.get_mut(label as usize) {
                *place = Place::default();
            }
        }
    }

    fn get(&mut self, label: u32) -> Option<&mut Place> {
        self.labels.get_mut(label as usize)
    }
}

/// Finds the labels that are jumped back to.
fn find_loops(context: &Context<'_>, function: &Function, places: &mut Places) {
    for index in function.ops() {
        let op = &context.module.code[index];
        match (op.opcode, context.module.args(op)) {
            (Opcode::Label, [Operand::Unsigned(label)]) => places.used.push(*label as u32),
            (Opcode::Call | Opcode::CallLast | Opcode::CallOnly, _) => {}
            (opcode, args) => {
                let handler = matches!(opcode, Opcode::Try | Opcode::Catch);
                let receive = matches!(opcode, Opcode::Wait | Opcode::WaitTimeout | Opcode::LoopRecEnd);
                if opcode == Opcode::WaitTimeout
                    && matches!(args, &[Operand::Label(label), _] if control::waits_at(context, label, index))
                {
                    continue;
                }
                for &operand in args {
                    let elements = match operand {
                        Operand::List(list) => context.module.list(list),
                        _ => &[],
                    };
                    for label in std::iter::once(operand).chain(elements.iter().copied()).filter_map(Operand::as_label)
                    {
                        let target = context.labels.get(label as usize).copied().unwrap_or(0) as usize;
                        let back = target <= index && target >= function.entry as usize;
                        if let Some(place) = places.get(label) {
                            place.looped |= back || handler;
                            place.receive |= receive;
                            place.try_handler |= opcode == Opcode::Try;
                        }
                    }
                }
            }
        }
    }
}

struct Flow<'f, 'm> {
    context: &'f Context<'m>,
    function: Function,
    literals: &'f [Fact],
    places: &'f mut Places,
    /// States that an earlier walk found at labels it had already passed.
    floor: HashMap<u32, State>,
    /// For each function of the module whether it can return.
    returns: &'f [bool],
    findings: &'f mut Findings,
    /// X registers that hold nil where a BIF that has their result jumps away, if they would hold nothing.
    cleared: HashSet<u64>,
    /// Nothing goes on behind a `raw_raise`.
    raw_raise_ends: bool,
    /// The last number given to a value.
    values: u32,
    /// The instruction being looked at.
    index: usize,
    /// A label was found too optimistic.
    again: bool,
}

impl<'m> Flow<'_, 'm> {
    fn function(&mut self) -> Result<(), LoadError> {
        for _ in 0..MAX_ROUNDS {
            self.again = false;
            match self.walk() {
                Ok(()) if !self.again => return Ok(()),
                Err(error) if !self.walks_again_after(&error) => return Err(error),
                _ => {}
            }
            for index in 0..self.places.used.len() {
                let label = self.places.used[index];
                let floor = self.floor.get(&label).cloned().map(Box::new);
                if let Some(place) = self.places.get(label) {
                    (place.passed, place.incoming, place.assumed) = (false, floor, None);
                }
            }
        }
        Err(self.misplaced("the function's loops are too entangled"))
    }

    /// Walks the body and then the head, which the body jumps to.
    fn walk(&mut self) -> Result<(), LoadError> {
        let mut arguments = Vec::new();
        for _ in 0..self.function.arity {
            arguments.push(self.value(Fact::Any));
        }
        let mut state = Some(State::entry(arguments.into_iter()));
        for index in self.function.entry as usize..self.function.end as usize {
            self.instruction(index, &mut state)?;
        }
        if state.is_some() && !self.trap_before(self.function.end as usize) {
            return Err(self.fail(LoadErrorKind::FallsThrough { function: self.name() }));
        }
        state = None;
        for index in self.function.start as usize..=self.function.func_info as usize {
            self.instruction(index, &mut state)?;
        }
        Ok(())
    }

    /// Whether the function should be walked again with less taken for granted, or with more that only compilers know:
    ///
    /// * They leave out that a BIF may fail if they know, by types that the file does not tell, that it does not. What
    ///   stands at its label may then read the result: registers are cleared in front of such BIFs.
    /// * What is behind a `raw_raise` whose class they know may be anything.
    fn walks_again_after(&mut self, error: &LoadError) -> bool {
        if let LoadErrorKind::Uninitialised { register: Register::X(x), .. } = *error.kind()
            && self.cleared.insert(x)
        {
            return true;
        }
        let module: &'m Module = self.context.module;
        let raises = || module.code[self.function.ops()].iter().any(|op| op.opcode == Opcode::RawRaise);
        !self.raw_raise_ends && raises() && {
            self.raw_raise_ends = true;
            self.floor.clear();
            true
        }
    }

    /// The state behind an instruction; none if control does not go on there.
    fn instruction(&mut self, index: usize, state: &mut Option<State>) -> Result<(), LoadError> {
        self.index = index;
        let op = self.op();
        let module: &'m Module = self.context.module;
        match (op.opcode, module.args(op)) {
            (Opcode::Label, &[Operand::Unsigned(label)]) => *state = self.label(label as u32, state.take())?,
            (opcode, args) => {
                if let Some(s) = state
                    && !self.step(opcode, args, s)?
                {
                    *state = None;
                }
            }
        }
        Ok(())
    }

    /// Compilers know of calls and operations that always fail, by types that the file does not tell, and let anything
    /// follow them. Where control would go on wrongly behind one, a trap is asked for.
    fn trap_before(&mut self, index: usize) -> bool {
        let ops = &self.context.module.code[self.function.entry as usize..index];
        let before = ops.iter().rev().find(|op| !matches!(op.opcode, Opcode::Label | Opcode::Line));
        let traps = before.is_some_and(|op| control::may_not_go_on(op.opcode, self.context.module.args(op)));
        if traps {
            set_bit(&mut self.findings.traps_before, index, true);
        }
        traps
    }

    fn is_try_handler(&mut self, label: u32) -> bool {
        self.places.get(label).is_some_and(|place| place.try_handler)
    }

    /// Joins all ways to a label.
    fn label(&mut self, label: u32, mut falling: Option<State>) -> Result<Option<State>, LoadError> {
        let raised = falling.as_ref().is_some_and(|state| state.raised);
        let Some(place) = self.places.get(label) else { return Ok(falling) };
        place.passed = true;
        if place.try_handler && !raised && falling.is_some() && self.trap_before(self.index) {
            falling = None;
        }
        let Some(place) = self.places.get(label) else { return Ok(falling) };
        let (looped, receive) = (place.looped, place.receive);
        let mut state = match (falling, place.incoming.take()) {
            (None, None) => return Ok(None),
            (Some(state), None) => state,
            (None, Some(incoming)) => *incoming,
            (Some(state), Some(mut incoming)) => {
                let jumps = incoming.clone();
                match self.join(label, &mut incoming, &state) {
                    Ok(()) => *incoming,
                    Err(_) if self.trap_before(self.index) => *jumps,
                    Err(error) => return Err(error),
                }
            }
        };
        if receive {
            state.forget_all_but_frame();
        }
        if looped {
            state.separate_values(&mut self.values);
            if let Some(place) = self.places.get(label) {
                place.assumed = Some(Box::new(state.clone()));
            }
        }
        Ok(Some(state))
    }

    /// A way to a label.
    fn branch(&mut self, label: u32, state: &State) -> Result<(), LoadError> {
        let Some(place) = self.places.get(label) else { return Ok(()) };
        if !place.passed {
            let Some(mut incoming) = place.incoming.take() else {
                place.incoming = Some(Box::new(state.clone()));
                return Ok(());
            };
            self.join(label, &mut incoming, state)?;
            if let Some(place) = self.places.get(label) {
                place.incoming = Some(incoming);
            }
            return Ok(());
        }
        if place.assumed.as_ref().is_some_and(|assumed| assumed.covers(state)) {
            return Ok(());
        }
        let mut floor = place.assumed.as_deref().cloned();
        if let Some(earlier) = self.floor.remove(&label) {
            match &mut floor {
                Some(floor) => self.join(label, floor, &earlier)?,
                None => floor = Some(earlier),
            }
        }
        let mut floor = match floor {
            Some(mut floor) => {
                self.join(label, &mut floor, state)?;
                floor
            }
            None => state.clone(),
        };
        floor.separate_values(&mut self.values);
        self.floor.insert(label, floor);
        self.again = true;
        Ok(())
    }

    fn join(&mut self, label: u32, into: &mut State, state: &State) -> Result<(), LoadError> {
        into.join(state, &mut self.values).map_err(|why| match why {
            Unjoinable::Frames => self.fail(LoadErrorKind::FrameMismatch { label, function: self.name() }),
            Unjoinable::Tags => self.bad_catch("a label is reached with different catch tags"),
        })
    }

    /// A new value.
    fn value(&mut self, fact: Fact) -> Reg {
        self.values += 1;
        Reg { value: self.values, fact }
    }

    fn op(&self) -> &'m Op {
        let module: &'m Module = self.context.module;
        &module.code[self.index]
    }

    fn name(&self) -> Box<str> {
        self.context.function_name()
    }

    fn fail(&self, kind: LoadErrorKind) -> LoadError {
        self.context.error(self.op(), kind)
    }

    fn misplaced(&self, problem: &'static str) -> LoadError {
        self.fail(LoadErrorKind::Misplaced { op: self.op().opcode.name(), problem, function: self.name() })
    }

    fn bad_frame(&self, problem: &'static str) -> LoadError {
        self.fail(LoadErrorKind::BadFrame { op: self.op().opcode.name(), problem, function: self.name() })
    }

    fn bad_catch(&self, problem: &'static str) -> LoadError {
        self.fail(LoadErrorKind::BadCatch { op: self.op().opcode.name(), problem, function: self.name() })
    }
}
