//! The `LitT` chunk, and chunks that are one external term.

use flate2::{Decompress, FlushDecompress, Status};

use super::Cursor;
use crate::error::{LoadError, LoadErrorKind};
use crate::etf;

/// All literals, each one shown to decode.
pub(super) fn literals(mut cursor: Cursor<'_>) -> Result<Vec<Box<[u8]>>, LoadError> {
    let size = cursor.u32("the size of the literals")?;
    if size == 0 {
        return entries(cursor);
    }
    let data = inflate(cursor.rest(), size as usize)
        .ok_or_else(|| cursor.error(LoadErrorKind::BadLiteralCompression { expected: size.into() }))?;
    entries(cursor.within(&data))
}

/// Inflates to exactly `size` bytes, taking no more memory than comes out.
fn inflate(input: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut stream = Decompress::new(true);
    // Deflate does not shrink data to less than a thousandth.
    let mut out = Vec::with_capacity(size.min(input.len().saturating_mul(8)));
    loop {
        let read = stream.total_in() as usize;
        let wrote = out.len();
        if out.len() == out.capacity() {
            // One byte more than announced shows that there is more.
            out.reserve((size + 1 - out.len()).min(out.len().max(256)));
        }
        let status = stream.decompress_vec(input.get(read..)?, &mut out, FlushDecompress::None).ok();
        if out.len() > size {
            return None;
        }
        match status? {
            Status::StreamEnd => return (out.len() == size).then_some(out),
            _ if stream.total_in() as usize == read && out.len() == wrote && out.len() < out.capacity() => return None,
            _ => {}
        }
    }
}

fn entries(mut cursor: Cursor<'_>) -> Result<Vec<Box<[u8]>>, LoadError> {
    let count = cursor.count("literals", 4)?;
    let mut literals = Vec::with_capacity(count);
    for _ in 0..count {
        let size = cursor.u32("the size of a literal")?;
        let at = cursor.offset();
        let bytes = cursor.bytes(size as usize, "a literal")?;
        check_term(&cursor, at, bytes)?;
        literals.push(bytes.into());
    }
    cursor.end()?;
    Ok(literals)
}

/// A chunk that is one term.
pub(super) fn term(cursor: Cursor<'_>) -> Result<Box<[u8]>, LoadError> {
    check_term(&cursor, 0, cursor.rest())?;
    Ok(cursor.rest().into())
}

fn check_term(cursor: &Cursor<'_>, at: usize, bytes: &[u8]) -> Result<(), LoadError> {
    etf::validate(bytes).map_err(|(offset, kind)| cursor.error_at(at + offset, LoadErrorKind::BadTerm(kind)))
}
