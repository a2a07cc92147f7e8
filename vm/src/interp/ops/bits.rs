//! The bit syntax: matching and building.
//!
//! A context operand is a register that is read after a possible collection, since the context may move.

use crate::bits::construct::{self, Template};
use crate::bits::matching::{self, EXTRACT_WORDS, MATCH_CTX_WORDS, MatchCtx};
use crate::heap::Builder;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::process::Process;
use crate::sched::Scheduler;
use crate::term::{RawTerm, Term};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn branch(ok: bool, f: i32) -> Flow {
    if ok { Flow::Next } else { Flow::Jump(f) }
}

/// The context in a register; `None` sends unchecked code to its failure branch instead of into memory.
#[inline(always)]
fn ctx<'r>(m: &Machine<'r>, t: RawTerm) -> Option<MatchCtx<'r>> {
    // SAFETY: a register's term; nothing collects while the instruction uses it.
    MatchCtx::of(unsafe { m.brand(t) })
}

#[inline(always)]
pub(crate) fn start(m: M, s: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if let Some(c) = ctx(m, s) {
        m.set(d, c.term().raw());
        return Flow::Next;
    }
    let mut s = s;
    if m.lacks(MATCH_CTX_WORDS) {
        m.out();
        s = crate::interp::collect_keeping1(m.s(), m.p(), live as usize, MATCH_CTX_WORDS, s);
        m.back();
    }
    m.out();
    let r = start_slow(m.p(), s);
    m.back();
    match r {
        Some(c) => {
            m.set(d, c);
            Flow::Next
        }
        None if f != 0 => Flow::Jump(f),
        None => super::errors::bad_access(m),
    }
}

/// Runs `f` with a builder on the process's heap, out of line.
///
/// # Safety
/// The machine's registers are saved.
#[inline(always)]
unsafe fn with_builder<'r, R>(p: &'r Process, f: impl FnOnce(&Builder<'r>) -> R) -> R {
    // SAFETY: the caller's contract; nothing collects inside.
    let b = unsafe { Builder::of(&p.owner().heap.arena) };
    f(&b)
}

#[inline(never)]
fn start_slow(p: &Process, s: RawTerm) -> Option<RawTerm> {
    // SAFETY: registers were saved; a live term.
    unsafe { with_builder(p, |b| matching::start_match(b, s.brand()).map(|c| c.term().raw())) }
}

/// The context that a term is; callers have tested it.
#[inline(always)]
fn assume<'r>(c: RawTerm) -> MatchCtx<'r> {
    // SAFETY: handlers test with `ctx` before they go out of line.
    unsafe { MatchCtx::assume(c.brand()) }
}

#[inline(never)]
fn tail_slow(p: &Process, c: RawTerm) -> RawTerm {
    // SAFETY: registers were saved.
    unsafe { with_builder(p, |b| assume(c).get_tail(b).raw()) }
}

#[inline(never)]
fn integer_slow(p: &Process, c: RawTerm, bits: usize, flags: u32) -> Option<RawTerm> {
    // SAFETY: registers were saved.
    unsafe { with_builder(p, |b| assume(c).get_integer(b, bits, flags).map(Term::raw)) }
}

#[inline(never)]
fn float_slow(p: &Process, c: RawTerm, bits: usize, flags: u32) -> Option<RawTerm> {
    // SAFETY: registers were saved.
    unsafe { with_builder(p, |b| assume(c).get_float(b, bits, flags).map(Term::raw)) }
}

#[inline(never)]
fn binary_slow(p: &Process, c: RawTerm, bits: usize) -> Option<RawTerm> {
    // SAFETY: registers were saved.
    unsafe { with_builder(p, |b| assume(c).get_binary(b, bits).map(Term::raw)) }
}

#[inline(never)]
fn binary_all_slow(p: &Process, c: RawTerm, unit: usize) -> Option<RawTerm> {
    // SAFETY: registers were saved.
    unsafe { with_builder(p, |b| assume(c).get_binary_all(b, unit).map(Term::raw)) }
}

/// A field of fewer than 60 bits: nothing is allocated.
#[inline(always)]
fn small_integer(c: MatchCtx<'_>, bits: usize, flags: u32) -> Option<RawTerm> {
    if bits > c.remaining() {
        return None;
    }
    if bits == 8
        && flags & crate::bits::BSF_SIGNED == 0
        && let Some(byte) = c.peek_aligned_byte()
    {
        c.skip(8);
        return Some(RawTerm::small(i64::from(byte)));
    }
    let mut raw = c.peek(bits);
    if flags & (crate::bits::BSF_LITTLE | crate::bits::BSF_NATIVE) != 0 {
        raw = crate::term::bits::from_little_order(raw, bits);
    }
    let v = if flags & crate::bits::BSF_SIGNED != 0 && bits > 0 {
        let shift = 64 - bits as u32;
        ((raw << shift) as i64) >> shift
    } else {
        raw as i64
    };
    c.skip(bits);
    Some(RawTerm::small(v))
}

#[inline(always)]
pub(crate) fn get_pos(m: M, s: RawTerm, d: impl Dst) -> Flow {
    match ctx(m, s) {
        Some(c) => {
            m.set(d, c.position().raw());
            Flow::Next
        }
        None => super::errors::bad_access(m),
    }
}

#[inline(always)]
pub(crate) fn set_pos(m: M, s: RawTerm, pos: RawTerm) -> Flow {
    match ctx(m, s) {
        Some(c) => {
            // SAFETY: a register's term.
            c.set_position(unsafe { m.brand(pos) });
            Flow::Next
        }
        None => super::errors::bad_access(m),
    }
}

#[inline(always)]
pub(crate) fn get_tail(m: M, s: impl Dst, d: impl Dst, live: u32) -> Flow {
    m.before_build(EXTRACT_WORDS, live as usize);
    let Some(c) = ctx(m, s.get(m)) else { return super::errors::bad_access(m) };
    m.out();
    let t = tail_slow(m.p(), c.term().raw());
    m.back();
    m.set(d, t);
    Flow::Next
}

#[inline(always)]
fn store(m: M, d: impl Dst, f: i32, t: Option<RawTerm>) -> Flow {
    match t {
        Some(t) => {
            m.set(d, t);
            Flow::Next
        }
        None => Flow::Jump(f),
    }
}

#[inline(always)]
pub(crate) fn get_int_fixed(m: M, s: impl Dst, d: impl Dst, f: i32, live: u32, bits: u32, flags: u32) -> Flow {
    let bits = bits as usize;
    if bits < 60 {
        // No bignum can come of it, so nothing is allocated.
        let Some(c) = ctx(m, s.get(m)) else { return Flow::Jump(f) };
        return store(m, d, f, small_integer(c, bits, flags));
    }
    m.before_build(bits / 64 + 3, live as usize);
    let Some(c) = ctx(m, s.get(m)) else { return Flow::Jump(f) };
    m.out();
    let t = integer_slow(m.p(), c.term().raw(), bits, flags);
    m.back();
    store(m, d, f, t)
}

#[inline(always)]
fn field(size: RawTerm, unit: u32) -> Option<usize> {
    crate::bits::field_size(size, unit as usize)
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn get_int(m: M, s: impl Dst, size: RawTerm, d: impl Dst, f: i32, live: u32, unit: u32, flags: u32) -> Flow {
    let Some(bits) = field(size, unit) else { return Flow::Jump(f) };
    m.before_build((bits / 64).min(1 << 10) + 3, live as usize);
    let Some(c) = ctx(m, s.get(m)) else { return Flow::Jump(f) };
    m.out();
    let t = integer_slow(m.p(), c.term().raw(), bits, flags);
    m.back();
    store(m, d, f, t)
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn get_float(
    m: M,
    s: impl Dst,
    size: RawTerm,
    d: impl Dst,
    f: i32,
    live: u32,
    unit: u32,
    flags: u32,
) -> Flow {
    let Some(bits) = field(size, unit) else { return Flow::Jump(f) };
    m.before_build(crate::heap::FLOAT_WORDS, live as usize);
    let Some(c) = ctx(m, s.get(m)) else { return Flow::Jump(f) };
    m.out();
    let t = float_slow(m.p(), c.term().raw(), bits, flags);
    m.back();
    store(m, d, f, t)
}

#[inline(always)]
pub(crate) fn get_bin(m: M, s: impl Dst, size: RawTerm, d: impl Dst, f: i32, live: u32, unit: u32) -> Flow {
    let bits = if size == RawTerm::atom(crate::am::ALL) {
        None
    } else {
        match field(size, unit) {
            Some(bits) => Some(bits),
            None => return Flow::Jump(f),
        }
    };
    m.before_build(EXTRACT_WORDS, live as usize);
    let Some(c) = ctx(m, s.get(m)) else { return Flow::Jump(f) };
    m.out();
    let t = match bits {
        Some(bits) => binary_slow(m.p(), c.term().raw(), bits),
        None => binary_all_slow(m.p(), c.term().raw(), unit as usize),
    };
    m.back();
    store(m, d, f, t)
}

#[inline(always)]
pub(crate) fn skip(m: M, s: RawTerm, size: RawTerm, f: i32, unit: u32) -> Flow {
    let Some(c) = ctx(m, s) else { return Flow::Jump(f) };
    if size == RawTerm::atom(crate::am::ALL) {
        return branch(c.test_unit(unit as usize) && c.skip(c.remaining()), f);
    }
    match field(size, unit) {
        Some(bits) => branch(c.skip(bits), f),
        None => Flow::Jump(f),
    }
}

#[inline(always)]
pub(crate) fn test_tail(m: M, s: RawTerm, f: i32, bits: u64) -> Flow {
    branch(ctx(m, s).is_some_and(|c| c.ensure_exactly(bits as usize)), f)
}

#[inline(always)]
pub(crate) fn test_unit(m: M, s: RawTerm, f: i32, unit: u32) -> Flow {
    branch(ctx(m, s).is_some_and(|c| c.test_unit(unit as usize)), f)
}

#[inline(always)]
pub(crate) fn match_string(m: M, s: RawTerm, f: i32, bits: u32, at: u64) -> Flow {
    let p: *const u8 = std::ptr::with_exposed_provenance(at as usize);
    // SAFETY: the emitter wrote an address inside of the module's string table with so many bits behind it.
    let want = unsafe { std::slice::from_raw_parts(p, (bits as usize).div_ceil(8)) };
    branch(ctx(m, s).is_some_and(|c| c.match_string(want, bits as usize)), f)
}

#[inline(always)]
fn utf(c: MatchCtx<'_>, width: u32, flags: u32) -> Option<u32> {
    match width {
        8 => c.get_utf8(),
        16 => c.get_utf16(flags),
        _ => c.get_utf32(flags),
    }
}

#[inline(always)]
pub(crate) fn get_utf(m: M, s: RawTerm, d: impl Dst, f: i32, width: u32, flags: u32) -> Flow {
    match ctx(m, s).and_then(|c| utf(c, width, flags)) {
        Some(c) => {
            m.set(d, RawTerm::small(i64::from(c)));
            Flow::Next
        }
        None => Flow::Jump(f),
    }
}

#[inline(always)]
pub(crate) fn skip_utf(m: M, s: RawTerm, f: i32, width: u32, flags: u32) -> Flow {
    branch(ctx(m, s).is_some_and(|c| utf(c, width, flags).is_some()), f)
}

/// Commands of `bs_match`; word 0 of each is `kind | flags << 8 | bits << 16`.
pub(crate) mod command {
    /// Then: unit.
    pub(crate) const ENSURE_AT_LEAST: u64 = 0;
    pub(crate) const ENSURE_EXACTLY: u64 = 1;
    pub(crate) const SKIP: u64 = 2;
    /// Then: destination.
    pub(crate) const INTEGER: u64 = 3;
    /// Then: destination.
    pub(crate) const BINARY: u64 = 4;
    /// Then: destination.
    pub(crate) const TAIL: u64 = 5;
    /// Then: the value, as an unsigned big-endian number of at most 64 bits.
    pub(crate) const EQUAL: u64 = 6;
}

/// The table holds commands, `n` words in all. `need`: heap words that they want at most.
#[inline(always)]
pub(crate) fn match_commands(m: M, s: impl Dst, f: i32, live: u32, need: u32, n: u32, table: *const u64) -> Flow {
    if need > 0 {
        m.before_build(need as usize, live as usize);
    }
    let Some(c) = ctx(m, s.get(m)) else { return Flow::Jump(f) };
    let mut i = 0;
    let n = n as usize;
    // SAFETY: the emitter wrote n words of commands.
    let word = |i: usize| unsafe { *table.add(i) };
    while i < n {
        let w = word(i);
        let (flags, bits) = ((w >> 8) as u32 & 0xFF, (w >> 16) as usize);
        match w & 0xFF {
            command::ENSURE_AT_LEAST => {
                if !c.ensure_at_least(bits, word(i + 1) as usize) {
                    return Flow::Jump(f);
                }
                i += 2;
            }
            command::ENSURE_EXACTLY => {
                if !c.ensure_exactly(bits) {
                    return Flow::Jump(f);
                }
                i += 1;
            }
            command::SKIP => {
                if !c.skip(bits) {
                    return Flow::Jump(f);
                }
                i += 1;
            }
            command::INTEGER => {
                let t = if bits < 60 {
                    small_integer(c, bits, flags)
                } else {
                    m.out();
                    let t = integer_slow(m.p(), c.term().raw(), bits, flags);
                    m.back();
                    t
                };
                let Some(t) = t else { return Flow::Jump(f) };
                m.set(m.any_dst(word(i + 1)), t);
                i += 2;
            }
            command::BINARY => {
                m.out();
                let t = binary_slow(m.p(), c.term().raw(), bits);
                m.back();
                let Some(t) = t else { return Flow::Jump(f) };
                m.set(m.any_dst(word(i + 1)), t);
                i += 2;
            }
            command::TAIL => {
                m.out();
                let t = tail_slow(m.p(), c.term().raw());
                m.back();
                m.set(m.any_dst(word(i + 1)), t);
                i += 2;
            }
            _ => {
                if bits > c.remaining() || c.peek(bits) != word(i + 1) {
                    return Flow::Jump(f);
                }
                c.skip(bits);
                i += 2;
            }
        }
    }
    Flow::Skip(n)
}

enum Created {
    Ok(RawTerm),
    Failed(crate::Raise, RawTerm),
}

#[inline(always)]
pub(crate) fn create(m: M, d: impl Dst, f: i32, live: u32, template: u64) -> Flow {
    let t: *const Template<u64> = std::ptr::with_exposed_provenance(template as usize);
    // SAFETY: the emitter wrote the address of a template that the module owns.
    let t = unsafe { &*t };
    m.before_build(t.heap_words(), live as usize);
    m.out();
    let (r, reserved) = (create_slow(m.s(), m.p(), t), t.reserved());
    m.back();
    match r {
        Created::Ok(t) => {
            debug_assert!(m.free() >= reserved as isize, "what is reserved is free");
            m.set(d, t);
            Flow::Next
        }
        Created::Failed(..) if f != 0 => Flow::Jump(f),
        Created::Failed(e, cause) => {
            m.out();
            let to = raise::construction(m.s(), m.p(), m.pc, e, cause);
            raise::resume(m, to)
        }
    }
}

#[inline(never)]
fn create_slow(s: &Scheduler, p: &Process, template: &Template<u64>) -> Created {
    let heap = &p.owner().heap;
    let (x, e): (*const RawTerm, *const RawTerm) = (s.registers().cast(), heap.stop.get());
    // SAFETY: nothing collects from here on.
    let b = unsafe { Builder::of(&heap.arena) };
    let value = |w: u64| -> Term<'_> {
        // SAFETY: operand words as in `Machine::any`, with registers that the checker bounded.
        unsafe {
            let t = if w & 3 != 0 {
                RawTerm::from_bits(w)
            } else {
                *(if w & 4 != 0 { e } else { x }).byte_add((w >> 3) as usize)
            };
            t.brand()
        }
    };
    match construct::create_bin(&b, template, value) {
        Ok(built) => {
            let f = &p.owner().fcalls;
            f.set(f.get() - built.reductions as i64);
            Created::Ok(built.term.raw())
        }
        Err(fail) => Created::Failed(fail.raise, fail.cause(&b).raw()),
    }
}

#[inline(always)]
pub(crate) fn init_writable(m: M) -> Flow {
    m.before_build(crate::heap::REFC_WORDS, 1);
    m.out();
    let t = init_slow(m.p(), m.xr(0));
    m.back();
    m.set_xr(0, t);
    Flow::Next
}

#[inline(never)]
fn init_slow(p: &Process, size: RawTerm) -> RawTerm {
    // SAFETY: registers were saved; a register's term.
    unsafe { with_builder(p, |b| construct::init_writable(b, size.brand()).raw()) }
}
