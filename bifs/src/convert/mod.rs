//! Conversions between terms and text.

pub mod atom;
pub mod display;
pub mod float;
pub mod ids;
pub mod integer;

use girder_vm::{Raise, Term};

/// The bytes of a proper list of bytes.
fn list_bytes(t: Term<'_>) -> Result<Vec<u8>, Raise> {
    let mut cells = t.list_iter();
    let bytes: Option<Vec<u8>> = cells.by_ref().map(|c| c.as_small().and_then(|c| u8::try_from(c).ok())).collect();
    bytes.filter(|_| cells.tail().is_nil()).ok_or(Raise::Badarg)
}

/// The bytes of a binary.
fn binary_bytes(t: Term<'_>) -> Result<std::borrow::Cow<'_, [u8]>, Raise> {
    t.as_binary().and_then(|v| v.to_bytes()).ok_or(Raise::Badarg)
}
