//! The construction instructions of compilers up to 24, which OTP 25 and 27 still load.
//!
//! The bitstring being built is kept with the process between the instruction that begins it and its last segment.

use crate::bits::construct::{self, Building};
use crate::heap::{Builder, REFC_WORDS};
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::native::Raise;
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
fn view<'r>(m: &Machine<'r>, t: RawTerm) -> Term<'r> {
    // SAFETY: a register's term, used before anything collects.
    unsafe { m.brand(t) }
}

#[inline(always)]
fn failed(m: M, f: i32, e: Raise) -> Flow {
    if f != 0 {
        return Flow::Jump(f);
    }
    m.out();
    let to = raise::plain(m.s, m.p, m.pc, e);
    raise::resume(m, to)
}

fn begun(m: M, d: impl Dst, f: i32, r: Result<(Term<'_>, Building), Raise>) -> Flow {
    match r {
        Ok((t, building)) => {
            m.owner().building.set(building);
            m.set(d, t.raw());
            Flow::Next
        }
        Err(e) => failed(m, f, e),
    }
}

fn with_builder<'r, R>(m: M<'_, 'r>, f: impl FnOnce(&Builder<'r>) -> R) -> R {
    m.out();
    // SAFETY: registers are saved, nothing collects inside.
    let b = unsafe { Builder::of(&m.p.owner().heap.arena) };
    let r = f(&b);
    m.back();
    r
}

/// Makes room, keeping operands that are in no live register.
fn room(m: M, live: u32, keep: &mut [&mut RawTerm]) {
    m.out();
    crate::interp::collect_keeping(m.s, m.p, live as usize, 16 + REFC_WORDS, keep);
    m.back();
}

fn is_tight(m: &Machine) -> bool {
    m.lacks(16 + REFC_WORDS)
}

pub(crate) fn init(m: M, size: RawTerm, d: impl Dst, f: i32, live: u32, unit: u32) -> Flow {
    let mut size = size;
    if is_tight(m) {
        room(m, live, &mut [&mut size]);
    }
    let size = view(m, size);
    let r = with_builder(m, |b| construct::init(b, size, unit as usize));
    begun(m, d, f, r)
}

pub(crate) fn append(m: M, src: RawTerm, size: RawTerm, d: impl Dst, f: i32, live: u32, unit: u32) -> Flow {
    let (mut src, mut size) = (src, size);
    if is_tight(m) {
        room(m, live, &mut [&mut src, &mut size]);
    }
    let (src, size) = (view(m, src), view(m, size));
    let r = with_builder(m, |b| construct::append(b, src, size, unit as usize));
    begun(m, d, f, r.map(|(built, building)| (built.term, building)))
}

pub(crate) fn private_append(m: M, src: RawTerm, size: RawTerm, d: impl Dst, f: i32, unit: u32) -> Flow {
    let (src, size) = (view(m, src), view(m, size));
    let r = with_builder(m, |b| construct::private_append(b, src, size, unit as usize));
    begun(m, d, f, r.map(|(built, building)| (built.term, building)))
}

pub(crate) fn add(m: M, sum: RawTerm, size: RawTerm, d: impl Dst, f: i32, unit: u32) -> Flow {
    let (sum, size) = (view(m, sum), view(m, size));
    match with_builder(m, |b| construct::add(b, sum, size, unit as usize)) {
        Ok(t) => {
            m.set(d, t.raw());
            Flow::Next
        }
        Err(e) => failed(m, f, e),
    }
}

pub(crate) fn put(m: M, v: RawTerm, size: RawTerm, f: i32, what: u32, unit: u32, flags: u32) -> Flow {
    let mut building = m.owner().building.take();
    let (v, size, unit) = (view(m, v), view(m, size), unit as usize);
    let r = match what {
        kind::INTEGER => building.put_integer(v, size, unit, flags),
        kind::FLOAT => building.put_float(v, size, unit, flags),
        kind::BINARY => building.put_binary(v, size, unit).map(|_| ()),
        kind::UTF8 => building.put_utf8(v),
        kind::UTF16 => building.put_utf16(v, flags),
        _ => building.put_utf32(v, flags),
    };
    m.owner().building.set(building);
    match r {
        Ok(()) => Flow::Next,
        Err(e) => failed(m, f, e),
    }
}

pub(crate) fn string(m: M, len: u32, at: u64) -> Flow {
    let p: *const u8 = std::ptr::with_exposed_provenance(at as usize);
    // SAFETY: the emitter wrote an address inside of the module's string table with so many bytes behind it.
    let bytes = unsafe { std::slice::from_raw_parts(p, len as usize) };
    let mut building = m.owner().building.take();
    let r = building.put_string(bytes);
    m.owner().building.set(building);
    match r {
        Ok(()) => Flow::Next,
        Err(e) => failed(m, 0, e),
    }
}

pub(crate) fn utf_size(m: M, v: RawTerm, d: impl Dst, width: u32) -> Flow {
    let v = view(m, v);
    let t = if width == 8 { construct::utf8_size(v) } else { construct::utf16_size(v) };
    m.set(d, t.raw());
    Flow::Next
}
