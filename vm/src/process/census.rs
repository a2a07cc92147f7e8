//! Who refers to what: the terms of a kind in all heaps, messages, tables, timers and persistent terms.
//!
//! Nodes and fun entries are never freed, so programs count no references to them; who asks has all terms looked
//! through. Invariant: the schedulers wait meanwhile, so that nothing moves; of a process that a thread runs all the
//! same only that of the asker itself is looked into. An object that several refer to counts for one of them.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::Process;
use super::table::{self, Table};
use crate::atom::Atom;
use crate::code::FunEntry;
use crate::ets::matchspec::MatchSpec;
use crate::ets::{self, Cursor, Direction, Visit};
use crate::heap::persistent;
use crate::sched;
use crate::term::{Kind, RawTerm, Term, map};
use crate::timer;

/// Who has a term.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Holder {
    /// A process, on its heap or in its messages.
    Process(RawTerm),
    /// Tables of this name.
    Table(Atom),
    /// Messages of timers that go to this process, or to a name.
    Timer(Option<RawTerm>),
    /// Persistent terms.
    Persistent,
    /// Compiled match specifications that processes have.
    MatchSpec,
}

/// What has been found of each kind, by who has it.
type Found<K> = HashMap<(K, Holder), usize>;

/// Terms looked through on behalf of one holder.
struct Walk<'w, K> {
    wanted: &'w dyn Fn(Term<'_>) -> Option<K>,
    found: &'w mut Found<K>,
    holder: Holder,
    /// Objects seen; they stay where they are as long as this walk lasts.
    seen: &'w mut HashSet<RawTerm>,
    /// Compiled match specifications seen, by their place.
    specs: &'w mut HashMap<usize, Arc<MatchSpec>>,
}

impl<K: Copy + Eq + Hash> Walk<'_, K> {
    fn term(&mut self, t: Term<'_>) {
        let mut todo = vec![t];
        while let Some(t) = todo.pop() {
            if t.is_immediate() || !self.seen.insert(t.raw()) {
                continue;
            }
            if let Some(kind) = (self.wanted)(t) {
                *self.found.entry((kind, self.holder)).or_default() += 1;
            }
            match t.kind() {
                Kind::Cons(head, tail) => todo.extend([head, tail]),
                Kind::Tuple(elements) => todo.extend(elements),
                Kind::Map => todo.extend(map::iter(t).flat_map(|(k, v)| [k, v])),
                Kind::Fun(f) => {
                    todo.push(f.creator);
                    todo.extend(f.env);
                }
                Kind::Record(r) => todo.extend(r.values),
                Kind::Ref(r) => {
                    if let Some(spec) = r.magic().and_then(|m| m.get::<Arc<MatchSpec>>()) {
                        self.specs.insert(Arc::as_ptr(spec).addr(), spec.clone());
                    }
                }
                _ => {}
            }
        }
    }
    fn process(&mut self, p: &Process) {
        let mut show = |t: Term<'_>| self.term(t);
        p.owner().each_term(&mut show);
        p.each_unfetched(&mut show);
    }
}

/// Looks through everything for terms that are `wanted`; `asker` is the process that calls, as a dirty scheduler, and
/// `also` what its registers hold.
fn take<K: Copy + Eq + Hash>(asker: &Process, also: &[Term<'_>], wanted: &dyn Fn(Term<'_>) -> Option<K>) -> Found<K> {
    sched::paused(|| {
        let mut found = Found::default();
        let (mut seen, mut specs) = (HashSet::new(), HashMap::new());
        for pid in Table::get().pids() {
            table::with(pid, |p| {
                let s = p.state().get();
                let is_asker = pid == asker.pid();
                if !is_asker && (s.running() || s.dirty() || s.exiting()) {
                    return;
                }
                let holder = Holder::Process(pid);
                let mut walk = Walk { wanted, found: &mut found, holder, seen: &mut seen, specs: &mut specs };
                if is_asker {
                    also.iter().for_each(|&t| walk.term(t));
                }
                walk.process(p);
            });
        }
        let mut walk =
            Walk { wanted, found: &mut found, holder: Holder::Persistent, seen: &mut seen, specs: &mut specs };
        persistent::each(|t| walk.term(t));
        let known = specs.clone();
        // What follows has memory of its own, which may be where another object of theirs was a moment ago.
        let mut alone = |holder, t: Term<'_>| {
            Walk { wanted, found: &mut found, holder, seen: &mut HashSet::new(), specs: &mut specs }.term(t);
        };
        known.values().for_each(|spec| spec.with_source(|t| alone(Holder::MatchSpec, t)));
        for t in ets::registry::all() {
            t.visit(&Cursor::Start, Direction::Forward, |object| {
                object.with(|o| alone(Holder::Table(t.name()), o));
                Visit::Continue
            });
        }
        timer::message::each(|to, t| alone(Holder::Timer(to), t));
        found
    })
}

/// How many funs of this entry there are, `also` those among what the asker's registers hold.
pub fn funs(asker: &Process, also: &[Term<'_>], entry: &'static FunEntry) -> usize {
    let is_wanted = |t: Term<'_>| match t.kind() {
        Kind::Fun(f) => std::ptr::eq(f.entry, entry).then_some(()),
        _ => None,
    };
    take(asker, also, &is_wanted).values().sum()
}

/// Name and creation of each node that pids, ports and references are of, who has such terms, and how many.
pub fn nodes(asker: &Process) -> Vec<((Atom, u32), Holder, usize)> {
    let node = |t: Term<'_>| {
        let n = match t.kind() {
            Kind::ExternalPid(n, _) | Kind::ExternalPort(n, _) => Some(n),
            Kind::Ref(r) => r.node,
            _ => None,
        };
        n.map(|n| (n.name, n.creation))
    };
    take(asker, &[], &node).into_iter().map(|((node, holder), n)| (node, holder, n)).collect()
}
