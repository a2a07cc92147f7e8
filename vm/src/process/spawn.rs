//! Making processes.
//!
//! Invariant: a new process is complete, links and monitors with its parent included, before its pid is known to
//! anybody; it is enqueued last.

use super::limits::{DEFAULTS, MaxHeap, heap_size};
use super::owner::Owner;
use super::relations::{Alias, AliasMode, Link, Monitor, Reference, Watched, Watcher};
use super::state::{Priority, State};
use super::{Process, Table};
use crate::atom::{Atom, am};
use crate::code::Mfa;
use crate::ctx::Ctx;
use crate::heap::Detached;
use crate::heap::message::Message;
use crate::native::Raise;
use crate::recording;
use crate::sched::{self, Dirty};
use crate::signal::{self, Signal};
use crate::sync::atomic::Ordering::Relaxed;
use crate::term::copy::{self, Plan};
use crate::term::{RawTerm, Term};
use crate::trace::Flags as TraceFlags;
use crate::trace::events::{self, Birth};
use crate::trace::seq;

/// Words of arguments copied for one reduction.
const WORDS_PER_REDUCTION: usize = 64;

/// How a spawned process is monitored.
#[derive(Clone, Copy)]
pub struct MonitorOptions<'s> {
    /// First element of the DOWN message.
    pub tag: Option<Term<'s>>,
    /// The monitor's reference is an alias, too.
    pub alias: Option<AliasMode>,
    /// DOWN, and messages through the alias that are sent so, are priority messages.
    pub priority: bool,
}

/// Options of `spawn_opt`.
#[derive(Clone, Copy)]
pub struct SpawnOptions<'s> {
    /// `link`.
    pub link: bool,
    /// The exit message over that link is a priority message.
    pub priority_link: bool,
    /// `monitor`.
    pub monitor: Option<MonitorOptions<'s>>,
    /// `priority`.
    pub priority: Priority,
    /// `fullsweep_after`.
    pub fullsweep_after: Option<u32>,
    /// `min_heap_size`, words.
    pub min_heap_size: usize,
    /// `min_bin_vheap_size`, words.
    pub min_bin_vheap_size: Option<usize>,
    /// `max_heap_size`.
    pub max_heap: Option<MaxHeap>,
    /// `message_queue_data` is `off_heap`.
    pub off_heap_messages: bool,
    /// `async_dist`.
    pub async_dist: bool,
    /// A process of the VM itself.
    pub system: bool,
}

impl Default for SpawnOptions<'_> {
    fn default() -> Self {
        SpawnOptions {
            link: false,
            priority_link: false,
            monitor: None,
            priority: Priority::Normal,
            fullsweep_after: None,
            min_heap_size: 0,
            min_bin_vheap_size: None,
            max_heap: None,
            off_heap_messages: DEFAULTS.off_heap_messages.load(Relaxed),
            async_dist: false,
            system: false,
        }
    }
}

/// A process that was made.
pub struct Spawned {
    /// Its pid.
    pub pid: RawTerm,
    /// The monitor's reference, if one was asked for.
    pub monitor: Option<Reference>,
}

/// The owner's part of a process that applies `mfa` to `args`, of which a copy goes to its heap; that is large enough.
fn owner_for(mfa: Mfa, args: Term<'_>, plan: Plan, opts: &SpawnOptions<'_>) -> Owner {
    let owner = Owner::new(heap_size(opts.min_heap_size.max(DEFAULTS.min_heap_size.load(Relaxed))), plan.words);
    let args = plan.copy(args, &owner.heap.arena);
    owner.initial_call.set(mfa);
    owner.pc.set(crate::interp::entry::apply());
    owner.saved_x.borrow_mut().save(&[RawTerm::atom(mfa.module), RawTerm::atom(mfa.function), args]);
    owner.set_fullsweep_after(opts.fullsweep_after.unwrap_or(DEFAULTS.fullsweep_after.load(Relaxed)));
    let vheap = opts.min_bin_vheap_size.unwrap_or(DEFAULTS.min_bin_vheap_size.load(Relaxed));
    owner.set_min_bin_vheap_size(vheap);
    owner.heap.vheap_limit.set(owner.min_bin_vheap_size());
    owner.set_max_heap(opts.max_heap.unwrap_or(DEFAULTS.max_heap()));
    owner.flags.async_dist.set(opts.async_dist);
    owner
}

fn publish(owner: Owner, opts: &SpawnOptions<'_>) -> Option<RawTerm> {
    let state = State::new(opts.priority, opts.system);
    state.set_off_heap_messages(opts.off_heap_messages);
    let guard = crossbeam_epoch::pin();
    let pid = Table::get().insert(|pid| Process::new(pid, state, owner), &guard).map(Process::pid)?;
    super::table::note_alive(1);
    Some(pid)
}

fn spawn_without_parent(module: Atom, function: Atom, args: Detached, opts: &SpawnOptions<'_>) -> Option<RawTerm> {
    let arity = args.with(|t| t.list_iter().count());
    let mfa = Mfa { module, function, arity: u8::try_from(arity).unwrap_or(u8::MAX) };
    let owner = args.with(|t| owner_for(mfa, t, Plan::whole(t), opts));
    publish(owner, opts)
}

/// A process without a parent. `None` if the table is full.
pub fn spawn_root(module: Atom, function: Atom, args: Detached, opts: &SpawnOptions<'_>) -> Option<RawTerm> {
    let pid = spawn_without_parent(module, function, args, opts)?;
    // Before it first runs, nobody else owns its owner's part: it is its own group leader.
    super::table::with(pid, |p| p.owner().group_leader.set(pid));
    sched::enqueue(pid, opts.priority);
    Some(pid)
}

/// A process that the VM itself makes beside the first one, its `parent` and group leader.
pub fn spawn_system(
    parent: RawTerm,
    module: Atom,
    function: Atom,
    args: Detached,
    opts: &SpawnOptions<'_>,
) -> Option<RawTerm> {
    let pid = spawn_without_parent(module, function, args, opts)?;
    super::table::with(pid, |p| {
        p.owner().parent.set(parent);
        p.owner().group_leader.set(parent);
    });
    sched::enqueue(pid, opts.priority);
    Some(pid)
}

/// A process that was made and waits to be enqueued.
#[must_use = "a process that is not started never runs"]
pub struct Start {
    pid: RawTerm,
    priority: Priority,
    /// The sequential trace token of its answer to who asked for it.
    token: Option<Detached>,
}

impl Start {
    /// Its pid.
    pub fn pid(&self) -> RawTerm {
        self.pid
    }
    /// Lets it run, after its answer to who asked for it.
    pub fn go_with_answer(self, to: RawTerm, answer: Message) {
        signal::to_pid(
            to,
            match self.token {
                Some(token) => answer.with_signal(Signal::Token(token)),
                None => answer,
            },
        );
        sched::enqueue(self.pid, self.priority);
    }
    /// Lets it run.
    pub fn go(self) {
        sched::enqueue(self.pid, self.priority);
    }
}

/// A child of the running process. `args` is a proper list.
pub fn spawn<'s>(
    ctx: &Ctx<'s>,
    module: Atom,
    function: Atom,
    args: Term<'s>,
    opts: &SpawnOptions<'s>,
) -> Result<Spawned, Raise> {
    let monitor = opts.monitor.map(|m| monitor_reference(ctx, &m));
    let request = Request { reference: monitor, reply_tag: None };
    let start = child(ctx, module, function, args, opts, monitor, request)?;
    let pid = start.pid;
    start.go();
    Ok(Spawned { pid, monitor })
}

/// What a sequential tracer is told of the request for a process.
#[derive(Clone, Copy)]
struct Request<'s> {
    reference: Option<Reference>,
    /// First element of the answer, if that comes as a message.
    reply_tag: Option<Term<'s>>,
}

/// As [`spawn`] for `spawn_request`: gives the request's reference, which is the monitor's too, and a child that does
/// not run before the caller has been told of it.
pub fn spawn_requested<'s>(
    ctx: &Ctx<'s>,
    module: Atom,
    function: Atom,
    args: Term<'s>,
    opts: &SpawnOptions<'s>,
    reply_tag: Term<'s>,
) -> Result<(Reference, Start), Raise> {
    let reference = opts.monitor.map_or_else(Reference::fresh, |m| monitor_reference(ctx, &m));
    let request = Request { reference: Some(reference), reply_tag: Some(reply_tag) };
    Ok((reference, child(ctx, module, function, args, opts, opts.monitor.map(|_| reference), request)?))
}

fn monitor_reference(ctx: &Ctx<'_>, m: &MonitorOptions<'_>) -> Reference {
    match m.alias {
        Some(_) => Reference::fresh_alias(ctx.process().pid()),
        None => Reference::fresh(),
    }
}

fn child<'s>(
    ctx: &Ctx<'s>,
    module: Atom,
    function: Atom,
    args: Term<'s>,
    opts: &SpawnOptions<'s>,
    monitor: Option<Reference>,
    request: Request<'s>,
) -> Result<Start, Raise> {
    let me = ctx.process();
    let arity = args.list_iter().count();
    let mfa = Mfa { module, function, arity: u8::try_from(arity).unwrap_or(u8::MAX) };
    let owner = match Plan::small_sharing_literals(args) {
        Some(plan) => {
            ctx.charge(plan.words / WORDS_PER_REDUCTION);
            owner_for(mfa, args, plan, opts)
        }
        None => ctx.dirty(Dirty::Cpu, || owner_for(mfa, args, Plan::whole(args), opts)),
    };
    owner.parent.set(me.pid());
    let leader = me.owner().group_leader.get();
    owner.group_leader.set(match leader.is_immediate() {
        true => leader,
        false => owner.heap.arena.adopt(copy::detach(Term::from_raw(leader))),
    });
    if opts.link {
        owner.relations.borrow_mut().links.insert(me.pid().bits(), Link::default());
    }
    if let Some(r) = monitor {
        owner.relations.borrow_mut().watchers.insert(r.numbers, Watcher { pid: me.pid(), name: None });
    }
    let Some(pid) = publish(owner, opts) else {
        super::report::too_many_processes(me);
        return Err(Raise::SystemLimit);
    };
    let mut mine = me.owner().relations.borrow_mut();
    if opts.link {
        mine.links.insert(pid.bits(), Link { unlink: 0, priority: opts.priority_link });
    }
    if let (Some(r), Some(m)) = (monitor, opts.monitor) {
        let tag = m.tag.map(copy::detach);
        mine.monitors
            .insert(r.numbers, Monitor { watched: Watched::Pid(pid), alias_pid: r.pid, tag, priority: m.priority });
        if let Some(mode) = m.alias {
            mine.aliases.insert(r.numbers, Alias { mode, priority: m.priority });
        }
    }
    drop(mine);
    let token = seq::has_token(me).then(|| inherit_token(ctx, pid, mfa, args, opts, request));
    events::born(me, &Birth { child: pid, mfa, args, linked: opts.link });
    recording::spawned(me, pid, mfa, args);
    Ok(Start { pid, priority: opts.priority, token })
}

/// The child of a process with a sequential trace token has it, too: a request to spawn is as good as a message. Gives the
/// token of the child's answer.
#[cold]
fn inherit_token<'s>(
    ctx: &Ctx<'s>,
    child: RawTerm,
    mfa: Mfa,
    args: Term<'s>,
    opts: &SpawnOptions<'s>,
    asked: Request<'s>,
) -> Detached {
    let reference = asked.reference.unwrap_or_else(Reference::fresh).term(ctx);
    let called = ctx.tuple(&[mfa.module.into(), mfa.function.into(), Term::small(i32::from(mfa.arity))]);
    let tag = asked.reply_tag.unwrap_or(am::SPAWN_REPLY.into());
    let options = [opts.link.then_some(am::LINK.into()), opts.monitor.map(|_| am::MONITOR.into())];
    let options: Vec<_> = options.into_iter().flatten().collect();
    let request = [am::SPAWN_REQUEST.into(), reference, ctx.self_pid(), ctx.group_leader(), called];
    let request = ctx.tuple(&[&request[..], &[ctx.list(&options), tag, args]].concat());
    let reply = ctx.tuple(&[tag, reference, am::OK.into(), Term::immediate(child).unwrap_or(Term::NIL)]);
    let (state, token) = seq::spawned(ctx, child, request, reply, asked.reply_tag.is_some());
    super::table::with(child, |p| {
        // Before it first runs, nobody else owns its owner's part.
        p.owner().seq_token.set(p.owner().heap.arena.adopt(state));
        p.note_trace(TraceFlags::TOKEN, true);
    });
    token
}
