//! From the file of a recording to events in order of time, with names.
//!
//! Invariant: a file that ends in the middle of a block is read up to there; nothing in a file makes the reader fail but
//! a first line that is not ours.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use girder_vm::recording::format::{Block, Function, Header, Kind, MAGIC};

use crate::events::Ring;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system says so.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// It is something else.
    #[error("{0}: not a recording of this version of girder")]
    Foreign(String),
}

/// An event.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// When, in ticks.
    pub at: u64,
    /// The three words that the kind gives a meaning.
    pub words: [u64; 3],
    /// The ring it comes from.
    pub ring: u32,
}

/// A stack that was looked at.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Whose.
    pub pid: u64,
    /// When, in ticks.
    pub at: u64,
    /// How many reductions, or nanoseconds, it stands for.
    pub weight: u64,
    /// Frames, the newest first: the function, and the line or 0.
    pub frames: Vec<(Function, u32)>,
}

/// What a file holds.
#[derive(Default)]
pub struct Recording {
    /// What the VM says of itself.
    pub facts: HashMap<String, String>,
    /// When it began, in ticks.
    pub begin: u64,
    /// Ticks and the nanoseconds since the VM's start that go with them.
    pub clock: Vec<(u64, i64)>,
    /// System time in nanoseconds at the first of them.
    pub system_ns: i64,
    /// What happened; each ring's events are in the order in which they were noted.
    pub events: Vec<Event>,
    /// Names of atoms.
    pub atoms: HashMap<u32, String>,
    /// Labels of processes; the last one counts.
    pub labels: HashMap<u64, String>,
    /// Stacks.
    pub stacks: Vec<Stack>,
    /// Places of locks.
    pub places: HashMap<u64, String>,
    /// Events lost.
    pub lost: u64,
    /// Whether the recording came to its end.
    pub complete: bool,
}

fn number<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    bytes.split_first_chunk::<N>().map(|(n, rest)| (*n, rest))
}

fn u64s(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b))
}

impl Recording {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Recording, ReadError> {
        let name = || path.display().to_string();
        let bytes = fs::read(path).map_err(|e| ReadError::Io(name(), e))?;
        Recording::parse(&bytes).ok_or_else(|| ReadError::Foreign(name()))
    }
    /// Reads a file's bytes; `None` if it is something else.
    pub fn parse(bytes: &[u8]) -> Option<Recording> {
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let mut r = Recording::default();
        let mut lost: HashMap<u64, u64> = HashMap::new();
        let mut rings: HashMap<u32, Ring> = HashMap::new();
        while let Some((h, behind)) = Header::decode(rest)
            && let Some((body, next)) = behind.split_at_checked(h.bytes as usize)
        {
            rest = next;
            let text = || String::from_utf8_lossy(body).into_owned();
            match Block::of(h.kind) {
                Some(Block::Facts) => {
                    r.begin = h.number;
                    let pairs = text();
                    let pairs = pairs.lines().filter_map(|l| l.split_once('='));
                    r.facts.extend(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())));
                }
                Some(Block::Clock) => {
                    let mut times = u64s(body).map(u64::cast_signed);
                    if let (Some(ns), Some(system)) = (times.next(), times.next()) {
                        if r.clock.is_empty() {
                            r.system_ns = system;
                        }
                        r.clock.push((h.number, ns));
                    }
                }
                Some(Block::Events) => {
                    let ring = u32::try_from(h.number).unwrap_or(u32::MAX);
                    let words: Vec<u64> = u64s(body).collect();
                    // What comes from nobody's ring is from several threads.
                    let mut nobodys = Ring::default();
                    let of = if ring == u32::MAX { &mut nobodys } else { rings.entry(ring).or_default() };
                    of.read(&words, ring, r.begin, &mut r.events);
                }
                Some(Block::Atoms) => {
                    let mut names = body;
                    for n in u32::try_from(h.number).unwrap_or(u32::MAX).. {
                        let Some((len, rest)) = number::<2>(names) else { break };
                        let Some((name, rest)) = rest.split_at_checked(u16::from_le_bytes(len).into()) else { break };
                        r.atoms.insert(n, String::from_utf8_lossy(name).into_owned());
                        names = rest;
                    }
                }
                Some(Block::Label) => {
                    r.labels.insert(h.number, text());
                }
                Some(Block::Stack) => r.stacks.extend(stack(h.number, body)),
                Some(Block::Place) => {
                    r.places.insert(h.number, text());
                }
                Some(Block::Lost) => {
                    lost.insert(h.number, u64s(body).next().unwrap_or(0));
                }
                Some(Block::End) => r.complete = true,
                None => {}
            }
        }
        rings.values_mut().for_each(|ring| ring.end(&mut r.events));
        r.lost = lost.values().sum();
        Some(r)
    }
    /// The name of an atom.
    pub fn atom(&self, n: u32) -> &str {
        self.atoms.get(&n).map_or("?", String::as_str)
    }
    /// A function as it is written.
    pub fn function(&self, f: Function) -> String {
        format!("{}:{}/{}", self.atom(f.module), self.atom(f.function), f.arity)
    }
    /// Whether stacks were looked at by time, not by reductions.
    pub fn is_by_time(&self) -> bool {
        self.facts.get("what").is_some_and(|what| what.split(',').any(|w| w == "time"))
    }
    /// A fact that is a number.
    pub fn fact(&self, key: &str) -> Option<u64> {
        self.facts.get(key)?.parse().ok()
    }
    /// A pid or port as it is written.
    pub fn id(&self, bits: u64) -> String {
        let data = bits >> 4;
        match bits & 0xF {
            0b0011 => {
                let number = self.fact("pid_number_bits").unwrap_or(15).min(32);
                format!("<0.{}.{}>", data & ((1 << number) - 1), data >> number)
            }
            0b0111 => format!("#Port<0.{data}>"),
            _ => format!("{bits:#x}"),
        }
    }
}

fn stack(pid: u64, body: &[u8]) -> Option<Stack> {
    let (at, rest) = number::<8>(body)?;
    let (weight, rest) = number::<8>(rest)?;
    let word = |b: &[u8; 4]| u32::from_le_bytes(*b);
    let frame = |f: &[u8; 16]| {
        let [m, n, a, line] = f.as_chunks::<4>().0 else { return None };
        Some((Function { module: word(m), function: word(n), arity: word(a) as u8 }, word(line)))
    };
    let frames = rest.as_chunks::<16>().0.iter().filter_map(frame).collect();
    Some(Stack { pid, at: u64::from_le_bytes(at), weight: u64::from_le_bytes(weight), frames })
}

/// From ticks to nanoseconds since the begin of the recording.
pub struct Clock {
    points: Vec<(u64, f64)>,
    /// Nanoseconds of a tick over all of it.
    pub rate: f64,
}

impl Clock {
    /// The clock of a recording.
    pub fn of(r: &Recording) -> Clock {
        let mut points = r.clock.clone();
        points.sort_unstable();
        points.dedup_by_key(|p| p.0);
        let rate = match (points.first(), points.last()) {
            (Some(a), Some(b)) if b.0 > a.0 => (b.1 - a.1) as f64 / (b.0 - a.0) as f64,
            _ => 1.0,
        };
        let origin = points.first().copied().unwrap_or((r.begin, 0));
        // Measured from the begin, so that small numbers stay exact.
        let zero = origin.1 as f64 - origin.0.wrapping_sub(r.begin).cast_signed() as f64 * rate;
        Clock { points: points.into_iter().map(|(t, ns)| (t, ns as f64 - zero)).collect(), rate }
    }
    /// Nanoseconds since the begin.
    pub fn ns(&self, ticks: u64) -> i64 {
        let i = self.points.partition_point(|p| p.0 <= ticks);
        let (a, b) = match (self.points.get(i.wrapping_sub(1)), self.points.get(i)) {
            (Some(a), Some(b)) => (*a, *b),
            // Outside: on with the overall rate.
            (Some(a), None) => return (a.1 + (ticks - a.0) as f64 * self.rate) as i64,
            (None, Some(b)) => return (b.1 - (b.0 - ticks) as f64 * self.rate) as i64,
            (None, None) => return 0,
        };
        (a.1 + (ticks - a.0) as f64 * (b.1 - a.1) / (b.0 - a.0) as f64) as i64
    }
    /// Nanoseconds of a duration.
    pub fn span(&self, ticks: u64) -> u64 {
        (ticks as f64 * self.rate) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kind: Block, number: u64, body: &[u8]) -> Vec<u8> {
        let mut all = Header { kind: kind as u32, bytes: body.len() as u32, number }.encode().to_vec();
        all.extend(body);
        all
    }

    fn file() -> Vec<u8> {
        let mut all = MAGIC.to_vec();
        all.extend(block(Block::Facts, 1000, b"release=25\npid_number_bits=15\n"));
        for (ticks, ns) in [(1000_u64, 50_i64), (3000, 1050)] {
            all.extend(block(Block::Clock, ticks, &[ns.to_le_bytes(), 7_i64.to_le_bytes()].concat()));
        }
        let event = [Kind::Stolen.at(2000), 2, 3, 4].map(u64::to_le_bytes).concat();
        all.extend(block(Block::Events, 0, &event));
        all.extend(block(Block::Atoms, 8, b"\x02\0ok\x05\0lists"));
        all
    }

    #[test]
    fn a_file_that_breaks_off_is_read_up_to_there() {
        let all = file();
        let whole = Recording::parse(&all).expect("ours");
        assert_eq!((whole.events.len(), whole.atom(9), whole.complete), (1, "lists", false));
        for n in MAGIC.len()..all.len() {
            let part = Recording::parse(&all[..n]).expect("ours");
            assert!(part.events.len() <= 1 && part.atoms.is_empty());
        }
        assert!(Recording::parse(b"something else").is_none());
        assert!(Recording::parse(&all[..7]).is_none());
    }

    #[test]
    fn ticks_become_nanoseconds() {
        let r = Recording::parse(&file()).expect("ours");
        let clock = Clock::of(&r);
        assert_eq!([1000, 2000, 3000, 5000].map(|t| clock.ns(t)), [0, 500, 1000, 2000]);
        assert_eq!(clock.span(500), 250);
    }

    #[test]
    fn identifiers_are_written_as_programs_see_them() {
        let r = Recording::parse(&file()).expect("ours");
        assert_eq!(r.id((1 << 15 | 80) << 4 | 3), "<0.80.1>");
        assert_eq!(r.id(5 << 4 | 7), "#Port<0.5>");
    }
}
