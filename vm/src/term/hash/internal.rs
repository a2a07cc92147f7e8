//! The hash of hash tries and tables: fast, and equal for terms that are `=:=`.
//!
//! A 64-bit state is folded with each word through one widening multiplication. Pairs of a map are hashed each for
//! itself and added up, so the value does not depend on their order. A term that is one word goes through the finisher
//! of MurmurHash3, which gives integers the numbers that they have in OTP 27 and later: keys that collide there do here.

use super::aligned;
use crate::profile::Profile;
use crate::term::{BitsView, Kind, Term, map};

const SEED: u64 = 0x2d35_8dcc_aa6c_78a5;
const MULTIPLIER: u64 = 0x8bb8_4b93_962e_acc9;

/// Marks that keep terms of different kinds with the same words apart.
#[repr(u64)]
#[derive(Clone, Copy)]
enum Mark {
    Cons = 1,
    Tuple,
    Map,
    Bits,
    Big,
    Float,
    Fun,
    Export,
    Ref,
    ExternalPid,
    ExternalPort,
    Record,
}

#[inline(always)]
fn fold(state: u64, word: u64) -> u64 {
    let wide = u128::from(state ^ word).wrapping_mul(u128::from(MULTIPLIER));
    (wide as u64) ^ (wide >> 64) as u64
}

#[inline(always)]
fn finish(state: u64) -> u32 {
    (state ^ state >> 32) as u32
}

enum Rest<'s> {
    Term(Term<'s>),
    /// A pair of a map is done: add it to the sum.
    Pair,
    /// All pairs are done; state and sum of the term around.
    Tail {
        state: u64,
        sum: u64,
    },
}

/// Hash of a term for tables of our own.
#[inline]
pub fn internal_hash(t: Term<'_>) -> u32 {
    if t.is_immediate() { mix(t.bits()) as u32 } else { finish(compound(t)) }
}

/// A hash of 64 bits, the lower half of which is [`internal_hash`].
pub fn wide_internal_hash(t: Term<'_>) -> u64 {
    if t.is_immediate() {
        return mix(t.bits());
    }
    let state = compound(t);
    state & !u64::from(u32::MAX) | u64::from(finish(state))
}

/// The finisher of MurmurHash3.
#[inline(always)]
fn mix(word: u64) -> u64 {
    let h = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let h = (h ^ h >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ h >> 33
}

fn compound(t: Term<'_>) -> u64 {
    let (mut state, mut sum) = (SEED, 0u64);
    let mut rest: Vec<Rest<'_>> = Vec::new();
    let mut term = t;
    loop {
        if term.is_immediate() {
            state = fold(state, term.bits());
        } else if let Some((h, tail)) = term.as_cons() {
            state = fold(state, Mark::Cons as u64);
            if h.is_immediate() {
                state = fold(state, h.bits());
                term = tail;
            } else {
                rest.push(Rest::Term(tail));
                term = h;
            }
            continue;
        } else if let Some(elements) = term.as_tuple() {
            state = fold(state, Mark::Tuple as u64 | (elements.len() as u64) << 8);
            // Words as far as possible; what comes behind the first term with an inside waits.
            let inside = elements.iter().position(|e| !e.is_immediate());
            let words = &elements[..inside.unwrap_or(elements.len())];
            state = words.iter().fold(state, |s, e| fold(s, e.bits()));
            if let Some(i) = inside {
                rest.extend(elements[i + 1..].iter().rev().map(|&e| Rest::Term(e)));
                term = elements[i];
                continue;
            }
        } else {
            state = boxed(state, &mut sum, term, &mut rest);
        }
        term = loop {
            match rest.pop() {
                None => return state,
                Some(Rest::Term(t)) => break t,
                Some(Rest::Pair) => {
                    sum = sum.wrapping_add(state);
                    state = SEED;
                }
                Some(Rest::Tail { state: s, sum: outer }) => {
                    state = fold(s, sum);
                    sum = outer;
                }
            }
        };
    }
}

/// Folds in a boxed term's own words and leaves its insides to `rest`.
fn boxed<'s>(state: u64, sum: &mut u64, term: Term<'s>, rest: &mut Vec<Rest<'s>>) -> u64 {
    let mark = |m: Mark, n: usize| fold(state, m as u64 | (n as u64) << 8);
    match term.kind() {
        Kind::Record(r) => {
            rest.extend(r.values.iter().rev().map(|&e| Rest::Term(e)));
            rest.push(Rest::Term(r.definition));
            mark(Mark::Record, r.values.len())
        }
        Kind::Map => {
            rest.push(Rest::Tail { state: mark(Mark::Map, map::size(term)), sum: *sum });
            *sum = 0;
            for (k, v) in map::iter(term) {
                rest.extend([Rest::Pair, Rest::Term(v), Rest::Term(k)]);
            }
            SEED
        }
        Kind::Big(b) => b.limbs.iter().fold(mark(Mark::Big, usize::from(b.negative)), |s, &l| fold(s, l)),
        Kind::Float(f) => {
            let bits = if f == 0.0 && Profile::get().zeros_are_identical() { 0 } else { f.to_bits() };
            fold(mark(Mark::Float, 0), bits)
        }
        Kind::Bits(v) => bits(mark(Mark::Bits, v.bits), v),
        Kind::Fun(f) => {
            rest.extend(f.env.iter().rev().map(|&e| Rest::Term(e)));
            fold(mark(Mark::Fun, f.env.len()), std::ptr::from_ref(f.entry).addr() as u64)
        }
        Kind::Export(e) => fold(mark(Mark::Export, 0), std::ptr::from_ref(e).addr() as u64),
        Kind::Ref(r) => {
            let node = r.node.map_or(0, |n| std::ptr::from_ref(n).addr());
            r.numbers.iter().fold(mark(Mark::Ref, node), |s, &n| fold(s, u64::from(n)))
        }
        Kind::ExternalPid(n, data) => fold(mark(Mark::ExternalPid, std::ptr::from_ref(n).addr()), data),
        Kind::ExternalPort(n, data) => fold(mark(Mark::ExternalPort, std::ptr::from_ref(n).addr()), data),
        // What is no boxed term, and tuples, the caller has dealt with.
        Kind::Small(_) | Kind::Atom(_) | Kind::Nil | Kind::Cons(..) | Kind::Pid(_) | Kind::Port(_) | Kind::Tuple(_) => {
            state
        }
    }
}

fn bits(state: u64, v: BitsView<'_>) -> u64 {
    let bytes = aligned(v);
    let (words, last) = bytes.as_chunks::<8>();
    let state = words.iter().fold(state, |s, w| fold(s, u64::from_le_bytes(*w)));
    let mut w = [0; 8];
    w[..last.len()].copy_from_slice(last);
    fold(state, u64::from_le_bytes(w))
}
