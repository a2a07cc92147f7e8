//! The construction instructions of compilers up to 24, which OTP 25 and 27 still load.
//!
//! The bitstring being built is kept with the process between the instruction that begins it and its last segment.

use crate::bits::construct::{self, Building};
use crate::heap::{Builder, REFC_WORDS};
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::native::Raise;
use crate::process::Process;
use crate::sched::Scheduler;
use crate::term::{RawTerm, Term};

type M<'a, 'r> = &'a mut Machine<'r>;

/// Kinds of segment of `bs_old_put`.
pub(crate) mod kind {
    pub(crate) const INTEGER: u32 = 0;
    pub(crate) const FLOAT: u32 = 1;
    pub(crate) const BINARY: u32 = 2;
    pub(crate) const UTF8: u32 = 3;
    pub(crate) const UTF16: u32 = 4;
    pub(crate) const UTF32: u32 = 5;
}

#[inline(always)]
fn failed(m: M, f: i32, e: Raise) -> Flow {
    if f != 0 {
        return Flow::Jump(f);
    }
    m.out();
    let to = raise::plain(m.s(), m.p(), m.pc, e);
    raise::resume(m, to)
}

#[inline(always)]
fn finish(m: M, d: impl Dst, f: i32, r: Result<RawTerm, Raise>) -> Flow {
    m.back();
    match r {
        Ok(t) => {
            m.set(d, t);
            Flow::Next
        }
        Err(e) => failed(m, f, e),
    }
}

fn begun(s: &Scheduler, r: Result<(Term<'_>, Building), Raise>) -> Result<RawTerm, Raise> {
    let (t, building) = r?;
    s.building().set(building);
    Ok(t.raw())
}

/// Makes room, and of `need` words for what comes after, keeping operands that are in no live register.
fn room(s: &Scheduler, p: &Process, live: u32, need: u32, keep: &mut [&mut RawTerm]) {
    let words = ROOM + need as usize;
    if p.owner().heap.lacks(words) {
        crate::interp::collect_keeping(s, p, live as usize, words, keep);
    }
}

const ROOM: usize = 16 + REFC_WORDS;

fn builder(p: &Process) -> Builder<'_> {
    // SAFETY: called out of line with the registers saved; nothing collects while the builder is used.
    unsafe { Builder::of(&p.owner().heap.arena) }
}

fn term<'s>(t: RawTerm) -> Term<'s> {
    // SAFETY: an operand, used before anything collects.
    unsafe { t.brand() }
}

#[inline(never)]
fn init_slow(s: &Scheduler, p: &Process, mut size: RawTerm, live: u32, unit: u32, need: u32) -> Result<RawTerm, Raise> {
    room(s, p, live, need, &mut [&mut size]);
    begun(s, construct::init(&builder(p), term(size), unit as usize))
}

#[inline(always)]
pub(crate) fn init(m: M, size: RawTerm, d: impl Dst, f: i32, live: u32, unit: u32, need: u32) -> Flow {
    m.out();
    let r = init_slow(m.s(), m.p(), size, live, unit, need);
    finish(m, d, f, r)
}

#[inline(never)]
fn append_slow(
    s: &Scheduler,
    p: &Process,
    mut src: RawTerm,
    mut size: RawTerm,
    live: u32,
    unit: u32,
    need: u32,
) -> Result<RawTerm, Raise> {
    room(s, p, live, need, &mut [&mut src, &mut size]);
    let r = construct::append(&builder(p), term(src), term(size), unit as usize);
    begun(s, r.map(|(built, building)| (built.term, building)))
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn append(m: M, src: RawTerm, size: RawTerm, d: impl Dst, f: i32, live: u32, unit: u32, need: u32) -> Flow {
    m.out();
    let r = append_slow(m.s(), m.p(), src, size, live, unit, need);
    finish(m, d, f, r)
}

#[inline(never)]
fn private_slow(s: &Scheduler, p: &Process, src: RawTerm, size: RawTerm, unit: u32) -> Result<RawTerm, Raise> {
    // The instruction is no space test: free words of the block may be reserved already.
    p.owner().heap.arena.close();
    let r = construct::private_append(&builder(p), term(src), term(size), unit as usize);
    begun(s, r.map(|(built, building)| (built.term, building)))
}

#[inline(always)]
pub(crate) fn private_append(m: M, src: RawTerm, size: RawTerm, d: impl Dst, f: i32, unit: u32) -> Flow {
    m.out();
    let r = private_slow(m.s(), m.p(), src, size, unit);
    finish(m, d, f, r)
}

#[inline(never)]
fn add_slow(p: &Process, sum: RawTerm, size: RawTerm, unit: u32) -> Result<RawTerm, Raise> {
    construct::add(&builder(p), term(sum), term(size), unit as usize).map(Term::raw)
}

#[inline(always)]
pub(crate) fn add(m: M, sum: RawTerm, size: RawTerm, d: impl Dst, f: i32, unit: u32) -> Flow {
    m.out();
    let r = add_slow(m.p(), sum, size, unit);
    finish(m, d, f, r)
}

#[inline(never)]
fn put_slow(s: &Scheduler, v: RawTerm, size: RawTerm, what: u32, unit: u32, flags: u32) -> Result<(), Raise> {
    let mut building = s.building().take();
    let (v, size, unit) = (term(v), term(size), unit as usize);
    let r = match what {
        kind::INTEGER => building.put_integer(v, size, unit, flags),
        kind::FLOAT => building.put_float(v, size, unit, flags),
        kind::BINARY => building.put_binary(v, size, unit).map(|_| ()),
        kind::UTF8 => building.put_utf8(v),
        kind::UTF16 => building.put_utf16(v, flags),
        _ => building.put_utf32(v, flags),
    };
    s.building().set(building);
    r
}

#[inline(always)]
pub(crate) fn put(m: M, v: RawTerm, size: RawTerm, f: i32, what: u32, unit: u32, flags: u32) -> Flow {
    match put_slow(m.s(), v, size, what, unit, flags) {
        Ok(()) => Flow::Next,
        Err(e) => failed(m, f, e),
    }
}

#[inline(never)]
fn string_slow(s: &Scheduler, len: u32, at: u64) -> Result<(), Raise> {
    let bytes: *const u8 = std::ptr::with_exposed_provenance(at as usize);
    // SAFETY: the emitter wrote an address inside of the module's string table with so many bytes behind it.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, len as usize) };
    let mut building = s.building().take();
    let r = building.put_string(bytes);
    s.building().set(building);
    r
}

#[inline(always)]
pub(crate) fn string(m: M, len: u32, at: u64) -> Flow {
    match string_slow(m.s(), len, at) {
        Ok(()) => Flow::Next,
        Err(e) => failed(m, 0, e),
    }
}

#[inline(never)]
fn utf_size_slow(v: RawTerm, width: u32) -> RawTerm {
    if width == 8 { construct::utf8_size(term(v)).raw() } else { construct::utf16_size(term(v)).raw() }
}

#[inline(always)]
pub(crate) fn utf_size(m: M, v: RawTerm, d: impl Dst, width: u32) -> Flow {
    let t = utf_size_slow(v, width);
    m.set(d, t);
    Flow::Next
}
