//! A builder that writes terms as Erlang text, for the disassembler.
//!
//! The text reads back as the same term wherever Erlang has a notation for it. Pids, ports,
//! references and funs are written in the shell's form.

use std::fmt::Write as _;

use super::{Decoder, EtfCause, FunParts, RecordParts, TermBuilder};

/// Builds text.
#[derive(Debug, Default)]
pub struct Printer;

/// A printed term. Lists stay open so that parts can be put in front of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Printed {
    /// Finished text.
    Text(String),
    /// The inside of a list, without brackets; empty for nil.
    List(String),
}

impl Printed {
    /// The text.
    pub fn into_text(self) -> String {
        match self {
            Printed::Text(text) => text,
            Printed::List(inside) => format!("[{inside}]"),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Printed::Text(text) => out.push_str(text),
            Printed::List(inside) => {
                out.push('[');
                out.push_str(inside);
                out.push(']');
            }
        }
    }
}

fn join(terms: &[Printed]) -> String {
    let mut out = String::new();
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        term.write(&mut out);
    }
    out
}

type Text = Result<Printed, std::convert::Infallible>;

fn text(text: String) -> Text {
    Ok(Printed::Text(text))
}

impl TermBuilder for Printer {
    type Term = Printed;
    type Error = std::convert::Infallible;

    fn small_int(&mut self, value: i64) -> Text {
        text(value.to_string())
    }

    fn big_int(&mut self, negative: bool, le_bytes: &[u8]) -> Text {
        text(big_int_text(negative, le_bytes))
    }

    fn float(&mut self, value: f64) -> Text {
        text(float_text(value))
    }

    fn atom(&mut self, atom: &str) -> Text {
        text(quote_atom(atom))
    }

    fn nil(&mut self) -> Text {
        Ok(Printed::List(String::new()))
    }

    fn list(&mut self, elements: &[Printed], tail: Printed) -> Text {
        let mut inside = join(elements);
        match tail {
            Printed::List(rest) if rest.is_empty() => {}
            Printed::List(rest) => {
                inside.push(',');
                inside.push_str(&rest);
            }
            Printed::Text(rest) => {
                inside.push('|');
                inside.push_str(&rest);
            }
        }
        Ok(Printed::List(inside))
    }

    fn byte_list(&mut self, bytes: &[u8]) -> Text {
        if bytes.iter().all(|&byte| printable(byte)) {
            return text(quote(str::from_utf8(bytes).unwrap_or_default(), '"'));
        }
        Ok(Printed::List(byte_text(bytes)))
    }

    fn tuple(&mut self, elements: &[Printed]) -> Text {
        text(format!("{{{}}}", join(elements)))
    }

    fn map(&mut self, flat: &[Printed]) -> Text {
        let mut out = String::from("#{");
        for (index, pair) in flat.chunks(2).enumerate() {
            if index > 0 {
                out.push(',');
            }
            if let [key, value] = pair {
                key.write(&mut out);
                out.push_str(" => ");
                value.write(&mut out);
            }
        }
        out.push('}');
        text(out)
    }

    fn binary(&mut self, bytes: &[u8]) -> Text {
        text(binary_text(bytes))
    }

    fn bitstring(&mut self, bytes: &[u8], last_bits: u8) -> Text {
        let Some((last, whole)) = bytes.split_last() else { return text("<<>>".to_owned()) };
        let mut out = format!("<<{}", byte_text(whole));
        if !whole.is_empty() {
            out.push(',');
        }
        let _ = write!(out, "{}:{last_bits}>>", last >> (8 - last_bits.clamp(1, 8)));
        text(out)
    }

    fn pid(&mut self, node: Printed, id: u32, serial: u32, _creation: u32) -> Text {
        text(format!("<{}.{id}.{serial}>", node.into_text()))
    }

    fn port(&mut self, node: Printed, id: u64, _creation: u32) -> Text {
        text(format!("#Port<{}.{id}>", node.into_text()))
    }

    fn reference(&mut self, node: Printed, _creation: u32, ids: &[u32]) -> Text {
        let mut out = format!("#Ref<{}", node.into_text());
        for id in ids.iter().rev() {
            let _ = write!(out, ".{id}");
        }
        out.push('>');
        text(out)
    }

    fn fun(&mut self, parts: FunParts<'_, Printed>) -> Text {
        text(format!("#Fun<{}.{}.{}>", parts.module.into_text(), parts.old_index, parts.old_uniq))
    }

    fn export(&mut self, module: Printed, function: Printed, arity: u8) -> Text {
        text(format!("fun {}:{}/{arity}", module.into_text(), function.into_text()))
    }

    fn native_record(&mut self, parts: RecordParts<'_, Printed>) -> Text {
        let mut out = String::from("#");
        parts.module.write(&mut out);
        out.push(':');
        parts.name.write(&mut out);
        out.push('{');
        for (index, (field, value)) in parts.fields.iter().zip(parts.values).enumerate() {
            if index > 0 {
                out.push(',');
            }
            field.write(&mut out);
            out.push_str(" = ");
            value.write(&mut out);
        }
        out.push('}');
        text(out)
    }
}

/// A term in external format (version byte included) as Erlang text, or what is wrong with it.
pub fn print_term(bytes: &[u8]) -> String {
    match Decoder::new().run_to_end(bytes, &mut Printer) {
        Ok(term) => term.into_text(),
        Err(error) => match error.cause {
            EtfCause::Format(kind) => format!("#Bad<byte {}: {kind}>", error.offset),
            EtfCause::Builder(never) => match never {},
        },
    }
}

/// An atom as Erlang text, in quotes if it needs them.
pub fn quote_atom(atom: &str) -> String {
    let bare = atom.starts_with(|c: char| c.is_lowercase() && u32::from(c) < 256 && !matches!(c, 'ª' | 'º' | 'µ'))
        && atom.chars().all(|c| {
            c.is_ascii_alphanumeric()
                || c == '_'
                || c == '@'
                || (matches!(c, '\u{c0}'..='\u{ff}') && c != '×' && c != '÷')
        })
        && !RESERVED.contains(&atom);
    if bare { atom.to_owned() } else { quote(atom, '\'') }
}

/// Words that are no bare atoms.
const RESERVED: &[&str] = &[
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond", "div",
    "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try", "when", "xor",
];

fn quote(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\u{1b}' => out.push_str("\\e"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 32 || (127..160).contains(&u32::from(c)) => {
                let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(mark);
    out
}

fn printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

fn byte_text(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    numbers.join(",")
}

pub(crate) fn binary_text(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "<<>>".to_owned();
    }
    match str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(|&byte| printable(byte)) => format!("<<{}>>", quote(text, '"')),
        Ok(text) if text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')) => {
            format!("<<{}/utf8>>", quote(text, '"'))
        }
        _ => format!("<<{}>>", byte_text(bytes)),
    }
}

/// The shortest decimal that reads back, with the point that Erlang wants.
fn float_text(value: f64) -> String {
    let plain = format!("{value:?}");
    match plain.split_once('e') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0e{exponent}"),
        _ => plain,
    }
}

/// Decimal digits of a little-endian magnitude. Quadratic above a bound, hexadecimal beyond it.
pub(crate) fn big_int_text(negative: bool, le_bytes: &[u8]) -> String {
    const DECIMAL_LIMIT: usize = 1024;
    let sign = if negative { "-" } else { "" };
    if le_bytes.len() > DECIMAL_LIMIT {
        let mut out = format!("{sign}16#");
        for byte in le_bytes.iter().rev() {
            let _ = write!(out, "{byte:02X}");
        }
        return out;
    }
    let mut digits = le_bytes.to_vec();
    let mut groups = Vec::new();
    while digits.iter().any(|&byte| byte != 0) {
        let mut rest = 0u64;
        for byte in digits.iter_mut().rev() {
            let value = rest << 8 | u64::from(*byte);
            *byte = (value / 1_000_000_000) as u8;
            rest = value % 1_000_000_000;
        }
        groups.push(rest);
    }
    let mut out = String::from(sign);
    let _ = write!(out, "{}", groups.pop().unwrap_or(0));
    for group in groups.iter().rev() {
        let _ = write!(out, "{group:09}");
    }
    out
}
