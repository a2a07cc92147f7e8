//! What `process_info` tells about a process.
//!
//! Invariant: runs on the thread that runs the process asked about; another process asks with a signal and gets the
//! answer as a message. One that takes long is given by a dirty scheduler before the process runs on, of what is true
//! by then.

use super::relations::{Monitor, Watched};
use super::state::{Priority, Snapshot};
use super::{Owner, Process};
use crate::atom::{Atom, am};
use crate::ctx::Ctx;
use crate::heap::{Builder, Detached};
use crate::profile::Profile;
use crate::sched::Dirty;
use crate::signal::ReplyTo;
use crate::signal::task::Task;
use crate::term::{RawTerm, Term, map};
use crate::trace::Flags as TraceFlags;

macro_rules! items {
    ($($id:ident $atom:ident $since:literal $all:literal;)*) => {
        /// An item of `process_info`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Item { $(#[doc = concat!("`", stringify!($atom), "`")] $id),* }
        impl Item {
            /// The item of this name in the release shown.
            pub fn of(name: Atom) -> Option<Item> {
                let release = Profile::get().release;
                match name {
                    $(am::$atom if release >= $since => Some(Item::$id),)*
                    _ => None,
                }
            }
            /// Its name.
            pub fn name(self) -> Atom {
                match self { $(Item::$id => am::$atom),* }
            }
            /// All of them in the release shown.
            pub fn all() -> impl Iterator<Item = Item> {
                let release = Profile::get().release;
                [$((Item::$id, $since)),*].into_iter().filter(move |(_, since)| release >= *since).map(|(item, _)| item)
            }
            /// What `process_info/1` shows, in its order.
            pub const SHOWN: &'static [Item] = &{
                const ALL: &[(Item, bool)] = &[$((Item::$id, $all)),*];
                let mut out = [Item::Status; 17];
                let (mut i, mut n) = (0, 0);
                while i < ALL.len() {
                    if ALL[i].1 {
                        out[n] = ALL[i].0;
                        n += 1;
                    }
                    i += 1;
                }
                assert!(n == 17);
                out
            };
        }
    };
}

// Rows: item, its atom, first release, whether `process_info/1` shows it (in this order).
items! {
    RegisteredName REGISTERED_NAME 25 true;
    CurrentFunction CURRENT_FUNCTION 25 true;
    InitialCall INITIAL_CALL 25 true;
    Status STATUS 25 true;
    MessageQueueLen MESSAGE_QUEUE_LEN 25 true;
    Links LINKS 25 true;
    Dictionary DICTIONARY 25 true;
    TrapExit TRAP_EXIT 25 true;
    ErrorHandler ERROR_HANDLER 25 true;
    Priority PRIORITY 25 true;
    GroupLeader GROUP_LEADER 25 true;
    TotalHeapSize TOTAL_HEAP_SIZE 25 true;
    HeapSize HEAP_SIZE 25 true;
    StackSize STACK_SIZE 25 true;
    Reductions REDUCTIONS 25 true;
    GarbageCollection GARBAGE_COLLECTION 25 true;
    Suspending SUSPENDING 25 true;
    Messages MESSAGES 25 false;
    Monitors MONITORS 25 false;
    MonitoredBy MONITORED_BY 25 false;
    Memory MEMORY 25 false;
    Trace TRACE 25 false;
    Binary BINARY 25 false;
    SequentialTraceToken SEQUENTIAL_TRACE_TOKEN 25 false;
    Catchlevel CATCHLEVEL 25 false;
    Backtrace BACKTRACE 25 false;
    LastCalls LAST_CALLS 25 false;
    MinHeapSize MIN_HEAP_SIZE 25 false;
    MinBinVheapSize MIN_BIN_VHEAP_SIZE 25 false;
    MaxHeapSize MAX_HEAP_SIZE 25 false;
    CurrentLocation CURRENT_LOCATION 25 false;
    CurrentStacktrace CURRENT_STACKTRACE 25 false;
    MessageQueueData MESSAGE_QUEUE_DATA 25 false;
    GarbageCollectionInfo GARBAGE_COLLECTION_INFO 25 false;
    MagicRef MAGIC_REF 25 false;
    FullsweepAfter FULLSWEEP_AFTER 25 false;
    Parent PARENT 25 false;
    AsyncDist ASYNC_DIST 27 false;
    Label LABEL 27 false;
    PriorityMessages PRIORITY_MESSAGES 29 false;
}

/// One thing asked for.
pub enum Asked {
    /// An item.
    Item(Item),
    /// `{dictionary, Key}`.
    Key(Detached),
}

/// A question.
pub struct Request {
    /// What is asked for.
    pub asked: Vec<Asked>,
    /// Only one thing, not a list.
    pub single: bool,
    /// `registered_name` of a process without a name is shown like any other item.
    pub wrap_name: bool,
    /// `status` as the asker saw it, if it is another process.
    pub seen: Option<Snapshot>,
}

/// Elements of a list, and words of terms, that are copied for one reduction.
const PER_REDUCTION: usize = 16;
/// Reductions for an answer above which it is work for a dirty scheduler.
const LONG: usize = (64 << 10) / PER_REDUCTION;

impl Request {
    /// Reductions for the answer.
    fn cost(&self, p: &Process) -> usize {
        let o = p.owner();
        let r = o.relations.borrow();
        let words = |a: &Asked| match a {
            Asked::Item(Item::Messages) => o.mailbox.len() + o.mailbox.queue.words(),
            Asked::Item(Item::Links) => r.links.len(),
            Asked::Item(Item::Monitors) => r.monitors.len(),
            Asked::Item(Item::MonitoredBy) => r.watchers.len(),
            Asked::Item(Item::Dictionary) => o.dictionary.borrow().pairs().count(),
            _ => 1,
        };
        self.asked.iter().map(words).sum::<usize>() / PER_REDUCTION
    }
}

/// Answers another process, soon if the answer is long.
pub(crate) fn answer(p: &Process, to: ReplyTo, request: Box<Request>) {
    let (o, cost) = (p.owner(), request.cost(p));
    if cost > LONG {
        return o.tasks.push(Task::Info(LongAnswer { to, request }));
    }
    o.fcalls.set(o.fcalls.get() - cost as i64);
    to.reply(|b| build(b, p, &request));
}

/// A long answer that is still to be given.
pub(crate) struct LongAnswer {
    to: ReplyTo,
    request: Box<Request>,
}

impl LongAnswer {
    /// The process is gone.
    pub(crate) fn answer_dead(&self) {
        self.to.reply_atom(am::UNDEFINED);
    }
    /// Gives it, on the thread that runs `p`. As for a copied message, the guard holds up the freeing of literals.
    pub(crate) fn run(&self, p: &Process) {
        let _guard = crossbeam_epoch::pin();
        self.to.reply(|b| build(b, p, &self.request));
    }
}

/// Answers the running process.
pub fn own<'s>(ctx: &Ctx<'s>, request: &Request) -> Term<'s> {
    let cost = request.cost(ctx.process());
    ctx.charge(cost);
    let build = || build(ctx, ctx.process(), request);
    if cost > LONG { ctx.dirty(Dirty::Cpu, build) } else { build() }
}

/// Builds the answer: a pair, or a list of pairs.
fn build<'s>(b: &Builder<'s>, p: &Process, request: &Request) -> Term<'s> {
    let pair = |a: &Asked| match a {
        Asked::Item(Item::RegisteredName) if p.name().is_none() => {
            let empty = b.tuple(&[Term::atom(am::REGISTERED_NAME), Term::NIL]);
            (request.wrap_name, empty)
        }
        Asked::Item(i) => (true, b.tuple(&[Term::atom(i.name()), value(b, p, *i, request)])),
        Asked::Key(k) => {
            let key = k.with(|k| b.copy(k));
            let value = p.owner().dictionary.borrow().get(key).map_or(Term::atom(am::UNDEFINED), |v| b.copy(v));
            (true, b.tuple(&[b.tuple(&[Term::atom(am::DICTIONARY), key]), value]))
        }
    };
    if request.single {
        return match request.asked.first().map(pair) {
            Some((true, t)) => t,
            _ => Term::NIL,
        };
    }
    b.list_from(request.asked.iter().map(pair).filter(|(shown, _)| *shown).map(|(_, t)| t))
}

fn local<'s>(t: RawTerm) -> Term<'s> {
    Term::immediate(t).unwrap_or(Term::NIL)
}

fn value<'s>(b: &Builder<'s>, p: &Process, item: Item, request: &Request) -> Term<'s> {
    let o = p.owner();
    let sensitive = o.flags.sensitive.get();
    let number = |n: usize| b.uint(n as u64);
    match item {
        Item::RegisteredName => p.name().map_or(Term::NIL, Term::atom),
        Item::InitialCall => mfa(b, o.initial_call.get()),
        Item::Status => Term::atom(status(p, request.seen)),
        Item::MessageQueueLen => number(o.mailbox.len()),
        Item::Messages if sensitive => Term::NIL,
        Item::Messages => {
            let mut all = Vec::with_capacity(o.mailbox.len());
            o.mailbox.queue.for_each(|m| all.push(b.copy(m)));
            b.list(&all)
        }
        Item::Links => b.list_from(o.relations.borrow().linked().map(local)),
        Item::Monitors => b.list_from(o.relations.borrow().monitors.values().map(|m| watched(b, m))),
        // Processes and ports, and what hears of its end beside them, such as its sockets.
        Item::MonitoredBy => {
            let r = o.relations.borrow();
            let resources = r.resources.keys().map(|&numbers| b.reference(numbers));
            b.list_from(r.watchers.values().map(|w| local(w.pid)).chain(resources))
        }
        Item::Dictionary if sensitive => Term::NIL,
        Item::Dictionary => {
            let d = o.dictionary.borrow();
            b.list_from(d.pairs().map(|(k, v)| b.tuple(&[b.copy(k), b.copy(v)])))
        }
        Item::TrapExit => Term::bool(o.flags.trap_exit.get()),
        Item::ErrorHandler => Term::atom(o.flags.error_handler.get()),
        Item::Priority => Term::atom(priority_atom(p.state().get().priority())),
        Item::GroupLeader => b.copy(Term::from_raw(o.group_leader.get())),
        Item::HeapSize => number(o.heap.size()),
        Item::StackSize => number(o.heap.stack_size()),
        Item::TotalHeapSize => number(total_heap(p, o)),
        Item::Memory => {
            let apart = o.mailbox.queue.bytes() + o.relations.borrow().bytes();
            number(size_of::<Process>() + 8 * o.total_heap_words() + apart)
        }
        Item::Reductions => {
            let running = if request.seen.is_none() { crate::sched::SLICE - o.fcalls.get() } else { 0 };
            // A turn may be cut (`recording/stacks.rs`).
            b.uint(o.reductions.get().wrapping_add(u64::try_from(running).unwrap_or(0)))
        }
        Item::MinHeapSize => number(o.min_heap_size()),
        Item::MinBinVheapSize => number(o.min_bin_vheap_size()),
        Item::FullsweepAfter => b.uint(u64::from(o.fullsweep_after())),
        Item::MaxHeapSize => max_heap_map(b, o.max_heap()),
        Item::GarbageCollection => garbage_collection(b, o),
        Item::GarbageCollectionInfo => garbage_collection_info(b, o),
        Item::MessageQueueData => {
            Term::atom(if p.state().get().off_heap_messages() { am::OFF_HEAP } else { am::ON_HEAP })
        }
        Item::Suspending => {
            let r = o.relations.borrow();
            // A suspension is outstanding until the process has come to its signals.
            let one = |(pid, n): (&u64, &usize)| {
                let pid = RawTerm::from_bits(*pid);
                let there = super::table::with(pid, |p| p.state().get().suspended()) == Some(true);
                let (active, outstanding) = if there { (*n, 0) } else { (0, *n) };
                b.tuple(&[local(pid), number(active), number(outstanding)])
            };
            b.list_from(r.suspended.iter().map(one))
        }
        Item::Parent => b.copy(Term::from_raw(o.parent.get())),
        Item::AsyncDist => Term::bool(o.flags.async_dist.get()),
        Item::Label => {
            let key = Term::atom(am::DOLLAR_PROCESS_LABEL);
            o.dictionary.borrow().get(key).map_or(Term::atom(am::UNDEFINED), |v| b.copy(v))
        }
        Item::Trace => b.uint(u64::from(p.trace_flags().0 & TraceFlags::ALL.0)),
        Item::SequentialTraceToken => crate::trace::seq::token_for(b, p),
        Item::PriorityMessages => Term::bool(o.relations.borrow().wants_priority()),
        Item::LastCalls => super::saved_calls::shown(b, p),
        Item::Catchlevel => number(o.heap.catch_count()),
        Item::Binary => b.list_from(
            o.heap
                .off_heap_binaries()
                .into_iter()
                .map(|(at, size, refc)| b.tuple(&[number(at), number(size), number(refc)])),
        ),
        Item::MagicRef => {
            b.list_from(o.heap.magic_references().into_iter().map(|(at, refc)| b.tuple(&[number(at), number(refc)])))
        }
        Item::CurrentFunction => super::backtrace::current_function(b, p),
        Item::CurrentLocation => super::backtrace::current_location(b, p),
        Item::CurrentStacktrace => super::backtrace::current_stacktrace(b, p),
        Item::Backtrace if sensitive => b.binary(&[]),
        Item::Backtrace => super::backtrace::dump(b, p),
    }
}

fn mfa<'s>(b: &Builder<'s>, m: crate::code::Mfa) -> Term<'s> {
    b.tuple(&[Term::atom(m.module), Term::atom(m.function), Term::small(i32::from(m.arity))])
}

/// `status`: of the running process itself if nobody else has seen it. A process that has to look at its inbox first
/// answers while it does so: it runs, unless that is all it does. What was asked of it before it answers, such as to be
/// suspended, is done by then; who runs a dirty native is suspended at its end. One whose thread only handles signals for
/// it waits on.
fn status(p: &Process, seen: Option<Snapshot>) -> Atom {
    match seen {
        None => am::RUNNING,
        Some(s) if s.exiting() => am::EXITING,
        Some(_) if p.state().get().suspended() && !p.state().get().open() => am::SUSPENDED,
        Some(s) if s.collecting() => am::GARBAGE_COLLECTING,
        Some(s) if s.active() && (s.has_inbox() || s.running()) => am::RUNNING,
        Some(s) if s.active() => am::RUNNABLE,
        Some(_) => am::WAITING,
    }
}

/// The status of another process, as its state word shows it.
pub fn status_seen(s: Snapshot) -> Atom {
    match () {
        () if s.exiting() => am::EXITING,
        () if s.suspended() => am::SUSPENDED,
        () if s.collecting() => am::GARBAGE_COLLECTING,
        () if s.active() && s.running() => am::RUNNING,
        () if s.active() => am::RUNNABLE,
        () => am::WAITING,
    }
}

/// The atom of a priority.
pub fn priority_atom(p: Priority) -> Atom {
    match p {
        Priority::Low => am::LOW,
        Priority::Normal => am::NORMAL,
        Priority::High => am::HIGH,
        Priority::Max => am::MAX,
    }
}

fn watched<'s>(b: &Builder<'s>, m: &Monitor) -> Term<'s> {
    let pair = |kind, t| b.tuple(&[Term::atom(kind), t]);
    let named = |name, node| b.tuple(&[Term::atom(name), Term::atom(node)]);
    match &m.watched {
        Watched::Pid(pid) => pair(am::PROCESS, local(*pid)),
        Watched::Remote(pid) => pair(am::PROCESS, pid.with(|t| b.copy(t))),
        Watched::Name(_, name, node) => pair(am::PROCESS, named(*name, *node)),
        Watched::Port(port) => pair(am::PORT, local(*port)),
        Watched::PortName(_, name, node) => pair(am::PORT, named(*name, *node)),
        Watched::TimeOffset => pair(am::TIME_OFFSET, Term::atom(am::CLOCK_SERVICE)),
    }
}

/// Messages count with the heap unless they are kept apart.
fn total_heap(p: &Process, o: &Owner) -> usize {
    let messages = if p.state().get().off_heap_messages() { 0 } else { o.mailbox.queue.words() };
    o.total_heap_words() + messages
}

/// `max_heap_size` as a map.
pub fn max_heap_map<'s>(b: &Builder<'s>, m: super::limits::MaxHeap) -> Term<'s> {
    let mut pairs = vec![
        (Term::atom(am::ERROR_LOGGER), Term::bool(m.log)),
        (Term::atom(am::KILL), Term::bool(m.kill)),
        (Term::atom(am::SIZE), b.uint(m.size as u64)),
    ];
    if Profile::get().release >= 27 {
        pairs.push((Term::atom(am::INCLUDE_SHARED_BINARIES), Term::bool(m.binaries)));
    }
    map::from_pairs(b, &pairs)
}

fn garbage_collection<'s>(b: &Builder<'s>, o: &Owner) -> Term<'s> {
    let pair = |key, value| b.tuple(&[Term::atom(key), value]);
    b.list(&[
        pair(am::MAX_HEAP_SIZE, max_heap_map(b, o.max_heap())),
        pair(am::MIN_BIN_VHEAP_SIZE, b.uint(o.min_bin_vheap_size() as u64)),
        pair(am::MIN_HEAP_SIZE, b.uint(o.min_heap_size() as u64)),
        pair(am::FULLSWEEP_AFTER, b.uint(u64::from(o.fullsweep_after()))),
        pair(am::MINOR_GCS, b.uint(u64::from(o.minor_collections()))),
    ])
}

pub(crate) fn garbage_collection_info<'s>(b: &Builder<'s>, o: &Owner) -> Term<'s> {
    let h = &o.heap;
    let (vheap, old_vheap) = h.vheap_use();
    let rows = [
        (am::OLD_HEAP_BLOCK_SIZE, h.old_size()),
        (am::HEAP_BLOCK_SIZE, h.size()),
        (am::MBUF_SIZE, h.fragment_words()),
        (am::RECENT_SIZE, h.recent_words()),
        (am::STACK_SIZE, h.stack_size()),
        (am::OLD_HEAP_SIZE, h.old_used()),
        (am::HEAP_SIZE, h.used()),
        (am::BIN_VHEAP_SIZE, vheap.0),
        (am::BIN_VHEAP_BLOCK_SIZE, vheap.1),
        (am::BIN_OLD_VHEAP_SIZE, old_vheap.0),
        (am::BIN_OLD_VHEAP_BLOCK_SIZE, old_vheap.1),
    ];
    b.list_from(rows.into_iter().map(|(key, n)| b.tuple(&[Term::atom(key), b.uint(n as u64)])))
}
