//! The thread that writes a recording to its file, and how recordings begin and end.
//!
//! Invariants: there is one recording at a time and one thread that drains rings; whatever goes wrong with the file
//! ends the recording, is told in one line, and does not touch the program.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::format::{Block, Header, MAGIC};
use super::{Note, What, record, rest, ring, take_notes, track};
use crate::atom::Atom;
use crate::profile::Profile;
use crate::sync::whole;
use crate::sys::ticks;
use crate::timer::clock;
use crate::{node, sched};

/// Between two looks at the rings while there is much to write, and while there is little.
const BUSY: Duration = Duration::from_millis(1);
const QUIET: Duration = Duration::from_millis(10);
/// Between two notes of what time it is.
const CLOCK_EVERY: Duration = Duration::from_millis(500);
/// Parts of the fullest ring's room that make the thread look again sooner, and later.
const MUCH: usize = 16;
const LITTLE: usize = 64;

/// What to record, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// What.
    pub what: What,
    /// Bytes after which the recording ends.
    pub limit: u64,
    /// Time after which it ends.
    pub duration: Option<Duration>,
}

/// What came of a recording.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Bytes written.
    pub bytes: u64,
    /// Events lost.
    pub lost: u64,
    /// What went wrong.
    pub error: Option<String>,
}

struct Active {
    thread: JoinHandle<Outcome>,
    stop: Arc<AtomicBool>,
}

static ACTIVE: Mutex<Option<Active>> = Mutex::new(None);

/// What the VM begins with.
static AT_START: Mutex<Option<Options>> = Mutex::new(None);

/// A recording is to begin as soon as there is a VM.
pub fn at_start(options: Options) {
    *whole(AT_START.lock()) = Some(options);
}

/// See [`at_start`]; there is a VM.
pub(crate) fn begin() -> io::Result<()> {
    let options = whole(AT_START.lock()).take();
    options.map_or(Ok(()), start)
}

/// Begins to record.
pub fn start(options: Options) -> io::Result<()> {
    let mut active = whole(ACTIVE.lock());
    if let Some(a) = &*active
        && !a.thread.is_finished()
    {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a recording is under way"));
    }
    let file = File::create(&options.path)?;
    let what = options.what;
    let stop = Arc::new(AtomicBool::new(false));
    // What the last recording left is nobody's.
    track::rings().iter().for_each(|r| {
        r.drain(|_| ());
    });
    take_notes();
    let mut w = Writer::new(file, options);
    w.begin();
    w.flush()?;
    let stopped = stop.clone();
    let thread = thread::Builder::new().name("recorder".into()).spawn(move || w.run(&stopped))?;
    record(what);
    *active = Some(Active { thread, stop });
    // At the start there are no schedulers yet that could wait, and no processes.
    if what.any(What::SCHEDULING) && sched::has_begun() {
        track::describe_all();
    }
    Ok(())
}

/// Whether something is being recorded.
pub fn is_active() -> bool {
    whole(ACTIVE.lock()).as_ref().is_some_and(|a| !a.thread.is_finished())
}

/// Ends the recording and waits until the file is complete; `None` if there was none.
pub fn stop() -> Option<Outcome> {
    let a = whole(ACTIVE.lock()).take()?;
    rest();
    a.stop.store(true, Ordering::Relaxed);
    a.thread.thread().unpark();
    Some(a.thread.join().unwrap_or_else(|_| Outcome { error: Some("internal error".to_owned()), ..Outcome::default() }))
}

struct Writer {
    file: File,
    options: Options,
    out: Vec<u8>,
    bytes: u64,
    /// Ticks at the begin: what is older belongs to the recording before.
    begin: u64,
    /// Number of atoms that the file has.
    atoms: u32,
    /// What the file says that each ring has lost, and what it had lost at the begin.
    lost: Vec<(u64, u64)>,
}

impl Writer {
    fn new(file: File, options: Options) -> Writer {
        let lost = track::rings().iter().map(|r| (0, r.lost())).collect();
        let begin = ticks::now();
        Writer { file, options, out: Vec::new(), bytes: 0, begin, atoms: 0, lost }
    }
    fn block(&mut self, kind: Block, number: u64, bytes: &[u8]) {
        let len = u32::try_from(bytes.len()).expect("blocks are small");
        self.out.extend(Header { kind: kind as u32, bytes: len, number }.encode());
        self.out.extend(bytes);
    }
    fn begin(&mut self) {
        self.out.extend(MAGIC);
        let what: Vec<_> = self.options.what.names().collect();
        let facts = format!(
            "release={}\nschedulers={}\ndirty_io={}\nos_pid={}\npid_number_bits={}\nwhat={}\nversion={}\n",
            Profile::get().release,
            sched::count(),
            sched::Dirty::Io.count(),
            std::process::id(),
            node::pid_number_bits(),
            what.join(","),
            env!("CARGO_PKG_VERSION"),
        );
        self.block(Block::Facts, self.begin, facts.as_bytes());
        self.steals("steals_before");
        self.clock();
    }
    /// What the schedulers themselves count, recorded or not.
    fn steals(&mut self, name: &str) {
        let steals = sched::totals().steals;
        self.block(Block::Facts, self.begin, format!("{name}={steals}\n").as_bytes());
    }
    fn clock(&mut self) {
        // Of some readings the one that was disturbed least.
        let read = || {
            let (before, ns, after) = (ticks::now(), clock::since_start_ns(), ticks::now());
            (after.saturating_sub(before), before.midpoint(after), ns)
        };
        let (_, at, ns) = (0..5).map(|_| read()).min().expect("some");
        let mut bytes = ns.to_le_bytes().to_vec();
        bytes.extend(clock::os_system_ns().to_le_bytes());
        self.block(Block::Clock, at, &bytes);
    }
    fn run(mut self, stop: &AtomicBool) -> Outcome {
        let begin = Instant::now();
        let mut clock_due = CLOCK_EVERY;
        let mut outcome = Outcome::default();
        let mut period = QUIET;
        loop {
            let last = stop.load(Ordering::Relaxed);
            let mut written = self.drain();
            let age = begin.elapsed();
            if age >= clock_due {
                clock_due = age + CLOCK_EVERY;
                self.clock();
            }
            let full = self.bytes + self.out.len() as u64 > self.options.limit;
            let over = last || full || self.options.duration.is_some_and(|d| age >= d);
            if over {
                rest();
                if !last {
                    written = written.and_then(|_| self.drain());
                }
                self.steals("steals_after");
                self.clock();
                self.block(Block::End, ticks::now(), &[]);
            }
            let written = written.and_then(|part| self.flush().map(|()| part));
            if let Err(e) = &written {
                rest();
                let path = self.options.path.display();
                eprintln!("girder: profile: {path}: {e}; the recording ends here, the program goes on");
                outcome.error = Some(e.to_string());
                break;
            }
            if over {
                if full {
                    let path = self.options.path.display();
                    eprintln!("girder: profile: {path}: the recording ends after {} MB, its limit", self.bytes >> 20);
                }
                break;
            }
            let rest = self.options.duration.map_or(QUIET, |d| d.saturating_sub(age));
            period = match written {
                Ok(words) if words > track::CAPACITY / MUCH => period / 2,
                Ok(words) if words < track::CAPACITY / LITTLE => period * 2,
                _ => period,
            };
            period = period.clamp(BUSY, QUIET);
            thread::park_timeout(period.min(rest));
        }
        outcome.bytes = self.bytes;
        outcome.lost = self.lost.iter().map(|(n, _)| n).sum();
        outcome
    }
    /// Takes what the rings hold; gives the words that were in the fullest one.
    fn drain(&mut self) -> io::Result<usize> {
        let mut most = 0;
        for (i, ring) in track::rings().into_iter().enumerate() {
            let n = ring.drain(|parts| self.events(i as u64, parts))?;
            most = most.max(n);
            if self.lost.len() <= i {
                self.lost.push((0, 0));
            }
            let lost = ring.lost() - self.lost[i].1;
            if lost != self.lost[i].0 {
                self.lost[i].0 = lost;
                self.block(Block::Lost, i as u64, &lost.to_le_bytes());
            }
        }
        take_notes().into_iter().for_each(|n| self.note(n));
        self.atoms();
        Ok(most)
    }
    /// Writes a ring's words; gives their number.
    fn events(&mut self, ring: u64, parts: [&[ring::Bytes]; 3]) -> io::Result<usize> {
        let words = parts.iter().map(|p| p.len()).sum();
        if words > 0 {
            let len = u32::try_from(words * size_of::<ring::Bytes>()).expect("a ring is small");
            self.out.extend(Header { kind: Block::Events as u32, bytes: len, number: ring }.encode());
            self.flush()?;
            parts.iter().filter(|p| !p.is_empty()).try_for_each(|p| self.file.write_all(p.as_flattened()))?;
            self.bytes += u64::from(len);
        }
        Ok(words)
    }
    /// Names of the atoms that the file does not have yet: which of them events refer to is nobody's business here.
    fn atoms(&mut self) {
        let first = self.atoms;
        self.atoms = Atom::count();
        if first == self.atoms {
            return;
        }
        let mut bytes = Vec::new();
        for name in (first..self.atoms).filter_map(Atom::at).map(Atom::name) {
            let len = u16::try_from(name.len()).expect("an atom has at most 255 characters");
            bytes.extend(len.to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        self.block(Block::Atoms, first.into(), &bytes);
    }
    fn note(&mut self, n: Note) {
        match n {
            // No ring has this number.
            Note::Event(e) => self.block(Block::Events, u32::MAX.into(), &e.map(u64::to_le_bytes).concat()),
            Note::Label(pid, text) => self.block(Block::Label, pid.bits(), text.as_bytes()),
            Note::Place(number, text) => self.block(Block::Place, number, text.as_bytes()),
            Note::Stack { pid, at, weight, frames } => {
                let mut bytes = at.to_le_bytes().to_vec();
                bytes.extend(weight.to_le_bytes());
                for (mfa, line) in frames {
                    let f = track::function(mfa);
                    for n in [f.module, f.function, f.arity.into(), line] {
                        bytes.extend(n.to_le_bytes());
                    }
                }
                self.block(Block::Stack, pid.bits(), &bytes);
            }
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.out)?;
        self.bytes += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }
}
