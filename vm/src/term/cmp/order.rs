//! The term order of terms that are not two small integers.
//!
//! Maps order by size, then by their keys in order of keys, then by the values in that order. Where a map does not keep
//! its keys in that order, they are sorted first, as one more entry of the explicit stack: a difference found while
//! sorting answers the sort, any other difference is the result.

use std::cmp::Ordering;

use super::{number, rank};
use crate::node::{self, Node};
use crate::profile::Profile;
use crate::term::map;
use crate::term::{Kind, RefView, Subtag, Term};

type Pair<'s> = (Term<'s>, Term<'s>);

/// What is still to be compared. Each carries whether integers come before floats.
enum Rest<'s> {
    Pair(Term<'s>, Term<'s>, bool),
    Array(&'s [Term<'s>], &'s [Term<'s>], bool),
    /// Pairs from the given one on.
    Pairs(Vec<Pair<'s>>, usize, bool),
    Maps(Box<MapSort<'s>>),
}

/// How deep [`quick`] looks.
const QUICK_DEPTH: usize = 3;

/// The order of two terms.
#[inline]
pub(super) fn order(a: Term<'_>, b: Term<'_>, exact: bool) -> Ordering {
    quick(a, b, exact, QUICK_DEPTH).unwrap_or_else(|| deep(a, b, exact))
}

/// The order of two terms of any sort.
#[inline(never)]
fn deep(a: Term<'_>, b: Term<'_>, exact: bool) -> Ordering {
    // Both are alive for the whole call, so one brand may stand for the two.
    let (mut a, mut b, mut exact) = (Term::from_raw(a.raw()), Term::from_raw(b.raw()), exact);
    let mut rest: Vec<Rest<'_>> = Vec::new();
    loop {
        let (mut answer, mut inside) = (Ordering::Equal, None);
        match (a.as_cons(), b.as_cons()) {
            _ if a.same(b) => {}
            (Some((x, xs)), Some((y, ys))) => match immediates(x, y) {
                Some(Ordering::Equal) => {
                    (a, b) = (xs, ys);
                    continue;
                }
                Some(o) => answer = o,
                None => {
                    rest.push(Rest::Pair(xs, ys, exact));
                    (a, b) = (x, y);
                    continue;
                }
            },
            _ => match head(a, b, exact) {
                Head::Is(o) => answer = o,
                Head::Open(opened) => inside = Some(opened),
            },
        }
        (a, b, exact) = loop {
            if answer.is_ne() {
                // Only a sort wants to know; everything above it is decided.
                while rest.pop_if(|r| !matches!(r, Rest::Maps(_))).is_some() {}
            }
            match inside.take().or_else(|| rest.pop()) {
                None => return answer,
                Some(Rest::Pair(x, y, exact)) => break (x, y, exact),
                Some(Rest::Array(xs, ys, exact)) => {
                    let mut deep = None;
                    for (i, (&x, &y)) in xs.iter().zip(ys).enumerate() {
                        match immediates(x, y) {
                            Some(Ordering::Equal) => {}
                            Some(o) => {
                                answer = o;
                                break;
                            }
                            None => {
                                deep = Some((i, x, y));
                                break;
                            }
                        }
                    }
                    if let Some((i, x, y)) = deep {
                        if i + 1 < xs.len() {
                            rest.push(Rest::Array(&xs[i + 1..], &ys[i + 1..], exact));
                        }
                        break (x, y, exact);
                    }
                }
                Some(Rest::Pairs(pairs, next, exact)) => {
                    if let Some(&(x, y)) = pairs.get(next) {
                        rest.push(Rest::Pairs(pairs, next + 1, exact));
                        break (x, y, exact);
                    }
                }
                Some(Rest::Maps(mut sort)) => match sort.step(answer) {
                    Some((x, y)) => {
                        rest.push(Rest::Maps(sort));
                        break (x, y, true);
                    }
                    None => {
                        answer = Ordering::Equal;
                        let exact = sort.exact;
                        let [xs, ys] = sort.sides.map(|s| s.from);
                        let (keys, values) = xs.into_iter().zip(ys).map(|((k, v), (l, w))| ((k, l), (v, w))).unzip();
                        rest.push(Rest::Pairs(values, 0, exact));
                        rest.push(Rest::Pairs(keys, 0, true));
                    }
                },
            }
        };
    }
}

/// Compares terms that are not nested deeply: the commonest cases without the machinery above.
#[inline]
fn quick(a: Term<'_>, b: Term<'_>, exact: bool, depth: usize) -> Option<Ordering> {
    let part = |x: Term<'_>, y: Term<'_>| match immediates(x, y).or_else(|| flat(x, y, exact)) {
        None if depth > 0 => nested(x, y, exact, depth - 1),
        answer => answer,
    };
    if let (Some(xs), Some(ys)) = (a.as_tuple(), b.as_tuple()) {
        if xs.len() != ys.len() {
            return Some(xs.len().cmp(&ys.len()));
        }
        for (&x, &y) in xs.iter().zip(ys) {
            match part(x, y)? {
                Ordering::Equal => {}
                o => return Some(o),
            }
        }
        return Some(Ordering::Equal);
    }
    let (mut a, mut b) = (Term::from_raw(a.raw()), Term::from_raw(b.raw()));
    while let (Some((x, xs)), Some((y, ys))) = (a.as_cons(), b.as_cons()) {
        match part(x, y)? {
            Ordering::Equal => (a, b) = (xs, ys),
            o => return Some(o),
        }
    }
    flat(a, b, exact)
}

/// [`quick`] for a part of a term.
#[inline(never)]
fn nested(a: Term<'_>, b: Term<'_>, exact: bool, depth: usize) -> Option<Ordering> {
    quick(a, b, exact, depth)
}

/// Compares terms of different types, small integers, floats, atoms and bitstrings.
#[inline]
fn flat(a: Term<'_>, b: Term<'_>, exact: bool) -> Option<Ordering> {
    if let Some(o) = immediates(a, b) {
        return Some(o);
    }
    let (x, y) = (place(a), place(b));
    if x != y {
        return Some(x.cmp(&y));
    }
    match x {
        0 => match (a.as_float(), b.as_float()) {
            (Some(x), Some(y)) => Some(number::float_float(x, y, exact)),
            _ if exact => None,
            (Some(x), None) => Some(number::int_float(b.as_small()?, x).reverse()),
            (None, Some(y)) => Some(number::int_float(a.as_small()?, y)),
            (None, None) => None,
        },
        11 => Some(crate::term::bits::compare(a.as_bits()?, b.as_bits()?)),
        _ => None,
    }
}

/// As [`rank`], from the tags.
#[inline]
fn place(t: Term<'_>) -> u8 {
    if let Some(h) = t.boxed_header() {
        return match h.subtag() {
            Subtag::PosBig | Subtag::NegBig | Subtag::Float => 0,
            Subtag::Ref | Subtag::ExternalRef => 2,
            Subtag::Fun | Subtag::Export => 3,
            Subtag::ExternalPort => 4,
            Subtag::ExternalPid => 5,
            Subtag::Tuple => 6,
            Subtag::Record => 7,
            Subtag::Map => 8,
            Subtag::HeapBits | Subtag::SubBits | Subtag::MatchCtx | Subtag::BinRef => 11,
        };
    }
    let t = t.raw();
    match () {
        () if t.is_small() => 0,
        () if t.is_atom() => 1,
        () if t.is_local_port() => 4,
        () if t.is_local_pid() => 5,
        () if t.is_nil() => 9,
        () => 10,
    }
}

/// Compares terms that are the same word, two small integers or two atoms.
#[inline(always)]
fn immediates(x: Term<'_>, y: Term<'_>) -> Option<Ordering> {
    if x.same(y) {
        return Some(Ordering::Equal);
    }
    match (x.as_small(), y.as_small()) {
        (Some(i), Some(j)) => Some(i.cmp(&j)),
        _ => Some(x.as_atom()?.cmp(&y.as_atom()?)),
    }
}

/// Outcome of looking at two terms themselves.
enum Head<'s> {
    Is(Ordering),
    /// So far equal; their insides decide.
    Open(Rest<'s>),
}

/// Compares two terms that are not both cons cells, as far as it goes without their insides.
fn head<'s>(a: Term<'s>, b: Term<'s>, exact: bool) -> Head<'s> {
    let (ka, kb) = (a.kind(), b.kind());
    if let Some(o) = number::compare(&ka, &kb, exact) {
        return Head::Is(o);
    }
    Head::Is(match (ka, kb) {
        (Kind::Atom(x), Kind::Atom(y)) => x.cmp(&y),
        (Kind::Tuple(x), Kind::Tuple(y)) => match x.len().cmp(&y.len()) {
            Ordering::Equal => return Head::Open(Rest::Array(x, y, exact)),
            o => o,
        },
        (Kind::Map, Kind::Map) => match map::size(a).cmp(&map::size(b)) {
            Ordering::Equal => return Head::Open(MapSort::of(a, b, exact)),
            o => o,
        },
        (Kind::Bits(x), Kind::Bits(y)) => crate::term::bits::compare(x, y),
        (Kind::Fun(x), Kind::Fun(y)) => {
            let key = |f: &crate::term::FunView<'_>| (f.entry.module, f.entry.index, f.entry.old_uniq, f.env.len());
            match key(&x).cmp(&key(&y)) {
                Ordering::Equal => return Head::Open(Rest::Array(x.env, y.env, exact)),
                o => o,
            }
        }
        (Kind::Export(x), Kind::Export(y)) => x.mfa.cmp(&y.mfa),
        (Kind::Fun(_), Kind::Export(_)) => Ordering::Less,
        (Kind::Export(_), Kind::Fun(_)) => Ordering::Greater,
        (Kind::Ref(x), Kind::Ref(y)) => refs(&x, &y),
        (Kind::Port(x), Kind::Port(y)) => x.cmp(&y),
        (ka @ (Kind::Port(_) | Kind::ExternalPort(..)), kb @ (Kind::Port(_) | Kind::ExternalPort(..))) => {
            let (m, x) = port(&ka);
            let (n, y) = port(&kb);
            nodes(m, n).then(x.cmp(&y))
        }
        (Kind::Pid(x), Kind::Pid(y)) => x.cmp(&y),
        (ka @ (Kind::Pid(_) | Kind::ExternalPid(..)), kb @ (Kind::Pid(_) | Kind::ExternalPid(..))) => {
            let (m, x) = pid(&ka);
            let (n, y) = pid(&kb);
            x.cmp(&y).then_with(|| nodes(m, n))
        }
        (Kind::Record(x), Kind::Record(y)) => match super::compare_exact(x.definition, y.definition) {
            Ordering::Equal => return Head::Open(Rest::Array(x.values, y.values, exact)),
            o => o,
        },
        (ka, kb) => rank(&ka).cmp(&rank(&kb)),
    })
}

fn refs(x: &RefView<'_>, y: &RefView<'_>) -> Ordering {
    nodes(x.node, y.node).then_with(|| x.numbers.iter().rev().cmp(y.numbers.iter().rev()))
}

fn port<'s>(k: &Kind<'s>) -> (Option<&'static Node>, u64) {
    match *k {
        Kind::ExternalPort(n, data) => (Some(n), data),
        Kind::Port(data) => (None, data),
        _ => (None, 0),
    }
}

/// Node, and serial before number.
fn pid<'s>(k: &Kind<'s>) -> (Option<&'static Node>, (u32, u32)) {
    match *k {
        Kind::ExternalPid(n, data) => (Some(n), node::external_pid_parts(data).serial_first()),
        Kind::Pid(data) => (None, node::local_pid_parts(data).serial_first()),
        _ => (None, (0, 0)),
    }
}

/// By name, then creation; `None` is this node.
fn nodes(a: Option<&Node>, b: Option<&Node>) -> Ordering {
    let key = |n: Option<&Node>| n.map_or((Node::this_name(), Node::this_creation()), |n| (n.name, n.creation));
    key(a).cmp(&key(b))
}

/// Sorts the pairs of two maps by key, one key comparison at a time: a merge sort from below, whose comparisons are made
/// by whoever calls [`MapSort::step`].
struct MapSort<'s> {
    exact: bool,
    sides: [Merge<'s>; 2],
    /// Whether `step` has asked something.
    asked: bool,
}

struct Merge<'s> {
    from: Vec<Pair<'s>>,
    to: Vec<Pair<'s>>,
    /// Length of the sorted runs in `from`.
    width: usize,
    /// Next of the left and of the right run, and their ends.
    left: usize,
    middle: usize,
    right: usize,
    end: usize,
}

impl<'s> MapSort<'s> {
    /// What is to be done for two maps of equal size.
    fn of(a: Term<'s>, b: Term<'s>, exact: bool) -> Rest<'s> {
        let n = map::size(a);
        let sort = MapSort {
            exact,
            sides: [Merge::new(map::iter(a).collect()), Merge::new(map::iter(b).collect())],
            asked: false,
        };
        if n > map::SMALL_LIMIT || Profile::get().small_maps_by_atom_index() {
            return Rest::Maps(Box::new(sort));
        }
        // In order of keys already: a merge of runs as long as the whole asks nothing.
        Rest::Maps(Box::new(MapSort { sides: sort.sides.map(|s| Merge { width: n.max(1), ..s }), ..sort }))
    }

    /// Goes on with the answer to what was asked last; the next keys to compare, `None` when both sides are sorted.
    fn step(&mut self, answer: Ordering) -> Option<Pair<'s>> {
        let mut answer = self.asked.then_some(answer);
        for side in &mut self.sides {
            while side.width < side.from.len() {
                if let Some(ask) = side.pass(&mut answer) {
                    self.asked = true;
                    return Some(ask);
                }
            }
        }
        None
    }
}

impl<'s> Merge<'s> {
    fn new(from: Vec<Pair<'s>>) -> Merge<'s> {
        let to = Vec::with_capacity(from.len());
        let mut m = Merge { from, to, width: 1, left: 0, middle: 0, right: 0, end: 0 };
        m.next_runs(0);
        m
    }

    fn next_runs(&mut self, start: usize) {
        let n = self.from.len();
        self.left = start;
        self.middle = (start + self.width).min(n);
        self.right = self.middle;
        self.end = (self.middle + self.width).min(n);
    }

    /// Merges the current two runs, and begins the next; asks for a comparison if `answer` does not hold one.
    fn pass(&mut self, answer: &mut Option<Ordering>) -> Option<Pair<'s>> {
        while self.left < self.middle && self.right < self.end {
            let (x, y) = (self.from[self.left], self.from[self.right]);
            match answer.take() {
                None => return Some((x.0, y.0)),
                Some(Ordering::Greater) => {
                    self.to.push(y);
                    self.right += 1;
                }
                Some(_) => {
                    self.to.push(x);
                    self.left += 1;
                }
            }
        }
        self.to.extend_from_slice(&self.from[self.left..self.middle]);
        self.to.extend_from_slice(&self.from[self.right..self.end]);
        let end = self.end;
        if end == self.from.len() {
            std::mem::swap(&mut self.from, &mut self.to);
            self.to.clear();
            self.width *= 2;
            self.next_runs(0);
        } else {
            self.next_runs(end);
        }
        None
    }
}
