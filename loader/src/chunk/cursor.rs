//! A place in a chunk. Runs nom parsers and turns their failures into errors with byte offsets.

use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u16, be_u32};

use crate::error::{LoadError, LoadErrorKind};

pub(super) struct Cursor<'a> {
    file: &'a str,
    chunk: [u8; 4],
    len: usize,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(file: &'a str, chunk: [u8; 4], data: &'a [u8]) -> Cursor<'a> {
        Cursor { file, chunk, len: data.len(), rest: data }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn offset(&self) -> usize {
        self.len - self.rest.len()
    }

    /// An error at this place.
    pub(super) fn error(&self, kind: LoadErrorKind) -> LoadError {
        self.error_at(self.offset(), kind)
    }

    pub(super) fn error_at(&self, offset: usize, kind: LoadErrorKind) -> LoadError {
        LoadError::new(self.file, Some(self.chunk), offset as u64, kind)
    }

    /// Runs a parser; where it fails, `expected` was expected.
    pub(super) fn parse<O>(
        &mut self,
        mut parser: impl Parser<&'a [u8], Output = O, Error = ()>,
        expected: &'static str,
    ) -> Result<O, LoadError> {
        match parser.parse(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(_) => Err(self.error(LoadErrorKind::TruncatedChunk { expected })),
        }
    }

    /// Goes on behind bytes that are there.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }

    pub(super) fn u8(&mut self, expected: &'static str) -> Result<u8, LoadError> {
        self.parse(be_u8, expected)
    }

    pub(super) fn u16(&mut self, expected: &'static str) -> Result<u16, LoadError> {
        self.parse(be_u16, expected)
    }

    pub(super) fn u32(&mut self, expected: &'static str) -> Result<u32, LoadError> {
        self.parse(be_u32, expected)
    }

    pub(super) fn bytes(&mut self, count: usize, expected: &'static str) -> Result<&'a [u8], LoadError> {
        self.parse(take(count), expected)
    }

    /// A count of entries that take at least `entry_size` bytes each.
    pub(super) fn count(&mut self, what: &'static str, entry_size: usize) -> Result<usize, LoadError> {
        let at = self.offset();
        let count = self.u32(what)?;
        self.check_count(at, count, what, entry_size)
    }

    pub(super) fn check_count(
        &self,
        at: usize,
        count: u32,
        what: &'static str,
        entry_size: usize,
    ) -> Result<usize, LoadError> {
        if count as usize > self.rest.len() / entry_size {
            return Err(self.error_at(at, LoadErrorKind::BadCount { what, count: count.into() }));
        }
        Ok(count as usize)
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), LoadError> {
        match self.rest.len() as u64 {
            0 => Ok(()),
            left => Err(self.error(LoadErrorKind::TrailingBytes { left })),
        }
    }
}

impl<'a> Cursor<'a> {
    /// A cursor over what this chunk's contents decompress to.
    pub(super) fn within<'b>(&self, data: &'b [u8]) -> Cursor<'b>
    where
        'a: 'b,
    {
        Cursor::new(self.file, self.chunk, data)
    }
}
