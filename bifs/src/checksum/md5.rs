//! MD5 (RFC 1321) with a state that can be laid down as bytes, which `erlang:md5_update/2` needs and the hashing
//! crates do not offer.

/// Size of a context laid down as bytes: four words of state, the length in bits, a block.
pub const CONTEXT_BYTES: usize = 16 + 8 + 64;

/// A sum under way.
#[derive(Clone)]
pub struct Md5 {
    state: [u32; 4],
    /// Bytes so far.
    length: u64,
    /// What does not fill a block yet: `length % 64` bytes.
    block: [u8; 64],
}

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// `floor(2^32 * |sin(i + 1)|)`.
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
    0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
    0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
    0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
    0xeb86d391,
];

impl Md5 {
    pub fn new() -> Md5 {
        Md5 { state: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], length: 0, block: [0; 64] }
    }
    fn compress(state: &mut [u32; 4], block: &[u8]) {
        let mut words = [0u32; 16];
        for (w, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *w = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let [mut a, mut b, mut c, mut d] = *state;
        for i in 0..64 {
            let (f, g) = match i / 16 {
                0 => (b & c | !b & d, i),
                1 => (d & b | !d & c, 5 * i + 1),
                2 => (b ^ c ^ d, 3 * i + 5),
                _ => (c ^ (b | !d), 7 * i),
            };
            let sum = a.wrapping_add(f).wrapping_add(SINES[i]).wrapping_add(words[g % 16]);
            let next = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
            (a, d, c, b) = (d, c, b, next);
        }
        for (s, v) in state.iter_mut().zip([a, b, c, d]) {
            *s = s.wrapping_add(v);
        }
    }
    pub fn update(&mut self, mut bytes: &[u8]) {
        let used = (self.length % 64) as usize;
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if used > 0 {
            let n = bytes.len().min(64 - used);
            self.block[used..used + n].copy_from_slice(&bytes[..n]);
            bytes = &bytes[n..];
            if used + n < 64 {
                return;
            }
            Self::compress(&mut self.state, &self.block);
        }
        let mut blocks = bytes.chunks_exact(64);
        for block in blocks.by_ref() {
            Self::compress(&mut self.state, block);
        }
        let rest = blocks.remainder();
        self.block[..rest.len()].copy_from_slice(rest);
    }
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8);
        let used = (self.length % 64) as usize;
        let padding = if used < 56 { 56 - used } else { 120 - used };
        let mut tail = [0; 72];
        tail[0] = 0x80;
        tail[padding..padding + 8].copy_from_slice(&bits.to_le_bytes());
        self.update(&tail[..padding + 8]);
        let mut out = [0; 16];
        for (bytes, word) in out.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        out
    }
    pub fn to_bytes(&self) -> [u8; CONTEXT_BYTES] {
        let mut out = [0; CONTEXT_BYTES];
        for (bytes, word) in out.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        out[16..24].copy_from_slice(&self.length.wrapping_mul(8).to_le_bytes());
        out[24..].copy_from_slice(&self.block);
        out
    }
    pub fn from_bytes(bytes: &[u8]) -> Option<Md5> {
        let bytes: &[u8; CONTEXT_BYTES] = bytes.try_into().ok()?;
        let mut h = Md5::new();
        for (word, bytes) in h.state.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().ok()?);
        }
        h.length = u64::from_le_bytes(bytes[16..24].try_into().ok()?) / 8;
        h.block.copy_from_slice(&bytes[24..]);
        Some(h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_examples_in_one_piece_and_in_many() {
        let cases = [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ];
        for (text, want) in cases {
            let hex = |h: Md5| h.finish().iter().map(|b| format!("{b:02x}")).collect::<String>();
            let mut whole = Md5::new();
            whole.update(text.as_bytes());
            assert_eq!(hex(whole), want);
            for n in [1, 7, 63, 64] {
                let mut h = Md5::new();
                for part in text.as_bytes().chunks(n) {
                    h.update(part);
                    h = Md5::from_bytes(&h.to_bytes()).expect("its own size");
                }
                assert_eq!(hex(h), want);
            }
        }
    }
}
