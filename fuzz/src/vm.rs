//! Targets below the natives: terms on a heap, and match specifications.

use girder_vm::ets::matchspec::MatchSpec;
use girder_vm::etf::{self, Options};
use girder_vm::heap::{Builder, Detached};
use girder_vm::term::{RawTerm, cmp, hash};
use girder_vm::{Atom, Term};

/// A term that decodes is printed, hashed, encoded and decoded again, and is the same then.
pub fn etf(bytes: &[u8]) {
    for safe in [true, false] {
        let _ = Detached::build(|b| etf::decode(b, bytes, safe).map_or(Term::NIL, |d| d.term));
    }
    let Ok(first) = etf::decode_literal(bytes) else { return };
    let options = Options::default();
    let again = first.with(|t| {
        let _ = (format!("{t:?}").len(), hash::phash2(t));
        assert_eq!(etf::encode(t, &options).len(), etf::external_size(t, &options));
        etf::encode(t, &options)
    });
    let second = etf::decode_literal(&again).expect("what was encoded can be decoded");
    first.with(|x| second.with(|y| assert!(cmp::eq_exact(x, y), "{x:?} came back as {y:?}")));
}

/// A specification made of the input compiles or is refused, in both dialects, and answers alike twice.
pub fn match_spec(bytes: &[u8]) {
    let mut input = Input(bytes);
    let object = Detached::build(|b| {
        let elements: Vec<_> = (0..input.byte() % 5).map(|_| input.term(b, 3)).collect();
        b.tuple(&elements)
    });
    let spec = Detached::build(|b| input.specification(b));
    for compile in [MatchSpec::compile, MatchSpec::compile_trace] {
        let Ok(spec) = spec.with(compile) else { continue };
        let run = || {
            object.with(|o| {
                spec.run_on(o, RawTerm::pid(1), |t| etf::encode(t, &Options::default()))
            })
        };
        assert_eq!(run(), run());
        for keypos in 1..3 {
            let _ = spec.plan(keypos);
        }
    }
}

/// What patterns, guards and bodies are written with.
const ATOMS: [&str; 64] = [
    "_", "$_", "$$", "$1", "$2", "$3", "$0", "$100000000", "true", "false", "a", "const", "and", "or", "andalso", "orelse",
    "not", "xor", "is_atom", "is_integer", "is_list", "is_tuple", "is_map", "is_map_key", "map_get", "map_size", "is_record",
    "is_function", "abs", "element", "hd", "tl", "length", "node", "round", "size", "tuple_size", "byte_size", "bit_size",
    "binary_part", "trunc", "ceil", "floor", "float", "+", "-", "*", "/", "div", "rem", "band", "bor", "bxor", "bnot", "bsl",
    "bsr", ">", "=<", "==", "=:=", "self", "message", "return_trace", "set_seq_token",
];

struct Input<'i>(&'i [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }
    fn terms<'s>(&mut self, b: &Builder<'s>, depth: u32) -> Vec<Term<'s>> {
        (0..self.byte() % 4).map(|_| self.term(b, depth)).collect()
    }
    /// A term of the vocabulary, or now and then what the bytes mean in the external format.
    fn term<'s>(&mut self, b: &Builder<'s>, depth: u32) -> Term<'s> {
        match self.byte() % if depth == 0 { 5 } else { 10 } {
            0 | 1 => {
                let name = ATOMS[self.byte() as usize % ATOMS.len()];
                Atom::new(name).map_or(Term::NIL, Term::from)
            }
            2 => b.int(i64::from(self.byte()) - 100),
            3 => match self.byte() % 4 {
                0 => b.int(i64::MAX - i64::from(self.byte())),
                1 => b.float(f64::from(self.byte()) / 4.0 - 8.0),
                2 => b.binary(&[self.byte()]),
                _ => Term::NIL,
            },
            4 => {
                let n = (self.byte() as usize).min(self.0.len());
                let (term, rest) = self.0.split_at(n);
                self.0 = rest;
                etf::decode(b, term, false).map_or(Term::NIL, |d| d.term)
            }
            5 | 6 => {
                let elements = self.terms(b, depth - 1);
                b.tuple(&elements)
            }
            7 => {
                let elements = self.terms(b, depth - 1);
                b.list(&elements)
            }
            8 => {
                let pairs: Vec<_> = self.terms(b, depth - 1).into_iter().map(|k| (k, Term::TRUE)).collect();
                girder_vm::term::map::from_pairs(b, &pairs)
            }
            _ => b.cons(self.term(b, depth - 1), self.term(b, depth - 1)),
        }
    }
    fn specification<'s>(&mut self, b: &Builder<'s>) -> Term<'s> {
        if self.byte() == 0 {
            return self.term(b, 4);
        }
        let clauses: Vec<_> = (0..self.byte() % 3 + 1)
            .map(|_| {
                let head = self.terms(b, 3);
                let head = if self.byte() & 1 == 0 { b.tuple(&head) } else { b.list(&head) };
                let (guards, body) = (self.terms(b, 4), self.terms(b, 4));
                b.tuple(&[head, b.list(&guards), b.list(&body)])
            })
            .collect();
        b.list(&clauses)
    }
}
