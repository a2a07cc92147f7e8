//! Checking a whole heap: what every other file here promises, tested word by word.
//!
//! Used by the `gc-stress` build after each collection and by tests. It never repairs: the first broken promise panics
//! with what and where. Checked: every word of the blocks and fragments belongs to a complete object or cons cell;
//! pointers lead to the start of one, or to a literal, and never from the old block to younger objects; views lie
//! inside of what they show; bignums are normalised, floats finite; off-heap objects hang on the list of their block,
//! whose sum of words is right; stack and other roots hold terms.

use super::gc::Roots;
use super::literal::Range;
use super::object::{self, Shape};
use super::{Binary, Fragment, ProcessHeap, RESERVE, WRITABLE, off_heap};
use crate::term::{RawTerm, Subtag};

/// Where a pointer leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Generation {
    Young,
    Old,
}

/// One block or fragment, with what each of its words is.
struct Area {
    range: Range,
    generation: Generation,
    is_fragment: bool,
    /// One bit a word: a header.
    starts: Vec<u64>,
    /// One bit a word: outside of all objects, so part of a cons cell.
    loose: Vec<u64>,
    off_heap: Vec<*mut RawTerm>,
}

fn has(bits: &[u64], i: usize) -> bool {
    bits.get(i / 64).is_some_and(|w| w >> (i % 64) & 1 != 0)
}

fn set(bits: &mut [u64], i: usize) {
    bits[i / 64] |= 1 << (i % 64);
}

impl Area {
    fn new(start: *mut RawTerm, end: *mut RawTerm, generation: Generation) -> Area {
        let range = Range::between(start, end);
        let words = range.bytes / 8;
        let none = vec![0; words.div_ceil(64)];
        let mut area =
            Area { range, generation, is_fragment: false, starts: none.clone(), loose: none, off_heap: Vec::new() };
        let mut i = 0;
        while i < words {
            let at = start.wrapping_add(i);
            // SAFETY: inside of the area, whose words are initialised.
            let w = unsafe { *at };
            if !w.is_header() {
                set(&mut area.loose, i);
                i += 1;
                continue;
            }
            // SAFETY: a header starts a complete object; that its words fit is checked next.
            let size = unsafe { object::words(at) };
            assert!(size <= words - i, "object {:#x} at {at:?} passes the end of its {generation:?} area", w.bits());
            set(&mut area.starts, i);
            if off_heap::is_off_heap(w.as_header()) {
                area.off_heap.push(at);
            }
            i += size;
        }
        area
    }
    fn index(&self, p: *const RawTerm) -> Option<usize> {
        self.range.contains(p).then(|| (p as usize - self.range.base) / 8)
    }
}

struct Checker {
    areas: Vec<Area>,
    literals: Range,
}

/// Checks the heap, its stack and all roots.
pub(crate) fn check(heap: &ProcessHeap, x: &[RawTerm], others: &dyn Roots) {
    let (start, top) = (heap.heap.get(), heap.arena.htop.get());
    assert!(start <= heap.high_water.get() && heap.high_water.get() <= top, "high-water mark outside of the heap");
    assert!(top.wrapping_add(RESERVE) <= heap.stop.get(), "heap and stack are closer than the reserve");
    assert!(heap.stop.get() <= heap.hend.get(), "stack pointer outside of the block");
    let mut areas = vec![
        Area::new(start, top, Generation::Young),
        Area::new(heap.old_heap.get(), heap.old_htop.get(), Generation::Old),
    ];
    let mut f = heap.arena.frags.get();
    let mut words = 0;
    while !f.is_null() {
        let first = Fragment::words(f);
        // SAFETY: the chain belongs to the heap.
        unsafe {
            let mut area = Area::new(first, first.add((*f).used), Generation::Young);
            area.is_fragment = true;
            areas.push(area);
            words += (*f).used;
            f = (*f).next;
        }
    }
    assert_eq!(words, heap.fragment_words(), "count of words in fragments");
    let checker = Checker { areas, literals: Range::literals() };
    for area in &checker.areas {
        checker.area(area);
    }
    checker.list(heap.arena.off_heap.get(), Generation::Young, heap.arena.vheap.get());
    checker.list(heap.old_off_heap.get(), Generation::Old, heap.old_vheap.get());
    // SAFETY: [stop, hend) is the stack.
    let stack = unsafe { std::slice::from_raw_parts(heap.stop.get(), heap.stack_size()) };
    checker.roots(stack);
    checker.roots(x);
    others.each(&mut |slots| checker.roots(slots));
}

impl Checker {
    fn roots(&self, slots: &[RawTerm]) {
        for &w in slots {
            if !w.is_header() {
                self.term(w, None);
            }
        }
    }

    /// A term found in an area, or in a root if there is none.
    fn term(&self, w: RawTerm, from: Option<&Area>) {
        if w.is_immediate() {
            assert!(from.is_none() || !w.is_catch(), "catch tag in an object");
            return;
        }
        assert!(!w.is_header(), "header {:#x} in the place of a term", w.bits());
        let p = w.any_ptr();
        if self.literals.contains(p) {
            return;
        }
        let found = self.areas.iter().find_map(|a| Some((a, a.index(p)?)));
        let Some((area, i)) = found else { panic!("pointer {:#x} leads out of the heap", w.bits()) };
        assert!(
            from.is_none_or(|f| f.generation == Generation::Young || area.generation == Generation::Old),
            "pointer {:#x} leads from the old generation to the young one",
            w.bits()
        );
        if w.is_cons() {
            assert!(has(&area.loose, i) && has(&area.loose, i + 1), "cons pointer {:#x} leads to no cell", w.bits());
        } else {
            assert!(has(&area.starts, i), "boxed pointer {:#x} leads to no header", w.bits());
        }
    }

    fn area(&self, area: &Area) {
        let start: *const RawTerm = std::ptr::with_exposed_provenance(area.range.base);
        for i in 0..area.range.bytes / 8 {
            let at = start.wrapping_add(i);
            if has(&area.loose, i) {
                // SAFETY: inside of the area.
                self.term(unsafe { *at }, Some(area));
            } else if has(&area.starts, i) {
                self.object(area, at);
            }
        }
    }

    fn object(&self, area: &Area, at: *const RawTerm) {
        // SAFETY: the area's constructor found a complete object here.
        let words = unsafe { std::slice::from_raw_parts(at, object::words(at)) };
        let h = words[0].as_header();
        let terms = match object::shape(h) {
            Shape::Terms => &words[1..],
            Shape::Fun => &words[2..],
            Shape::View => &words[1..2],
            Shape::Raw => &[],
        };
        for &w in terms {
            self.term(w, Some(area));
        }
        let last = words[words.len() - 1].bits();
        match h.subtag() {
            // In fragments, a message's head poses as a bignum.
            Subtag::PosBig | Subtag::NegBig if !area.is_fragment => {
                assert!(words.len() > 1 && last != 0, "bignum at {at:?} has a leading zero limb");
                let small = words.len() == 2 && if h.is(Subtag::PosBig) { last < 1 << 59 } else { last <= 1 << 59 };
                assert!(!small, "bignum at {at:?} is in the range of small integers");
            }
            Subtag::Float => assert!(f64::from_bits(last).is_finite(), "float at {at:?} is not finite"),
            Subtag::HeapBits => {
                let bits = words[1].bits() as usize;
                assert!(bits.div_ceil(64) == words.len() - 2, "heap binary at {at:?}: {bits} bits");
            }
            Subtag::SubBits | Subtag::MatchCtx => self.view(words),
            _ => {}
        }
    }

    fn view(&self, words: &[RawTerm]) {
        let (orig, base) = (words[1].boxed_ptr(), words[2].bits() & !WRITABLE);
        let (from, to) = (words[3].bits() as usize, words[4].bits() as usize);
        // SAFETY: `term` found an object or a literal behind word 1; a BinRef's binary is alive.
        let (data, bits) = unsafe {
            if (*orig).as_header().is(Subtag::HeapBits) {
                (orig.add(2).cast::<u8>(), (*orig.add(1)).bits() as usize)
            } else {
                assert!((*orig).as_header().is(Subtag::BinRef), "a view's original is no bitstring");
                let b: *const Binary = std::ptr::with_exposed_provenance((*orig.add(1)).bits() as usize);
                (Binary::data(b), (*b).capacity() * 8)
            }
        };
        assert_eq!(base, data as u64, "a view's base is not where its original's bytes are");
        assert!(from <= to && to <= bits, "view of bits {from} to {to} of {bits}");
    }

    /// Compares an off-heap list with the objects found in the areas of its generation.
    fn list(&self, first: *mut RawTerm, generation: Generation, words: usize) {
        let mut want: Vec<*mut RawTerm> =
            self.areas.iter().filter(|a| a.generation == generation).flat_map(|a| a.off_heap.iter().copied()).collect();
        let mut got = Vec::new();
        let mut sum = 0;
        let mut obj = first;
        while !obj.is_null() {
            assert!(want.contains(&obj) || want.len() > 1000, "{obj:?} on the {generation:?} list is no live object");
            got.push(obj);
            assert!(got.len() <= want.len(), "the {generation:?} off-heap list has more entries than objects exist");
            // SAFETY: checked to be an off-heap object found in an area (or about to be, by the comparison below).
            unsafe {
                sum += off_heap::words_outside(obj);
                obj = off_heap::next(obj);
            }
        }
        want.sort();
        got.sort();
        assert_eq!(want, got, "off-heap objects of the {generation:?} generation and their list");
        assert_eq!(sum, words, "words off the heap of the {generation:?} generation");
    }
}
