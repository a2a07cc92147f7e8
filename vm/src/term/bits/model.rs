//! What the fast code is tested against: one bit at a time.

pub(crate) fn get(bytes: &[u8], i: usize) -> bool {
    bytes[i / 8] >> (7 - i % 8) & 1 == 1
}

pub(crate) fn set(bytes: &mut [u8], i: usize, v: bool) {
    let m = 0x80 >> (i % 8);
    if v {
        bytes[i / 8] |= m;
    } else {
        bytes[i / 8] &= !m;
    }
}

pub(crate) fn unsigned(bytes: &[u8], pos: usize, bits: usize) -> u64 {
    (0..bits).fold(0, |v, i| v << 1 | u64::from(get(bytes, pos + i)))
}

/// A small generator with a fixed seed, so that failures repeat.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }
}
