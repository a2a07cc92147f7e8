//! The container: an IFF form of type `BEAM`, perhaps wrapped in gzip.
//!
//! Offsets are those of the unwrapped file. Memory taken for unwrapping is bounded by the form's
//! own size word.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;
use nom::bytes::complete::{tag, take};
use nom::number::complete::be_u32;
use nom::{IResult, Parser};

use crate::error::{LoadError, LoadErrorKind};

/// A chunk's contents and where they begin in the file.
pub(super) struct Chunk<'a> {
    pub(super) id: [u8; 4],
    pub(super) offset: u32,
    pub(super) data: &'a [u8],
}

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const HEADER: usize = 12;

/// The file itself, or what its gzip wrapper holds.
pub(super) fn decompress<'a>(bytes: &'a [u8], file: &str) -> Result<Cow<'a, [u8]>, LoadError> {
    if !bytes.starts_with(GZIP_MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    let bad = || LoadError::new(file, None, 0, LoadErrorKind::BadCompression);
    let mut decoder = GzDecoder::new(bytes);
    let mut form = vec![0; HEADER];
    decoder.read_exact(&mut form).map_err(|_| bad())?;
    let (_, size) = header(&form).map_err(|_| LoadError::new(file, None, 0, LoadErrorKind::NotBeam))?;
    let left = u64::from(size).saturating_sub(4);
    decoder.take(left).read_to_end(&mut form).map_err(|_| bad())?;
    Ok(Cow::Owned(form))
}

fn header(input: &[u8]) -> IResult<&[u8], u32, ()> {
    let (rest, (_, size, _)) = (tag("FOR1"), be_u32, tag("BEAM")).parse(input)?;
    Ok((rest, size))
}

/// Splits a form into chunks.
pub(super) fn chunks<'a>(form: &'a [u8], file: &str) -> Result<Vec<Chunk<'a>>, LoadError> {
    let at = |rest: &[u8], kind| LoadError::new(file, None, (form.len() - rest.len()) as u64, kind);
    let Ok((rest, size)) = header(form) else {
        return Err(LoadError::new(file, None, 0, LoadErrorKind::NotBeam));
    };
    let found = form.len() as u64 - 8;
    if u64::from(size) > found || size < 4 {
        return Err(LoadError::new(file, None, 4, LoadErrorKind::BadFormSize { expected: size.into(), found }));
    }
    // Bytes after the form are no part of it.
    let after = form.len() - 8 - size as usize;
    let mut rest = &rest[..rest.len() - after];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let start = form.len() - after - rest.len();
        let error = |kind| LoadError::new(file, None, start as u64, kind);
        let parsed: IResult<_, _, ()> = (take(4usize), be_u32).parse(rest);
        let Ok((data, (name, size))) = parsed else {
            return Err(error(LoadErrorKind::TruncatedChunk { expected: "a chunk's name and size" }));
        };
        let mut id = [0; 4];
        id.copy_from_slice(name);
        let padded = (size as usize).next_multiple_of(4);
        if padded > data.len() {
            return Err(error(LoadErrorKind::BadChunkSize { id, size: size.into(), left: data.len() as u64 }));
        }
        let Ok(offset) = u32::try_from(start + 8) else {
            return Err(at(rest, LoadErrorKind::NumberTooLarge { what: "an offset" }));
        };
        chunks.push(Chunk { id, offset, data: &data[..size as usize] });
        rest = &data[padded..];
    }
    Ok(chunks)
}
