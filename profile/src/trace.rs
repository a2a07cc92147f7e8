//! `trace.json`: what happened as Chrome's trace events, for Perfetto or `chrome://tracing`.
//!
//! Invariant: at most [`MOST`] events are written, the earliest; whether that was all is said by the caller.

use std::io::{self, Write};

use girder_vm::recording::format::{Kind, Reason};
use serde_json::{Value, json};

use crate::analyse::{Mark, Profile, Row, Turn};
use crate::read::Recording;

/// Viewers become slow beyond this.
pub const MOST: usize = 1_000_000;

fn us(ns: i64) -> Value {
    json!(ns as f64 / 1000.0)
}

/// Why a turn ended, as people read it.
pub fn reason(r: Option<Reason>) -> &'static str {
    match r {
        Some(Reason::Yield) => "yield",
        Some(Reason::Wait) => "wait",
        Some(Reason::Exit) => "exit",
        Some(Reason::Dirty) => "dirty",
        None => "",
    }
}

struct Events<'a, W> {
    out: &'a mut W,
    first: bool,
}

impl<W: Write> Events<'_, W> {
    fn add(&mut self, e: &Value) -> io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        serde_json::to_writer(&mut *self.out, e).map_err(io::Error::from)
    }
}

/// Writes the events; gives how many turns were left out.
pub fn write(r: &Recording, p: &Profile, out: &mut impl Write) -> io::Result<usize> {
    out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    let mut events = Events { out, first: true };
    let tid = |row: Row| p.rows.binary_search(&row).map_or(0, |i| i + 1);
    events.add(&json!({"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "girder"}}))?;
    for row in &p.rows {
        let (tid, name) = (tid(*row), row.name());
        events.add(&json!({"ph": "M", "pid": 1, "tid": tid, "name": "thread_name", "args": {"name": name}}))?;
        events
            .add(&json!({"ph": "M", "pid": 1, "tid": tid, "name": "thread_sort_index", "args": {"sort_index": tid}}))?;
    }
    let span = |row: Row, name: &str, cat: &str, begin: i64, end: i64, args: Value| json!({"ph": "X", "pid": 1, "tid": tid(row), "name": name, "cat": cat, "ts": us(begin), "dur": us(end - begin), "args": args});
    let turns = p.turns.len().min(MOST);
    for t in p.turns.iter().take(turns).chain(&p.others) {
        let args = json!({
            "pid": r.id(t.pid), "reductions": t.reductions, "out": reason(t.reason),
            "waited_us": t.waited.map(|ns| ns as f64 / 1000.0),
        });
        events.add(&span(t.row, &p.title(r, t.pid), category(t), t.begin, t.end, args))?;
    }
    let until = p.turns.get(turns).map_or(i64::MAX, |t| t.begin);
    for c in p.collections.iter().filter(|c| c.begin < until) {
        let name = if c.major { "GC major" } else { "GC minor" };
        let args = json!({"pid": r.id(c.pid), "words_before": c.before, "words_after": c.after});
        events.add(&span(c.row, name, "gc", c.begin, c.end, args))?;
    }
    for m in p.marks.iter().filter(|m| m.begin < until) {
        if let Some(e) = mark(r, m, tid(m.row), &span) {
            events.add(&e)?;
        }
    }
    events.out.write_all(b"\n]}\n")?;
    Ok(p.turns.len() - turns)
}

fn category(t: &Turn) -> &'static str {
    match (t.reason, t.pid & 0xF) {
        (None, 0b0111) => "port",
        (None, _) => "dirty",
        _ => "process",
    }
}

fn mark(
    r: &Recording,
    m: &Mark,
    tid: usize,
    span: &impl Fn(Row, &str, &str, i64, i64, Value) -> Value,
) -> Option<Value> {
    let instant = |name: &str, args: Value| json!({"ph": "i", "s": "t", "pid": 1, "tid": tid, "name": name, "cat": "sched", "ts": us(m.begin), "args": args});
    Some(match m.kind {
        Kind::Slept => span(m.row, "sleep", "idle", m.begin, m.end, json!({})),
        Kind::Timers => span(m.row, "timers", "timers", m.begin, m.end, json!({"fired": m.about})),
        Kind::Loaded => {
            let module = u32::try_from(m.about).map_or("?", |n| r.atom(n));
            span(m.row, &format!("load {module}"), "code", m.begin, m.end, json!({}))
        }
        Kind::Lock => {
            let place = r.places.get(&m.about).cloned().unwrap_or_default();
            span(m.row, "lock", "locks", m.begin, m.end, json!({"place": place}))
        }
        Kind::Stolen => instant("steal", json!({"from": format!("scheduler {}", m.about), "queue": m.number})),
        Kind::Poll => instant("poll", json!({"descriptors": m.about})),
        Kind::Queue => json!({
            "ph": "C", "pid": 1, "name": format!("run queue {}", m.row.name()), "ts": us(m.begin), "args": {"entries": m.about},
        }),
        _ => return None,
    })
}
