//! The rules that instructions share: reading, writing, branching, reserving, collecting, raising.

use super::facts::Fact;
use super::state::{Frame, Reg, Reserved, State};
use super::{Flow, set_bit};
use crate::error::{LoadError, LoadErrorKind, Register};
use crate::module::{ListRef, Operand};

/// Whether control goes on behind an instruction.
pub(super) type Next = Result<bool, LoadError>;
type Done = Result<(), LoadError>;

/// A tuple of exactly this size.
pub(super) fn exact_tuple(size: u64) -> Fact {
    match u32::try_from(size) {
        Ok(min) => Fact::Tuple { min, exact: true },
        Err(_) => Fact::TUPLE,
    }
}

/// What a heap operand reserves.
pub(super) fn reservation(need: Operand) -> Reserved {
    match need {
        Operand::Unsigned(words) => Reserved { words, ..Reserved::default() },
        Operand::Alloc { words, floats, funs } => {
            Reserved { words: words.into(), floats: floats.into(), funs: funs.into() }
        }
        _ => Reserved::default(),
    }
}

/// BIFs of `erlang` whose results are parts of their arguments or fit a word: a reservation outlives them.
fn builds_nothing(name: &str) -> bool {
    name.starts_with("is_")
        || matches!(
            name,
            "=:="
                | "=/="
                | "=="
                | "/="
                | "<"
                | ">"
                | "=<"
                | ">="
                | "and"
                | "or"
                | "xor"
                | "not"
                | "min"
                | "max"
                | "hd"
                | "tl"
                | "element"
                | "tuple_size"
                | "map_get"
                | "map_size"
                | "self"
                | "node"
                | "get"
        )
}

/// BIFs of `erlang` that have a result for all arguments: compilers may give them a label to fail to all the same.
fn never_fails(name: &str, arity: usize) -> bool {
    match arity {
        1 => matches!(
            name,
            "is_atom"
                | "is_binary"
                | "is_bitstring"
                | "is_boolean"
                | "is_float"
                | "is_function"
                | "is_integer"
                | "is_list"
                | "is_map"
                | "is_number"
                | "is_pid"
                | "is_port"
                | "is_reference"
                | "is_tuple"
        ),
        2 => matches!(name, "=:=" | "=/=" | "==" | "/=" | "<" | ">" | "=<" | ">="),
        _ => false,
    }
}

impl<'m> Flow<'_, 'm> {
    pub(super) fn list(&self, list: ListRef) -> &'m [Operand] {
        let module: &'m crate::Module = self.context.module;
        module.list(list)
    }

    // Registers.

    fn uninitialised(&self, register: Register) -> LoadError {
        self.fail(LoadErrorKind::Uninitialised { op: self.op().opcode.name(), register, function: self.name() })
    }

    fn outside(&self, y: u16) -> LoadError {
        let register = Register::Y(y.into());
        self.fail(LoadErrorKind::OutsideFrame { op: self.op().opcode.name(), register, function: self.name() })
    }

    fn holds_tag(&self, y: u16) -> LoadError {
        let (register, found) = (Register::Y(y.into()), "a catch tag");
        let op = self.op().opcode.name();
        self.fail(LoadErrorKind::BadRegisterContents { op, register, found, function: self.name() })
    }

    /// A term that is read.
    pub(super) fn read(&mut self, state: &State, source: Operand) -> Result<Reg, LoadError> {
        let fact = match source {
            Operand::X(x) => {
                let register = state.x.get(usize::from(x)).copied().unwrap_or(Reg::DEAD);
                return match register.fact {
                    Fact::Dead => Err(self.uninitialised(Register::X(x.into()))),
                    _ => Ok(register),
                };
            }
            Operand::Y(y) => {
                let register = *state.y.get(usize::from(y)).ok_or_else(|| self.outside(y))?;
                return match register.fact {
                    Fact::Dead => Err(self.uninitialised(Register::Y(y.into()))),
                    fact if fact.is_tag() => Err(self.holds_tag(y)),
                    _ => Ok(register),
                };
            }
            Operand::Nil => Fact::Nil,
            Operand::Atom(atom) if matches!(self.context.module.atom(atom), "error" | "exit" | "throw") => Fact::Class,
            Operand::Literal(index) => self.literals.get(index as usize).copied().unwrap_or(Fact::Any),
            _ => Fact::Any,
        };
        Ok(self.value(fact))
    }

    /// All terms of a list; what else it holds is passed over.
    pub(super) fn read_all(&mut self, state: &State, list: ListRef) -> Done {
        for &element in self.list(list) {
            if matches!(element, Operand::X(_) | Operand::Y(_)) {
                self.read(state, element)?;
            }
        }
        Ok(())
    }

    /// A new value in a register.
    pub(super) fn write(&mut self, state: &mut State, dest: Operand, fact: Fact) -> Done {
        let register = self.value(fact);
        self.write_reg(state, dest, register)
    }

    /// A known value in a register.
    pub(super) fn write_reg(&mut self, state: &mut State, dest: Operand, register: Reg) -> Done {
        match dest {
            Operand::X(x) => {
                let x = usize::from(x);
                if state.x.len() <= x {
                    state.x.resize(x + 1, Reg::DEAD);
                }
                state.x[x] = register;
            }
            Operand::Y(y) => {
                let outside = self.outside_frame(state, y);
                let Some(slot) = state.y.get_mut(usize::from(y)).filter(|_| !outside) else {
                    return Err(self.outside(y));
                };
                if slot.fact.is_tag() {
                    return Err(self.holds_tag(y));
                }
                *slot = register;
            }
            _ => return Err(self.misplaced("the destination is no register")),
        }
        Ok(())
    }

    fn outside_frame(&self, state: &State, y: u16) -> bool {
        state.frame != Frame::Known || usize::from(y) >= state.y.len()
    }

    /// A float register that is read.
    pub(super) fn float(&self, state: &State, register: u16) -> Done {
        if state.floats.is_set(register) { Ok(()) } else { Err(self.uninitialised(Register::Float(register.into()))) }
    }

    /// The X registers below `live` hold terms.
    pub(super) fn live(&self, state: &State, live: u64) -> Done {
        let live = usize::try_from(live).unwrap_or(usize::MAX);
        let known = live.min(state.x.len());
        match state.x[..known].iter().position(|register| register.fact == Fact::Dead) {
            Some(x) => Err(self.uninitialised(Register::X(x as u64))),
            None if known < live => Err(self.uninitialised(Register::X(known as u64))),
            None => Ok(()),
        }
    }

    /// All Y registers hold something that a collector or unwinder may look at.
    pub(super) fn init_y(&self, state: &State) -> Done {
        match state.y.iter().position(|slot| slot.fact == Fact::Dead) {
            Some(y) => Err(self.uninitialised(Register::Y(y as u64))),
            None => Ok(()),
        }
    }

    /// Notes whether what the instruction takes for granted is known.
    pub(super) fn prove(&mut self, known: bool) {
        set_bit(&mut self.findings.proven, self.index, known);
    }

    /// A subject that must satisfy `fact`; afterwards it does.
    pub(super) fn take_apart(&mut self, state: &mut State, source: Operand, fact: Fact) -> Done {
        let register = self.read(state, source)?;
        self.prove(register.fact == fact);
        state.refine(register.value, |known| known.refine(fact));
        Ok(())
    }

    // Branches.

    /// A type test: jumps to `fail` unless the term satisfies `fact`.
    pub(super) fn test(&mut self, state: &mut State, fail: u32, source: Operand, fact: Fact) -> Done {
        let register = self.read(state, source)?;
        if matches!(register.fact, Fact::List) {
            let mut failed = state.clone();
            failed.refine(register.value, |known| known.without(fact));
            self.branch(fail, &failed)?;
        } else {
            self.branch(fail, state)?;
        }
        state.refine(register.value, |known| known.refine(fact));
        Ok(())
    }

    /// Jumps to `fail`, or raises if it is 0.
    pub(super) fn fail_to(&mut self, state: &State, fail: u32) -> Done {
        if fail == 0 { self.exception(state) } else { self.branch(fail, state) }
    }

    /// Here an exception can be raised; a handler of this function may get it.
    pub(super) fn exception(&mut self, state: &State) -> Done {
        if state.y.iter().any(|slot| slot.fact == Fact::Dead) {
            match state.allocated {
                Some(allocate) => set_bit(&mut self.findings.clears_frame, allocate as usize, true),
                None => self.init_y(state)?,
            }
        }
        for at in 0..state.y.len() {
            match state.y[at].fact {
                Fact::Tag { label, .. } => return self.enter_handler(state, at, label),
                Fact::MaybeTag { labels } => {
                    for label in labels.into_iter().filter(|&label| label != 0) {
                        self.enter_handler(state, at, label)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The exception finds the tag of the handler at `label` in this Y register, and none in those below.
    fn enter_handler(&mut self, state: &State, at: usize, label: u32) -> Done {
        let is_try = self.places.get(label).is_some_and(|place| place.try_handler);
        let mut handler = state.clone();
        handler.forget_all_but_frame();
        handler.raised = true;
        handler.y[at].fact = Fact::Tag { label, is_try };
        for slot in &mut handler.y[..at] {
            if slot.fact.is_tag() {
                slot.fact = Fact::Any;
            }
        }
        if !is_try {
            // `catch_end` stands at the label and finds the exception behind an x0 that is no term.
            handler.x.push(self.value(Fact::Any));
        }
        self.branch(label, &handler)
    }

    /// `get_map_elements` and its like: some fields may be written although a later one is missing.
    pub(super) fn get_fields(&mut self, state: &mut State, fail: u32, list: ListRef) -> Done {
        let pairs = self.list(list);
        for pair in pairs.chunks(2) {
            if let &[key, _] = pair {
                self.read(state, key)?;
            }
        }
        let mut failed = state.clone();
        for pair in pairs.chunks(2) {
            let &[_, dest] = pair else { continue };
            self.clobber(&mut failed, dest)?;
            self.write(state, dest, Fact::Any)?;
        }
        self.branch(fail, &failed)
    }

    /// A register that may have been written.
    fn clobber(&mut self, state: &mut State, dest: Operand) -> Done {
        let register = match dest {
            Operand::X(x) => state.x.get(usize::from(x)),
            Operand::Y(y) => state.y.get(usize::from(y)),
            _ => None,
        };
        match register {
            Some(register) if register.fact != Fact::Dead => self.write(state, dest, Fact::Any),
            _ => Ok(()),
        }
    }

    // Heap.

    fn not_reserved(&self, what: &'static str, needed: u64, reserved: u64) -> LoadError {
        let (op, function) = (self.op().opcode.name(), self.name());
        self.fail(LoadErrorKind::HeapNotReserved { op, what, needed, reserved, function })
    }

    pub(super) fn take_words(&self, state: &mut State, needed: u64) -> Done {
        let reserved = state.reserved.words;
        state.reserved.words =
            reserved.checked_sub(needed).ok_or_else(|| self.not_reserved("words", needed, reserved))?;
        Ok(())
    }

    pub(super) fn take_float(&self, state: &mut State) -> Done {
        let reserved = state.reserved.floats;
        state.reserved.floats = reserved.checked_sub(1).ok_or_else(|| self.not_reserved("floats", 1, reserved))?;
        Ok(())
    }

    pub(super) fn take_fun(&self, state: &mut State) -> Done {
        let reserved = state.reserved.funs;
        state.reserved.funs = reserved.checked_sub(1).ok_or_else(|| self.not_reserved("funs", 1, reserved))?;
        Ok(())
    }

    /// Here a collection can happen that keeps `live` X registers and the frame.
    pub(super) fn collect(&self, state: &mut State, live: u64) -> Done {
        self.live(state, live)?;
        self.init_y(state)?;
        state.prune(usize::try_from(live).unwrap_or(usize::MAX));
        state.forget_heap();
        Ok(())
    }

    // Frames.

    pub(super) fn allocate(&mut self, state: &mut State, size: u64, live: u64, zero: bool) -> Done {
        if state.frame != Frame::None {
            return Err(self.bad_frame("there is a frame already"));
        }
        self.collect(state, live)?;
        let slot = if zero { self.value(Fact::Nil) } else { Reg::DEAD };
        state.y = vec![slot; size as usize];
        state.frame = Frame::Known;
        state.allocated = Some(self.index as u32);
        Ok(())
    }

    pub(super) fn deallocate(&self, state: &mut State, size: u64) -> Done {
        if state.frame != Frame::Known || state.y.len() as u64 != size {
            return Err(self.bad_frame("the frame has another size"));
        }
        if state.has_tag() {
            return Err(self.bad_catch("the frame holds a catch tag"));
        }
        state.y.clear();
        state.frame = Frame::None;
        Ok(())
    }

    /// The fun that a row of the lambda table makes.
    pub(super) fn fun_fact(&self, lambda: u64, env: Option<u64>) -> Result<Fact, LoadError> {
        let lambda = usize::try_from(lambda).ok().and_then(|index| self.context.module.lambdas.get(index));
        let Some(lambda) = lambda else { return Ok(Fact::Any) };
        if env.is_some_and(|env| env != u64::from(lambda.num_free)) {
            return Err(self.misplaced("the environment differs from the lambda's number of free variables"));
        }
        Ok(u8::try_from(lambda.arity - lambda.num_free).map_or(Fact::Any, Fact::Fun))
    }

    // BIFs.

    /// A BIF instruction without live count: its sources are read, nothing is collected.
    pub(super) fn bif(
        &mut self,
        state: &mut State,
        fail: u32,
        import: u64,
        sources: &[Operand],
        dest: Operand,
    ) -> Done {
        for &source in sources {
            self.read(state, source)?;
        }
        if fail != 0
            && let Operand::X(x) = dest
            && self.cleared.contains(&u64::from(x))
        {
            let dead = state.x.get(usize::from(x)).is_none_or(|register| register.fact == Fact::Dead);
            set_bit(&mut self.findings.clears_result, self.index, dead);
            if dead {
                self.write(state, dest, Fact::Nil)?;
            }
        }
        if !builds_nothing(self.erlang_function(import)) {
            state.forget_heap();
        }
        self.bif_kept(state, fail, import, sources, dest)
    }

    /// The name of an import of the module `erlang`, empty for others.
    fn erlang_function(&self, import: u64) -> &'m str {
        let module: &'m crate::Module = self.context.module;
        match usize::try_from(import).ok().and_then(|index| module.imports.get(index)) {
            Some(import) if module.atom(import.module) == "erlang" => module.atom(import.function),
            _ => "",
        }
    }

    /// The part that all BIF instructions share: fail, or know more and have a result. Sources may
    /// be gone by now.
    pub(super) fn bif_kept(
        &mut self,
        state: &mut State,
        fail: u32,
        import: u64,
        sources: &[Operand],
        dest: Operand,
    ) -> Done {
        let name = self.erlang_function(import);
        if !never_fails(name, sources.len()) {
            self.fail_to(state, fail)?;
        }
        let (subject, fact) = match (name, sources) {
            ("hd" | "tl", &[list]) => (list, Fact::Cons),
            ("tuple_size", &[tuple]) => (tuple, Fact::TUPLE),
            ("element", &[Operand::Int(position), tuple]) => {
                (tuple, Fact::Tuple { min: u32::try_from(position).unwrap_or(0), exact: false })
            }
            ("element", &[_, tuple]) => (tuple, Fact::TUPLE),
            ("map_size", &[map]) | ("map_get" | "is_map_key", &[_, map]) => (map, Fact::Map),
            ("length", &[list]) => (list, Fact::List),
            _ => (Operand::Nil, Fact::Any),
        };
        let value = match subject {
            Operand::X(x) => state.x.get(usize::from(x)).map(|register| register.value),
            Operand::Y(y) => state.y.get(usize::from(y)).map(|register| register.value),
            _ => None,
        };
        if let Some(value) = value {
            state.refine(value, |known| known.refine(fact));
        }
        let result = match (name, sources.len()) {
            ("/", 2) | ("float", 1) => Fact::Float,
            _ => Fact::Any,
        };
        self.write(state, dest, result)
    }
}
