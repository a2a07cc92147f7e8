//! `{packet, N}`: each piece of input and output has its length in front, in N bytes, big-endian.
//!
//! Invariant: with N = 0 bytes pass as they come; else only whole packets are delivered.

/// Cuts input into packets.
pub(super) struct Packets {
    /// Bytes of a length: 0, 1, 2 or 4.
    header: usize,
    partial: Vec<u8>,
}

impl Packets {
    pub(super) fn new(header: usize) -> Packets {
        Packets { header, partial: Vec::new() }
    }
    /// The length in front of output of `len` bytes; `None` if it is too long.
    pub(super) fn length(&self, len: usize) -> Option<Vec<u8>> {
        let bytes = (len as u64).to_be_bytes();
        let fits = match self.header {
            0 => true,
            n => len as u64 >> (8 * n) == 0,
        };
        fits.then(|| bytes[bytes.len() - self.header..].to_vec())
    }
    /// Takes input; `f` gets each packet that is complete.
    pub(super) fn feed(&mut self, bytes: &[u8], mut f: impl FnMut(&[u8])) {
        if self.header == 0 {
            return f(bytes);
        }
        if self.partial.is_empty() {
            let used = split(self.header, bytes, &mut f);
            self.partial.extend_from_slice(&bytes[used..]);
        } else {
            self.partial.extend_from_slice(bytes);
            let used = split(self.header, &self.partial, &mut f);
            self.partial.drain(..used);
        }
    }
}

fn split(header: usize, bytes: &[u8], f: &mut impl FnMut(&[u8])) -> usize {
    let mut used = 0;
    while let Some((length, rest)) = bytes[used..].split_at_checked(header) {
        let length = length.iter().fold(0, |n, &b| n << 8 | usize::from(b));
        let Some(packet) = rest.get(..length) else { break };
        f(packet);
        used += header + length;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_any_cut() {
        for header in [1, 2, 4] {
            let mut p = Packets::new(header);
            let texts: [&[u8]; 4] = [b"", b"a", b"bcd", &[7; 200]];
            let mut all = Vec::new();
            for t in texts {
                all.extend(p.length(t.len()).expect("short"));
                all.extend_from_slice(t);
            }
            for step in [1, 2, 3, 7, all.len()] {
                let mut got = Vec::new();
                all.chunks(step).for_each(|c| p.feed(c, |x| got.push(x.to_vec())));
                assert_eq!(got, texts, "header {header}, step {step}");
            }
        }
    }

    #[test]
    fn too_long_for_its_header() {
        assert_eq!(Packets::new(1).length(255), Some(vec![255]));
        assert_eq!(Packets::new(1).length(256), None);
        assert_eq!(Packets::new(2).length(0x10000), None);
        assert_eq!(Packets::new(4).length(0x10000), Some(vec![0, 1, 0, 0]));
        assert_eq!(Packets::new(0).length(1 << 40), Some(vec![]));
    }
}
