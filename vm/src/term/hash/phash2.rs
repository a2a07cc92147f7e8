//! `erlang:phash2`: Bob Jenkins' 96-bit mix over a walk of the term.
//!
//! Invariant: the value depends on the term alone, not on how it is represented or ordered inside (pairs of a map are
//! hashed each for itself and combined with xor), and equals the reference's.

use super::aligned;
use crate::atom::Atom;
use crate::node;
use crate::term::{BitsView, Kind, RecordView, Term, map};

/// The golden ratio; the constants of the kinds are its multiples.
const HCONST: u32 = 0x9e37_79b9;

/// Constant of a kind of term.
const fn constant(n: u32) -> u32 {
    HCONST.wrapping_mul(n)
}

/// Hash of `[]` where nothing was hashed before.
const NIL_ALONE: u32 = 3_468_870_702;
/// The reference's internal number of the type `[]`.
const NIL_TYPE: u32 = 2;

/// What is still to be hashed.
enum Rest<'s> {
    Term(Term<'s>),
    /// A pair of a map is done: combine it with the others.
    Pair,
    /// All pairs of a map are done; hash and combined pairs of the term around it.
    Tail {
        hash: u32,
        pairs: u32,
    },
}

#[inline(always)]
fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    macro_rules! round {
        ($x:ident, $y:ident, $z:ident, $shift:expr) => {
            $x = $x.wrapping_sub($y).wrapping_sub($z) ^ $shift;
        };
    }
    round!(a, b, c, (c >> 13));
    round!(b, c, a, (a << 8));
    round!(c, a, b, (b >> 13));
    round!(a, b, c, (c >> 12));
    round!(b, c, a, (a << 16));
    round!(c, a, b, (b >> 5));
    round!(a, b, c, (c >> 3));
    round!(b, c, a, (a << 10));
    round!(c, a, b, (b >> 15));
    (a, b, c)
}

#[inline(always)]
fn two(hash: u32, x: u32, y: u32, n: u32) -> u32 {
    mix(constant(n).wrapping_add(x), constant(n).wrapping_add(y), hash).2
}

#[inline(always)]
fn one(hash: u32, x: u32, n: u32) -> u32 {
    two(hash, x, 0, n)
}

fn small(hash: u32, i: i64) -> u32 {
    if (-(1 << 27)..1 << 27).contains(&i) {
        // A negative number is mixed in twice.
        let hash = if i < 0 { one(hash, i.unsigned_abs() as u32, 1) } else { hash };
        return one(hash, i as u32, 1);
    }
    limb(hash, i.unsigned_abs(), i < 0)
}

fn limb(hash: u32, l: u64, negative: bool) -> u32 {
    two(hash, l as u32, (l >> 32) as u32, if negative { 10 } else { 11 })
}

/// Hash of a term; `phash2/1` shows its lower 27 bits.
pub fn make_hash2(t: Term<'_>) -> u32 {
    let (mut hash, mut pairs): (u32, u32) = (0, 0);
    let mut rest: Vec<Rest<'_>> = Vec::new();
    let mut term = t;
    loop {
        hash = match term.kind() {
            Kind::Small(i) => small(hash, i),
            Kind::Big(b) => b.limbs.iter().fold(hash, |h, &l| limb(h, l, b.negative)),
            Kind::Atom(a) if hash == 0 => a.hash(),
            Kind::Atom(a) => one(hash, a.hash(), 3),
            Kind::Nil if hash == 0 => NIL_ALONE,
            Kind::Nil => one(hash, NIL_TYPE, 2),
            Kind::Cons(..) => {
                let (h, next) = list(hash, term, &mut rest);
                hash = h;
                term = next;
                continue;
            }
            Kind::Tuple(elements) => {
                rest.extend(elements.iter().rev().map(|&e| Rest::Term(e)));
                one(hash, elements.len() as u32, 9)
            }
            Kind::Map => {
                let size = map::size(term);
                let h = one(hash, size as u32, 16);
                if size == 0 {
                    h
                } else {
                    rest.push(Rest::Tail { hash: h, pairs });
                    pairs = 0;
                    for (k, v) in map::iter(term) {
                        rest.extend([Rest::Pair, Rest::Term(v), Rest::Term(k)]);
                    }
                    0
                }
            }
            Kind::Float(f) => {
                // Both zeros hash as the positive one.
                let bits = if f == 0.0 { 0 } else { f.to_bits() };
                two(hash, (bits >> 32) as u32, bits as u32, 12)
            }
            Kind::Bits(v) => bits(hash, v),
            Kind::Fun(f) => {
                let h = two(hash, f.env.len() as u32, f.entry.module.hash(), 1);
                rest.extend(f.env.iter().rev().map(|&e| Rest::Term(e)));
                two(h, f.entry.index, f.entry.old_uniq, 1)
            }
            Kind::Export(e) => {
                let h = two(hash, u32::from(e.mfa.arity), e.mfa.module.hash(), 1);
                one(h, e.mfa.function.hash(), 14)
            }
            Kind::Ref(r) => one(hash, r.numbers[0], 7),
            Kind::Pid(data) => one(hash, node::local_pid_parts(data).number, 5),
            Kind::ExternalPid(_, data) => one(hash, node::external_pid_parts(data).number, 5),
            Kind::Port(n) | Kind::ExternalPort(_, n) => two(hash, n as u32, (n >> 32) as u32, 6),
            Kind::Record(r) => {
                rest.extend(in_order_of_atoms(&r).into_iter().rev().map(Rest::Term));
                two(hash, r.values.len() as u32, definition(r.definition), 23)
            }
        };
        term = loop {
            match rest.pop() {
                None => return hash,
                Some(Rest::Term(t)) => break t,
                Some(Rest::Pair) => {
                    pairs ^= hash;
                    hash = 0;
                }
                Some(Rest::Tail { hash: h, pairs: p }) => {
                    hash = one(h, pairs, 19);
                    pairs = p;
                }
            }
        };
    }
}

/// Hash of a record's definition: that of the tuple of module, name, whether it is exported, and the fields in order.
fn definition(t: Term<'_>) -> u32 {
    let Some([module, name, exported, fields]) = t.as_tuple_of() else { return 0 };
    let atoms = || [module, name, exported].into_iter().chain(fields.list_iter()).filter_map(|t| t.as_atom());
    let start = one(0, atoms().count() as u32, 9);
    atoms().fold(start, |hash, a| one(hash, a.hash(), 3))
}

/// The values of a record as the reference keeps them: the field comes first whose atom was made first. So the hash of a
/// record with several fields depends on the history of the atom table, there as here.
fn in_order_of_atoms<'s>(r: &RecordView<'s>) -> Vec<Term<'s>> {
    let fields = r.definition.as_tuple().and_then(|d| d.get(3)).copied().unwrap_or(Term::NIL);
    let index = |field: Term<'s>| field.as_atom().map(Atom::index);
    let mut values: Vec<_> = fields.list_iter().map(index).zip(r.values.iter().copied()).collect();
    values.sort_by_key(|(index, _)| *index);
    values.into_iter().map(|(_, value)| value).collect()
}

/// Hashes the leading bytes of a list, four at a time; then comes the returned term.
fn list<'s>(mut hash: u32, mut term: Term<'s>, rest: &mut Vec<Rest<'s>>) -> (u32, Term<'s>) {
    let (mut count, mut word) = (0, 0u32);
    let (mut next, mut tail) = (term, None);
    while let Some((h, t)) = term.as_cons() {
        let Some(byte) = h.as_small().and_then(|i| u8::try_from(i).ok()) else {
            (next, tail) = (h, Some(t));
            break;
        };
        word = word << 8 | u32::from(byte);
        count += 1;
        if count == 4 {
            hash = one(hash, word, 4);
            (count, word) = (0, 0);
        }
        (term, next) = (t, t);
    }
    if count > 0 {
        hash = one(hash, word, 4);
    }
    if let Some(t) = tail {
        rest.push(Rest::Term(t));
    }
    (hash, next)
}

fn bits(hash: u32, v: BitsView<'_>) -> u32 {
    let initial = constant(13).wrapping_add(hash);
    if v.bits == 0 {
        return initial;
    }
    // The reference takes the size modulo 2^32; so values of larger binaries do not depend on all of them.
    let (whole, partial) = ((v.bits / 8) & 0xffff_ffff, v.bits % 8);
    let bytes = aligned(v);
    let h = block(&bytes[..whole], initial);
    if partial == 0 { h } else { two(h, partial as u32, u32::from(bytes[whole] >> (8 - partial)), 15) }
}

fn block(bytes: &[u8], initial: u32) -> u32 {
    let word = |b: &[u8]| b.iter().rev().fold(0u32, |w, &x| w << 8 | u32::from(x));
    let (mut a, mut b, mut c) = (HCONST, HCONST, initial);
    let (chunks, last) = bytes.as_chunks::<12>();
    for k in chunks {
        let (x, rest) = k.split_at(4);
        let (y, z) = rest.split_at(4);
        (a, b, c) = mix(a.wrapping_add(word(x)), b.wrapping_add(word(y)), c.wrapping_add(word(z)));
    }
    let mut k = [0; 12];
    // The lowest byte of the third word belongs to the length.
    let n = last.len();
    k[..n.min(8)].copy_from_slice(&last[..n.min(8)]);
    if n > 8 {
        k[9..=n].copy_from_slice(&last[8..]);
    }
    c = c.wrapping_add(bytes.len() as u32);
    mix(a.wrapping_add(word(&k[..4])), b.wrapping_add(word(&k[4..8])), c.wrapping_add(word(&k[8..]))).2
}
