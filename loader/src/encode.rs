//! The way back: a module as a .beam file. For tests and tools; the VM never writes files.
//!
//! What [`crate::parse`] reads from the result is the module again, but for its checksum and the
//! chunks that the module does not keep (documentation, abstract code). The `Code` chunk comes out
//! byte for byte as a compiler wrote it, since both use the shortest form of every number.

use crate::chunk_id as id;
use crate::module::{ExportEntry, Module, Operand, TypeEntry};
use crate::ops::Opcode;

/// Tags of compact terms.
mod tag {
    pub(super) const U: u8 = 0;
    pub(super) const I: u8 = 1;
    pub(super) const A: u8 = 2;
    pub(super) const X: u8 = 3;
    pub(super) const Y: u8 = 4;
    pub(super) const F: u8 = 5;
    pub(super) const H: u8 = 6;
    pub(super) const Z: u8 = 7;
}

/// Encodes a whole file.
pub fn file(module: &Module) -> Vec<u8> {
    let mut chunks = vec![
        (id::ATOM_UTF8, atoms(module)),
        (id::CODE, code(module)),
        (id::STRINGS, module.strings.clone()),
        (id::IMPORTS, imports(module)),
        (id::EXPORTS, functions(&module.exports)),
        (id::LOCALS, functions(&module.locals)),
    ];
    if !module.lambdas.is_empty() {
        chunks.push((id::LAMBDAS, lambdas(module)));
    }
    if !module.literals.is_empty() {
        chunks.push((id::LITERALS, literals(module)));
    }
    if module.lines.present {
        chunks.push((id::LINES, lines(module)));
    }
    if module.types.version != 0 {
        chunks.push((id::TYPES, types(module)));
    }
    if !module.records.is_empty() {
        chunks.push((id::RECORDS, records(module)));
    }
    let terms = [
        (id::ATTRIBUTES, &module.attributes),
        (id::COMPILE_INFO, &module.compile_info),
        (id::META, &module.meta),
        (id::DEBUG_INFO, &module.debug_info),
    ];
    chunks.extend(terms.into_iter().filter_map(|(id, term)| term.as_ref().map(|term| (id, term.to_vec()))));
    container(&chunks)
}

/// Puts chunks into a form.
pub fn container(chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"BEAM".to_vec();
    for (id, data) in chunks {
        body.extend(id);
        body.extend((data.len() as u32).to_be_bytes());
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut form = b"FOR1".to_vec();
    form.extend((body.len() as u32).to_be_bytes());
    form.extend(body);
    form
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_be_bytes());
}

/// `AtU8`, in the form without a limit on length where an atom needs it.
pub fn atoms(module: &Module) -> Vec<u8> {
    let long = module.atoms.iter().any(|atom| atom.len() > 255);
    let count = module.atoms.len() as u32;
    let mut out = Vec::new();
    put_u32(&mut out, if long { count.wrapping_neg() } else { count });
    for atom in &module.atoms {
        if long {
            number(&mut out, tag::U, atom.len() as i128);
        } else {
            out.push(atom.len() as u8);
        }
        out.extend(atom.as_bytes());
    }
    out
}

/// `Code`.
pub fn code(module: &Module) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [16, 0, module.max_opcode, module.label_count, module.function_count] {
        put_u32(&mut out, word);
    }
    for op in &module.code {
        out.push(op.opcode as u8);
        for (&operand, &type_index) in module.args(op).iter().zip(module.arg_types(op)) {
            put_operand(&mut out, module, operand, type_index);
        }
    }
    out
}

fn put_operand(out: &mut Vec<u8>, module: &Module, operand: Operand, type_index: u32) {
    if type_index != 0 {
        number(out, tag::Z, 5);
        put_operand(out, module, operand, 0);
        return number(out, tag::U, i128::from(type_index) - 1);
    }
    match operand {
        Operand::X(x) => number(out, tag::X, x.into()),
        Operand::Y(y) => number(out, tag::Y, y.into()),
        Operand::Atom(atom) => number(out, tag::A, i128::from(atom) + 1),
        Operand::Nil => number(out, tag::A, 0),
        Operand::Int(value) => number(out, tag::I, value.into()),
        Operand::Label(label) => number(out, tag::F, label.into()),
        Operand::Unsigned(value) => number(out, tag::U, value.into()),
        Operand::Char(value) => number(out, tag::H, value.into()),
        Operand::BigInt(index) => {
            if let Some(big) = module.big_ints.get(index as usize) {
                long_number(out, tag::I, &twos_complement(big.negative, &big.magnitude));
            }
        }
        Operand::FloatReg(register) => extended(out, 2, register.into()),
        Operand::Literal(index) => extended(out, 4, index.into()),
        Operand::List(list) => {
            extended(out, 1, list.len.into());
            for (&element, &type_index) in module.list(list).iter().zip(module.list_types(list)) {
                put_operand(out, module, element, type_index);
            }
        }
        Operand::Alloc { words, floats, funs } => {
            extended(out, 3, 3);
            for (kind, count) in [(0, words.into()), (1, floats.into()), (2, funs.into())] {
                number(out, tag::U, kind);
                number(out, tag::U, count);
            }
        }
    }
}

fn extended(out: &mut Vec<u8>, kind: i128, value: i128) {
    number(out, tag::Z, kind);
    number(out, tag::U, value);
}

/// A compact term in its shortest form.
fn number(out: &mut Vec<u8>, tag: u8, value: i128) {
    match value {
        0..16 => out.push((value as u8) << 4 | tag),
        16..2048 => out.extend([(value >> 3) as u8 & 0xe0 | 0x08 | tag, value as u8]),
        _ => {
            let bytes = value.to_be_bytes();
            // The last byte of those that only repeat the sign stays if the sign would change.
            let sign = if value < 0 { 0xff } else { 0 };
            let repeated = bytes.iter().take_while(|&&byte| byte == sign).count();
            let same_sign = bytes.get(repeated).is_some_and(|byte| (byte ^ sign) & 0x80 == 0);
            let start = if same_sign { repeated } else { repeated - 1 };
            long_number(out, tag, &bytes[start.min(bytes.len() - 2)..]);
        }
    }
}

/// A compact term of two bytes and more.
fn long_number(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    match bytes.len() {
        size @ 0..=8 => out.push((size.saturating_sub(2) as u8) << 5 | 0x18 | tag),
        size => {
            out.push(0xf8 | tag);
            number(out, tag::U, size as i128 - 9);
        }
    }
    out.extend(bytes);
}

fn twos_complement(negative: bool, magnitude: &[u8]) -> Vec<u8> {
    let mut bytes = magnitude.to_vec();
    bytes.push(0);
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, overflow);
        }
    }
    let sign = if negative { 0xff } else { 0 };
    while let [.., before, last] = bytes[..] {
        if last != sign || (before ^ sign) & 0x80 != 0 {
            break;
        }
        bytes.pop();
    }
    bytes.reverse();
    bytes
}

/// `ImpT`.
pub fn imports(module: &Module) -> Vec<u8> {
    let mut out = Vec::new();
    put_u32(&mut out, module.imports.len() as u32);
    for import in &module.imports {
        for word in [import.module + 1, import.function + 1, import.arity] {
            put_u32(&mut out, word);
        }
    }
    out
}

/// `ExpT` and `LocT`.
pub fn functions(functions: &[ExportEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    put_u32(&mut out, functions.len() as u32);
    for function in functions {
        for word in [function.function + 1, function.arity, function.label] {
            put_u32(&mut out, word);
        }
    }
    out
}

/// `FunT`.
pub fn lambdas(module: &Module) -> Vec<u8> {
    let mut out = Vec::new();
    put_u32(&mut out, module.lambdas.len() as u32);
    for lambda in &module.lambdas {
        for word in [lambda.function + 1, lambda.arity, lambda.label, lambda.index, lambda.num_free, lambda.old_uniq] {
            put_u32(&mut out, word);
        }
    }
    out
}

/// `LitT`, not compressed.
pub fn literals(module: &Module) -> Vec<u8> {
    let mut out = vec![0; 4];
    put_u32(&mut out, module.literals.len() as u32);
    for literal in &module.literals {
        put_u32(&mut out, literal.len() as u32);
        out.extend(literal);
    }
    out
}

/// `Line`.
pub fn lines(module: &Module) -> Vec<u8> {
    let lines = &module.lines;
    let mut out = Vec::new();
    for word in [0, lines.flags, lines.instruction_count, lines.items.len() as u32, lines.files.len() as u32] {
        put_u32(&mut out, word);
    }
    let mut file = 0;
    for item in &lines.items {
        if item.file != file {
            file = item.file;
            number(&mut out, tag::A, file.into());
        }
        number(&mut out, tag::I, item.line.into());
    }
    for name in &lines.files {
        out.extend((name.len() as u16).to_be_bytes());
        out.extend(name.as_bytes());
    }
    out
}

/// `Type`.
pub fn types(module: &Module) -> Vec<u8> {
    let version = module.types.version;
    let mut out = Vec::new();
    put_u32(&mut out, version);
    put_u32(&mut out, module.types.entries.len() as u32);
    for entry in &module.types.entries {
        if version == 1 {
            let context = u16::from(entry.mask & TypeEntry::MATCH_CONTEXT != 0) << 2;
            let mask = entry.mask & 0b11 | context | (entry.mask & 0x0ffc) << 1;
            out.extend(mask.to_be_bytes());
            out.extend(entry.min.unwrap_or(0).to_be_bytes());
            out.extend(entry.max.unwrap_or(-1).to_be_bytes());
            continue;
        }
        let shift = if version == 3 { 12 } else { 13 };
        let unit = u8::try_from(entry.unit.wrapping_sub(1)).ok();
        let fields =
            u16::from(entry.min.is_some()) | u16::from(entry.max.is_some()) << 1 | u16::from(unit.is_some()) << 2;
        out.extend((entry.mask | fields << shift).to_be_bytes());
        for bound in [entry.min, entry.max].into_iter().flatten() {
            out.extend(bound.to_be_bytes());
        }
        out.extend(unit);
    }
    out
}

/// `Recs`. The words `true` and `false` are atoms of the module.
pub fn records(module: &Module) -> Vec<u8> {
    let records = &module.records;
    let atom = |text: &str| module.atoms.iter().position(|atom| &**atom == text).unwrap_or(0);
    let mut out = Vec::new();
    let fields: usize = records.iter().map(|record| record.fields.len()).sum();
    for word in [0, records.len() as u32, fields as u32] {
        put_u32(&mut out, word);
    }
    for record in records {
        out.push(Opcode::CallLast as u8);
        number(&mut out, tag::A, i128::from(record.name) + 1);
        number(&mut out, tag::A, atom(if record.exported { "true" } else { "false" }) as i128 + 1);
        extended(&mut out, 1, record.fields.len() as i128 * 2);
        for field in &record.fields {
            number(&mut out, tag::A, i128::from(field.name) + 1);
            match field.default {
                Some(default) => put_operand(&mut out, module, default, 0),
                None => number(&mut out, tag::U, 0),
            }
        }
    }
    out
}
