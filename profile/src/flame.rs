//! Stacks: `collapsed.txt`, `flame.svg`, and `profile.pb.gz` as `pprof` reads it.
//!
//! Invariant: all three show the same stacks with the same weights, reductions or nanoseconds.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use girder_vm::recording::format::Function;
use prost::Message;

use crate::analyse::Profile;
use crate::read::Recording;

/// Stacks as text, the oldest frame first and separated by `;`, with the reductions or nanoseconds that they stand for.
pub fn collapsed(r: &Recording, p: &Profile) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for s in &r.stacks {
        let process = p.processes.get(&s.pid).and_then(|p| p.describe(r)).unwrap_or_else(|| r.id(s.pid));
        let frames = s.frames.iter().rev().map(|(f, _)| r.function(*f));
        let names: Vec<String> = std::iter::once(process).chain(frames).map(|n| n.replace(';', ",")).collect();
        *all.entry(names.join(";")).or_default() += s.weight;
    }
    all
}

/// Writes `collapsed.txt`.
pub fn write_collapsed(stacks: &BTreeMap<String, u64>, out: &mut impl Write) -> io::Result<()> {
    stacks.iter().try_for_each(|(stack, n)| writeln!(out, "{stack} {n}"))
}

/// Writes `flame.svg`.
pub fn write_svg(stacks: &BTreeMap<String, u64>, by_time: bool, out: &mut impl Write) -> io::Result<()> {
    let (title, unit) = if by_time { ("time", "ns") } else { ("reductions", "reductions") };
    let mut options = inferno::flamegraph::Options::default();
    options.title = format!("Erlang stacks by {title}");
    options.count_name = unit.to_owned();
    let lines: Vec<String> = stacks.iter().map(|(stack, n)| format!("{stack} {n}")).collect();
    if lines.is_empty() {
        return out.write_all(
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400\" height=\"40\"><text x=\"10\" y=\"25\">no stack was looked at: too short a run</text></svg>\n",
        );
    }
    inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), out).map_err(io::Error::other)
}

/// Messages of pprof's `profile.proto`, as far as they are used.
mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Profile {
        #[prost(message, repeated, tag = "1")]
        pub sample_type: Vec<ValueType>,
        #[prost(message, repeated, tag = "2")]
        pub sample: Vec<Sample>,
        #[prost(message, repeated, tag = "4")]
        pub location: Vec<Location>,
        #[prost(message, repeated, tag = "5")]
        pub function: Vec<Function>,
        #[prost(string, repeated, tag = "6")]
        pub string_table: Vec<String>,
        #[prost(int64, tag = "9")]
        pub time_nanos: i64,
        #[prost(int64, tag = "10")]
        pub duration_nanos: i64,
        #[prost(message, optional, tag = "11")]
        pub period_type: Option<ValueType>,
        #[prost(int64, tag = "12")]
        pub period: i64,
    }
    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct ValueType {
        #[prost(int64, tag = "1")]
        pub kind: i64,
        #[prost(int64, tag = "2")]
        pub unit: i64,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Sample {
        #[prost(uint64, repeated, tag = "1")]
        pub location_id: Vec<u64>,
        #[prost(int64, repeated, tag = "2")]
        pub value: Vec<i64>,
        #[prost(message, repeated, tag = "3")]
        pub label: Vec<Label>,
    }
    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct Label {
        #[prost(int64, tag = "1")]
        pub key: i64,
        #[prost(int64, tag = "2")]
        pub str: i64,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Location {
        #[prost(uint64, tag = "1")]
        pub id: u64,
        #[prost(message, repeated, tag = "4")]
        pub line: Vec<Line>,
    }
    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct Line {
        #[prost(uint64, tag = "1")]
        pub function_id: u64,
        #[prost(int64, tag = "2")]
        pub line: i64,
    }
    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub struct Function {
        #[prost(uint64, tag = "1")]
        pub id: u64,
        #[prost(int64, tag = "2")]
        pub name: i64,
        #[prost(int64, tag = "3")]
        pub system_name: i64,
        #[prost(int64, tag = "4")]
        pub filename: i64,
    }
}

/// Numbers for things that are named once.
struct Numbered<K> {
    known: HashMap<K, u64>,
}

impl<K: std::hash::Hash + Eq> Numbered<K> {
    fn new() -> Self {
        Numbered { known: HashMap::new() }
    }
    /// The number of a thing, from `first`; `true` if it is new.
    fn number(&mut self, k: K, first: u64) -> (u64, bool) {
        let next = self.known.len() as u64 + first;
        let n = *self.known.entry(k).or_insert(next);
        (n, n == next)
    }
}

struct Strings {
    numbers: Numbered<String>,
    all: Vec<String>,
}

impl Strings {
    fn of(&mut self, text: &str) -> i64 {
        let (n, new) = self.numbers.number(text.to_owned(), 0);
        if new {
            self.all.push(text.to_owned());
        }
        n.cast_signed()
    }
}

/// Writes `profile.pb.gz`.
pub fn write_pprof(r: &Recording, p: &Profile, out: &mut impl Write) -> io::Result<()> {
    let mut strings = Strings { numbers: Numbered::new(), all: Vec::new() };
    let mut functions = Numbered::<Function>::new();
    let mut locations = Numbered::<(Function, u32)>::new();
    let mut profile = proto::Profile::default();
    strings.of("");
    let (kind, unit) = if r.is_by_time() { ("time", "nanoseconds") } else { ("reductions", "count") };
    let weight = proto::ValueType { kind: strings.of(kind), unit: strings.of(unit) };
    let process = strings.of("process");
    for s in &r.stacks {
        let mut location_id = Vec::new();
        for &(f, line) in &s.frames {
            let (id, new) = locations.number((f, line), 1);
            location_id.push(id);
            if !new {
                continue;
            }
            let (function_id, new) = functions.number(f, 1);
            if new {
                let name = strings.of(&r.function(f));
                let filename = strings.of(&format!("{}.erl", r.atom(f.module)));
                profile.function.push(proto::Function { id: function_id, name, system_name: name, filename });
            }
            profile.location.push(proto::Location { id, line: vec![proto::Line { function_id, line: line.into() }] });
        }
        let label = vec![proto::Label { key: process, str: strings.of(&p.title(r, s.pid)) }];
        profile.sample.push(proto::Sample { location_id, value: vec![s.weight.cast_signed()], label });
    }
    profile.sample_type.push(weight);
    profile.period_type = Some(weight);
    profile.period = (r.stacks.iter().map(|s| s.weight).sum::<u64>() / (r.stacks.len() as u64).max(1)).cast_signed();
    profile.time_nanos = r.system_ns;
    profile.duration_nanos = p.duration;
    profile.string_table = strings.all;
    let mut gz = GzEncoder::new(out, Compression::default());
    gz.write_all(&profile.encode_to_vec())?;
    gz.finish().map(drop)
}
