//! `erlang:phash`: the older portable hash, multiplying by primes just above 2^28.
//!
//! Invariant: equals the reference's for every term; maps go through [`make_hash2`] as they do there.

use super::{aligned, make_hash2};
use crate::node;
use crate::term::{Kind, Term};

const P1: u32 = 268_440_163;
const P2: u32 = 268_439_161;
const P3: u32 = 268_435_459;
const P4: u32 = 268_436_141;
const P5: u32 = 268_438_633;
const P6: u32 = 268_437_017;
const P8: u32 = 268_437_511;
const P9: u32 = 268_439_627;
const P10: u32 = 268_440_479;
const P11: u32 = 268_440_577;
const P12: u32 = 268_440_581;
const P13: u32 = 268_440_593;
const P14: u32 = 268_440_611;

/// What is still to be hashed.
enum Rest<'s> {
    Term(Term<'s>),
    /// A list's tail: goes on as a list, or ends it.
    Tail(Term<'s>),
    /// The end of a list.
    ListEnd,
    /// The end of a tuple of this size.
    TupleEnd(u32),
}

#[inline]
fn step(hash: u32, prime: u32, x: u32) -> u32 {
    hash.wrapping_mul(prime).wrapping_add(x)
}

/// The four bytes of `x`, least significant first.
fn word(hash: u32, x: u32, prime: u32) -> u32 {
    x.to_le_bytes().into_iter().fold(hash, |h, b| step(h, prime, u32::from(b)))
}

/// An integer's magnitude in 32-bit pieces, least significant first.
fn integer(hash: u32, limbs: &[u64], negative: bool) -> u32 {
    let mut h = hash;
    for (i, &l) in limbs.iter().enumerate() {
        h = word(h, l as u32, P2);
        if l >> 32 != 0 || i + 1 < limbs.len() {
            h = word(h, (l >> 32) as u32, P2);
        }
    }
    h.wrapping_mul(if negative { P4 } else { P3 })
}

/// Hash of a term; `erlang:phash/2` reduces it to its range.
pub fn make_hash(t: Term<'_>) -> u32 {
    let mut hash: u32 = 0;
    let mut rest: Vec<Rest<'_>> = Vec::new();
    let mut term = t;
    loop {
        hash = match term.kind() {
            Kind::Nil => step(hash, P3, 1),
            Kind::Atom(a) => step(hash, P1, a.hash()),
            Kind::Small(i) => integer(hash, &[i.unsigned_abs()], i < 0),
            Kind::Big(b) => integer(hash, b.limbs, b.negative),
            Kind::Bits(v) => {
                let (whole, partial) = (v.bits / 8, v.bits % 8);
                let bytes = aligned(v);
                let mut h = bytes[..whole].iter().fold(hash, |h, &b| step(h, P1, u32::from(b)));
                if partial > 0 {
                    h = step(step(h, P1, u32::from(bytes[whole] >> (8 - partial))), P12, partial as u32);
                }
                step(h, P4, whole as u32)
            }
            Kind::Fun(f) => {
                let h = step(hash, P10, f.env.len() as u32);
                let h = step(h, P1, f.entry.module.hash());
                rest.extend(f.env.iter().rev().map(|&e| Rest::Term(e)));
                step(step(h, P2, f.entry.index), P2, f.entry.old_uniq)
            }
            Kind::Export(e) => {
                let h = step(hash, P11, u32::from(e.mfa.arity));
                step(step(h, P1, e.mfa.module.hash()), P1, e.mfa.function.hash())
            }
            Kind::Pid(data) => word(hash, node::local_pid_parts(data).number, P5).wrapping_mul(P6),
            Kind::ExternalPid(_, data) => word(hash, node::external_pid_parts(data).number, P5).wrapping_mul(P6),
            Kind::Port(n) | Kind::ExternalPort(_, n) => {
                let high = (n >> 32) as u32;
                let h = if high == 0 { hash } else { word(hash, high, P11) };
                word(h, n as u32, P9).wrapping_mul(P10)
            }
            Kind::Ref(r) => word(hash, r.numbers[0], P9).wrapping_mul(P10),
            Kind::Float(f) => {
                let bits = if f == 0.0 { 0 } else { f.to_bits() };
                step(hash, P6, bits as u32 ^ (bits >> 32) as u32)
            }
            Kind::Cons(..) => {
                rest.push(Rest::Tail(term));
                hash
            }
            Kind::Map => step(hash, P13, P14).wrapping_add(make_hash2(term)),
            Kind::Tuple(elements) => {
                rest.push(Rest::TupleEnd(elements.len() as u32));
                rest.extend(elements.iter().rev().map(|&e| Rest::Term(e)));
                hash
            }
            Kind::Record(r) => {
                rest.push(Rest::TupleEnd(r.values.len() as u32));
                rest.extend(r.values.iter().rev().map(|&e| Rest::Term(e)));
                rest.push(Rest::Term(r.definition));
                hash
            }
        };
        term = loop {
            match rest.pop() {
                None => return hash,
                Some(Rest::Term(t)) => break t,
                Some(Rest::ListEnd) => hash = hash.wrapping_mul(P8),
                Some(Rest::TupleEnd(n)) => hash = step(hash, P9, n),
                Some(Rest::Tail(mut t)) => {
                    // Bytes have a shorter way of their own; the first other element is hashed as a term.
                    let next = loop {
                        let Some((head, tail)) = t.as_cons() else {
                            rest.push(Rest::ListEnd);
                            break t;
                        };
                        match head.as_small().and_then(|i| u8::try_from(i).ok()) {
                            Some(byte) => {
                                hash = step(hash, P2, u32::from(byte));
                                t = tail;
                            }
                            None => {
                                rest.push(Rest::Tail(tail));
                                break head;
                            }
                        }
                    };
                    break next;
                }
            }
        };
    }
}
