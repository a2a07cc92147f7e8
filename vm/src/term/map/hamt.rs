//! The hash array mapped trie: 16-way nodes, compressed by a bitmap, indexed by four bits of the key's hash a level.
//!
//! Invariant: a leaf lies where the digits of its key's hash lead; an inner node never holds a single leaf (removal
//! pulls it up), so the shape depends on the keys only. After eight digits the hash is taken anew with a salt.

use super::{SMALL_LIMIT, build, head_header, header_bitmap, header_kind, node_header};
use crate::heap::Builder;
use crate::term::Header;
use crate::term::{RawTerm, Term, cmp, hash};

const DIGIT_BITS: u32 = 4;
const DIGITS: u32 = 8;

/// The digits of a key's hash from some level on.
#[derive(Clone, Copy)]
pub(super) struct Digits<'k> {
    key: Term<'k>,
    hash: u32,
    level: u32,
}

/// The hash that gives the digits of levels `8 * salt` to `8 * salt + 7`.
pub(super) fn salted_hash(key: Term<'_>, salt: u32) -> u32 {
    if salt == 0 {
        return hash::internal_hash(key);
    }
    // The salt goes in front of the key as the head of a list cell that lives on the Rust stack.
    let cell = [RawTerm::small(i64::from(salt)), key.raw()];
    hash::internal_hash(Term::from_raw(RawTerm::from_cons(cell.as_ptr())))
}

impl<'k> Digits<'k> {
    pub(super) fn new(key: Term<'k>) -> Digits<'k> {
        Digits { key, hash: salted_hash(key, 0), level: 0 }
    }
    /// The digits of `key` from `level` on.
    fn at(key: Term<'k>, level: u32) -> Digits<'k> {
        Digits { key, hash: salted_hash(key, level / DIGITS) >> (DIGIT_BITS * (level % DIGITS)), level }
    }
    #[inline(always)]
    fn bit(&self) -> u16 {
        1 << (self.hash & 0xf)
    }
    #[inline(always)]
    fn next(self) -> Digits<'k> {
        let level = self.level + 1;
        let hash =
            if level.is_multiple_of(DIGITS) { salted_hash(self.key, level / DIGITS) } else { self.hash >> DIGIT_BITS };
        Digits { hash, level, ..self }
    }
}

/// A root or inner node taken apart.
#[derive(Clone, Copy)]
pub(super) struct Node<'s> {
    bitmap: u16,
    pub(super) children: &'s [Term<'s>],
}

impl<'s> Node<'s> {
    /// The parts of a HAMT's root or inner node.
    #[inline(always)]
    pub(super) fn read(node: Term<'s>) -> Node<'s> {
        let h = node.boxed_header().expect("children of a HAMT are leaves or nodes");
        let bitmap = header_bitmap(h);
        let first = if header_kind(h) == super::KIND_HEAD { 2 } else { 1 };
        let n = bitmap.count_ones() as usize;
        // SAFETY: `Shape::build` laid the object out: one child a set bit, behind the header and a root's size.
        Node { bitmap, children: unsafe { std::slice::from_raw_parts(node.boxed_ptr().add(first).cast(), n) } }
    }
    /// Index of the child for `bit`, if there is one.
    #[inline(always)]
    fn slot(&self, bit: u16) -> Result<usize, usize> {
        let i = (self.bitmap & (bit - 1)).count_ones() as usize;
        if self.bitmap & bit == 0 { Err(i) } else { Ok(i) }
    }
}

/// Whether a child is a leaf that holds `key`.
#[inline(always)]
fn leaf_of<'s>(child: Term<'s>, key: Term<'_>) -> Option<(bool, Term<'s>, Term<'s>)> {
    let (k, v) = child.as_cons()?;
    Some((k.same(key) || (!k.is_immediate() && cmp::eq_exact(k, key)), k, v))
}

/// What to build: an inner node, or a root of so many keys.
#[derive(Clone, Copy)]
enum Shape {
    Node,
    Head(usize),
}

impl Shape {
    /// The header, and where the children begin.
    fn start(self, bitmap: u16) -> (Header, usize) {
        match self {
            Shape::Node => (node_header(bitmap), 1),
            Shape::Head(_) => (head_header(bitmap), 2),
        }
    }
    fn build<'s>(self, b: &Builder<'s>, bitmap: u16, fill: impl FnOnce(&mut [Term<'s>])) -> Term<'s> {
        let n = bitmap.count_ones() as usize;
        let (header, first) = self.start(bitmap);
        let p = b.arena.alloc(first + n);
        // SAFETY: alloc gave first + n words; the children are terms before they are lent.
        unsafe {
            *p = RawTerm::header(header);
            if let Shape::Head(size) = self {
                *p.add(1) = RawTerm::small(size as i64);
            }
            for i in 0..n {
                *p.add(first + i) = RawTerm::NIL;
            }
            fill(std::slice::from_raw_parts_mut(p.add(first).cast(), n));
        }
        Term::from_raw(RawTerm::from_boxed(p))
    }
    fn replaced<'s>(self, b: &Builder<'s>, node: Node<'s>, i: usize, child: Term<'s>) -> Term<'s> {
        let n = node.children.len();
        let (header, first) = self.start(node.bitmap);
        let p = b.arena.alloc(first + n);
        // SAFETY: alloc gave first + n words, all of which are written; `i` is a child's index.
        unsafe {
            *p = RawTerm::header(header);
            if let Shape::Head(size) = self {
                *p.add(1) = RawTerm::small(size as i64);
            }
            std::ptr::copy_nonoverlapping(node.children.as_ptr().cast(), p.add(first), n);
            debug_assert!(i < n);
            *p.add(first + i) = child.raw();
        }
        Term::from_raw(RawTerm::from_boxed(p))
    }
    fn inserted<'s>(self, b: &Builder<'s>, node: Node<'s>, i: usize, bit: u16, child: Term<'s>) -> Term<'s> {
        self.build(b, node.bitmap | bit, |out| {
            out[..i].copy_from_slice(&node.children[..i]);
            out[i] = child;
            out[i + 1..].copy_from_slice(&node.children[i..]);
        })
    }
    fn removed<'s>(self, b: &Builder<'s>, node: Node<'s>, i: usize, bit: u16) -> Term<'s> {
        self.build(b, node.bitmap & !bit, |out| {
            out[..i].copy_from_slice(&node.children[..i]);
            out[i..].copy_from_slice(&node.children[i + 1..]);
        })
    }
}

/// The value of `key` in the HAMT `map`.
pub(super) fn get<'s>(map: Term<'s>, key: Term<'_>) -> Option<Term<'s>> {
    get_below(Node::read(map), Digits::new(key))
}

fn get_below<'s>(mut node: Node<'s>, mut digits: Digits<'_>) -> Option<Term<'s>> {
    loop {
        let child = node.children[node.slot(digits.bit()).ok()?];
        if let Some((found, _, value)) = leaf_of(child, digits.key) {
            return found.then_some(value);
        }
        node = Node::read(child);
        digits = digits.next();
    }
}

/// `map` with `key` set to `value`.
pub(super) fn put<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'s>, value: Term<'s>) -> Term<'s> {
    let digits = Digits::new(key);
    let (node, size) = (Node::read(map), super::size(map));
    match node.slot(digits.bit()) {
        Err(i) => Shape::Head(size + 1).inserted(b, node, i, digits.bit(), b.cons(key, value)),
        Ok(i) => {
            let (child, added) = insert(b, node.children[i], digits.next(), value);
            if child.same(node.children[i]) {
                return map;
            }
            Shape::Head(size + usize::from(added)).replaced(b, node, i, child)
        }
    }
}

/// `child` with the key set, and whether the key is new. `digits` are those of the level below `child`'s parent.
fn insert<'s>(b: &Builder<'s>, child: Term<'s>, digits: Digits<'s>, value: Term<'s>) -> (Term<'s>, bool) {
    if let Some((found, k, v)) = leaf_of(child, digits.key) {
        return match found {
            true if v.same(value) => (child, false),
            true => (b.cons(k, value), false),
            false => (split(b, child, k, b.cons(digits.key, value), digits), true),
        };
    }
    let node = Node::read(child);
    match node.slot(digits.bit()) {
        Err(i) => (Shape::Node.inserted(b, node, i, digits.bit(), b.cons(digits.key, value)), true),
        Ok(i) => {
            let (new, added) = insert(b, node.children[i], digits.next(), value);
            (if new.same(node.children[i]) { child } else { Shape::Node.replaced(b, node, i, new) }, added)
        }
    }
}

/// The node for two leaves with different keys that met; `digits` are the second's.
fn split<'s>(b: &Builder<'s>, first: Term<'s>, key: Term<'s>, second: Term<'s>, digits: Digits<'s>) -> Term<'s> {
    split_at(b, first, Digits::at(key, digits.level), second, digits)
}

fn split_at<'s>(b: &Builder<'s>, x: Term<'s>, dx: Digits<'s>, y: Term<'s>, dy: Digits<'s>) -> Term<'s> {
    let (bx, by) = (dx.bit(), dy.bit());
    if bx == by {
        let below = split_at(b, x, dx.next(), y, dy.next());
        return Shape::Node.build(b, bx, |out| out[0] = below);
    }
    Shape::Node.build(b, bx | by, |out| out.copy_from_slice(&if bx < by { [x, y] } else { [y, x] }))
}

/// `map` with the value of `key` replaced.
pub(super) fn update<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'s>, value: Term<'s>) -> Option<Term<'s>> {
    update_below(b, map, Shape::Head(super::size(map)), Digits::new(key), value)
}

fn update_below<'s>(b: &Builder<'s>, at: Term<'s>, shape: Shape, d: Digits<'s>, value: Term<'s>) -> Option<Term<'s>> {
    let node = Node::read(at);
    let i = node.slot(d.bit()).ok()?;
    let child = node.children[i];
    let new = match leaf_of(child, d.key) {
        Some((false, ..)) => return None,
        Some((true, _, v)) if v.same(value) => child,
        Some((true, k, _)) => b.cons(k, value),
        None => update_below(b, child, Shape::Node, d.next(), value)?,
    };
    Some(if new.same(child) { at } else { shape.replaced(b, node, i, new) })
}

/// `map` without `key`, which it has.
pub(super) fn remove<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'_>) -> Term<'s> {
    let size = super::size(map) - 1;
    if size <= SMALL_LIMIT {
        let pairs: Vec<_> = super::iter(map).filter(|&(k, _)| !cmp::eq_exact(k, key)).collect();
        return build::from_distinct(b, &pairs);
    }
    let digits = Digits::new(key);
    let node = Node::read(map);
    let Ok(i) = node.slot(digits.bit()) else { return map };
    match remove_below(b, node.children[i], digits.next()) {
        Some(child) => Shape::Head(size).replaced(b, node, i, child),
        None => Shape::Head(size).removed(b, node, i, digits.bit()),
    }
}

/// What is left of `child` without the key, which is below it; `None`: nothing.
fn remove_below<'s>(b: &Builder<'s>, child: Term<'s>, digits: Digits<'_>) -> Option<Term<'s>> {
    if child.is_cons() {
        return None;
    }
    let node = Node::read(child);
    let Ok(i) = node.slot(digits.bit()) else { return Some(child) };
    match (remove_below(b, node.children[i], digits.next()), node.children) {
        (None, [_]) => None,
        // A single leaf is pulled up.
        (None, &[x, y]) if (if i == 0 { y } else { x }).is_cons() => Some(if i == 0 { y } else { x }),
        (None, _) => Some(Shape::Node.removed(b, node, i, digits.bit())),
        (Some(leaf), [_]) if leaf.is_cons() => Some(leaf),
        (Some(new), _) => Some(Shape::Node.replaced(b, node, i, new)),
    }
}

/// Merges two HAMTs; of keys in both, `y`'s value stays.
pub(super) fn merge<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Term<'s> {
    let mut both = 0;
    let (bitmap, children) = merge_nodes(b, x, y, 0, &mut both);
    let size = super::size(x) + super::size(y) - both;
    Shape::Head(size).build(b, bitmap, |out| out.copy_from_slice(&children[..out.len()]))
}

fn merge_nodes<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>, level: u32, both: &mut usize) -> (u16, [Term<'s>; 16]) {
    let (nx, ny) = (Node::read(x), Node::read(y));
    let bitmap = nx.bitmap | ny.bitmap;
    let mut children = [Term::NIL; 16];
    for (n, bit) in (0..16).map(|i| 1u16 << i).filter(|bit| bitmap & bit != 0).enumerate() {
        children[n] = match (nx.slot(bit), ny.slot(bit)) {
            (Ok(i), Ok(j)) => merge_children(b, nx.children[i], ny.children[j], level + 1, both),
            (Ok(i), Err(_)) => nx.children[i],
            (Err(_), Ok(j)) => ny.children[j],
            (Err(_), Err(_)) => Term::NIL,
        };
    }
    (bitmap, children)
}

fn merge_children<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>, level: u32, both: &mut usize) -> Term<'s> {
    match (x.as_cons(), y.as_cons()) {
        (Some((key, value)), _) => {
            let digits = Digits::at(key, level);
            let present = match leaf_of(y, key) {
                Some((found, ..)) => found,
                None => get_below(Node::read(y), digits).is_some(),
            };
            if present {
                *both += 1;
                return y;
            }
            insert(b, y, digits, value).0
        }
        (None, Some((key, value))) => {
            let (new, added) = insert(b, x, Digits::at(key, level), value);
            *both += usize::from(!added);
            new
        }
        (None, None) => {
            let (bitmap, children) = merge_nodes(b, x, y, level, both);
            Shape::Node.build(b, bitmap, |out| out.copy_from_slice(&children[..out.len()]))
        }
    }
}

/// A key on its way into a new HAMT: digits of its hash in order of levels, most significant first.
pub(super) struct Item<'s> {
    order: u32,
    pub(super) key: Term<'s>,
    pub(super) value: Term<'s>,
}

impl<'s> Item<'s> {
    pub(super) fn new(key: Term<'s>, value: Term<'s>) -> Item<'s> {
        Item { order: digit_order(salted_hash(key, 0)), key, value }
    }
}

/// The hash with its digits reversed, so that sorting by it groups items as the trie does.
fn digit_order(hash: u32) -> u32 {
    let bytes = hash.swap_bytes();
    (bytes & 0x0f0f_0f0f) << 4 | (bytes >> 4) & 0x0f0f_0f0f
}

/// Sorts items into trie order and drops all but the last of equal keys.
pub(super) fn sort_items(items: &mut Vec<Item<'_>>) {
    items.sort_by_key(|i| i.order);
    if !items.is_sorted_by(|x, y| x.order < y.order) {
        // Equal hashes are rare and their runs short: equal keys are looked for inside each run.
        let mut kept: Vec<Item<'_>> = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            let run = kept.iter().rposition(|k| k.order != item.order).map_or(0, |i| i + 1);
            match kept[run..].iter_mut().find(|k| cmp::eq_exact(k.key, item.key)) {
                Some(same) => same.value = item.value,
                None => kept.push(item),
            }
        }
        *items = kept;
    }
}

/// The HAMT of more than [`SMALL_LIMIT`] sorted items.
pub(super) fn from_items<'s>(b: &Builder<'s>, items: &mut [Item<'s>]) -> Term<'s> {
    let size = items.len();
    let (bitmap, children) = group(b, items, 0);
    Shape::Head(size).build(b, bitmap, |out| out.copy_from_slice(&children[..out.len()]))
}

fn group<'s>(b: &Builder<'s>, mut items: &mut [Item<'s>], level: u32) -> (u16, [Term<'s>; 16]) {
    if level > 0 && level.is_multiple_of(DIGITS) {
        for item in items.iter_mut() {
            item.order = digit_order(salted_hash(item.key, level / DIGITS));
        }
        items.sort_by_key(|i| i.order);
    }
    let digit = |i: &Item<'_>| i.order >> (32 - DIGIT_BITS - DIGIT_BITS * (level % DIGITS)) & 0xf;
    let (mut bitmap, mut children, mut n) = (0u16, [Term::NIL; 16], 0);
    while let Some(first) = items.first() {
        let d = digit(first);
        let len = items.iter().take_while(|i| digit(i) == d).count();
        let (run, rest) = items.split_at_mut(len);
        children[n] = match run {
            [one] => b.cons(one.key, one.value),
            _ => {
                let (below, grandchildren) = group(b, run, level + 1);
                Shape::Node.build(b, below, |out| out.copy_from_slice(&grandchildren[..out.len()]))
            }
        };
        bitmap |= 1 << d;
        n += 1;
        items = rest;
    }
    (bitmap, children)
}

/// See [`super::valid`].
pub(super) fn valid(map: Term<'_>) -> bool {
    fn count(node: Term<'_>, level: u32) -> Option<usize> {
        let n = Node::read(node);
        if n.children.is_empty() || (level > 0 && n.children.len() == 1 && n.children[0].is_cons()) {
            return None;
        }
        let mut sum = 0;
        for (i, bit) in (0..16).map(|i| 1u16 << i).filter(|bit| n.bitmap & bit != 0).enumerate() {
            sum += match n.children[i].as_cons() {
                Some((key, _)) if Digits::at(key, level).bit() == bit => 1,
                Some(_) => return None,
                None if super::kind(n.children[i]) == Some(super::MapKind::Node) => count(n.children[i], level + 1)?,
                None => return None,
            };
        }
        Some(sum)
    }
    let size = super::size(map);
    size > SMALL_LIMIT && count(map, 0) == Some(size)
}
