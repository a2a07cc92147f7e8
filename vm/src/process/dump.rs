//! A process as a paragraph of a crash dump: what `crashdump_viewer` and people read.
//!
//! Invariant: only processes that no thread runs are described in full; of the others, their state and name are told.

use std::fmt::Write;

use super::Process;
use super::relations::Watched;
use super::state::Snapshot;
use crate::atom::{Atom, am};
use crate::term::{RawTerm, Term};

pub(super) fn state(s: Snapshot) -> &'static str {
    match () {
        () if s.exiting() => "Exiting",
        () if s.collecting() => "Garbing",
        () if s.suspended() => "Suspended",
        () if s.running() => "Running",
        () if s.active() => "Scheduled",
        () => "Waiting",
    }
}

/// Identity and state: what can be told of a process that may be running.
pub fn heading(out: &mut String, p: &Process) {
    // Writing to a string cannot fail.
    let _ = write!(out, "=proc:{}\nState: {}\n", shown(p.pid()), state(p.state().get()));
    if let Some(name) = p.name() {
        let _ = writeln!(out, "Name: {}", name.name());
    }
}

pub(super) fn shown(t: RawTerm) -> String {
    Term::immediate(t).map_or_else(String::new, |t| format!("{t:?}"))
}

fn links(p: &Process) -> String {
    let r = p.owner().relations.borrow();
    let named = |name: Atom, node: Atom| format!("{{to,{{{},{}}}}}", name.name(), node.name());
    let watched = r.monitors.values().filter_map(|m| match &m.watched {
        Watched::Pid(pid) | Watched::Port(pid) => Some(format!("{{to,{}}}", shown(*pid))),
        Watched::Name(_, name, node) | Watched::PortName(_, name, node) => Some(named(*name, *node)),
        Watched::TimeOffset | Watched::Remote(_) => None,
    });
    let watchers = r.watchers.values().map(|w| format!("{{from,{}}}", shown(w.pid)));
    let all: Vec<String> = r.linked().map(shown).chain(watched).chain(watchers).collect();
    all.join(", ")
}

/// A process's paragraph. The schedulers have stopped; of one that a thread runs all the same, in a native that does not
/// end, there is only the heading.
pub fn paragraph(out: &mut String, p: &Process) {
    heading(out, p);
    let s = p.state().get();
    if s.running() || s.dirty() || s.exiting() {
        return;
    }
    let o = p.owner();
    let parent = o.parent.get();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name}: {value}");
    };
    line("Spawned as", &o.initial_call.get());
    if parent != RawTerm::atom(am::UNDEFINED) {
        line("Spawned by", &shown(parent));
    }
    line("Message queue length", &o.mailbox.len());
    line("Heap fragment data", &o.heap.fragment_words());
    if let Some(calls) = super::saved_calls::text(p) {
        line("Last calls", &calls);
    }
    let links = links(p);
    if !links.is_empty() {
        line("Link list", &format!("[{links}]"));
    }
    line("Reductions", &o.reductions.get());
    line("Stack+heap", &o.heap.size());
    line("OldHeap", &o.heap.old_size());
    line("Heap unused", &o.heap.size().saturating_sub(o.heap.used() + o.heap.stack_size()));
    line("OldHeap unused", &o.heap.old_size().saturating_sub(o.heap.old_used()));
    line("Memory", &(size_of::<Process>() + 8 * (o.total_heap_words() + o.mailbox.queue.words())));
    let mut frames = super::backtrace::frames(p).into_iter();
    if let Some(at) = frames.next() {
        line("Program counter", &format!("{:#018x} ({})", o.pc.get().addr(), at.mfa));
    }
}
