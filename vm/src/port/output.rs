//! [`Output`]: what a process gives a port to write. Small parts are copied together, large binaries are shared.
//!
//! Invariant: the pieces in their order are the bytes that the iodata stood for, less what was consumed.

use std::collections::VecDeque;
use std::ops::Range;

use crate::heap::BinaryHandle;
use crate::native::Raise;
use crate::term::iolist::{Leaf, for_each_leaf, push_binary};
use crate::term::{BitsView, Term};

/// Binaries up to this size are copied.
const COPY_LIMIT: usize = 512;

enum Piece {
    /// A part of what was copied.
    Copied(Range<usize>),
    /// A part of a binary that others have too.
    Shared(BinaryHandle, Range<usize>),
}

/// See the module's head.
#[derive(Default)]
pub struct Output {
    copied: Vec<u8>,
    /// None while all of it is copied.
    pieces: VecDeque<Piece>,
    /// Bytes of `copied` that are in pieces, or consumed.
    placed: usize,
    len: usize,
}

impl From<Vec<u8>> for Output {
    fn from(bytes: Vec<u8>) -> Output {
        Output { len: bytes.len(), copied: bytes, ..Output::default() }
    }
}

impl Output {
    /// The bytes that iodata stands for, and the list cells visited.
    pub fn of(t: Term<'_>) -> Result<(Output, usize), Raise> {
        let mut out = Output::default();
        let cells = for_each_leaf(t, |leaf| match leaf {
            Leaf::Byte(b) => {
                out.copied.push(b);
                Ok(())
            }
            Leaf::Bits(t, v) if v.byte_len() > COPY_LIMIT => out.share(t, v),
            Leaf::Bits(_, v) => push_binary(&mut out.copied, v),
        })?;
        if !out.pieces.is_empty() {
            out.place();
        }
        let shared: usize = out.pieces.iter().map(|p| if let Piece::Shared(_, r) = p { r.len() } else { 0 }).sum();
        out.len = out.copied.len() + shared;
        Ok((out, cells))
    }
    fn share(&mut self, t: Term<'_>, v: BitsView<'_>) -> Result<(), Raise> {
        let (Some(binary), Some(bytes)) = (t.off_heap_binary(), v.as_bytes()) else {
            return push_binary(&mut self.copied, v);
        };
        self.place();
        let handle = BinaryHandle::of(binary);
        let start = bytes.as_ptr().addr() - handle.bytes().as_ptr().addr();
        self.pieces.push_back(Piece::Shared(handle, start..start + bytes.len()));
        Ok(())
    }
    /// What was copied since the last piece becomes one.
    fn place(&mut self) {
        if self.placed < self.copied.len() {
            self.pieces.push_back(Piece::Copied(self.placed..self.copied.len()));
            self.placed = self.copied.len();
        }
    }
    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Bytes of it that are copies.
    pub fn copied(&self) -> usize {
        self.copied.len()
    }
    /// Its pieces in order.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let whole = if self.pieces.is_empty() { &self.copied[self.placed..] } else { &[] };
        let pieces = self.pieces.iter().map(|p| match p {
            Piece::Copied(r) => &self.copied[r.clone()],
            Piece::Shared(b, r) => &b.bytes()[r.clone()],
        });
        [whole].into_iter().filter(|w| !w.is_empty()).chain(pieces)
    }
    /// The first `n` bytes are used up.
    pub fn consume(&mut self, mut n: usize) {
        assert!(n <= self.len);
        self.len -= n;
        if self.pieces.is_empty() {
            self.placed += n;
            return;
        }
        while n > 0 {
            let Some(Piece::Copied(r) | Piece::Shared(_, r)) = self.pieces.front_mut() else { return };
            let part = n.min(r.len());
            r.start += part;
            n -= part;
            if r.start == r.end {
                self.pieces.pop_front();
            }
        }
    }
    /// Takes the first `n` bytes off, if there are so many.
    pub fn take(&mut self, n: usize) -> Option<Vec<u8>> {
        if n > self.len {
            return None;
        }
        let mut bytes = Vec::with_capacity(n);
        for s in self.slices() {
            let part = (n - bytes.len()).min(s.len());
            bytes.extend_from_slice(&s[..part]);
            if bytes.len() == n {
                break;
            }
        }
        self.consume(n);
        Some(bytes)
    }
    /// All of it in one piece.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.pieces.is_empty() {
            if self.placed > 0 {
                self.copied.drain(..self.placed);
            }
            return self.copied;
        }
        let mut out = Vec::with_capacity(self.len);
        self.slices().for_each(|s| out.extend_from_slice(s));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;

    fn sample() -> Output {
        let mut made = None;
        drop(Detached::build(|b| {
            let (small, large) = (b.binary(&[1; 100]), b.binary(&[2; 1000]));
            let t = b.list(&[b.int(7), small, large, b.int(8), b.sub_bits(large, 80, 4800).expect("inside"), b.int(9)]);
            made = Output::of(t).ok();
            Term::NIL
        }));
        made.expect("it is iodata").0
    }

    #[test]
    fn large_binaries_are_shared() {
        let o = sample();
        let expected = [vec![7], vec![1; 100], vec![2; 1000], vec![8], vec![2; 600], vec![9]].concat();
        assert_eq!((o.len(), o.copied()), (1703, 103));
        assert_eq!(o.slices().map(<[u8]>::len).collect::<Vec<_>>(), [101, 1000, 1, 600, 1]);
        for cut in [0, 1, 100, 101, 102, 1101, 1102, 1702, 1703] {
            let mut o = sample();
            assert_eq!(o.take(cut).as_deref(), Some(&expected[..cut]));
            assert_eq!(o.len(), 1703 - cut);
            assert_eq!(o.into_bytes(), &expected[cut..]);
        }
        assert!(sample().take(1704).is_none());
    }

    #[test]
    fn copies_alone() {
        let mut o = Output::from(b"hello".to_vec());
        o.consume(2);
        assert_eq!(o.slices().collect::<Vec<_>>(), [b"llo"]);
        assert_eq!(o.take(1).as_deref(), Some(&b"l"[..]));
        assert_eq!(o.into_bytes(), b"lo");
        assert_eq!(Output::default().slices().count(), 0);
    }
}
