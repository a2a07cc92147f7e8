//! Terms as text, the way `erlang:display/1` and crash reports show them.
//!
//! Lists of printable ASCII show as strings and binaries of it as quoted text; floats show with six decimals. What is
//! still to be printed is kept on a stack of our own. Invariant: at most [`Limits::terms`] terms, characters of
//! strings and bytes of binaries and names are shown; then comes `... `.

use std::fmt::{Result, Write};

use super::map::MapIter;
use super::{BitsView, Kind, Term, map};
use crate::arith::radix;
use crate::atom::Atom;
use crate::node::{self, Node};

/// How much to print.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Terms, and bytes of strings, binaries and names, each counting one.
    pub terms: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { terms: usize::MAX }
    }
}

/// What is still to be printed.
enum Rest<'s> {
    Term(Term<'s>),
    Text(&'static str),
    /// This list cell on, its bracket being open.
    List(Term<'s>),
    /// These terms, a comma before each.
    Array(&'s [Term<'s>]),
    /// These pairs, a comma before each.
    Pairs(Box<MapIter<'s>>),
    /// These fields of a native record, a comma before each.
    Fields(Vec<(Atom, Term<'s>)>),
}

/// Prints a term as `erlang:display/1` does.
pub fn write_term<W: Write + ?Sized>(f: &mut W, t: Term<'_>, limits: Limits) -> Result {
    let mut p = Printer { f, left: limits.terms, rest: vec![Rest::Term(t)] };
    while let Some(next) = p.rest.pop() {
        let more = match next {
            Rest::Term(t) => p.term(t)?,
            Rest::Text(s) => {
                p.f.write_str(s)?;
                true
            }
            Rest::List(cell) => {
                p.list(cell)?;
                true
            }
            Rest::Array(terms) => {
                if let Some((&first, others)) = terms.split_first() {
                    p.f.write_char(',')?;
                    p.rest.extend([Rest::Array(others), Rest::Term(first)]);
                }
                true
            }
            Rest::Pairs(mut pairs) => {
                if let Some((k, v)) = pairs.next() {
                    p.f.write_char(',')?;
                    p.rest.push(Rest::Pairs(pairs));
                    p.rest.extend([Rest::Term(v), Rest::Text("=>"), Rest::Term(k)]);
                }
                true
            }
            Rest::Fields(mut fields) => {
                if let Some((name, value)) = fields.pop() {
                    p.f.write_char(',')?;
                    p.field(name, value, fields)?;
                }
                true
            }
        };
        if !more {
            return p.f.write_str("... ");
        }
    }
    Ok(())
}

struct Printer<'f, 's, W: ?Sized> {
    f: &'f mut W,
    left: usize,
    rest: Vec<Rest<'s>>,
}

impl<'s, W: Write + ?Sized> Printer<'_, 's, W> {
    /// Counts one; `false` when that was one too many.
    fn count(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(n) => {
                self.left = n;
                true
            }
            None => false,
        }
    }

    fn atom(&mut self, a: Atom) -> Result {
        self.left = self.left.saturating_sub(a.name().len());
        write_atom(self.f, a.name())
    }

    fn list(&mut self, cell: Term<'s>) -> Result {
        let Some((head, tail)) = cell.as_cons() else { return Ok(()) };
        if tail.is_cons() {
            self.rest.extend([Rest::List(tail), Rest::Text(",")]);
        } else if !tail.is_nil() {
            self.rest.extend([Rest::Term(tail), Rest::Text("|")]);
        }
        self.rest.push(Rest::Term(head));
        Ok(())
    }

    fn field(&mut self, name: Atom, value: Term<'s>, others: Vec<(Atom, Term<'s>)>) -> Result {
        self.atom(name)?;
        self.f.write_char('=')?;
        self.rest.extend([Rest::Fields(others), Rest::Term(value)]);
        Ok(())
    }

    /// Prints a term or begins to; the result says whether there was room for it.
    fn term(&mut self, t: Term<'s>) -> std::result::Result<bool, std::fmt::Error> {
        if !self.count() {
            return Ok(false);
        }
        match t.kind() {
            Kind::Small(i) => write!(self.f, "{i}")?,
            Kind::Big(v) => self.f.write_str(&radix::decimal(v))?,
            Kind::Float(v) => write_scientific(self.f, v, 6)?,
            Kind::Atom(a) => self.atom(a)?,
            Kind::Nil => self.f.write_str("[]")?,
            Kind::Cons(..) => {
                if is_printable_string(t) {
                    return self.string(t);
                }
                self.f.write_char('[')?;
                self.rest.push(Rest::Text("]"));
                self.list(t)?;
            }
            Kind::Tuple(elements) => {
                self.f.write_char('{')?;
                self.rest.push(Rest::Text("}"));
                if let Some((&first, others)) = elements.split_first() {
                    self.rest.extend([Rest::Array(others), Rest::Term(first)]);
                }
            }
            Kind::Map => {
                self.f.write_str("#{")?;
                self.rest.push(Rest::Text("}"));
                let mut pairs = map::iter(t);
                if let Some((k, v)) = pairs.next() {
                    self.rest.push(Rest::Pairs(Box::new(pairs)));
                    self.rest.extend([Rest::Term(v), Rest::Text("=>"), Rest::Term(k)]);
                }
            }
            Kind::Bits(v) => return self.bits(v),
            Kind::Fun(fun) => {
                let e = fun.entry;
                write!(self.f, "#Fun<{}.{}.{}>", e.module.name(), e.index, e.old_uniq as i32)?;
            }
            Kind::Export(e) => {
                self.f.write_str("fun ")?;
                self.atom(e.mfa.module)?;
                self.f.write_char(':')?;
                self.atom(e.mfa.function)?;
                write!(self.f, "/{}", e.mfa.arity)?;
            }
            Kind::Ref(r) => {
                let [a, b, c] = r.numbers;
                write!(self.f, "#Ref<{}.{c}.{b}.{a}>", channel(r.node))?;
            }
            Kind::Pid(data) => self.pid(None, node::local_pid_parts(data))?,
            Kind::ExternalPid(n, data) => self.pid(Some(n), node::external_pid_parts(data))?,
            Kind::Port(n) => write!(self.f, "#Port<0.{n}>")?,
            Kind::ExternalPort(node, n) => write!(self.f, "#Port<{}.{n}>", channel(Some(node)))?,
            Kind::Record(r) => {
                self.rest.push(Rest::Text("}"));
                let definition = r.definition.as_tuple().unwrap_or(&[]);
                let name = |i: usize| definition.get(i).and_then(|t| t.as_atom()).unwrap_or(crate::am::UNDEFINED);
                self.f.write_char('#')?;
                self.atom(name(0))?;
                self.f.write_char(':')?;
                self.atom(name(1))?;
                self.f.write_char('{')?;
                let names = definition.last().map_or(Term::NIL, |t| *t).list_iter().filter_map(|t| t.as_atom());
                let mut fields: Vec<_> = names.zip(r.values.iter().copied()).collect();
                fields.reverse();
                if let Some((name, value)) = fields.pop() {
                    self.field(name, value, fields)?;
                }
            }
        }
        Ok(true)
    }

    fn pid(&mut self, n: Option<&Node>, p: node::PidParts) -> Result {
        write!(self.f, "<{}.{}.{}>", channel(n), p.number, p.serial)
    }

    fn string(&mut self, t: Term<'s>) -> std::result::Result<bool, std::fmt::Error> {
        self.f.write_char('"')?;
        for c in t.list_iter().filter_map(|c| c.as_small()) {
            if !self.count() {
                return Ok(false);
            }
            match c as u8 {
                b'\n' => self.f.write_str("\\n")?,
                b'"' => self.f.write_str("\\\"")?,
                c => self.f.write_char(char::from(c))?,
            }
        }
        self.f.write_char('"')?;
        Ok(true)
    }

    fn bits(&mut self, v: BitsView<'s>) -> std::result::Result<bool, std::fmt::Error> {
        let bytes = match v.as_bytes() {
            Some(b) => b.into(),
            None => std::borrow::Cow::from(super::bits::copy_view(v)),
        };
        let text = v.bits > 0 && v.is_binary() && bytes.iter().all(|b| (b' '..127).contains(b));
        self.f.write_str(if text { "<<\"" } else { "<<" })?;
        let partial = v.bits % 8;
        for (i, &byte) in bytes.iter().enumerate() {
            if text {
                if byte == b'"' {
                    self.f.write_char('\\')?;
                }
                self.f.write_char(char::from(byte))?;
            } else {
                if i > 0 {
                    self.f.write_char(',')?;
                }
                if partial > 0 && i + 1 == bytes.len() {
                    write!(self.f, "{}:{partial}", byte >> (8 - partial))?;
                    break;
                }
                write!(self.f, "{byte}")?;
            }
            if !self.count() {
                return Ok(false);
            }
        }
        self.f.write_str(if text { "\">>" } else { ">>" })?;
        Ok(true)
    }
}

/// The first number of a pid, port or reference: 0 for this node, else one that stands for the node's name.
fn channel(n: Option<&Node>) -> u32 {
    match n {
        Some(n) if n.name != Node::this_name() => n.name.index(),
        _ => 0,
    }
}

/// A non-empty proper list of printable ASCII and white space.
fn is_printable_string(t: Term<'_>) -> bool {
    let mut cells = t.list_iter();
    cells.by_ref().all(|c| {
        let c = c.as_small().and_then(|c| u8::try_from(c).ok());
        c.is_some_and(|c| (b' '..127).contains(&c) || matches!(c, b'\n' | b'\t' | b'\r'))
    }) && cells.tail().is_nil()
}

/// Prints an atom's name, quoted if it must be.
pub fn write_atom<W: Write + ?Sized>(f: &mut W, name: &str) -> Result {
    let lower = |c: char| c.is_ascii_lowercase() || ('\u{df}'..='\u{ff}').contains(&c) && c != '\u{f7}';
    let upper = |c: char| c.is_ascii_uppercase() || ('\u{c0}'..='\u{de}').contains(&c) && c != '\u{d7}';
    let plain = |c: char| lower(c) || upper(c) || c.is_ascii_digit() || c == '_';
    if name.chars().next().is_some_and(lower) && name.chars().all(plain) {
        return f.write_str(name);
    }
    f.write_char('\'')?;
    for c in name.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\u{c}' => f.write_str("\\f")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{b}' => f.write_str("\\v")?,
            '\0'..='\u{1f}' | '\u{80}'..='\u{9f}' => write!(f, "\\{:03o}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}

/// A float as C's `%.*e` prints it: the exponent has a sign and at least two digits.
pub fn write_scientific<W: Write + ?Sized>(f: &mut W, v: f64, decimals: usize) -> Result {
    let text = format!("{v:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(e) => write!(f, "{mantissa}e-{e:0>2}"),
        None => write!(f, "{mantissa}e+{exponent:0>2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::testing::{parse, with_builder};

    fn show(t: Term<'_>, terms: usize) -> String {
        let mut s = String::new();
        write_term(&mut s, t, Limits { terms }).expect("a string takes everything");
        s
    }

    #[test]
    fn as_display_shows() {
        let same = [
            "a",
            "'A b'",
            "å",
            "'λx'",
            "'don\\'t'",
            "'a\\nb'",
            "''",
            "'hello@world'",
            "a_B",
            "[]",
            "[0,1]",
            "[1|2]",
            "{}",
            "{1,[a|b]}",
            "<<1,2>>",
            "<<1:3>>",
            "<<97,1:3>>",
            "<<>>",
            "#{}",
            "#{a=>1}",
            "fun lists:map/2",
            "fun 'A b':'c d'/2",
            "[[]]",
            "1267650600228229401496703205376",
            "-1267650600228229401496703205376",
            "[955]",
            "{a,b,[c,{d}]}",
            "<0.9.0>",
            "-5",
        ];
        let others = [
            ("1.5", "1.500000e+00"),
            ("0.1", "1.000000e-01"),
            ("1.0e300", "1.000000e+300"),
            ("-0.0", "-0.000000e+00"),
            ("123456789.125", "1.234568e+08"),
            ("[97,34,98,10,9,92]", "\"a\\\"b\\n\t\\\""),
            ("<<97,34,98,92>>", "<<\"a\\\"b\\\">>"),
            ("#{a=>1,[107]=>[b]}", "#{a=>1,\"k\"=>[b]}"),
        ];
        with_builder(|b| {
            for (text, want) in same.iter().map(|s| (*s, *s)).chain(others) {
                assert_eq!(show(parse(b, text), usize::MAX), want);
            }
        });
    }

    #[test]
    fn limits() {
        with_builder(|b| {
            assert_eq!(show(parse(b, "{a,[98],1.0,[1,2,3]}"), 5), "{a,\"b\",... ");
            assert_eq!(show(parse(b, "[1,2,3,4]"), 3), "[1,2,... ");
            assert_eq!(show(parse(b, "[97,98,99]"), 3), "\"ab... ");
        });
    }

    #[test]
    fn deep_terms_do_not_overflow() {
        with_builder(|b| {
            let t = (0..200_000).fold(Term::NIL, |t, _| b.tuple(&[b.cons(t, Term::NIL)]));
            assert_eq!(show(t, usize::MAX).len(), 200_000 * 4 + 2);
        });
    }
}
