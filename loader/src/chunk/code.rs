//! The `Code` chunk: compact terms, instructions, and the `Recs` chunk that borrows their form.
//!
//! A compact term is a tag in the low three bits and a number of 4 bits, 11 bits, or 2 bytes and
//! more. Tag 7 is extended: what follows depends on the number.

use super::Cursor;
use crate::error::{LoadError, LoadErrorKind, Table};
use crate::module::{BigIntOperand, ListRef, Module, Op, Operand, RecordDef, RecordField};
use crate::ops::Opcode;

/// Tags of compact terms.
pub(super) mod tag {
    pub(in crate::chunk) const U: u8 = 0;
    pub(in crate::chunk) const I: u8 = 1;
    pub(in crate::chunk) const A: u8 = 2;
    pub(in crate::chunk) const X: u8 = 3;
    pub(in crate::chunk) const Y: u8 = 4;
    pub(in crate::chunk) const F: u8 = 5;
    pub(in crate::chunk) const H: u8 = 6;
    pub(in crate::chunk) const Z: u8 = 7;
    // Extended, as the number of tag Z.
    pub(in crate::chunk) const EXT_LIST: i64 = 1;
    pub(in crate::chunk) const EXT_FLOAT_REG: i64 = 2;
    pub(in crate::chunk) const EXT_ALLOC: i64 = 3;
    pub(in crate::chunk) const EXT_LITERAL: i64 = 4;
    pub(in crate::chunk) const EXT_TYPED_REG: i64 = 5;
}

/// Labels that a file may have without an instruction each.
const SPARE_LABELS: usize = 1024;

/// The number of a compact term.
pub(super) enum Numeral {
    /// It fits 64 bits.
    Small(i64),
    /// It does not: two's complement, most significant byte first.
    Big(Vec<u8>),
}

/// Reads a compact term's tag and number. Numbers of more than two bytes are signed for tag `i`
/// and unsigned for all others.
pub(super) fn read_numeral(cursor: &mut Cursor<'_>) -> Result<(u8, Numeral), LoadError> {
    const EXPECTED: &str = "an operand";
    let first = cursor.u8(EXPECTED)?;
    let tag = first & 0b111;
    if first & 0b1000 == 0 {
        return Ok((tag, Numeral::Small(i64::from(first >> 4))));
    }
    if first & 0b1_0000 == 0 {
        let low = cursor.u8(EXPECTED)?;
        return Ok((tag, Numeral::Small(i64::from(first >> 5) << 8 | i64::from(low))));
    }
    let size = match first >> 5 {
        7 => {
            let at = cursor.offset();
            match read_numeral_of_size(cursor)? {
                Some(size) => size + 9,
                None => return Err(cursor.error_at(at, LoadErrorKind::NumberTooLarge { what: "the size of a number" })),
            }
        }
        code => usize::from(code) + 2,
    };
    let bytes = cursor.bytes(size, EXPECTED)?;
    let negative = tag == tag::I && bytes[0] & 0x80 != 0;
    // Leading bytes that only repeat the sign.
    let sign = if negative { 0xff } else { 0 };
    let significant = bytes.iter().position(|&byte| byte != sign).unwrap_or(bytes.len());
    if bytes.len() - significant <= 8 {
        let mut word = [sign; 8];
        word[8 - (bytes.len() - significant)..].copy_from_slice(&bytes[significant..]);
        let value = i64::from_be_bytes(word);
        if (value < 0) == negative {
            return Ok((tag, Numeral::Small(value)));
        }
    }
    let mut big = bytes.to_vec();
    if !negative && big[0] & 0x80 != 0 {
        big.insert(0, 0);
    }
    Ok((tag, Numeral::Big(big)))
}

/// The size in front of a number of more than 8 bytes, itself a compact number. One level only.
fn read_numeral_of_size(cursor: &mut Cursor<'_>) -> Result<Option<usize>, LoadError> {
    const EXPECTED: &str = "the size of a number";
    let first = cursor.u8(EXPECTED)?;
    if first & 0b111 != tag::U {
        return Ok(None);
    }
    if first & 0b1000 == 0 {
        return Ok(Some(usize::from(first >> 4)));
    }
    if first & 0b1_0000 == 0 {
        return Ok(Some(usize::from(first >> 5) << 8 | usize::from(cursor.u8(EXPECTED)?)));
    }
    let size = usize::from(first >> 5) + 2;
    if size > 4 {
        return Ok(None);
    }
    let bytes = cursor.bytes(size, EXPECTED)?;
    Ok(Some(bytes.iter().fold(0, |value, &byte| value << 8 | usize::from(byte))))
}

/// As [`read_numeral`], of the forms of one and two bytes that nearly all operands have; nothing is read if it is another.
#[inline(always)]
fn read_short(cursor: &mut Cursor<'_>) -> Option<(u8, i64)> {
    let &[first, ref rest @ ..] = cursor.rest() else { return None };
    if first & 0b1000 == 0 {
        cursor.skip(1);
        return Some((first & 0b111, i64::from(first >> 4)));
    }
    if first & 0b1_0000 == 0 {
        let low = *rest.first()?;
        cursor.skip(2);
        return Some((first & 0b111, i64::from(first >> 5) << 8 | i64::from(low)));
    }
    None
}

/// `Code`.
pub(super) fn code(mut cursor: Cursor<'_>, module: &mut Module) -> Result<(), LoadError> {
    let head = cursor.u32("the size of the head")?;
    if head < 16 {
        return Err(cursor.error_at(0, LoadErrorKind::TruncatedChunk { expected: "a head of 16 bytes" }));
    }
    let version = cursor.u32("the instruction set's version")?;
    if version != 0 {
        return Err(cursor.error_at(4, LoadErrorKind::UnknownVersion { version }));
    }
    module.max_opcode = cursor.u32("the highest opcode")?;
    let labels_at = cursor.offset();
    module.label_count = cursor.u32("the number of labels")?;
    module.function_count = cursor.u32("the number of functions")?;
    cursor.bytes(head as usize - 16, "the rest of the head")?;
    // Numbers may be left out, but memory for labels stays in proportion to the code.
    if module.label_count as usize > cursor.rest().len() + SPARE_LABELS {
        let count = module.label_count.into();
        return Err(cursor.error_at(labels_at, LoadErrorKind::BadCount { what: "labels", count }));
    }

    let size = cursor.rest().len();
    module.code = Vec::with_capacity(size / 4);
    module.operands = Vec::with_capacity(size / 2);
    module.operand_types = Vec::with_capacity(size / 2);
    let mut reader = OperandReader { module };
    let mut entry = None;
    loop {
        let at = cursor.offset();
        if cursor.rest().is_empty() {
            return Err(cursor.error(LoadErrorKind::NoCodeEnd));
        }
        let number = cursor.u8("an opcode")?;
        let Some(opcode) = Opcode::from_u8(number) else {
            let function = current_function(reader.module);
            return Err(cursor.error_at(at, LoadErrorKind::UnknownOpcode { op: number, function }));
        };
        let args = reader.instruction(&mut cursor, opcode.arity())?;
        let Ok(offset) = u32::try_from(at) else {
            return Err(cursor.error_at(at, LoadErrorKind::NumberTooLarge { what: "an offset" }));
        };
        let module = &mut *reader.module;
        module.code.push(Op::new(opcode, offset, args));
        match opcode {
            Opcode::Label => entry = module.operands[args as usize].as_unsigned(),
            Opcode::OnLoad => module.on_load = entry.and_then(|label| u32::try_from(label).ok()),
            Opcode::IntCodeEnd => break,
            _ => {}
        }
    }
    cursor.end()
}

/// Name and arity of the function whose code is being read.
fn current_function(module: &Module) -> Box<str> {
    let head = module.code.iter().rev().find(|op| op.opcode == Opcode::FuncInfo);
    match head.map(|op| module.args(op)) {
        Some([_, Operand::Atom(name), Operand::Unsigned(arity)]) => format!("{}/{arity}", module.atom(*name)).into(),
        _ => "-".into(),
    }
}

/// `Recs`: each definition looks like a `call_last` of name, exported flag and list of fields.
pub(super) fn records(mut cursor: Cursor<'_>, module: &mut Module) -> Result<(), LoadError> {
    let version = cursor.u32("a version")?;
    if version != 0 {
        return Err(cursor.error_at(0, LoadErrorKind::UnknownVersion { version }));
    }
    let count = cursor.count("records", 4)?;
    let fields_at = cursor.offset();
    let field_count = cursor.u32("the number of fields")?;
    let field_count = cursor.check_count(fields_at, field_count, "fields", 2)?;
    let mut records = Vec::with_capacity(count);
    let mut fields_seen = 0;
    // Operands of definitions are read behind those of the code and taken away again.
    let code_operands = module.operands.len();
    for _ in 0..count {
        let at = cursor.offset();
        let bad = |cursor: &Cursor<'_>| cursor.error_at(at, LoadErrorKind::TruncatedChunk { expected: "a record" });
        if cursor.u8("a record")? != Opcode::CallLast as u8 {
            return Err(bad(&cursor));
        }
        let args = OperandReader { module }.instruction(&mut cursor, 3)? as usize;
        let &[Operand::Atom(name), Operand::Atom(exported), Operand::List(list)] = &module.operands[args..args + 3]
        else {
            return Err(bad(&cursor));
        };
        let exported = match module.atom(exported) {
            "true" => true,
            "false" => false,
            _ => return Err(bad(&cursor)),
        };
        let mut fields = Vec::with_capacity(list.len as usize / 2);
        for pair in module.list(list).chunks(2) {
            fields.push(match *pair {
                [Operand::Atom(name), Operand::Unsigned(0)] => RecordField { name, default: None },
                [
                    Operand::Atom(name),
                    default @ (Operand::Literal(_)
                    | Operand::Atom(_)
                    | Operand::Nil
                    | Operand::Int(_)
                    | Operand::BigInt(_)),
                ] => RecordField { name, default: Some(default) },
                _ => return Err(bad(&cursor)),
            });
        }
        fields_seen += fields.len();
        records.push(RecordDef { name, exported, fields });
        module.operands.truncate(code_operands);
        module.operand_types.truncate(code_operands);
    }
    if fields_seen != field_count {
        let count = field_count as i64;
        return Err(cursor.error_at(fields_at, LoadErrorKind::BadCount { what: "fields", count }));
    }
    cursor.end()?;
    module.records = records;
    Ok(())
}

/// Reads operands into the module's tables. Atom, type and literal indexes are checked here, as
/// every operand that has one needs it in range.
struct OperandReader<'m> {
    module: &'m mut Module,
}

impl OperandReader<'_> {
    /// Reads the operands of an instruction; answers where they begin. They stand next to each other, elements of their
    /// lists behind them.
    fn instruction(&mut self, cursor: &mut Cursor<'_>, arity: usize) -> Result<u32, LoadError> {
        let start = self.position(cursor)?;
        let at = start as usize;
        self.module.operands.resize(at + arity, Operand::Nil);
        self.module.operand_types.resize(at + arity, 0);
        for index in at..at + arity {
            let (operand, operand_type) = self.operand(cursor, true)?;
            self.module.operands[index] = operand;
            if operand_type != 0 {
                self.module.operand_types[index] = operand_type;
            }
        }
        Ok(start)
    }

    fn position(&self, cursor: &Cursor<'_>) -> Result<u32, LoadError> {
        u32::try_from(self.module.operands.len())
            .map_err(|_| cursor.error(LoadErrorKind::NumberTooLarge { what: "the number of operands" }))
    }

    fn push(&mut self, operand: Operand, operand_type: u32) {
        self.module.operands.push(operand);
        self.module.operand_types.push(operand_type);
    }

    /// Reads one operand. Lists hold no lists.
    fn operand(&mut self, cursor: &mut Cursor<'_>, outermost: bool) -> Result<(Operand, u32), LoadError> {
        let at = cursor.offset();
        match read_short(cursor) {
            Some((tag, value)) => self.small(cursor, at, tag, value, outermost),
            None => self.long(cursor, at, outermost),
        }
    }

    /// An operand whose number has more than two bytes.
    #[cold]
    fn long(&mut self, cursor: &mut Cursor<'_>, at: usize, outermost: bool) -> Result<(Operand, u32), LoadError> {
        let (tag, numeral) = read_numeral(cursor)?;
        match numeral {
            Numeral::Small(value) => self.small(cursor, at, tag, value, outermost),
            Numeral::Big(bytes) if tag == tag::I => {
                let index = self.module.big_ints.len() as u32;
                self.module.big_ints.push(big_int(bytes));
                Ok((Operand::BigInt(index), 0))
            }
            // A 64-bit number whose highest bit is set; its sign byte stands in front. What does not even fit into 64
            // bits is a size that nothing has, and the largest number is such a size too.
            Numeral::Big(bytes) if tag == tag::U => Ok((Operand::Unsigned(u64_from(&bytes).unwrap_or(u64::MAX)), 0)),
            Numeral::Big(_) => Err(cursor.error_at(at, LoadErrorKind::NumberTooLarge { what: "an operand" })),
        }
    }

    /// An operand whose number fits 64 bits.
    #[inline(always)]
    fn small(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: usize,
        tag: u8,
        value: i64,
        outermost: bool,
    ) -> Result<(Operand, u32), LoadError> {
        let too_large = |what| cursor.error_at(at, LoadErrorKind::NumberTooLarge { what });
        let operand = match tag {
            tag::U => Operand::Unsigned(value as u64),
            tag::I => Operand::Int(value),
            tag::A => match value {
                0 => Operand::Nil,
                _ => {
                    let atoms = self.module.atoms.len();
                    if value as u64 > atoms as u64 {
                        return Err(cursor.error_at(at, super::out_of_range(Table::Atom, value as u64, atoms)));
                    }
                    Operand::Atom(value as u32 - 1)
                }
            },
            tag::X => Operand::X(u16::try_from(value).map_err(|_| too_large("an X register"))?),
            tag::Y => Operand::Y(u16::try_from(value).map_err(|_| too_large("a Y register"))?),
            tag::F => Operand::Label(u32::try_from(value).map_err(|_| too_large("a label"))?),
            tag::H => Operand::Char(u32::try_from(value).map_err(|_| too_large("a character"))?),
            _ => return self.extended(cursor, at, value, outermost),
        };
        Ok((operand, 0))
    }

    fn extended(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: usize,
        kind: i64,
        outermost: bool,
    ) -> Result<(Operand, u32), LoadError> {
        match kind {
            tag::EXT_LIST if outermost => Ok((self.list(cursor)?, 0)),
            tag::EXT_FLOAT_REG => {
                let register = self.unsigned(cursor, "a float register")?;
                Ok((Operand::FloatReg(register.try_into().unwrap_or(u16::MAX)), 0))
            }
            tag::EXT_ALLOC => Ok((self.alloc(cursor)?, 0)),
            tag::EXT_LITERAL => {
                let index = self.unsigned(cursor, "a literal")?;
                let literals = self.module.literals.len();
                if index >= literals as u64 {
                    return Err(cursor.error_at(at, super::out_of_range(Table::Literal, index, literals)));
                }
                Ok((Operand::Literal(index as u32), 0))
            }
            tag::EXT_TYPED_REG => {
                let (register, _) = self.operand(cursor, false)?;
                if !matches!(register, Operand::X(_) | Operand::Y(_)) {
                    return Err(cursor.error_at(at, LoadErrorKind::BadTag { tag: tag::Z | (kind as u8) << 4 }));
                }
                let index = self.unsigned(cursor, "a type")?;
                let types = self.module.types.entries.len();
                if types == 0 {
                    // No table, or one of a version that nobody knows.
                    return Ok((register, 0));
                }
                if index >= types as u64 {
                    return Err(cursor.error_at(at, super::out_of_range(Table::Type, index, types)));
                }
                Ok((register, index as u32 + 1))
            }
            _ => Err(cursor.error_at(at, LoadErrorKind::BadTag { tag: tag::Z | (kind as u8) << 4 })),
        }
    }

    fn unsigned(&mut self, cursor: &mut Cursor<'_>, what: &'static str) -> Result<u64, LoadError> {
        let at = cursor.offset();
        if let Some((tag, value)) = read_short(cursor) {
            return match tag {
                tag::U => Ok(value as u64),
                _ => Err(cursor.error_at(at, LoadErrorKind::BadTag { tag })),
            };
        }
        match read_numeral(cursor)? {
            (tag::U, Numeral::Small(value)) => Ok(value as u64),
            (tag::U, Numeral::Big(_)) => Err(cursor.error_at(at, LoadErrorKind::NumberTooLarge { what })),
            (tag, _) => Err(cursor.error_at(at, LoadErrorKind::BadTag { tag })),
        }
    }

    /// A list; its elements go straight into the module's table.
    fn list(&mut self, cursor: &mut Cursor<'_>) -> Result<Operand, LoadError> {
        let at = cursor.offset();
        let len = self.unsigned(cursor, "the length of a list")?;
        if len > cursor.rest().len() as u64 {
            return Err(cursor.error_at(at, LoadErrorKind::BadCount { what: "list elements", count: len as i64 }));
        }
        let start = self.position(cursor)?;
        for _ in 0..len {
            let (operand, operand_type) = self.operand(cursor, false)?;
            self.push(operand, operand_type);
        }
        Ok(Operand::List(ListRef { start, len: len as u32 }))
    }

    fn alloc(&mut self, cursor: &mut Cursor<'_>) -> Result<Operand, LoadError> {
        let (mut words, mut floats, mut funs) = (0u64, 0u64, 0u64);
        let entries = self.unsigned(cursor, "the length of an allocation list")?;
        for _ in 0..entries {
            let at = cursor.offset();
            let kind = self.unsigned(cursor, "a kind of allocation")?;
            let count = self.unsigned(cursor, "an allocation")?;
            let slot = match kind {
                0 => &mut words,
                1 => &mut floats,
                2 => &mut funs,
                _ => return Err(cursor.error_at(at, LoadErrorKind::BadTag { tag: kind as u8 })),
            };
            *slot = slot.saturating_add(count);
        }
        let too_large = || cursor.error(LoadErrorKind::NumberTooLarge { what: "an allocation" });
        Ok(Operand::Alloc {
            words: words.try_into().map_err(|_| too_large())?,
            floats: floats.try_into().map_err(|_| too_large())?,
            funs: funs.try_into().map_err(|_| too_large())?,
        })
    }
}

/// A number without sign, if it fits.
fn u64_from(bytes: &[u8]) -> Option<u64> {
    let significant = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
    let bytes = &bytes[significant..];
    let mut word = [0; 8];
    word[8usize.checked_sub(bytes.len())?..].copy_from_slice(bytes);
    Some(u64::from_be_bytes(word))
}

/// Two's complement to sign and magnitude.
fn big_int(mut bytes: Vec<u8>) -> BigIntOperand {
    let negative = bytes[0] & 0x80 != 0;
    bytes.reverse();
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
            *byte = sum;
            carry = overflow;
        }
    }
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    BigIntOperand { negative, magnitude: bytes.into() }
}
