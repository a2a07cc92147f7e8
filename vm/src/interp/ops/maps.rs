//! Map look-ups and updates.

use super::natives;
use crate::heap::Builder;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::process::Process;
use crate::sched::Scheduler;
use crate::term::{RawTerm, Term, map};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn find(m: &Machine, s: RawTerm, k: RawTerm) -> Option<RawTerm> {
    // SAFETY: registers' terms; nothing collects during a look-up.
    unsafe { map::get(m.brand(s), m.brand(k)).map(Term::raw) }
}

#[inline(always)]
fn is_map(m: &Machine, s: RawTerm) -> bool {
    // SAFETY: a register's term.
    unsafe { m.brand(s) }.is_map()
}

#[inline(always)]
pub(crate) fn get1(m: M, s: RawTerm, k: RawTerm, d: impl Dst, f: i32) -> Flow {
    if !is_map(m, s) {
        return Flow::Jump(f);
    }
    match find(m, s, k) {
        Some(v) => {
            m.set(d, v);
            Flow::Next
        }
        None => Flow::Jump(f),
    }
}

/// `map_get/2`; what is to be said of a key that is not there, or of no map, is for the BIF to say.
#[inline(always)]
pub(crate) fn bif_map_get(m: M, k: RawTerm, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if is_map(m, s)
        && let Some(v) = find(m, s, k)
    {
        m.set(d, v);
        return Flow::Next;
    }
    natives::guard_alone(m, k, s, d, f, export)
}

/// `is_map_key/2`.
#[inline(always)]
pub(crate) fn bif_is_map_key(m: M, k: RawTerm, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if is_map(m, s) {
        let found = find(m, s, k).is_some();
        m.set(d, RawTerm::bool(found));
        return Flow::Next;
    }
    natives::guard_alone(m, k, s, d, f, export)
}

/// The table holds `n` pairs of key and destination. A destination is never a key or the source of a later pair.
#[inline(always)]
pub(crate) fn get(m: M, s: RawTerm, f: i32, n: u32, table: *const u64) -> Flow {
    if !is_map(m, s) {
        return Flow::Jump(f);
    }
    for i in 0..n as usize {
        // SAFETY: the emitter wrote n pairs.
        let (k, d) = unsafe { (*table.add(2 * i), *table.add(2 * i + 1)) };
        match find(m, s, m.any(k)) {
            Some(v) => m.set(m.any_dst(d), v),
            None => return Flow::Jump(f),
        }
    }
    Flow::Skip(2 * n as usize)
}

/// The table holds `n` keys.
#[inline(always)]
pub(crate) fn has(m: M, s: RawTerm, f: i32, n: u32, table: *const u64) -> Flow {
    if !is_map(m, s) {
        return Flow::Jump(f);
    }
    for i in 0..n as usize {
        // SAFETY: the emitter wrote n keys.
        let k = m.any(unsafe { *table.add(i) });
        if find(m, s, k).is_none() {
            return Flow::Jump(f);
        }
    }
    Flow::Skip(n as usize)
}

/// What an update needs out of line: operands are gathered before anything can move.
struct Update {
    map: RawTerm,
    table: *const u64,
    pairs: usize,
    e: *const RawTerm,
}

impl Update {
    /// # Safety
    /// The table has 2 * pairs operand words; registers are as the instruction found them.
    unsafe fn with_operands<'s, R>(&self, x: *const RawTerm, f: impl FnOnce(&[Term<'s>]) -> R) -> R {
        let operand = |i| {
            // SAFETY: the caller's contract; the checker bounded the registers.
            unsafe {
                let w = *self.table.add(i);
                let t = if w & 3 != 0 {
                    RawTerm(w)
                } else {
                    let base = if w & 4 != 0 { self.e } else { x };
                    *base.byte_add((w >> 3) as usize)
                };
                t.brand()
            }
        };
        let n = 2 * self.pairs;
        let mut few = [Term::NIL; 16];
        match few.get_mut(..n) {
            Some(few) => {
                few.iter_mut().enumerate().for_each(|(i, t)| *t = operand(i));
                f(few)
            }
            None => f(&(0..n).map(operand).collect::<Vec<_>>()),
        }
    }
}

/// Most words of a flat map's object.
const FLAT_WORDS: usize = 3 + map::SMALL_LIMIT;

/// The commonest update: of a flat map that has the keys, which are immediates, with room for the copy.
#[inline(always)]
fn replace_present(m: M, s: RawTerm, table: *const u64, pairs: usize) -> Option<RawTerm> {
    if m.short_of(FLAT_WORDS) {
        return None;
    }
    // SAFETY: the emitter wrote the operand words, which the checker bounded.
    let operand = |i: usize| m.any(unsafe { *table.add(i) });
    // SAFETY: a register's term; there is room for a flat map behind h.
    let words = unsafe { map::replace_present(m.brand(s), pairs, |i| (operand(2 * i), operand(2 * i + 1)), m.h)? };
    if words == 0 {
        return Some(s);
    }
    let new = RawTerm::from_boxed(m.h);
    m.h = m.h.wrapping_add(words);
    Some(new)
}

#[inline(always)]
pub(crate) fn put(m: M, s: RawTerm, d: impl Dst, live: u32, n: u32, table: *const u64) -> Flow {
    let n = n as usize / 2;
    if let Some(t) = replace_present(m, s, table, n) {
        m.set(d, t);
        return Flow::Skip(2 * n);
    }
    slow!(m);
    m.out();
    let r = put_slow(m.s(), m.p(), s, table, n, live);
    m.back();
    match r {
        Some(t) => {
            m.set(d, t);
            Flow::Skip(2 * n)
        }
        None => bad_map(m, s),
    }
}

#[inline(never)]
fn collect_first(s: &Scheduler, p: &Process, u: &mut Update, live: u32) {
    let heap = &p.owner().heap;
    let need = 64 + 3 * u.pairs;
    if heap.lacks(need) {
        crate::interp::collect_keeping(s, p, live as usize, need, &mut [&mut u.map]);
        u.e = heap.stop.get();
    }
}

#[inline(never)]
fn put_slow(s: &Scheduler, p: &Process, map: RawTerm, table: *const u64, pairs: usize, live: u32) -> Option<RawTerm> {
    // SAFETY: a register's term. Before anything collects: the caller shows what is no map.
    if !unsafe { map.brand::<'_>() }.is_map() {
        return None;
    }
    let mut u = Update { map, table, pairs, e: p.owner().heap.stop.get() };
    collect_first(s, p, &mut u, live);
    // SAFETY: nothing collects from here on.
    unsafe {
        let map: Term<'_> = u.map.brand();
        let b = Builder::of(&p.owner().heap.arena);
        let x = (&raw const (*s.registers()).x).cast();
        Some(u.with_operands(x, |pairs| map::put_many(&b, map, pairs)).raw())
    }
}

enum UpdateError {
    NoMap,
    NoKey(RawTerm),
}

#[inline(never)]
fn update_slow(
    s: &Scheduler,
    p: &Process,
    map: RawTerm,
    table: *const u64,
    pairs: usize,
    live: u32,
) -> Result<RawTerm, UpdateError> {
    // SAFETY: a register's term. Before anything collects: the caller shows what is no map.
    if !unsafe { map.brand::<'_>() }.is_map() {
        return Err(UpdateError::NoMap);
    }
    let mut u = Update { map, table, pairs, e: p.owner().heap.stop.get() };
    collect_first(s, p, &mut u, live);
    // SAFETY: nothing collects from here on.
    unsafe {
        let map: Term<'_> = u.map.brand();
        let b = Builder::of(&p.owner().heap.arena);
        let x = (&raw const (*s.registers()).x).cast();
        let updated = u.with_operands(x, |pairs| map::update_many(&b, map, pairs));
        updated.map(Term::raw).map_err(|k| UpdateError::NoKey(k.raw()))
    }
}

#[inline(always)]
pub(crate) fn update(m: M, s: RawTerm, d: impl Dst, f: i32, live: u32, n: u32, table: *const u64) -> Flow {
    let n = n as usize / 2;
    if let Some(t) = replace_present(m, s, table, n) {
        m.set(d, t);
        return Flow::Skip(2 * n);
    }
    slow!(m);
    m.out();
    let r = update_slow(m.s(), m.p(), s, table, n, live);
    m.back();
    match r {
        Ok(t) => {
            m.set(d, t);
            Flow::Skip(2 * n)
        }
        Err(_) if f != 0 => Flow::Jump(f),
        Err(UpdateError::NoMap) => bad_map(m, s),
        Err(UpdateError::NoKey(k)) => {
            m.out();
            let to = raise::tagged(m.s(), m.p(), m.pc, crate::am::BADKEY, k);
            raise::resume(m, to)
        }
    }
}

#[cold]
#[inline(always)]
fn bad_map(m: M, s: RawTerm) -> Flow {
    m.out();
    let to = raise::tagged(m.s(), m.p(), m.pc, crate::am::BADMAP, s);
    raise::resume(m, to)
}
