//! For tests: a reader of terms as `io:format("~w")` writes them, and golden files made by the reference.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use super::Term;
use crate::atom::Atom;
use crate::code::{Export, Mfa};
use crate::heap::{Builder, Detached};

/// Runs `f` with a builder of its own.
pub(crate) fn with_builder(f: impl for<'s> FnOnce(&Builder<'s>)) {
    drop(Detached::build(|b| {
        f(b);
        Term::NIL
    }));
}

/// Reads a term; panics on what it does not know.
pub(crate) fn parse<'s>(b: &Builder<'s>, text: &str) -> Term<'s> {
    let mut p = Parser { b, rest: text };
    let t = p.term();
    assert!(p.rest.trim().is_empty(), "left over of {text}: {}", p.rest);
    t
}

/// What the script beside the golden file `name` writes: the committed text, then a fresh one of `count` random terms if
/// the reference is installed.
pub(crate) fn golden(name: &str, count: usize) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/term/golden");
    let mut texts = vec![std::fs::read_to_string(dir.join(format!("{name}.txt"))).expect("golden file")];
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() % 1_000_000);
    let args = [name.to_owned(), now.to_string(), count.to_string()];
    if let Ok(out) = Command::new("escript").arg(dir.join("generate.escript")).args(&args).output()
        && out.status.success()
    {
        println!("fresh: generate.escript {}", args.join(" "));
        texts.push(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    texts
}

struct Parser<'b, 's, 't> {
    b: &'b Builder<'s>,
    rest: &'t str,
}

impl<'s, 't> Parser<'_, 's, 't> {
    fn eat(&mut self, s: &str) -> bool {
        match self.rest.strip_prefix(s) {
            Some(r) => {
                self.rest = r;
                true
            }
            None => false,
        }
    }
    fn need(&mut self, s: &str) {
        assert!(self.eat(s), "expected {s} at {}", self.rest);
    }
    fn take_while(&mut self, f: impl Fn(char) -> bool) -> &'t str {
        let n = self.rest.find(|c| !f(c)).unwrap_or(self.rest.len());
        let (a, b) = self.rest.split_at(n);
        self.rest = b;
        a
    }
    fn sequence(&mut self, end: &str) -> Vec<Term<'s>> {
        let mut v = Vec::new();
        while !self.eat(end) {
            v.push(self.term());
            self.eat(",");
        }
        v
    }
    fn number(&mut self) -> Term<'s> {
        let negative = self.eat("-");
        let text = self.take_while(|c| c.is_ascii_digit() || c == '.');
        let exponent = if text.contains('.') && self.eat("e") {
            let sign = if self.eat("-") { "-" } else { "" };
            self.eat("+");
            format!("e{sign}{}", self.take_while(|c| c.is_ascii_digit()))
        } else {
            String::new()
        };
        if text.contains('.') {
            let f: f64 = format!("{text}{exponent}").parse().expect("a float");
            return self.b.float(if negative { -f } else { f });
        }
        let n: num_bigint::BigUint = text.parse().expect("an integer");
        self.b.big_limbs(negative, &n.to_u64_digits())
    }
    fn name(&mut self) -> Atom {
        if !self.eat("'") {
            return Atom::new(self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '@')).expect("an atom");
        }
        let mut name = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '\'' => {
                    self.rest = &self.rest[i + 1..];
                    return Atom::new(&name).expect("an atom");
                }
                '\\' => {
                    let escapes = HashMap::from([
                        ('n', '\n'),
                        ('t', '\t'),
                        ('r', '\r'),
                        ('b', '\u{8}'),
                        ('f', '\u{c}'),
                        ('v', '\u{b}'),
                        ('e', '\u{1b}'),
                        ('d', '\u{7f}'),
                    ]);
                    let c = chars.next().expect("an escape").1;
                    match c {
                        '0'..='7' => {
                            let mut v = c.to_digit(8).expect("octal");
                            while let Some(d) = chars.clone().next().and_then(|(_, c)| c.to_digit(8)) {
                                v = v * 8 + d;
                                chars.next();
                            }
                            name.push(char::from_u32(v).expect("a character"));
                        }
                        'x' => {
                            chars.next();
                            let hex: String = chars.by_ref().map(|(_, c)| c).take_while(|&c| c != '}').collect();
                            name.push(
                                u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).expect("a character"),
                            );
                        }
                        c => name.push(*escapes.get(&c).unwrap_or(&c)),
                    }
                }
                c => name.push(c),
            }
        }
        panic!("open quote");
    }
    fn term(&mut self) -> Term<'s> {
        let b = self.b;
        if self.eat("<<") {
            let (mut bits, mut bytes) = (0, Vec::new());
            while !self.eat(">>") {
                let v: u8 = self.take_while(|c| c.is_ascii_digit()).parse().expect("a byte");
                let n =
                    if self.eat(":") { self.take_while(|c| c.is_ascii_digit()).parse().expect("a size") } else { 8 };
                bytes.push(v << (8 - n));
                bits += n;
                self.eat(",");
            }
            // Half of them as views that do not lie on a byte boundary.
            if bits % 3 == 0 && bits > 64 {
                let wide = b.bits_with(bits + 5, |out| {
                    crate::term::bits::copy_bits(
                        crate::term::BitsView::of_bytes(&bytes).slice(0, bits).expect("inside"),
                        out,
                        5,
                    );
                });
                return b.sub_bits(wide, 5, bits).expect("inside");
            }
            return b.bits_with(bits, |out| out.copy_from_slice(&bytes));
        }
        if self.eat("<0.") {
            let number = self.take_while(|c| c.is_ascii_digit()).parse().expect("a number");
            self.need(".");
            let serial = self.take_while(|c| c.is_ascii_digit()).parse().expect("a serial");
            self.need(">");
            let data = crate::node::local_pid_data(crate::node::PidParts { number, serial }).expect("in range");
            return Term::immediate(super::RawTerm::pid(data)).expect("a pid is immediate");
        }
        if self.eat("#{") {
            let mut pairs = Vec::new();
            while !self.eat("}") {
                let k = self.term();
                self.take_while(|c| c == ' ');
                self.need("=>");
                self.take_while(|c| c == ' ');
                pairs.push((k, self.term()));
                self.eat(",");
            }
            return crate::term::map::from_pairs(b, &pairs);
        }
        if self.eat("{") {
            let v = self.sequence("}");
            return b.tuple(&v);
        }
        if self.eat("[") {
            let mut v = Vec::new();
            loop {
                if self.eat("]") {
                    return b.list(&v);
                }
                if self.eat("|") {
                    let tail = self.term();
                    self.need("]");
                    return b.list_with_tail(&v, tail);
                }
                v.push(self.term());
                self.eat(",");
            }
        }
        if self.eat("fun ") {
            let module = self.name();
            self.need(":");
            let function = self.name();
            self.need("/");
            let arity = self.take_while(|c| c.is_ascii_digit()).parse().expect("an arity");
            return b.export_fun(Export::intern(Mfa { module, function, arity }));
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return self.number();
        }
        Term::atom(self.name())
    }
}
