//! Native records (OTP 29).
//!
//! A record points at its definition, the literal tuple `{Module, Name, Exported, [Field]}`.

use crate::interp::machine::{Dst, Flow, Machine};
use crate::term::{RawTerm, RecordView};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn record<'r>(m: &Machine<'r>, s: RawTerm) -> Option<RecordView<'r>> {
    // SAFETY: a register's term, looked at before anything collects.
    unsafe { m.brand(s) }.as_record()
}

#[inline(always)]
pub(crate) fn is_any_record(m: M, s: RawTerm, f: i32) -> Flow {
    if record(m, s).is_some() { Flow::Next } else { Flow::Jump(f) }
}

#[inline(always)]
pub(crate) fn is_record(m: M, s: RawTerm, module: RawTerm, name: RawTerm, f: i32) -> Flow {
    let same = record(m, s)
        .and_then(|r| r.definition.as_tuple())
        .is_some_and(|d| d.len() == 4 && d[0].raw() == module && d[1].raw() == name);
    if same { Flow::Next } else { Flow::Jump(f) }
}

#[inline(always)]
pub(crate) fn is_accessible(m: M, s: RawTerm, _scope: RawTerm, f: i32) -> Flow {
    is_any_record(m, s, f)
}

#[inline(always)]
pub(crate) fn get_elements(_m: M, _s: RawTerm, f: i32, _n: u32, _table: *const u64) -> Flow {
    Flow::Jump(f)
}

#[inline(always)]
pub(crate) fn get_field(m: M, _s: RawTerm, _id: RawTerm, _field: u64, _d: impl Dst, f: i32) -> Flow {
    if f != 0 { Flow::Jump(f) } else { super::errors::bad_access(m) }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn put(
    m: M,
    _id: RawTerm,
    _s: RawTerm,
    _d: impl Dst,
    f: i32,
    _live: u32,
    _n: u32,
    _table: *const u64,
) -> Flow {
    if f != 0 { Flow::Jump(f) } else { super::errors::bad_access(m) }
}
