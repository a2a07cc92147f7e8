//! Short forms of the events that there are most of: one or two words instead of four.
//!
//! A short event says what happened, a small number, and who: one or two processes. It happened at its ring's last reading
//! of the clock, or soon after; readings are words of their own. The narrow form has the lower bits of the processes' numbers,
//! whose upper bits are those of the ring's base, the wide one has the numbers. Invariant: what is read is what was written;
//! what does not fit is not written so, and takes four words. Both sides keep the base alike: a wide event changes it
//! ([`Short::base`]), a [`Kind::Row`](super::format::Kind::Row) sets it to [`BASE`].

use super::format::Kind;

/// Reductions that a turn costs beside its own: turns that share a time get their parts of it with these.
pub const SWITCH: u64 = 3;

/// The base that a ring begins with: the pid of the lowest number.
pub const BASE: u64 = PID;

/// An event in its short form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Short {
    /// What happened.
    pub kind: Kind,
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
/// Bits of the kind, and of the small number and the parts of the pids in a narrow word.
const KIND_BITS: u32 = 8;
const SMALL_BITS: u32 = 14;
const PART_BITS: u32 = 21;
/// Where those of a pid's number lie in its term.
const PART: u64 = ((1 << PART_BITS) - 1) << TAG_BITS;
const TAG_BITS: u32 = 4;
/// Tag of a pid.
const PID: u64 = 0b0011;
/// How far the parts of a term are moved up in a narrow word.
const A_UP: u32 = KIND_BITS + SMALL_BITS - TAG_BITS;
const B_UP: u32 = A_UP + PART_BITS;

/// A reading of the clock as a word: so many ticks after the last one.
#[inline(always)]
pub fn reading(kind: Kind, since: u64) -> u64 {
    kind as u64 | NARROW | since << KIND_BITS
}

/// What a word means if it is a reading of the clock.
pub fn is_reading(word: u64) -> Option<(Kind, u64)> {
    let kind = Kind::of(word as u8 & 0x3F)?;
    let is = word & (NARROW | WIDE) == NARROW && matches!(kind, Kind::Begin | Kind::Read);
    is.then_some((kind, word >> KIND_BITS))
}

impl Short {
    /// The base behind this event in its wide form.
    #[inline(always)]
    pub fn base(self) -> u64 {
        self.a & !PART
    }
    /// A turn as one word, if it fits; who woke nobody is said to have woken itself.
    #[inline(always)]
    pub fn turn(base: u64, pid: u64, woken: u64, small: u64) -> Option<u64> {
        let (a, b) = (pid ^ base, woken ^ base);
        let fits = (a | b) & !PART | small >> SMALL_BITS == 0;
        fits.then_some(Kind::Turn as u64 | NARROW | small << KIND_BITS | a << A_UP | b << B_UP)
    }
    /// As one word, if it fits.
    #[inline(always)]
    pub fn narrow(self, base: u64) -> Option<u64> {
        if self.kind == Kind::Turn {
            return Short::turn(base, self.a, if self.b == 0 { self.a } else { self.b }, self.small);
        }
        let (a, b) = (self.a ^ base, if self.b == 0 { PART } else { self.b ^ base });
        // All bits are nobody's part.
        let fits = (a | b) & !PART == 0 && self.small >> SMALL_BITS == 0 && (b != PART || self.b == 0);
        fits.then_some(self.kind as u64 | NARROW | self.small << KIND_BITS | a << A_UP | b << B_UP)
    }
    /// As two words, if it fits.
    pub fn wide(self) -> Option<[u64; 2]> {
        let number =
            |pid: u64| (pid & 0xF == PID).then(|| u32::try_from(pid >> TAG_BITS).ok()).flatten().map(u64::from);
        let b = if self.b == 0 { u64::from(u32::MAX) } else { number(self.b).filter(|n| *n != u64::from(u32::MAX))? };
        let fits = self.small >> (u64::BITS - KIND_BITS) == 0;
        let second = number(self.a)? | b << 32;
        fits.then_some([self.kind as u64 | WIDE | self.small << KIND_BITS, second])
    }
    /// Reads one that is no reading of the clock, and says how many words it has; changes the base as it says. `None` if it
    /// is no short event, or not whole.
    pub fn read(words: &[u64], base: &mut u64) -> Option<(Short, usize)> {
        let first = *words.first()?;
        let kind = Kind::of(first as u8 & 0x3F)?;
        match first & (NARROW | WIDE) {
            NARROW => {
                let (a, b) = (first >> A_UP & PART, first >> B_UP & PART);
                let nobody = if kind == Kind::Turn { a } else { PART };
                let b = if b == nobody { 0 } else { *base ^ b };
                let small = first >> KIND_BITS & ((1 << SMALL_BITS) - 1);
                Some((Short { kind, small, a: *base ^ a, b }, 1))
            }
            WIDE => {
                let second = *words.get(1)?;
                let pid = |n: u64| n << TAG_BITS | PID;
                let b = match second >> 32 {
                    n if n == u64::from(u32::MAX) => 0,
                    n => pid(n),
                };
                let s = Short { kind, small: first >> KIND_BITS, a: pid(second & u64::from(u32::MAX)), b };
                *base = s.base();
                Some((s, 2))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: u64) -> u64 {
        n << TAG_BITS | PID
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let port = 7 << 4 | 0b0111;
        let last = (1 << PART_BITS) - 1;
        let ids = [0, 5, last - 1, last, last + 1, last * 2, 1 << 28, u64::from(u32::MAX)].map(pid);
        let near = Short { kind: Kind::Turn, small: 1, a: pid(4), b: pid(3) };
        assert!(near.narrow(BASE).is_some() && near.narrow(pid(last + 1)).is_none() && near.narrow(port).is_none());
        let (mut narrow, mut wide) = (0, 0);
        let pairs = |a| ids.into_iter().chain([0, port]).map(move |b| (a, b));
        for (a, b) in ids.into_iter().chain([port]).flat_map(pairs) {
            for kind in [Kind::Turn, Kind::Sent] {
                for small in [0, 1, (1 << SMALL_BITS) - 1, 1 << SMALL_BITS, (1 << 56) - 1, 1 << 56] {
                    let s = Short { kind, small, a, b };
                    if kind == Kind::Turn && a == b {
                        // Nobody wakes itself.
                        continue;
                    }
                    for mut base in ids.map(|id| id & !PART) {
                        let before = base;
                        if let Some(w) = s.narrow(base) {
                            narrow += 1;
                            assert_eq!((Short::read(&[w], &mut base), base), (Some((s, 1)), before));
                        }
                    }
                    if let Some(w) = s.wide() {
                        wide += 1;
                        let mut base = BASE;
                        assert_eq!(Short::read(&w[..1], &mut base), None);
                        assert_eq!((Short::read(&w, &mut base), base), (Some((s, 2)), a & !PART));
                        let near = b == 0 || (b & !PART == base && (b & PART != PART || kind == Kind::Turn));
                        assert_eq!(s.narrow(base).is_some(), near && small >> SMALL_BITS == 0);
                    }
                }
            }
        }
        assert!(narrow > 100 && wide > 100, "{narrow} {wide}");
        assert!(Short { kind: Kind::Turn, small: 0, a: port, b: 0 }.wide().is_none());
    }

    #[test]
    fn a_reading_stands_for_itself() {
        assert_eq!(is_reading(reading(Kind::Begin, 1 << 50)), Some((Kind::Begin, 1 << 50)));
        assert_eq!(is_reading(reading(Kind::Read, 3)), Some((Kind::Read, 3)));
        assert_eq!(is_reading(Kind::Begin.at(77)), None);
        let turn = Short { kind: Kind::Turn, small: 1, a: pid(4), b: pid(3) };
        assert_eq!(is_reading(turn.narrow(BASE).expect("it fits")), None);
        assert_eq!(Short::read(&[Kind::Turn.at(77), 0, 0, 0], &mut { BASE }), None);
    }
}
