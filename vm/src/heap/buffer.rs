//! [`Buffer`]: bytes that come in, in a reference-counted binary that nobody else refers to yet.
//!
//! Invariant: the binary's only reference is the buffer's, until it is shared, which ends the buffer; its bytes are
//! initialised.

use super::binary::BinaryHandle;

/// See the module's head.
pub struct Buffer {
    binary: BinaryHandle,
    start: usize,
    end: usize,
}

impl Buffer {
    /// An empty one with room for `capacity` bytes.
    pub fn new(capacity: usize) -> Buffer {
        Buffer { binary: BinaryHandle::build(capacity, |_| {}), start: 0, end: 0 }
    }
    /// One that begins with these bytes and has room for `capacity` in all.
    pub fn with(bytes: &[u8], capacity: usize) -> Buffer {
        Buffer { binary: BinaryHandle::with_capacity(bytes, capacity), start: 0, end: bytes.len() }
    }
    /// The bytes that have come in and are not consumed.
    pub fn bytes(&self) -> &[u8] {
        &self.binary.bytes()[self.start..self.end]
    }
    /// Bytes that it has room for in all.
    pub fn capacity(&self) -> usize {
        self.binary.bytes().len()
    }
    /// The room behind what has come in.
    pub fn room(&mut self) -> &mut [u8] {
        let len = self.capacity() - self.end;
        // SAFETY: the handle's is the only reference (the invariant), and it is borrowed mutably: nobody else reads.
        // The bytes lie between `end` and the capacity, and are initialised.
        unsafe { std::slice::from_raw_parts_mut(self.binary.data().add(self.end), len) }
    }
    /// `n` bytes were written to the room.
    pub fn filled(&mut self, n: usize) {
        assert!(n <= self.capacity() - self.end);
        self.end += n;
    }
    /// The first `n` bytes are used up.
    pub fn consume(&mut self, n: usize) {
        assert!(n <= self.end - self.start);
        self.start += n;
    }
    /// Makes room for `total` bytes, those that are there included; in place if that suffices.
    pub fn reserve(&mut self, total: usize) {
        if self.start + total > self.capacity() {
            *self = Buffer::with(self.bytes(), total);
        }
    }
    /// Moves what is there to the front.
    pub fn restart(&mut self) {
        if self.start > 0 {
            *self = Buffer::with(self.bytes(), self.capacity());
        }
    }
    /// The binary, and where in it the bytes are.
    pub fn share(self) -> (BinaryHandle, std::ops::Range<usize>) {
        (self.binary, self.start..self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(b: &mut Buffer, bytes: &[u8]) {
        b.room()[..bytes.len()].copy_from_slice(bytes);
        b.filled(bytes.len());
    }

    #[test]
    fn grows_and_moves() {
        let mut b = Buffer::new(4);
        fill(&mut b, b"abcd");
        assert!(b.room().is_empty());
        b.consume(3);
        b.reserve(1);
        assert_eq!((b.bytes(), b.capacity()), (&b"d"[..], 4));
        b.restart();
        fill(&mut b, b"efg");
        b.reserve(10);
        fill(&mut b, b"hij");
        assert_eq!((b.bytes(), b.capacity()), (&b"defghij"[..], 10));
        b.consume(1);
        let (binary, at) = b.share();
        assert_eq!(&binary.bytes()[at], b"efghij");
    }
}
