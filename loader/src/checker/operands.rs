//! Operands, one at a time: the kind that the table of opcodes names, and every index in range.

use super::shape::function_with_entry;
use super::{Context, UNDEFINED};
use crate::error::{LoadError, LoadErrorKind, Register, Table};
use crate::module::{ListRef, Op, Operand};
use crate::ops::{Opcode, OperandKind};

/// The number of X registers that code may name: x0 to x1022.
pub const MAX_X_REGS: u16 = 1023;
/// The number of float registers that code may name: fr0 to fr1022.
pub const MAX_FLOAT_REGS: u16 = 1023;
/// The highest number of Y registers in a frame.
pub const MAX_FRAME: u16 = 1023;

const MAX_ARITY: u64 = 255;
const MAX_UNIT: u64 = 256;
/// Heap words an instruction may ask for, as much as a tuple of the largest size needs.
const MAX_HEAP: u64 = (1 << 24) + 8;

/// Checks all operands of all instructions.
pub(super) fn check(context: &mut Context<'_>) -> Result<(), LoadError> {
    let module = context.module;
    for (index, op) in module.code.iter().enumerate() {
        if context.functions.get(context.current).is_some_and(|function| index >= function.end as usize) {
            context.current += 1;
        }
        if !op.opcode.is_loadable() {
            let (op_number, name) = (op.opcode as u8, op.opcode.name());
            let function = context.function_name();
            return Err(context.error(op, LoadErrorKind::ObsoleteOpcode { op: op_number, name, function }));
        }
        for (position, (kind, operand)) in module.typed_args(op).enumerate() {
            Check { context, op, position }.operand(kind, operand)?;
        }
        if matches!(op.opcode, Opcode::Call | Opcode::CallOnly | Opcode::CallLast) {
            call_target(context, op)?;
        } else if matches!(op.opcode, Opcode::CallExt | Opcode::CallExtOnly | Opcode::CallExtLast) {
            import_arity(context, op)?;
        } else if matches!(op.opcode, Opcode::GcBif1 | Opcode::GcBif2 | Opcode::GcBif3) {
            bif_arity(context, op, 2)?;
        } else if matches!(op.opcode, Opcode::Bif1 | Opcode::Bif2 | Opcode::Bif3) {
            bif_arity(context, op, 1)?;
        } else if op.opcode == Opcode::Bif0 {
            bif_arity(context, op, 0)?;
        }
    }
    Ok(())
}

/// A local call goes to the entry of a function of that arity.
fn call_target(context: &Context<'_>, op: &Op) -> Result<(), LoadError> {
    let (arity, label) = match context.module.args(op) {
        [Operand::Unsigned(arity), Operand::Label(label), ..] => (*arity, *label),
        _ => return Ok(()),
    };
    match function_with_entry(context, label) {
        Some(function) if u64::from(function.arity) == arity => Ok(()),
        _ => {
            let expected = "entry of a function of that arity";
            let function = context.function_name();
            Err(context.error(op, LoadErrorKind::BadTarget { label, expected, function }))
        }
    }
}

/// An external call passes as many arguments as the import says.
fn import_arity(context: &Context<'_>, op: &Op) -> Result<(), LoadError> {
    match context.module.args(op) {
        [Operand::Unsigned(arity), Operand::Unsigned(import), ..] => expect_arity(context, op, *import, *arity),
        _ => Ok(()),
    }
}

/// A BIF instruction has as many sources as the import says.
fn bif_arity(context: &Context<'_>, op: &Op, import_at: usize) -> Result<(), LoadError> {
    let sources = op.opcode.operand_kinds().iter().filter(|kind| **kind == OperandKind::Source).count();
    match context.module.args(op).get(import_at) {
        Some(Operand::Unsigned(import)) => expect_arity(context, op, *import, sources as u64),
        _ => Ok(()),
    }
}

fn expect_arity(context: &Context<'_>, op: &Op, import: u64, arity: u64) -> Result<(), LoadError> {
    if context.module.imports.get(import as usize).is_some_and(|import| u64::from(import.arity) == arity) {
        return Ok(());
    }
    let problem = "the import has another arity";
    let function = context.function_name();
    Err(context.error(op, LoadErrorKind::Misplaced { op: op.opcode.name(), problem, function }))
}

struct Check<'c, 'm> {
    context: &'c Context<'m>,
    op: &'c Op,
    position: usize,
}

impl Check<'_, '_> {
    fn fail(&self, kind: LoadErrorKind) -> LoadError {
        self.context.error(self.op, kind)
    }

    fn function(&self) -> Box<str> {
        self.context.function_name()
    }

    fn wrong(&self, expected: &'static str, found: Operand) -> LoadError {
        self.fail(LoadErrorKind::WrongOperand {
            op: self.op.opcode.name(),
            operand: self.position as u32 + 1,
            expected,
            found: describe(found),
            function: self.function(),
        })
    }

    fn bad_list(&self, problem: &'static str) -> LoadError {
        self.fail(LoadErrorKind::BadList { op: self.op.opcode.name(), problem, function: self.function() })
    }

    fn operand(&self, kind: OperandKind, operand: Operand) -> Result<(), LoadError> {
        use OperandKind as Kind;
        match kind {
            Kind::LabelDef | Kind::Unsigned => self.unsigned(operand, u64::MAX, "an untagged number").map(drop),
            Kind::Label => match operand {
                Operand::Label(label) if label != 0 => self.label(label),
                _ => Err(self.wrong("a label", operand)),
            },
            Kind::FailOrNone => match operand {
                Operand::Label(0) => Ok(()),
                Operand::Label(label) => self.label(label),
                _ => Err(self.wrong("a label or 0", operand)),
            },
            Kind::MatchFail => match operand {
                Operand::Label(label) if label != 0 => self.label(label),
                Operand::Atom(atom) if matches!(self.context.module.atom(atom), "no_fail" | "resume") => Ok(()),
                _ => Err(self.wrong("a label, no_fail or resume", operand)),
            },
            Kind::FunTag => match operand {
                Operand::Unsigned(index) => self.lambda(index),
                Operand::Atom(atom) if matches!(self.context.module.atom(atom), "safe" | "unsafe") => Ok(()),
                _ => Err(self.wrong("a lambda, safe or unsafe", operand)),
            },
            Kind::Atom => match operand {
                Operand::Atom(_) => Ok(()),
                _ => Err(self.wrong("an atom", operand)),
            },
            Kind::Source => self.source(operand),
            Kind::Register | Kind::Context | Kind::Dest => match operand {
                Operand::X(_) | Operand::Y(_) => self.register(operand),
                _ => Err(self.wrong("an X or Y register", operand)),
            },
            Kind::YReg => match operand {
                Operand::Y(_) => self.register(operand),
                _ => Err(self.wrong("a Y register", operand)),
            },
            Kind::FloatReg => match operand {
                Operand::FloatReg(_) => self.register(operand),
                _ => Err(self.wrong("a float register", operand)),
            },
            Kind::SourceOrFloat => match operand {
                Operand::FloatReg(_) => self.register(operand),
                _ => self.source(operand),
            },
            Kind::DestOrFloat => match operand {
                Operand::FloatReg(_) | Operand::X(_) | Operand::Y(_) => self.register(operand),
                _ => Err(self.wrong("a register", operand)),
            },
            Kind::Arity => self.unsigned(operand, MAX_ARITY, "a number of arguments").map(drop),
            Kind::Live => self.unsigned(operand, MAX_X_REGS.into(), "a number of live X registers").map(drop),
            Kind::FrameSize => self.unsigned(operand, MAX_FRAME.into(), "a number of Y registers").map(drop),
            Kind::HeapNeed => match operand {
                Operand::Unsigned(words) if words <= MAX_HEAP => Ok(()),
                Operand::Alloc { words, .. } if u64::from(words) <= MAX_HEAP => Ok(()),
                _ => Err(self.wrong("a number of heap words", operand)),
            },
            Kind::Import => self.index(operand, Table::Import, self.context.module.imports.len()),
            Kind::Lambda => match operand {
                Operand::Unsigned(index) => self.lambda(index),
                _ => Err(self.wrong("a lambda", operand)),
            },
            // A line index of a module without a usable line table is ignored.
            Kind::Line if !self.context.module.lines.present => self.unsigned(operand, u64::MAX, "a line").map(drop),
            Kind::Line => self.index(operand, Table::Line, self.context.module.lines.items.len() + 1),
            Kind::StringOffset => self.string(operand),
            Kind::Unit => self.unsigned(operand, MAX_UNIT, "a unit").map(drop),
            Kind::Flags => self.unsigned(operand, u64::from(u32::MAX), "segment flags").map(drop),
            Kind::BitSize => match operand {
                Operand::Unsigned(_) => Ok(()),
                _ => self.source(operand),
            },
            _ => match operand {
                Operand::List(list) => self.list(kind, list),
                _ => Err(self.wrong("a list", operand)),
            },
        }
    }

    fn unsigned(&self, operand: Operand, max: u64, expected: &'static str) -> Result<u64, LoadError> {
        match operand {
            Operand::Unsigned(value) if value <= max => Ok(value),
            _ => Err(self.wrong(expected, operand)),
        }
    }

    fn index(&self, operand: Operand, table: Table, len: usize) -> Result<(), LoadError> {
        let index = self.unsigned(operand, u64::MAX, "an index")?;
        if index < len as u64 {
            return Ok(());
        }
        let function = self.function();
        Err(self.fail(LoadErrorKind::IndexOutOfRange { table, index, len: len as u64, function }))
    }

    fn lambda(&self, index: u64) -> Result<(), LoadError> {
        self.index(Operand::Unsigned(index), Table::Lambda, self.context.module.lambdas.len())
    }

    /// A label that is defined, and in this function unless it is called.
    fn label(&self, label: u32) -> Result<(), LoadError> {
        let function = || self.function();
        let len = self.context.labels.len() as u64;
        let Some(&target) = self.context.labels.get(label as usize) else {
            let (table, index) = (Table::Label, u64::from(label));
            return Err(self.fail(LoadErrorKind::IndexOutOfRange { table, index, len, function: function() }));
        };
        if target == UNDEFINED {
            return Err(self.fail(LoadErrorKind::UndefinedLabel { label, function: function() }));
        }
        let called = matches!(self.op.opcode, Opcode::Call | Opcode::CallOnly | Opcode::CallLast);
        let inside =
            self.context.functions.get(self.context.current).is_some_and(|f| f.ops().contains(&(target as usize)));
        if called || inside {
            return Ok(());
        }
        let expected = "label of the same function";
        Err(self.fail(LoadErrorKind::BadTarget { label, expected, function: function() }))
    }

    fn register(&self, operand: Operand) -> Result<(), LoadError> {
        let (register, in_range) = match operand {
            Operand::X(x) => (Register::X(x.into()), x < MAX_X_REGS),
            Operand::Y(y) => (Register::Y(y.into()), y < MAX_FRAME),
            Operand::FloatReg(f) => (Register::Float(f.into()), f < MAX_FLOAT_REGS),
            _ => return Err(self.wrong("a register", operand)),
        };
        if in_range {
            return Ok(());
        }
        Err(self.fail(LoadErrorKind::RegisterOutOfRange { register, function: self.function() }))
    }

    fn source(&self, operand: Operand) -> Result<(), LoadError> {
        match operand {
            Operand::X(_) | Operand::Y(_) => self.register(operand),
            Operand::Atom(_) | Operand::Nil | Operand::Int(_) | Operand::BigInt(_) | Operand::Literal(_) => Ok(()),
            _ => Err(self.wrong("a term", operand)),
        }
    }

    /// An offset into the string table, with the length that the operand in front of it says.
    fn string(&self, operand: Operand) -> Result<(), LoadError> {
        let offset = self.unsigned(operand, u64::MAX, "an offset")?;
        let before = self.position.checked_sub(1).and_then(|at| self.context.module.args(self.op).get(at));
        let Some(&Operand::Unsigned(length)) = before else { return Err(self.wrong("an offset", operand)) };
        let bytes = if self.op.opcode == Opcode::BsMatchString { length.div_ceil(8) } else { length };
        self.string_range(offset, bytes)
    }

    fn string_range(&self, offset: u64, bytes: u64) -> Result<(), LoadError> {
        let len = self.context.module.strings.len() as u64;
        match offset.checked_add(bytes) {
            Some(end) if end <= len => Ok(()),
            end => {
                let (table, index) = (Table::String, end.unwrap_or(u64::MAX));
                Err(self.fail(LoadErrorKind::IndexOutOfRange { table, index, len, function: self.function() }))
            }
        }
    }

    fn list(&self, kind: OperandKind, list: ListRef) -> Result<(), LoadError> {
        let elements = self.context.module.list(list);
        match kind {
            OperandKind::SelectVal => self.pairs(elements, |check, value, label| {
                if matches!(value, Operand::X(_) | Operand::Y(_)) {
                    return Err(check.wrong("a constant", value));
                }
                check.source(value)?;
                check.operand(OperandKind::Label, label)
            }),
            OperandKind::SelectArity => self.pairs(elements, |check, arity, label| {
                check.unsigned(arity, u64::MAX, "a tuple size")?;
                check.operand(OperandKind::Label, label)
            }),
            OperandKind::Sources => elements.iter().try_for_each(|&source| self.source(source)),
            OperandKind::SourcePairs => self.pairs(elements, |check, key, value| {
                check.source(key)?;
                check.source(value)
            }),
            OperandKind::FieldDests => {
                if elements.is_empty() {
                    return Err(self.bad_list("it is empty"));
                }
                self.pairs(elements, |check, key, dest| {
                    check.source(key)?;
                    check.operand(OperandKind::Dest, dest)
                })
            }
            OperandKind::YRegs => elements.iter().try_for_each(|&y| self.operand(OperandKind::YReg, y)),
            OperandKind::RecordFields => self.pairs(elements, |check, field, value| {
                check.operand(OperandKind::Atom, field)?;
                check.source(value)
            }),
            OperandKind::TupleUpdates => self.tuple_updates(elements),
            OperandKind::BinSegments => self.segments(elements),
            OperandKind::MatchCommands => self.match_commands(elements),
            _ => Err(self.bad_list("no list belongs here")),
        }
    }

    fn pairs(
        &self,
        elements: &[Operand],
        check: impl Fn(&Self, Operand, Operand) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        elements.chunks(2).try_for_each(|pair| match *pair {
            [first, second] => check(self, first, second),
            _ => Err(self.bad_list("its length is odd")),
        })
    }

    /// Positions are ascending and inside the tuple.
    fn tuple_updates(&self, elements: &[Operand]) -> Result<(), LoadError> {
        let size = match self.context.module.args(self.op).get(1) {
            Some(&Operand::Unsigned(size)) => size,
            _ => return Err(self.bad_list("the tuple has no size")),
        };
        let mut last = 0;
        for pair in elements.chunks(2) {
            let &[Operand::Unsigned(position), value] = pair else {
                return Err(self.bad_list("it is not made of positions and values"));
            };
            if position <= last || position > size {
                return Err(self.bad_list("its positions are not ascending or not in the tuple"));
            }
            self.source(value)?;
            last = position;
        }
        if elements.is_empty() { Err(self.bad_list("it is empty")) } else { Ok(()) }
    }

    /// Groups of type, segment number, unit, flags, value, size.
    fn segments(&self, elements: &[Operand]) -> Result<(), LoadError> {
        for group in elements.chunks(6) {
            let &[Operand::Atom(name), number, unit, flags, value, size] = group else {
                return Err(self.bad_list("a segment has six parts"));
            };
            let name = self.context.module.atom(name);
            let bad = || self.fail(LoadErrorKind::BadSegment { segment: name.into(), function: self.function() });
            self.unsigned(number, u64::MAX, "a segment number")?;
            self.unsigned(unit, MAX_UNIT, "a unit")?;
            if !matches!(flags, Operand::Nil | Operand::Literal(_) | Operand::Unsigned(_)) {
                return Err(bad());
            }
            match name {
                // A constant that is no size fails when it is used, as a register's value does.
                "integer" | "float" | "binary" | "append" | "private_append" => {
                    self.source(value)?;
                    self.source(size)?;
                }
                "utf8" | "utf16" | "utf32" => self.source(value)?,
                "string" => match (value, size) {
                    (Operand::Unsigned(offset), Operand::Int(length)) => {
                        let length = u64::try_from(length).map_err(|_| bad())?;
                        self.string_range(offset, length)?;
                    }
                    _ => return Err(bad()),
                },
                _ => return Err(bad()),
            }
        }
        Ok(())
    }

    /// Commands, each an atom and its arguments.
    fn match_commands(&self, elements: &[Operand]) -> Result<(), LoadError> {
        let mut rest = elements;
        while let Some((command, arguments)) = rest.split_first() {
            let name = match *command {
                Operand::Atom(atom) => self.context.module.atom(atom),
                other => return Err(self.wrong("a matching command", other)),
            };
            let Some(count) = self.match_command(name, arguments)? else {
                let (command, function) = (name.into(), self.function());
                return Err(self.fail(LoadErrorKind::BadMatchCommand { command, function }));
            };
            rest = &arguments[count..];
        }
        Ok(())
    }

    /// Checks a command; answers how many arguments it has, `None` if they are not right.
    fn match_command(&self, name: &str, arguments: &[Operand]) -> Result<Option<usize>, LoadError> {
        use Operand::{Literal, Nil, Unsigned};
        Ok(match (name, arguments) {
            ("ensure_at_least", [Unsigned(_), Unsigned(1..=MAX_UNIT), ..]) => Some(2),
            ("ensure_exactly" | "skip", [Unsigned(_), ..]) => Some(1),
            ("=:=", [Nil, Unsigned(0..=64), Unsigned(_), ..]) => Some(3),
            ("integer" | "binary", [live, Literal(_) | Nil, Unsigned(size), Unsigned(unit), dest, ..]) => {
                self.operand(OperandKind::Live, *live)?;
                self.operand(OperandKind::Unit, Unsigned(*unit))?;
                self.operand(OperandKind::Dest, *dest)?;
                size.checked_mul(*unit).map(|_| 5)
            }
            ("get_tail", [live, Unsigned(unit), dest, ..]) => {
                self.operand(OperandKind::Live, *live)?;
                self.operand(OperandKind::Unit, Unsigned(*unit))?;
                self.operand(OperandKind::Dest, *dest)?;
                Some(3)
            }
            _ => None,
        })
    }
}

/// An operand's kind, for messages.
fn describe(operand: Operand) -> &'static str {
    match operand {
        Operand::X(_) => "an X register",
        Operand::Y(_) => "a Y register",
        Operand::FloatReg(_) => "a float register",
        Operand::Atom(_) => "an atom",
        Operand::Nil => "nil",
        Operand::Int(_) | Operand::BigInt(_) => "an integer",
        Operand::Literal(_) => "a literal",
        Operand::Label(_) => "a label",
        Operand::Unsigned(_) => "an untagged number",
        Operand::Char(_) => "a character",
        Operand::List(_) => "a list",
        Operand::Alloc { .. } => "an allocation list",
    }
}
