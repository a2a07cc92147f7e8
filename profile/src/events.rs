//! From the words of a ring to events with their times.
//!
//! Invariant: what is kept of a ring's last reading of the clock and of its base is what the VM kept when it wrote the words
//! (`recording/track.rs` there). Turns get their parts of the time up to the next reading by their reductions.

use girder_vm::recording::format::{Kind, Span, WORDS};
use girder_vm::recording::short::{BASE, SWITCH, Short, is_reading};

use crate::read::Event;

/// What is known of a ring.
#[derive(Default)]
pub struct Ring {
    /// Its last reading; none before its first event of this recording.
    told: Option<u64>,
    /// What its narrow events refer to.
    base: u64,
    /// When the turn under way began.
    begin: u64,
    /// Events since the last reading whose time is not known yet: places, and for turns their weights.
    open: Vec<(usize, Option<u64>)>,
}

impl Ring {
    /// Adds the events that these words are; what is older than `begin` belongs to another recording.
    pub fn read(&mut self, mut words: &[u64], ring: u32, begin: u64, to: &mut Vec<Event>) {
        while let Some(&first) = words.first() {
            if Kind::of(first as u8).is_some() {
                let Some((&[first, a, b, c], rest)) = words.split_first_chunk::<WORDS>() else { return };
                words = rest;
                if let Some((kind, at)) = Kind::split(first, begin) {
                    let at = self.told.map_or(at, |told| told.max(at));
                    self.event(Event { kind, at, words: [a, b, c], ring }, to);
                }
            } else if let Some((kind, since)) = is_reading(first) {
                words = &words[1..];
                if let Some(told) = self.told {
                    self.event(Event { kind, at: told + since, words: [0; 3], ring }, to);
                }
            } else {
                // What follows a word that is nothing cannot be told apart.
                let Some((s, n)) = Short::read(words, &mut self.base) else { return };
                words = &words[n..];
                if let Some(told) = self.told {
                    self.event(long(s, told, ring), to);
                }
            }
        }
    }
    /// No more is known: what is open ends at the last reading.
    pub fn end(&mut self, to: &mut [Event]) {
        self.close(self.told.unwrap_or(0), 0, to);
    }
    fn event(&mut self, e: Event, to: &mut Vec<Event>) {
        match e.kind {
            Kind::Turn => self.open.push((to.len(), Some(Span::of(e.words[1]).number + SWITCH))),
            Kind::Begin | Kind::Queue | Kind::Row => {
                self.close(e.at, 0, to);
                self.begin = e.at;
                if e.kind == Kind::Row {
                    self.base = BASE;
                }
            }
            _ if self.told == Some(e.at) && e.kind != Kind::Read => self.open.push((to.len(), None)),
            _ => self.close(e.at, SWITCH, to),
        }
        self.told = Some(e.at);
        if !matches!(e.kind, Kind::Begin | Kind::Read) {
            to.push(e);
        }
    }
    /// What is open ended before a reading, and so did something else of this weight behind it.
    fn close(&mut self, until: u64, weight: u64, to: &mut [Event]) {
        if self.open.is_empty() {
            return;
        }
        let from = self.told.unwrap_or(until);
        let all = self.open.iter().filter_map(|(_, w)| *w).sum::<u64>() + weight;
        let mut passed = 0;
        for (i, weight) in std::mem::take(&mut self.open) {
            passed += weight.unwrap_or(0);
            let part = u128::from(until.saturating_sub(from)) * u128::from(passed) / u128::from(all.max(1));
            let e = &mut to[i];
            e.at = from + part as u64;
            if weight.is_some() {
                let ticks = e.at.saturating_sub(self.begin);
                e.words[1] = Span { ticks, ..Span::of(e.words[1]) }.word();
                self.begin = e.at;
            }
        }
    }
}

/// A short event as if it had been written whole; a turn without its length.
fn long(s: Short, at: u64, ring: u32) -> Event {
    let words = match s.kind {
        Kind::Turn => [s.a, Span { ticks: 0, number: s.small >> 2, small: s.small as u8 & 3 }.word(), s.b],
        Kind::Woken if s.b == 0 => [s.a, 0, 0],
        Kind::Woken => [s.b, s.a, 0],
        Kind::Sent => [s.b, s.a, s.small],
        Kind::Fetched => [s.a, s.small & 0x7F, s.small >> 7],
        _ => [0; 3],
    };
    Event { kind: s.kind, at, words, ring }
}

#[cfg(test)]
mod tests {
    use girder_vm::recording::short::reading;

    use super::*;

    fn short(kind: Kind, small: u64, a: u64, b: u64) -> [u64; 2] {
        Short { kind, small, a: a << 4 | 3, b: if b == 0 { 0 } else { b << 4 | 3 } }.wide().expect("it fits")
    }

    fn turn(reductions: u64, pid: u64) -> [u64; 2] {
        short(Kind::Turn, (reductions - SWITCH) << 2, pid, 0)
    }

    fn read(words: &[u64]) -> Vec<(Kind, u64, u64)> {
        let (mut ring, mut events) = (Ring::default(), Vec::new());
        ring.read(words, 0, 1000, &mut events);
        ring.end(&mut events);
        events.iter().map(|e| (e.kind, e.at, Span::of(e.words[1]).ticks)).collect()
    }

    #[test]
    fn turns_share_a_reading_by_their_reductions() {
        let mut words = vec![Kind::Row.at(2000), 1, 0, 0];
        words.push(reading(Kind::Begin, 100));
        words.extend(turn(7, 1));
        words.extend(short(Kind::Sent, 5, 2, 3));
        words.extend(turn(13, 2));
        words.extend(turn(20, 3));
        words.push(reading(Kind::Begin, 40));
        words.push(reading(Kind::Read, 2));
        words.extend(turn(4, 3));
        words.push(reading(Kind::Begin, 3));
        let expected = [
            (Kind::Row, 2000, 0),
            (Kind::Turn, 2107, 7),
            (Kind::Sent, 2107, 0x33),
            (Kind::Turn, 2120, 13),
            (Kind::Turn, 2140, 20),
            (Kind::Turn, 2145, 5),
        ];
        let got = read(&words);
        assert_eq!(got.iter().map(|e| (e.0, e.1)).collect::<Vec<_>>(), expected.map(|e| (e.0, e.1)));
        let turns =
            |all: &[(Kind, u64, u64)]| -> Vec<u64> { all.iter().filter(|e| e.0 == Kind::Turn).map(|e| e.2).collect() };
        assert_eq!(turns(&got), turns(&expected));
    }

    #[test]
    fn what_another_recording_left_is_passed_over() {
        let mut words = turn(9, 3).to_vec();
        words.extend([Kind::Stolen.at(999), 0, 0, 0]);
        words.extend(turn(9, 3));
        words.push(reading(Kind::Begin, 40));
        words.extend([Kind::Row.at(1001), 1, 0, 0]);
        words.extend(turn(9, 3));
        words.push(reading(Kind::Begin, 40));
        assert_eq!(read(&words), [(Kind::Row, 1001, 0), (Kind::Turn, 1041, 40)]);
        // A word that is nothing, and an event that is not whole.
        assert_eq!(read(&[63, 1, 1, 1]), []);
        assert_eq!(read(&[Kind::Row.at(1001), 1]), []);
    }
}
