//! Short forms of the events that there are most of: one or two words instead of four.
//!
//! A short event says how long after the ring's last reading of the clock it was, a small number, and who: one or two
//! processes. The narrow form has them as differences from whoever the ring's last short event ended with, the wide one as
//! numbers of pids. Invariant: what is read is what was written; what does not fit is not written so, and takes four
//! words. Both sides keep the ring's last reading and [`Short::last`] alike.

use super::format::Kind;

/// Reductions that a turn costs beside its own: turns that share a time get their parts of it with these.
pub const SWITCH: u64 = 3;

/// An event in its short form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Short {
    /// What happened.
    pub kind: Kind,
    /// Ticks since the ring's last reading.
    pub since: u64,
    /// What the kind says.
    pub small: u64,
    /// A pid, as a term.
    pub a: u64,
    /// Another one, or 0.
    pub b: u64,
}

/// The first word of a short event has one of these bits in its kind.
const NARROW: u64 = 0x40;
const WIDE: u64 = 0x80;
/// Lowest bits and widths of the parts of a narrow word behind its kind.
const SINCE: (u32, u32) = (8, 16);
const SMALL: (u32, u32) = (24, 14);
const A: (u32, u32) = (38, 13);
const B: (u32, u32) = (51, 13);
/// The differences go from `-NOBODY + 1` to `NOBODY - 1`; as `b` it says that there is none.
const NOBODY: u64 = 1 << 12;
/// A wide word has further bits of both numbers where a narrow one has the differences.
const SINCE_HIGH: (u32, u32) = (38, 14);
const SMALL_HIGH: (u32, u32) = (52, 12);
/// Tag of a pid.
const PID: u64 = 0b0011;

const fn part(word: u64, (low, width): (u32, u32)) -> u64 {
    word >> low & ((1 << width) - 1)
}

/// A difference between terms of one tag, made not negative; large for other terms.
#[inline(always)]
fn difference(to: u64, from: u64) -> u64 {
    let d = to.wrapping_sub(from);
    (d.cast_signed() >> 4).cast_unsigned().wrapping_add(NOBODY) | d << 60
}

const fn behind(from: u64, difference: u64) -> u64 {
    from.wrapping_add(difference.wrapping_sub(NOBODY) << 4)
}

impl Short {
    /// A reading of the clock that is nobody's, so many ticks after the last one.
    #[inline(always)]
    pub fn begin(since: u64) -> u64 {
        Kind::Begin as u64 | NARROW | since << SINCE.0
    }
    /// The pid that the next differences are from.
    #[inline(always)]
    pub fn last(self) -> u64 {
        if self.b == 0 { self.a } else { self.b }
    }
    /// As one word, if it fits.
    #[inline(always)]
    pub fn narrow(self, last: u64) -> Option<u64> {
        let a = difference(self.a, last);
        let b = if self.b == 0 { 0 } else { difference(self.b, self.a) };
        // Neither is 0 but for nobody.
        let fits = self.since >> SINCE.1 == 0
            && self.small >> SMALL.1 == 0
            && a >> A.1 == 0
            && b >> B.1 == 0
            && (b != 0 || self.b == 0);
        fits.then_some(self.kind as u64 | NARROW | self.since << SINCE.0 | self.small << SMALL.0 | a << A.0 | b << B.0)
    }
    /// As two words, if it fits.
    pub fn wide(self) -> Option<[u64; 2]> {
        let fits = self.since >> (SINCE.1 + SINCE_HIGH.1) == 0 && self.small >> (SMALL.1 + SMALL_HIGH.1) == 0;
        let number = |pid: u64| (pid & 0xF == PID).then(|| u32::try_from(pid >> 4).ok()).flatten().map(u64::from);
        let b = if self.b == 0 { u64::from(u32::MAX) } else { number(self.b).filter(|n| *n != u64::from(u32::MAX))? };
        let low = |n: u64, (at, width): (u32, u32)| part(n, (0, width)) << at;
        let high = |n: u64, below: (u32, u32), at: (u32, u32)| n >> below.1 << at.0;
        let first = self.kind as u64
            | WIDE
            | low(self.since, SINCE)
            | low(self.small, SMALL)
            | high(self.since, SINCE, SINCE_HIGH)
            | high(self.small, SMALL, SMALL_HIGH);
        let second = number(self.a)? | b << 32;
        fits.then_some([first, second])
    }
    /// Reads one and says how many words it has; `None` if it is no short event, of a kind that has none, or not whole.
    pub fn read(words: &[u64], last: u64) -> Option<(Short, usize)> {
        let first = *words.first()?;
        let kind = Kind::of(first as u8 & 0x3F)?;
        let (since, small) = (part(first, SINCE), part(first, SMALL));
        match first & (NARROW | WIDE) {
            NARROW if kind == Kind::Begin => Some((Short { kind, since: first >> SINCE.0, small: 0, a: 0, b: 0 }, 1)),
            NARROW => {
                let a = behind(last, part(first, A));
                let b = match part(first, B) {
                    0 => 0,
                    d => behind(a, d),
                };
                Some((Short { kind, since, small, a, b }, 1))
            }
            WIDE => {
                let second = *words.get(1)?;
                let pid = |n: u64| n << 4 | PID;
                let b = match second >> 32 {
                    n if n == u64::from(u32::MAX) => 0,
                    n => pid(n),
                };
                let since = since | part(first, SINCE_HIGH) << SINCE.1;
                let small = small | part(first, SMALL_HIGH) << SMALL.1;
                Some((Short { kind, since, small, a: pid(second & u64::from(u32::MAX)), b }, 2))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: u64) -> u64 {
        n << 4 | PID
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let port = 7 << 4 | 0b0111;
        let ids =
            [pid(0), pid(5), pid(4000), pid(4096), pid(4097), pid(70_000), pid(1 << 28), pid(u32::MAX.into()), port];
        let near = Short { kind: Kind::Turn, since: 1, small: 1, a: pid(4), b: pid(3) };
        assert!(near.narrow(pid(5)).is_some() && near.narrow(pid(4)).is_some() && near.narrow(port).is_none());
        let (mut narrow, mut wide) = (0, 0);
        for a in ids {
            for b in ids.into_iter().chain([0]) {
                for (since, small) in
                    [(0, 0), (65_535, 16_383), (65_536, 1), (1, 16_384), (1 << 29, 1 << 25), (1 << 30, 0)]
                {
                    let s = Short { kind: Kind::Turn, since, small, a, b };
                    for last in ids {
                        if let Some(w) = s.narrow(last) {
                            narrow += 1;
                            assert_eq!(Short::read(&[w], last), Some((s, 1)));
                        }
                    }
                    if let Some(w) = s.wide() {
                        wide += 1;
                        assert_eq!(Short::read(&w, 0), Some((s, 2)));
                        assert_eq!(Short::read(&w[..1], 0), None);
                    }
                }
            }
        }
        assert!(narrow > 100 && wide > 100, "{narrow} {wide}");
        assert!(Short { kind: Kind::Turn, since: 1 << 30, small: 0, a: pid(1), b: 0 }.wide().is_none());
        assert!(Short { kind: Kind::Turn, since: 0, small: 0, a: port, b: 0 }.wide().is_none());
    }

    #[test]
    fn a_reading_stands_for_itself() {
        let (s, n) = Short::read(&[Short::begin(1 << 50)], 3).expect("short");
        assert_eq!((s.kind, s.since, n), (Kind::Begin, 1 << 50, 1));
        assert_eq!(Short::read(&[Kind::Turn.at(77), 0, 0, 0], 0), None);
    }
}
