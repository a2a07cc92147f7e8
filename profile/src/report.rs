//! `report.html`: one page with everything in it, to be opened without a server.
//!
//! The page is `report.html` of this folder; this file makes the data that it draws. Invariant: the timeline has at most
//! [`SEGMENTS`] pieces: where there is more, neighbours that are too short to be seen apart are drawn as one, with their
//! number.

use std::collections::HashMap;
use std::io::{self, Write};

use girder_vm::recording::format::Kind;
use serde_json::{Value, json};

use crate::analyse::{Process, Profile, Row, Times};
use crate::read::Recording;
use crate::trace::reason;

const PAGE: &str = include_str!("report.html");
/// Where the data goes.
const PLACE: &str = "/*DATA*/null";
const SEGMENTS: usize = 150_000;
const TOP: usize = 15;
const EDGES: usize = 60;

/// A piece of the timeline.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Segment {
    begin: i64,
    end: i64,
    name: usize,
    kind: u8,
    /// How many turns it stands for.
    turns: u64,
    reductions: u64,
    waited: u64,
    why: &'static str,
}

/// Kinds of segments; the page knows the same.
const TURN: u8 = 0;
const MINOR: u8 = 1;
const MAJOR: u8 = 2;
const DIRTY: u8 = 3;
const PORT: u8 = 4;
const LOAD: u8 = 5;
const SEVERAL: u8 = 6;

/// Joins neighbours of one row that lie closer together than `gap` and are themselves shorter.
fn join(all: &[Segment], gap: i64) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for s in all {
        match joined.last_mut() {
            Some(l)
                if s.begin - l.end < gap && s.end - s.begin < gap && (l.kind == SEVERAL || l.end - l.begin < gap) =>
            {
                if l.name != s.name {
                    l.kind = SEVERAL;
                }
                l.end = l.end.max(s.end);
                l.turns += s.turns;
                l.reductions += s.reductions;
                l.waited = l.waited.max(s.waited);
                l.why = s.why;
            }
            _ => joined.push(*s),
        }
    }
    joined
}

#[derive(Default)]
struct Names {
    numbers: HashMap<u64, usize>,
    all: Vec<String>,
}

impl Names {
    fn of(&mut self, r: &Recording, p: &Profile, pid: u64) -> usize {
        *self.numbers.entry(pid).or_insert_with(|| {
            self.all.push(p.title(r, pid));
            self.all.len() - 1
        })
    }
}

fn rows(r: &Recording, p: &Profile, names: &mut Names) -> Vec<Value> {
    let mut by_row: HashMap<Row, Vec<Segment>> = HashMap::new();
    let none = Segment { begin: 0, end: 0, name: 0, kind: TURN, turns: 1, reductions: 0, waited: 0, why: "" };
    for t in p.turns.iter().chain(&p.others) {
        let kind = match (t.reason, t.pid & 0xF) {
            (Some(_), _) => TURN,
            (None, 0b0111) => PORT,
            (None, _) => DIRTY,
        };
        let name = names.of(r, p, t.pid);
        let (begin, end, reductions, waited) = (t.begin, t.end, t.reductions, t.waited.unwrap_or(0));
        let s = Segment { begin, end, name, kind, reductions, waited, why: reason(t.reason), ..none };
        by_row.entry(t.row).or_default().push(s);
    }
    by_row.values_mut().for_each(|all| all.sort_by_key(|s| s.begin));
    let mut gap = 0;
    let mut joined = by_row.clone();
    while joined.values().map(Vec::len).sum::<usize>() > SEGMENTS {
        gap = (gap * 2).max(1000);
        joined = by_row.iter().map(|(row, all)| (*row, join(all, gap))).collect();
    }
    for c in &p.collections {
        let kind = if c.major { MAJOR } else { MINOR };
        let name = names.of(r, p, c.pid);
        if c.end - c.begin >= gap {
            let (begin, end) = (c.begin, c.end);
            // Words before and after stand where turns have reductions and waiting.
            joined.entry(c.row).or_default().push(Segment {
                begin,
                end,
                name,
                kind,
                reductions: c.before,
                waited: c.after,
                ..none
            });
        }
    }
    for m in p.marks.iter().filter(|m| m.kind == Kind::Loaded) {
        let module = u32::try_from(m.about).map_or("?", |n| r.atom(n));
        names.all.push(format!("load {module}"));
        let name = names.all.len() - 1;
        joined.entry(m.row).or_default().push(Segment { begin: m.begin, end: m.end, name, kind: LOAD, ..none });
    }
    let row = |row: &Row| {
        let mut numbers: Vec<Value> = Vec::new();
        for s in joined.get(row).into_iter().flatten() {
            let first = [s.begin, s.end - s.begin, s.name as i64, s.kind.into(), s.turns as i64];
            numbers.extend(first.map(Value::from));
            numbers.extend([Value::from(s.reductions), Value::from(s.waited), Value::from(s.why)]);
        }
        let marks = || p.marks.iter().filter(move |m| m.row == *row);
        let mut queue: Vec<(i64, u64)> =
            marks().filter(|m| m.kind == Kind::Queue).map(|m| (m.begin, m.about)).collect();
        queue.dedup_by_key(|q| q.1);
        thin(&mut queue);
        let steals: Vec<(i64, u64)> =
            marks().filter(|m| m.kind == Kind::Stolen).map(|m| (m.begin, m.about)).take(20_000).collect();
        json!({"name": row.name(), "busy": p.utilisation(*row), "segments": numbers, "queue": queue, "steals": steals})
    };
    p.rows.iter().map(row).collect()
}

/// Of many lengths of a queue, the largest of each group.
fn thin(queue: &mut Vec<(i64, u64)>) {
    const MOST: usize = 10_000;
    let group = queue.len().div_ceil(MOST);
    if group > 1 {
        *queue = queue.chunks(group).filter_map(|c| c.iter().copied().max_by_key(|q| q.1)).collect();
    }
}

/// What is shown of some times.
pub fn times(t: &Times) -> Value {
    json!({
        "count": t.len(), "p50": t.quantile(0.5), "p90": t.quantile(0.9), "p99": t.quantile(0.99), "max": t.max(),
        "sum": t.sum(), "histogram": t.histogram(),
    })
}

fn top(r: &Recording, p: &Profile) -> Value {
    let by = |f: fn(&Process) -> u64| -> Vec<Value> {
        let row = |(pid, x): (u64, &Process)| {
            json!({
                "name": p.title(r, pid), "reductions": x.reductions, "run": x.run_ns, "turns": x.turns, "wait": x.wait_ns,
                "longest_wait": x.longest_wait_ns, "words": x.peak_words, "gcs": x.collections, "gc": x.gc_ns,
                "sent": x.sent, "received": x.received, "queue": x.longest_queue, "migrations": x.migrations,
            })
        };
        p.top(TOP, f).into_iter().map(row).collect()
    };
    json!({
        "reductions": by(|x| x.reductions), "wait": by(|x| x.wait_ns), "memory": by(|x| x.peak_words),
        "messages": by(|x| x.sent + x.received),
    })
}

/// Writes the page.
pub fn write(r: &Recording, p: &Profile, title: &str, out: &mut impl Write) -> io::Result<()> {
    let mut names = Names::default();
    let rows = rows(r, p, &mut names);
    let mut edges: Vec<_> = p.messages.iter().collect();
    edges.sort_by_key(|(pair, (n, _))| (std::cmp::Reverse(*n), **pair));
    let edges: Vec<Value> = edges
        .into_iter()
        .take(EDGES)
        .map(|((from, to), (n, words))| json!([names.of(r, p, *from), names.of(r, p, *to), n, words]))
        .collect();
    let steals: Vec<Value> = p.steals.iter().map(|((thief, from), n)| json!([thief, from, n])).collect();
    let mut loads = p.loads.clone();
    loads.sort_by_key(|(_, ns)| std::cmp::Reverse(*ns));
    loads.truncate(TOP);
    let data = json!({
        "title": title, "duration": p.duration, "facts": r.facts, "lost": r.lost, "complete": r.complete,
        "rows": rows, "names": names.all, "latency": times(&p.latencies), "slices": times(&p.slices),
        "pauses": times(&p.pauses), "majors": p.collections.iter().filter(|c| c.major).count(),
        "migrations": p.migrations, "steals": steals, "processes": p.processes.len(), "top": top(r, p),
        "edges": edges, "locks": p.locks.iter().take(TOP).collect::<Vec<_>>(), "loads": loads,
    });
    // Inside of a script, `</` would end it.
    let data = data.to_string().replace("</", "<\\/");
    let (head, tail) = PAGE.split_once(PLACE).expect("the page has a place for the data");
    out.write_all(head.as_bytes())?;
    out.write_all(data.as_bytes())?;
    out.write_all(tail.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_joined_and_long_ones_stay() {
        let s = |begin, end, name| Segment {
            begin,
            end,
            name,
            kind: TURN,
            turns: 1,
            reductions: 1,
            waited: 0,
            why: "wait",
        };
        let all = [s(0, 5, 1), s(6, 9, 2), s(10, 500, 1), s(505, 508, 1), s(900, 901, 3)];
        let got: Vec<_> = join(&all, 10).iter().map(|s| (s.begin, s.end, s.kind, s.turns)).collect();
        assert_eq!(got, [(0, 9, SEVERAL, 2), (10, 500, TURN, 1), (505, 508, TURN, 1), (900, 901, TURN, 1)]);
        assert_eq!(join(&all, 0).len(), 5);
    }
}
