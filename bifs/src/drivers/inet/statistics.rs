//! What `inet:getstat/2` tells of a socket.
//!
//! Invariant: averages are over all packets counted so far, as is the largest; counts never go back.

use super::{EINVAL, Refused};

/// Counts of packets in one direction.
#[derive(Default)]
struct Counts {
    packets: u64,
    bytes: u64,
    largest: u64,
    average: f64,
}

impl Counts {
    fn add(&mut self, len: usize) {
        self.packets += 1;
        self.bytes += len as u64;
        self.largest = self.largest.max(len as u64);
        self.average += (len as f64 - self.average) / self.packets as f64;
    }
}

/// See the module's head.
#[derive(Default)]
pub(super) struct Statistics {
    received: Counts,
    /// Average distance of a packet's size from the average.
    deviation: f64,
    sent: Counts,
}

impl Statistics {
    pub(super) fn received(&mut self, len: usize) {
        self.received.add(len);
        self.deviation += (len as f64 - self.received.average - self.deviation) / self.received.packets as f64;
    }
    pub(super) fn sent(&mut self, len: usize) {
        self.sent.add(len);
    }
    /// The values that are asked for, each behind its number; `pending` bytes wait to be sent.
    pub(super) fn get(&self, items: &[u8], pending: usize) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::new();
        for &item in items {
            out.push(item);
            let value = match item {
                1 => self.received.packets,
                2 => self.received.largest,
                3 => self.received.average as u64,
                4 => self.deviation.abs() as u64,
                5 => self.sent.packets,
                6 => self.sent.largest,
                7 => self.sent.average as u64,
                8 => pending as u64,
                9 | 10 => {
                    let bytes = if item == 9 { self.received.bytes } else { self.sent.bytes };
                    out.extend(bytes.to_be_bytes());
                    continue;
                }
                _ => return Err(EINVAL),
            };
            out.extend((value as u32).to_be_bytes());
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_averages() {
        let mut s = Statistics::default();
        [10, 20, 60].into_iter().for_each(|n| s.received(n));
        s.sent(7);
        let expected = [
            [1, 0, 0, 0, 3].as_slice(),
            &[2, 0, 0, 0, 60],
            &[3, 0, 0, 0, 30],
            &[6, 0, 0, 0, 7],
            &[8, 0, 0, 0, 9],
            &[9, 0, 0, 0, 0, 0, 0, 0, 90],
            &[10, 0, 0, 0, 0, 0, 0, 0, 7],
        ];
        assert_eq!(s.get(&[1, 2, 3, 6, 8, 9, 10], 9), Ok(expected.concat()));
        assert_eq!(s.get(&[11], 0), Err(EINVAL));
    }
}
