//! What a recording says: who ran where and when, how long they waited, what collections took, who sent to whom.
//!
//! Times are nanoseconds since the recording's begin. Invariant: a wait is counted only if its begin is known: a process
//! was seen to be woken, or to give up its turn while it could go on.

use std::collections::HashMap;

use girder_vm::recording::format::{Function, Kind, Reason, Span};

use crate::read::{Clock, Event, Recording};

/// A line of the timeline.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Row {
    /// A scheduler, from 1.
    Scheduler(u64),
    /// A thread that does long computations, known by its ring.
    DirtyCpu(u32),
    /// A thread that waits for the outside.
    DirtyIo(u32),
    /// Some other thread.
    Thread(u32),
}

impl Row {
    fn of(scheduler: u64, kind: u64, ring: u32) -> Row {
        match (scheduler, kind) {
            (0, 1) => Row::DirtyCpu(ring),
            (0, 2) => Row::DirtyIo(ring),
            (0, _) => Row::Thread(ring),
            (n, _) => Row::Scheduler(n),
        }
    }
    /// As people read it.
    pub fn name(self) -> String {
        match self {
            Row::Scheduler(n) => format!("scheduler {n}"),
            Row::DirtyCpu(r) => format!("dirty CPU, thread {r}"),
            Row::DirtyIo(r) => format!("dirty I/O, thread {r}"),
            Row::Thread(r) => format!("thread {r}"),
        }
    }
}

/// A turn of a process, or of a port.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Where.
    pub row: Row,
    /// Whose.
    pub pid: u64,
    /// When.
    pub begin: i64,
    /// Until when.
    pub end: i64,
    /// What it used.
    pub reductions: u64,
    /// Why it ended; none for ports and dirty work.
    pub reason: Option<Reason>,
    /// How long the process was runnable before.
    pub waited: Option<u64>,
}

/// A collection.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Where.
    pub row: Row,
    /// Whose.
    pub pid: u64,
    /// When.
    pub begin: i64,
    /// Until when.
    pub end: i64,
    /// A full sweep.
    pub major: bool,
    /// Words in use before.
    pub before: u64,
    /// Words in use after.
    pub after: u64,
}

/// Something that took its time, or happened at one.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// What.
    pub kind: Kind,
    /// Where.
    pub row: Row,
    /// When.
    pub begin: i64,
    /// Until when; the same if it took none.
    pub end: i64,
    /// The event's first word.
    pub about: u64,
    /// Its second one, where that is no duration.
    pub number: u64,
}

/// What is known of a process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Registered name.
    pub name: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// What it was made with, or what `proc_lib` says.
    pub call: Option<Function>,
    /// Who made it.
    pub parent: Option<u64>,
    /// Turns.
    pub turns: u64,
    /// Reductions in them.
    pub reductions: u64,
    /// Time in them.
    pub run_ns: u64,
    /// Time between being woken, or put back, and running.
    pub wait_ns: u64,
    /// The longest such time.
    pub longest_wait_ns: u64,
    /// Times it ran somewhere else than before.
    pub migrations: u64,
    /// Collections.
    pub collections: u64,
    /// Time in them.
    pub gc_ns: u64,
    /// Most words before a collection.
    pub peak_words: u64,
    /// Messages sent.
    pub sent: u64,
    /// Messages fetched.
    pub received: u64,
    /// Longest queue.
    pub longest_queue: u64,
}

/// Times, sorted.
#[derive(Default)]
pub struct Times(Vec<u64>);

impl Times {
    /// Of these.
    pub fn new(mut all: Vec<u64>) -> Times {
        all.sort_unstable();
        Times(all)
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The one that this part of them does not exceed.
    pub fn quantile(&self, part: f64) -> u64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * part).round() as usize).copied().unwrap_or(0)
    }
    /// The largest.
    pub fn max(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }
    /// Their sum.
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
    /// How many lie between powers of two: the lower end, and the number.
    pub fn histogram(&self) -> Vec<(u64, usize)> {
        let mut bins: Vec<(u64, usize)> = Vec::new();
        for &t in &self.0 {
            let low = if t == 0 { 0 } else { 1 << t.ilog2() };
            match bins.last_mut() {
                Some((l, n)) if *l == low => *n += 1,
                _ => bins.push((low, 1)),
            }
        }
        bins
    }
}

/// A sender, a receiver.
pub type Pair = (u64, u64);

/// See the module's head.
pub struct Profile {
    /// Nanoseconds from begin to end.
    pub duration: i64,
    /// The lines of the timeline on which anything happened.
    pub rows: Vec<Row>,
    /// Turns in order of their begins.
    pub turns: Vec<Turn>,
    /// Turns of ports, and dirty work.
    pub others: Vec<Turn>,
    /// Collections.
    pub collections: Vec<Collection>,
    /// All else that the timeline shows.
    pub marks: Vec<Mark>,
    /// By pid.
    pub processes: HashMap<u64, Process>,
    /// From being woken to running.
    pub latencies: Times,
    /// Lengths of turns.
    pub slices: Times,
    /// Lengths of collections.
    pub pauses: Times,
    /// How often a scheduler took work: thief, from whom.
    pub steals: HashMap<Pair, u64>,
    /// Turns that were somewhere else than the one before.
    pub migrations: u64,
    /// Messages and words between two processes.
    pub messages: HashMap<Pair, (u64, u64)>,
    /// Waiting for locks: place, times, nanoseconds.
    pub locks: Vec<(String, u64, u64)>,
    /// Time to load each module.
    pub loads: Vec<(String, u64)>,
}

/// Something that begins or ends a wait.
#[derive(Clone, Copy)]
enum Step {
    Woken,
    Turn(usize),
}

impl Profile {
    /// What a recording says.
    pub fn of(r: &Recording) -> Profile {
        let clock = Clock::of(r);
        let mut p = Profile {
            duration: 0,
            rows: Vec::new(),
            turns: Vec::new(),
            others: Vec::new(),
            collections: Vec::new(),
            marks: Vec::new(),
            processes: HashMap::new(),
            latencies: Times::default(),
            slices: Times::default(),
            pauses: Times::default(),
            steals: HashMap::new(),
            migrations: 0,
            messages: HashMap::new(),
            locks: Vec::new(),
            loads: Vec::new(),
        };
        let mut rows: HashMap<u32, Row> = HashMap::new();
        let mut woken: Vec<(i64, u64)> = Vec::new();
        let mut locks: HashMap<u64, (u64, u64)> = HashMap::new();
        for e in &r.events {
            let row = rows.entry(e.ring).or_insert(Row::Thread(e.ring));
            if e.kind == Kind::Row {
                *row = Row::of(e.words[0], e.words[1], e.ring);
                continue;
            }
            let row = *row;
            p.event(r, &clock, row, e, &mut woken);
            if e.kind == Kind::Lock {
                let (n, ns) = locks.entry(e.words[0]).or_default();
                (*n, *ns) = (*n + 1, *ns + clock.span(Span::of(e.words[1]).ticks));
            }
        }
        let place = |n: &u64| r.places.get(n).cloned().unwrap_or_else(|| format!("{n:#x}"));
        p.locks = locks.iter().map(|(at, (n, ns))| (place(at), *n, *ns)).collect();
        p.locks.sort_by_key(|(_, _, ns)| std::cmp::Reverse(*ns));
        p.turns.sort_by_key(|t| t.begin);
        p.others.sort_by_key(|t| t.begin);
        p.collections.sort_by_key(|c| c.begin);
        p.waits(woken);
        p.slices = Times::new(p.turns.iter().map(|t| (t.end - t.begin) as u64).collect());
        p.pauses = Times::new(p.collections.iter().map(|c| (c.end - c.begin) as u64).collect());
        for (pid, text) in &r.labels {
            p.processes.entry(*pid).or_default().label = Some(text.clone());
        }
        let mut all: Vec<Row> = p.turns.iter().chain(&p.others).map(|t| t.row).collect();
        all.extend(p.marks.iter().map(|m| m.row));
        all.sort_unstable();
        all.dedup();
        p.rows = all;
        let last = |t: &[Turn]| t.iter().map(|t| t.end).max().unwrap_or(0);
        let ends = [last(&p.turns), last(&p.others), p.marks.iter().map(|m| m.end).max().unwrap_or(0)];
        let clock_end = r.clock.iter().map(|(t, _)| clock.ns(*t)).max().unwrap_or(0);
        p.duration = ends.into_iter().fold(clock_end, i64::max);
        p
    }
    fn process(&mut self, pid: u64) -> &mut Process {
        self.processes.entry(pid).or_default()
    }
    fn event(&mut self, r: &Recording, clock: &Clock, row: Row, e: &Event, woken: &mut Vec<(i64, u64)>) {
        let [a, b, c] = e.words;
        let end = clock.ns(e.at);
        let span = Span::of(b);
        let begin = clock.ns(e.at.saturating_sub(span.ticks)).max(0);
        let known = |f: u64| Some(Function::of(f)).filter(|f| f.module != 0 || f.function != 0);
        let mark = |begin, number| Mark { kind: e.kind, row, begin, end, about: a, number };
        match e.kind {
            Kind::Turn => {
                if c != 0 {
                    woken.push((begin, c));
                }
                let reason = Reason::of(span.small);
                self.turns.push(Turn { row, pid: a, begin, end, reductions: span.number, reason, waited: None });
            }
            Kind::Port | Kind::Dirty => {
                self.others.push(Turn { row, pid: a, begin, end, reductions: span.number, reason: None, waited: None });
            }
            Kind::Woken => woken.push((end, a)),
            Kind::Spawned | Kind::Known => {
                let p = self.process(a);
                // What `proc_lib` says may stand in front of the birth, and counts more.
                let (first, second) = if e.kind == Kind::Known { (known(c), p.call) } else { (p.call, known(c)) };
                p.call = first.or(second);
                p.parent = Some(b).filter(|b| *b != 0).or(p.parent);
            }
            Kind::Named => {
                let name = b.checked_sub(1).and_then(|n| u32::try_from(n).ok());
                if let Some(n) = name {
                    self.process(a).name = Some(r.atom(n).to_owned());
                }
            }
            Kind::Collected => {
                let (before, after) = (c >> 32, c & 0xFFFF_FFFF);
                let major = span.small == 1;
                self.collections.push(Collection { row, pid: a, begin, end, major, before, after });
                let p = self.process(a);
                p.collections += 1;
                p.gc_ns += (end - begin) as u64;
                p.peak_words = p.peak_words.max(before);
            }
            Kind::Stolen => {
                if let Row::Scheduler(thief) = row {
                    *self.steals.entry((thief, a)).or_default() += 1;
                }
                self.marks.push(mark(end, b));
            }
            Kind::Sent => {
                let (n, words) = self.messages.entry((b, a)).or_default();
                (*n, *words) = (*n + 1, *words + c);
                self.process(b).sent += 1;
            }
            Kind::Fetched => {
                let p = self.process(a);
                p.received += b;
                p.longest_queue = p.longest_queue.max(c);
            }
            Kind::Loaded => {
                let name = u32::try_from(a).map_or("?", |n| r.atom(n));
                self.loads.push((name.to_owned(), clock.span(span.ticks)));
                self.marks.push(mark(begin, 0));
            }
            Kind::Queue | Kind::Poll => self.marks.push(mark(end, b)),
            Kind::Slept | Kind::Timers | Kind::Lock => self.marks.push(mark(begin, 0)),
            // The reader has made turns of the rest.
            Kind::Row | Kind::Begin | Kind::Read => {}
        }
    }
    /// Goes through turns and wake-ups in order of time.
    fn waits(&mut self, woken: Vec<(i64, u64)>) {
        struct State {
            /// Runnable since then; `true`: woken, else put back.
            ready: Option<(i64, bool)>,
            running_until: i64,
            row: Option<Row>,
        }
        let mut steps: Vec<(i64, u64, Step)> = woken.into_iter().map(|(at, pid)| (at, pid, Step::Woken)).collect();
        steps.extend(self.turns.iter().enumerate().map(|(i, t)| (t.begin, t.pid, Step::Turn(i))));
        steps.sort_by_key(|(at, _, step)| (*at, matches!(step, Step::Turn(_))));
        let mut states: HashMap<u64, State> = HashMap::new();
        let mut latencies = Vec::new();
        for (at, pid, step) in steps {
            let s = states.entry(pid).or_insert(State { ready: None, running_until: 0, row: None });
            match step {
                Step::Woken => {
                    s.ready.get_or_insert((at.max(s.running_until), true));
                }
                Step::Turn(i) => {
                    let t = &mut self.turns[i];
                    let p = self.processes.entry(pid).or_default();
                    if let Some((since, was_woken)) = s.ready.take() {
                        let waited = u64::try_from(t.begin - since).unwrap_or(0);
                        t.waited = Some(waited);
                        p.wait_ns += waited;
                        p.longest_wait_ns = p.longest_wait_ns.max(waited);
                        if was_woken {
                            latencies.push(waited);
                        }
                    }
                    if t.reason == Some(Reason::Yield) {
                        s.ready = Some((t.end, false));
                    }
                    s.running_until = t.end;
                    // What goes on behind dirty work has no row of its own choice.
                    if let Row::Scheduler(_) = t.row {
                        if s.row.is_some_and(|row| row != t.row) {
                            p.migrations += 1;
                            self.migrations += 1;
                        }
                        s.row = Some(t.row);
                    }
                    p.turns += 1;
                    p.reductions += t.reductions;
                    p.run_ns += (t.end - t.begin) as u64;
                }
            }
        }
        self.latencies = Times::new(latencies);
    }
    /// A process as people read it: its name, label or first call, and its pid.
    pub fn title(&self, r: &Recording, pid: u64) -> String {
        let id = r.id(pid);
        match self.processes.get(&pid).and_then(|p| p.describe(r)) {
            Some(what) => format!("{what} {id}"),
            None => id,
        }
    }
    /// The processes for which `by` is largest, with that number.
    pub fn top(&self, n: usize, by: impl Fn(&Process) -> u64) -> Vec<(u64, &Process)> {
        let mut all: Vec<(u64, &Process)> = self.processes.iter().map(|(pid, p)| (*pid, p)).collect();
        all.retain(|(_, p)| by(p) > 0);
        all.sort_by_key(|(pid, p)| (std::cmp::Reverse(by(p)), *pid));
        all.truncate(n);
        all
    }
    /// The part of its time that a row's thread ran processes, ports or long work.
    pub fn utilisation(&self, row: Row) -> f64 {
        let busy: i64 = self.turns.iter().chain(&self.others).filter(|t| t.row == row).map(|t| t.end - t.begin).sum();
        if self.duration > 0 { busy as f64 / self.duration as f64 } else { 0.0 }
    }
}

impl Process {
    /// Registered name, label or first call.
    pub fn describe(&self, r: &Recording) -> Option<String> {
        self.name.clone().or_else(|| self.label.clone()).or_else(|| self.call.map(|f| r.function(f)))
    }
}
