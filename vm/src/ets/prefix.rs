//! The first bits of a key in an order-preserving form, so that most comparisons need not look at the key.
//!
//! Invariants: a key that is not greater in term order has a prefix that is not greater, and equal keys (`==`) have equal
//! prefixes. A part that is written only roughly is followed by ones: in its rough place the least key is the one that is
//! written exactly, and it may be followed by anything. The lowest bit is zero only for keys that are written whole, so
//! two keys with the same such prefix are equal.

use crate::term::bits::copy_bits;
use crate::term::cmp::rank;
use crate::term::{Kind, Term};

/// See the module's head.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Prefix(u128);

/// Bits for a term's type.
const TYPE: u32 = 4;
/// Bits for a tuple's arity; greater ones count as the greatest.
const ARITY: u32 = 8;
/// Bits that hold a character of a string exactly.
const CHARACTER: u32 = 30;
/// Integers below this are floats, too, without loss.
const EXACT: u64 = 1 << 53;

impl Prefix {
    pub(super) fn of(key: Term<'_>) -> Prefix {
        // The last bit is left for whether all is there.
        let mut w = Writer { value: 0, left: 127 };
        let whole = w.term(key, 127);
        let rest = if whole { 0 } else { (1u128 << (w.left + 1)) - 1 };
        Prefix(w.value | rest)
    }
    /// Whether keys with this prefix are equal.
    pub(super) fn is_whole(self) -> bool {
        self.0 & 1 == 0
    }
}

struct Writer {
    /// Written from the highest bit on.
    value: u128,
    /// Bits that are not written yet, without the lowest.
    left: u32,
}

impl Writer {
    fn put(&mut self, bits: u64, width: u32) {
        self.left -= width;
        self.value |= u128::from(bits) << (self.left + 1);
    }
    /// Writes a term into at most `budget` bits; `true`: it is there exactly. After `false` only ones may follow.
    fn term(&mut self, t: Term<'_>, budget: u32) -> bool {
        if budget < TYPE {
            return false;
        }
        let end = self.left - budget;
        let kind = t.kind();
        self.put(rank(&kind).into(), TYPE);
        let left = |w: &Writer| w.left - end;
        match kind {
            Kind::Small(i) if i.unsigned_abs() < EXACT => self.number(i as f64, left(self)),
            Kind::Small(i) => self.large(i < 0, left(self)),
            Kind::Big(b) => self.large(b.negative, left(self)),
            Kind::Float(f) if f.abs() >= EXACT as f64 => self.large(f < 0.0, left(self)),
            // The sum makes one zero of the two.
            Kind::Float(f) => self.number(f + 0.0, left(self)),
            Kind::Atom(a) => {
                let name = a.name().as_bytes();
                self.bytes(name, left(self)) && !name.contains(&0)
            }
            Kind::Nil => true,
            Kind::Tuple(elements) => {
                if left(self) < ARITY || elements.len() >= (1 << ARITY) - 1 {
                    return false;
                }
                self.put(elements.len() as u64, ARITY);
                elements.iter().enumerate().all(|(i, &e)| {
                    let budget = if i + 1 == elements.len() { left(self) } else { left(self) / 2 };
                    self.term(e, budget)
                })
            }
            // Half for the head, though a character needs no more than this.
            Kind::Cons(head, tail) => {
                let budget = left(self);
                self.term(head, (budget / 2).clamp(budget.min(CHARACTER), 60)) && self.term(tail, left(self))
            }
            Kind::Bits(bits) => {
                let mut start = [0; 16];
                let n = bits.bits.min(start.len() * 8);
                if let Some(view) = bits.slice(0, n) {
                    copy_bits(view, &mut start, 0);
                }
                self.bytes(&start, left(self));
                false
            }
            _ => false,
        }
    }
    /// A number that a float holds exactly, of less than [`EXACT`].
    fn number(&mut self, f: f64, budget: u32) -> bool {
        let bits = f.to_bits();
        let ascending = if f.is_sign_negative() { !bits } else { bits | 1 << 63 };
        let width = budget.min(64);
        if width == 0 {
            return false;
        }
        self.put(ascending >> (64 - width), width);
        width == 64 || ascending << width == 0
    }
    /// All numbers from [`EXACT`] on, of one sign, have one place: outside of what [`Writer::number`] is given.
    fn large(&mut self, negative: bool, budget: u32) -> bool {
        self.number(if negative { f64::NEG_INFINITY } else { EXACT as f64 }, budget);
        false
    }
    /// As many bytes as there is room for, zeros behind the last; `true`: all of them.
    fn bytes(&mut self, bytes: &[u8], budget: u32) -> bool {
        let room = (budget / 8) as usize;
        for i in 0..room {
            self.put(bytes.get(i).copied().unwrap_or(0).into(), 8);
        }
        bytes.len() <= room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::cmp;
    use crate::term::testing::{golden, parse, with_builder};

    #[test]
    fn order_is_kept() {
        let small =
            ["0.0", "-0.0", "{0}", "{0.0}", "{1,a}", "{1,b}", "{1.5,a}", "{a,1}", "{'a\\000',0}", "[1|2]", "[1,2]"];
        for text in golden("order", 150) {
            with_builder(|b| {
                let generated = text.split("==\n").next().expect("terms").lines();
                let terms: Vec<Term<'_>> = generated.chain(small).map(|t| parse(b, t)).collect();
                let pairs: Vec<Term<'_>> =
                    terms.iter().flat_map(|&x| [b.tuple(&[x, terms[0]]), b.tuple(&[x, terms[1]])]).collect();
                let all: Vec<Term<'_>> = terms.iter().copied().chain(pairs).collect();
                for &x in &all {
                    let p = Prefix::of(x);
                    for &y in &all {
                        let (q, order) = (Prefix::of(y), cmp::compare(x, y));
                        assert!(
                            p.cmp(&q) == order || p == q && !(p.is_whole() && order.is_ne()),
                            "{x:?} {y:?}: {p:x?} {q:x?}"
                        );
                    }
                }
            });
        }
    }

    #[test]
    fn common_keys_are_whole() {
        with_builder(|b| {
            for (text, whole) in [
                ("17", true),
                ("-1.5", true),
                ("{1008,65000}", true),
                ("{user,5}", true),
                ("[]", true),
                ("<<1>>", false),
                ("{1,2,3}", true),
                ("1000000000000000000000", false),
            ] {
                assert_eq!(Prefix::of(parse(b, text)).is_whole(), whole, "{text}");
            }
        });
    }
}
