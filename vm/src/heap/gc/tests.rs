//! Random graphs of terms through random collections, compared with copies made before.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::code::{Export, FunEntry, Mfa};
use crate::heap::{Binary, BinaryHandle, Builder, Detached, verify};
use crate::term::{Kind, Term};
use crate::{am, node::Node};

/// Roots of a heap without a process.
#[derive(Default)]
struct Slots(RefCell<Vec<RawTerm>>);

impl Roots for Slots {
    fn each(&self, f: &mut dyn FnMut(&mut [RawTerm])) {
        f(&mut self.0.borrow_mut());
    }
}

/// A small generator of pseudo-random numbers, so that a failure is repeated by its seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// Whether two terms have the same structure and values.
fn same(a: Term<'_>, b: Term<'_>) -> bool {
    let mut todo = vec![(a.raw(), b.raw())];
    while let Some((a, b)) = todo.pop() {
        // SAFETY: parts of terms that the caller's brands keep alive.
        let (a, b) = unsafe { (a.brand(), b.brand()) };
        let mut all = |x: &[Term<'_>], y: &[Term<'_>]| {
            todo.extend(x.iter().zip(y).map(|(x, y)| (x.raw(), y.raw())));
            x.len() == y.len()
        };
        let ok = match (a.kind(), b.kind()) {
            (Kind::Cons(h, t), Kind::Cons(i, u)) => all(&[h, t], &[i, u]),
            (Kind::Tuple(x), Kind::Tuple(y)) => all(x, y),
            (Kind::Big(x), Kind::Big(y)) => (x.negative, x.limbs) == (y.negative, y.limbs),
            (Kind::Float(x), Kind::Float(y)) => x == y,
            (Kind::Bits(x), Kind::Bits(y)) => x.bits == y.bits && x.to_bytes() == y.to_bytes(),
            (Kind::Fun(x), Kind::Fun(y)) => std::ptr::eq(x.entry, y.entry) && all(x.env, y.env),
            (Kind::Record(x), Kind::Record(y)) => all(&[x.definition], &[y.definition]) && all(x.values, y.values),
            (Kind::Export(x), Kind::Export(y)) => std::ptr::eq(x, y),
            (Kind::Ref(x), Kind::Ref(y)) => x.numbers == y.numbers,
            (Kind::ExternalPid(n, x), Kind::ExternalPid(m, y)) => (n, x) == (m, y),
            (Kind::Map, Kind::Map) => all(&map_words(a), &map_words(b)),
            _ => a.same(b),
        };
        if !ok {
            return false;
        }
    }
    true
}

/// The words of a flat map behind its header.
fn map_words<'s>(map: Term<'s>) -> Vec<Term<'s>> {
    // SAFETY: a branded map is alive.
    let n = unsafe { crate::heap::object::words(map.boxed_ptr()) };
    (1..n).map(|i| Term::from_raw(RawTerm::from_bits(map.word(i)))).collect()
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct World {
    rng: Rng,
    heap: ProcessHeap,
    slots: Slots,
    /// What each slot and stack word must be equal to.
    copies: Vec<Detached>,
    stack_copies: Vec<Detached>,
    binaries: Vec<BinaryHandle>,
    magics: Arc<AtomicUsize>,
    literals: (LiteralArea, Vec<RawTerm>),
    entries: [&'static FunEntry; 2],
    /// Minor and major collections so far.
    sweeps: [usize; 2],
}

const SLOTS: usize = 12;
const STACK: usize = 6;

impl World {
    fn new(seed: u64) -> World {
        let heap = ProcessHeap::new(0);
        let word = |heap: &ProcessHeap, w: RawTerm| {
            heap.stop.set(heap.stop.get().wrapping_sub(1));
            // SAFETY: a new heap has room for a few stack words.
            unsafe { *heap.stop.get() = w };
        };
        for _ in 0..STACK {
            word(&heap, RawTerm::NIL);
        }
        // What is no term on the stack stays as it is.
        word(&heap, RawTerm::catch_tag(7));
        word(&heap, RawTerm::from_bits(0x7fff_1230));
        heap.sync_limit();
        let literals: Vec<Detached> = vec![
            Detached::build(|b| b.tuple(&[b.float(1.5), b.string("literal"), b.int(i64::MIN)])),
            Detached::build(|b| b.list(&[Term::small(1), b.binary(&[7; 100])])),
        ];
        World {
            rng: Rng(seed | 1),
            heap,
            slots: Slots(RefCell::new(vec![RawTerm::NIL; SLOTS])),
            copies: (0..SLOTS).map(|_| Detached::immediate(RawTerm::NIL)).collect(),
            stack_copies: (0..STACK).map(|_| Detached::immediate(RawTerm::NIL)).collect(),
            binaries: (0..4).map(|i| BinaryHandle::new(&vec![i as u8 + 1; 100 << i])).collect(),
            magics: Arc::default(),
            literals: LiteralArea::from_terms(&literals),
            entries: [0, 2].map(|n| FunEntry::intern(am::LISTS, [9; 16], n, 0, 1, n)),
            sweeps: [0; 2],
        }
    }

    fn build<'s>(&mut self, b: &Builder<'s>) -> Term<'s> {
        let pick = |w: &mut World| {
            let i = w.rng.below(SLOTS);
            // SAFETY: slots are roots, and nothing collects while the builder is in use.
            unsafe { w.slots.0.borrow()[i].brand() }
        };
        let (x, y) = (pick(self), pick(self));
        let me = Term::immediate(RawTerm::pid(1)).expect("a pid is an immediate");
        let n = self.rng.below(1 << 20);
        match self.rng.below(24) {
            0..=3 => b.cons(x, y),
            4 => b.list_with_tail(&(0..n % 50).map(|i| Term::small(i as i32)).collect::<Vec<_>>(), x),
            5..=7 => {
                let v: Vec<Term<'s>> = (0..n % 7).map(|i| if i % 2 == 0 { x } else { y }).collect();
                b.tuple(&v)
            }
            8 => b.float(n as f64 / 7.0),
            9 => b.big_limbs(n.is_multiple_of(2), &[n as u64, 1 << 63, n as u64 | 1]),
            10 => b.binary(&vec![n as u8; n % 65]),
            11 => b.refc_bits(&self.binaries[n % 4], n % 13, 400 + n % 300),
            12 | 13 => match x.as_bits() {
                Some(v) if v.bits > 0 => b.sub_bits(x, n % v.bits, (v.bits - n % v.bits) / (1 + n % 3)).unwrap(),
                _ => b.bits_with(13, |out| out[0] = n as u8),
            },
            14 => b.fun(self.entries[1], me, &[x, y]),
            15 => b.fun(self.entries[0], me, &[]),
            16 => b.export_fun(Export::intern(Mfa { module: am::LISTS, function: am::SIZE, arity: 2 })),
            17 => b.alias_reference([n as u32, 2, 3], RawTerm::pid(n as u64)),
            18 => {
                self.magics.fetch_add(1, Ordering::Relaxed);
                b.magic_reference([n as u32, 5, 6], Box::new(Counted(self.magics.clone())))
            }
            19 => b.external_pid(Node::intern(am::USER, 3), n as u64),
            20 | 21 => {
                let count = if n.is_multiple_of(2) { n % 9 } else { n % 200 };
                let pairs: Vec<_> =
                    (0..count).map(|i| (Term::small(i as i32), if i % 5 == 0 { x } else { y })).collect();
                crate::term::map::from_pairs(b, &pairs)
            }
            22 => {
                // SAFETY: the literals outlive the test.
                let literal = unsafe { self.literals.1[n % 2].brand() };
                b.record(literal, &[x, b.cons(literal, y)])
            }
            _ => {
                // As if a message were received: a fragment with terms of its own.
                let message = Detached::build(|m| {
                    let t = m.copy(x);
                    m.tuple(&[t, m.binary(&[n as u8; 40]), m.refc_bits(&self.binaries[n % 4], 0, 800)])
                });
                b.adopt(message)
            }
        }
    }

    fn step(&mut self) {
        // SAFETY: the arena is this thread's, and collections happen only in `collect`, when the builder is gone.
        let arena: &'static crate::heap::Arena = unsafe { &*std::ptr::from_ref(&self.heap.arena) };
        // SAFETY: as above.
        let b = unsafe { Builder::of(arena) };
        let mut t = self.build(&b);
        if crate::term::copy::size_of(t) > 3000 {
            t = Term::NIL;
        }
        let copy = crate::term::copy::detach(t);
        let i = self.rng.below(SLOTS + STACK);
        if i < SLOTS {
            self.slots.0.borrow_mut()[i] = t.raw();
            self.copies[i] = copy;
        } else {
            // SAFETY: the stack's words at the bottom are the ones for terms.
            unsafe { *self.heap.hend.get().wrapping_sub(1 + i - SLOTS) = t.raw() };
            self.stack_copies[i - SLOTS] = copy;
        }
    }

    fn collect(&mut self) {
        match self.rng.below(12) {
            0 => self.heap.need_fullsweep.set(true),
            1 => {
                hibernate_heap(&self.heap, &mut [], &self.slots);
            }
            _ => {}
        }
        let need = if self.rng.below(8) == 0 { 5000 } else { self.rng.below(40) };
        // Half of the slots play the X registers.
        let mut x = self.slots.0.borrow_mut().split_off(SLOTS / 2);
        let done = collect_heap(&self.heap, &mut x, &self.slots, need);
        self.slots.0.borrow_mut().extend(x);
        assert!(done.reductions >= 1 && self.heap.free() >= need);
        self.sweeps[usize::from(done.major)] += 1;
        self.check();
    }

    /// The block grows while fragments hold terms, as for a process that may not collect.
    fn make_room(&mut self) {
        let need = self.heap.free() + self.rng.below(300);
        let mut x = self.slots.0.borrow_mut().split_off(SLOTS / 2);
        make_room(&self.heap, &mut x, &self.slots, need);
        self.slots.0.borrow_mut().extend(x);
        assert!(self.heap.free() >= need);
        self.check();
    }

    fn check(&self) {
        verify::check(&self.heap, &[], &self.slots);
        let stack: Vec<RawTerm> = (1..=STACK)
            // SAFETY: these words are the ones for terms.
            .map(|i| unsafe { *self.heap.hend.get().wrapping_sub(i) })
            .collect();
        for (t, copy) in self.slots.0.borrow().iter().chain(&stack).zip(self.copies.iter().chain(&self.stack_copies)) {
            // SAFETY: roots are alive.
            copy.with(|c| assert!(same(c, unsafe { t.brand() })));
        }
        // SAFETY: the two newest words of the stack, which are no terms.
        unsafe {
            assert_eq!((*self.heap.stop.get()).bits(), 0x7fff_1230);
            assert_eq!((*self.heap.stop.get().add(1)).bits(), RawTerm::catch_tag(7).bits());
        }
    }

    /// Drops everything and checks that nothing is owned any more.
    fn end(mut self) {
        let magics = self.magics.clone();
        self.copies.clear();
        self.stack_copies.clear();
        for s in self.slots.0.borrow_mut().iter_mut() {
            *s = RawTerm::NIL;
        }
        for i in 1..=STACK {
            // SAFETY: these words are the ones for terms.
            unsafe { *self.heap.hend.get().wrapping_sub(i) = RawTerm::NIL };
        }
        // Two sweeps: everything is dead, so both lists and all counts end up empty.
        self.heap.need_fullsweep.set(true);
        collect_heap(&self.heap, &mut [], &self.slots, 0);
        assert_eq!(self.heap.used(), 0);
        assert!(self.heap.arena.off_heap.get().is_null() && self.heap.old_off_heap.get().is_null());
        assert_eq!(magics.load(Ordering::Relaxed), 0);
        for handle in &self.binaries {
            let b = handle.clone().into_raw();
            // SAFETY: the clone's count is given back here.
            unsafe {
                assert_eq!((*b).refc(), 2);
                Binary::release(b);
            }
        }
        // SAFETY: the heap and the copies that referred to the area are empty.
        unsafe { self.literals.0.free() };
    }
}

#[test]
fn random_graphs_survive_random_collections() {
    let mut sweeps = [0; 2];
    for seed in 1..40 {
        let mut w = World::new(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        for _ in 0..30 {
            for _ in 0..w.rng.below(60) {
                w.step();
            }
            if w.rng.below(4) == 0 {
                w.make_room();
                w.step();
            }
            w.collect();
        }
        sweeps = [sweeps[0] + w.sweeps[0], sweeps[1] + w.sweeps[1]];
        w.end();
    }
    assert!(sweeps.iter().all(|&n| n > 200), "minor and major collections: {sweeps:?}");
}

#[test]
fn dropping_a_heap_releases_what_it_owns() {
    let mut w = World::new(77);
    for _ in 0..300 {
        w.step();
    }
    w.collect();
    for _ in 0..300 {
        w.step();
    }
    let World { magics, binaries, literals, heap, copies, stack_copies, .. } = w;
    drop((heap, copies, stack_copies));
    // SAFETY: whatever referred to the area is gone.
    unsafe { literals.0.free() };
    assert_eq!(magics.load(Ordering::Relaxed), 0);
    for h in &binaries {
        let b = h.clone().into_raw();
        // SAFETY: the clone's count is given back here.
        unsafe {
            assert_eq!((*b).refc(), 2);
            Binary::release(b);
        }
    }
}

#[test]
fn a_purged_area_is_not_referred_to_any_more() {
    let mut w = World::new(4242);
    for round in 0..20 {
        for _ in 0..40 {
            w.step();
        }
        w.collect();
        let (area, terms) = LiteralArea::from_terms(&[Detached::build(|b| {
            let big = b.binary(&[round; 200]);
            let small = b.binary(&[round; 60]);
            let view = b.sub_bits(small, 8, 300).unwrap();
            b.tuple(&[big, view, b.string("purged")])
        })]);
        // SAFETY: the area is alive.
        let copy = unsafe { crate::term::copy::flat_size(terms[0].brand()) };
        assert!(copy > 0);
        let snapshot = Detached::build(|b| {
            let big = b.binary(&[round; 200]);
            let view = b.binary(&[round; 60]);
            let view = b.sub_bits(view, 8, 300).unwrap();
            b.tuple(&[big, view, b.string("purged")])
        });
        w.slots.0.borrow_mut()[0] = terms[0];
        w.copies[0] = snapshot;
        if round % 2 == 0 {
            w.collect();
        }
        let (other, _) = LiteralArea::from_terms(&[Detached::build(|b| b.string("not referred to"))]);
        let areas = [other, area];
        let ranges = crate::heap::literal::Ranges::new(areas.iter().map(LiteralArea::range));
        let before = statistics().0;
        purge::purge_heap(&w.heap, &mut [], &w.slots, &areas, &ranges);
        assert!(statistics().0 > before && ranges.find(terms[0].any_ptr()) == Some(1));
        w.check();
        // SAFETY: the only process that referred to them has been purged.
        areas.into_iter().for_each(|a| unsafe { a.free() });
        w.check();
    }
    w.end();
}

#[test]
fn growth_follows_need_and_shrinks_when_empty() {
    let slots = Slots(RefCell::new(vec![RawTerm::NIL]));
    let heap = ProcessHeap::new(0);
    assert_eq!(heap.size(), 233);
    let done = collect_heap(&heap, &mut [], &slots, 300);
    assert_eq!((done.major, heap.size()), (true, 376));
    collect_heap(&heap, &mut [], &slots, 100_000);
    assert_eq!(heap.size(), 121_536);
    collect_heap(&heap, &mut [], &slots, 10);
    assert_eq!(heap.size(), 233);
    assert_eq!(collect_heap(&heap, &mut [], &slots, 0).peak, 466);
}

/// Prints what a collection costs, for `cargo test --release -- --ignored --nocapture gc_costs`.
#[test]
#[ignore = "a measurement"]
fn gc_costs() {
    type Make = for<'s> fn(&Builder<'s>) -> Term<'s>;
    fn tree<'s>(b: &Builder<'s>, depth: usize) -> Term<'s> {
        if depth == 0 { Term::NIL } else { b.tuple(&[tree(b, depth - 1), tree(b, depth - 1)]) }
    }
    let kinds: [(&str, Make); 4] = [
        ("list of small integers", |b| b.list_from((0..200_000).map(Term::small))),
        ("tree of pairs", |b| tree(b, 17)),
        ("list of tuples", |b| b.list_from((0..60_000).map(|i| b.tuple(&[Term::small(i), Term::TRUE, Term::NIL])))),
        ("list of floats", |b| b.list_from((0..100_000).map(|i| b.float(f64::from(i))))),
    ];
    for (name, make) in kinds {
        let heap = ProcessHeap::new(4_000_000);
        let slots = Slots(RefCell::new(vec![RawTerm::NIL]));
        // SAFETY: nothing collects while the builder is in use.
        let arena: &'static crate::heap::Arena = unsafe { &*std::ptr::from_ref(&heap.arena) };
        // SAFETY: as above.
        slots.0.borrow_mut()[0] = make(&unsafe { Builder::of(arena) }).raw();
        for full in [true, false] {
            let mut best = f64::MAX;
            let mut words = 0;
            for _ in 0..30 {
                // A minor collection with everything above the mark, so that nothing is promoted.
                heap.need_fullsweep.set(full);
                heap.high_water.set(heap.heap.get());
                if heap.old_heap.get().is_null() && !full {
                    let block = alloc_words(233);
                    heap.old_heap.set(block);
                    heap.old_htop.set(block);
                    heap.old_hend.set(block.wrapping_add(233));
                }
                let start = std::time::Instant::now();
                let done = collect_heap(&heap, &mut [], &slots, 0);
                let ns = start.elapsed().as_nanos() as f64;
                assert_eq!(done.major, full);
                words = heap.used();
                best = best.min(ns / words as f64);
            }
            println!("{name}, {}: {words} words, {best:.2} ns a word", if full { "full sweep" } else { "minor" });
        }
    }
}
