//! The disassembler: a module as text, with names, source lines and literals in place of indexes.
//!
//! It works on an unchecked [`Module`] too, so that files which do not pass the checker can be
//! looked at: an index that leads nowhere is printed as such. The form is for people and for
//! golden files; nothing reads it back.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::etf::{big_int_text, binary_text, print_term, quote_atom};
use crate::module::{Import, Lambda, ListRef, Module, Op, Operand, TypeEntry};
use crate::ops::{Opcode, OperandKind};

/// Writes the module as text.
pub fn write(module: &Module, out: &mut impl Write) -> io::Result<()> {
    let printer = Printer { module };
    printer.head(out)?;
    for op in &module.code {
        printer.instruction(op, out)?;
    }
    Ok(())
}

/// One instruction as text, without its offset.
pub fn instruction(module: &Module, op: &Op) -> String {
    Printer { module }.instruction_text(op)
}

struct Printer<'m> {
    module: &'m Module,
}

impl Printer<'_> {
    fn head(&self, out: &mut impl Write) -> io::Result<()> {
        let module = self.module;
        writeln!(out, "module {}", self.atom(module.name))?;
        let md5: String = module.md5.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "md5 {md5}")?;
        let chunks: Vec<String> =
            module.chunks.iter().map(|chunk| format!("{}:{}", chunk.id.escape_ascii(), chunk.len)).collect();
        writeln!(out, "chunks {}", chunks.join(" "))?;
        for (word, functions) in [("export", &module.exports), ("local", &module.locals)] {
            for function in functions {
                writeln!(out, "{word} {}/{} f{}", self.atom(function.function), function.arity, function.label)?;
            }
        }
        for (index, lambda) in module.lambdas.iter().enumerate() {
            writeln!(out, "fun {index} {} index {}", self.lambda(lambda), lambda.index)?;
        }
        for record in &module.records {
            let fields: Vec<String> = record
                .fields
                .iter()
                .map(|field| match field.default {
                    Some(default) => format!("{} = {}", self.atom(field.name), self.term(default)),
                    None => self.atom(field.name),
                })
                .collect();
            let exported = if record.exported { "export " } else { "" };
            writeln!(out, "{exported}record #{}{{{}}}", self.atom(record.name), fields.join(", "))?;
        }
        for (word, term) in
            [("attributes", &module.attributes), ("compile_info", &module.compile_info), ("meta", &module.meta)]
        {
            if let Some(term) = term {
                writeln!(out, "{word} {}", print_term(term))?;
            }
        }
        Ok(())
    }

    fn instruction(&self, op: &Op, out: &mut impl Write) -> io::Result<()> {
        match (op.opcode, self.module.args(op)) {
            (Opcode::Label, [Operand::Unsigned(label), ..]) => writeln!(out, "f{label}:"),
            (Opcode::FuncInfo, [module, Operand::Atom(name), Operand::Unsigned(arity)]) => {
                writeln!(out)?;
                let name = self.atom(*name);
                writeln!(out, "{:6}  func_info {} {name} {arity}  % {name}/{arity}", op.offset, self.term(*module))
            }
            _ => writeln!(out, "{:6}  {}", op.offset, self.instruction_text(op)),
        }
    }

    fn instruction_text(&self, op: &Op) -> String {
        let mut text = String::from(op.opcode.name());
        let types = self.module.arg_types(op);
        for (position, (kind, operand)) in self.module.typed_args(op).enumerate() {
            text.push(' ');
            match operand {
                Operand::List(list) => self.list(kind, list, &mut text),
                _ => text.push_str(&self.operand(op, position, kind, operand)),
            }
            self.type_suffix(types.get(position).copied().unwrap_or(0), &mut text);
        }
        text
    }

    fn operand(&self, op: &Op, position: usize, kind: OperandKind, operand: Operand) -> String {
        let module = self.module;
        match (kind, operand) {
            (OperandKind::Import, Operand::Unsigned(index)) => match module.imports.get(index as usize) {
                Some(Import { module, function, arity }) => {
                    format!("{}:{}/{arity}", self.atom(*module), self.atom(*function))
                }
                None => format!("#import<{index}>"),
            },
            (OperandKind::Lambda | OperandKind::FunTag, Operand::Unsigned(index)) => {
                match module.lambdas.get(index as usize) {
                    Some(lambda) => format!("fun({})", self.lambda(lambda)),
                    None => format!("#fun<{index}>"),
                }
            }
            (OperandKind::Line, Operand::Unsigned(index)) => {
                match u32::try_from(index).ok().and_then(|index| module.line(index)) {
                    Some((file, line)) => format!("{file}:{line}"),
                    None => "-".to_owned(),
                }
            }
            (OperandKind::StringOffset, Operand::Unsigned(offset)) => {
                let length = match position.checked_sub(1).and_then(|before| module.args(op).get(before)) {
                    Some(&Operand::Unsigned(bits)) if op.opcode == Opcode::BsMatchString => bits.div_ceil(8),
                    Some(&Operand::Unsigned(bytes)) => bytes,
                    _ => 0,
                };
                self.string(offset, length)
            }
            (_, operand) => self.term(operand),
        }
    }

    /// An operand on its own.
    fn term(&self, operand: Operand) -> String {
        match operand {
            Operand::X(x) => format!("x{x}"),
            Operand::Y(y) => format!("y{y}"),
            Operand::FloatReg(f) => format!("fr{f}"),
            Operand::Atom(atom) => self.atom(atom),
            Operand::Nil => "[]".to_owned(),
            Operand::Int(value) => format!("#{value}"),
            Operand::BigInt(index) => match self.module.big_ints.get(index as usize) {
                Some(big) => format!("#{}", big_int_text(big.negative, &big.magnitude)),
                None => format!("#bigint<{index}>"),
            },
            Operand::Literal(index) => match self.module.literals.get(index as usize) {
                Some(bytes) => format!("#{}", print_term(bytes)),
                None => format!("#literal<{index}>"),
            },
            Operand::Label(label) => format!("f{label}"),
            Operand::Unsigned(value) => value.to_string(),
            Operand::Char(value) => format!("${value}"),
            Operand::List(list) => {
                let elements: Vec<String> = self.module.list(list).iter().map(|&element| self.term(element)).collect();
                format!("[{}]", elements.join(" "))
            }
            Operand::Alloc { words, floats, funs } => format!("(words {words} floats {floats} funs {funs})"),
        }
    }

    /// A list, its elements grouped as the kind says.
    fn list(&self, kind: OperandKind, list: ListRef, text: &mut String) {
        let elements = self.module.list(list);
        let types = self.module.list_types(list);
        let group = match kind {
            OperandKind::BinSegments => 6,
            OperandKind::SelectVal
            | OperandKind::SelectArity
            | OperandKind::SourcePairs
            | OperandKind::FieldDests
            | OperandKind::TupleUpdates
            | OperandKind::RecordFields => 2,
            _ => 1,
        };
        text.push('[');
        for (index, &element) in elements.iter().enumerate() {
            if index > 0 {
                // A matching command begins with its atom.
                let begins = match kind {
                    OperandKind::MatchCommands => matches!(element, Operand::Atom(_)),
                    _ => index % group == 0,
                };
                text.push_str(if begins { ", " } else { " " });
            }
            let first = index - index % group;
            match (kind, element, elements.get(first), elements.get(first + 5)) {
                (
                    OperandKind::BinSegments,
                    Operand::Unsigned(offset),
                    Some(&Operand::Atom(segment)),
                    Some(&Operand::Int(length)),
                ) if index - first == 4 && self.module.atom(segment) == "string" => {
                    text.push_str(&self.string(offset, length.try_into().unwrap_or(0)));
                }
                _ => text.push_str(&self.term(element)),
            }
            self.type_suffix(types.get(index).copied().unwrap_or(0), text);
        }
        text.push(']');
    }

    fn string(&self, offset: u64, length: u64) -> String {
        let range = usize::try_from(offset).ok().zip(usize::try_from(offset.saturating_add(length)).ok());
        match range.and_then(|(start, end)| self.module.strings.get(start..end)) {
            Some(bytes) => binary_text(bytes),
            None => format!("#string<{offset}+{length}>"),
        }
    }

    fn lambda(&self, lambda: &Lambda) -> String {
        format!("{}/{} f{} free {}", self.atom(lambda.function), lambda.arity, lambda.label, lambda.num_free)
    }

    fn atom(&self, index: u32) -> String {
        match self.module.atoms.get(index as usize) {
            Some(text) => quote_atom(text),
            None => format!("#atom<{index}>"),
        }
    }

    /// What the compiler knows of a register, as `:integer(0..255)`; nothing if it knows nothing.
    fn type_suffix(&self, index_plus_one: u32, text: &mut String) {
        let Some(entry) = self.module.type_entry(index_plus_one) else { return };
        let names: Vec<&str> = KINDS.iter().filter(|(bit, _)| entry.mask & bit != 0).map(|(_, name)| *name).collect();
        let bounded = entry.min.is_some() || entry.max.is_some();
        if names.len() >= KINDS.len() - 2 && !bounded && entry.unit == 0 {
            return;
        }
        let _ = write!(text, ":{}", names.join("|"));
        if bounded {
            let bound = |bound: Option<i64>| bound.map_or(String::new(), |value| value.to_string());
            let _ = write!(text, "({}..{})", bound(entry.min), bound(entry.max));
        }
        if entry.unit > 1 {
            let _ = write!(text, "*{}", entry.unit);
        }
    }
}

/// Names of the bits of a type.
const KINDS: [(u16, &str); 14] = [
    (TypeEntry::ATOM, "atom"),
    (TypeEntry::BITSTRING, "bitstring"),
    (TypeEntry::MATCH_CONTEXT, "context"),
    (TypeEntry::CONS, "cons"),
    (TypeEntry::FLOAT, "float"),
    (TypeEntry::FUN, "fun"),
    (TypeEntry::INTEGER, "integer"),
    (TypeEntry::MAP, "map"),
    (TypeEntry::NIL, "nil"),
    (TypeEntry::PID, "pid"),
    (TypeEntry::PORT, "port"),
    (TypeEntry::REFERENCE, "reference"),
    (TypeEntry::TUPLE, "tuple"),
    (TypeEntry::RECORD, "record"),
];
