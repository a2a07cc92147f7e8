//! The emulator's own state, for OTP's test suites: `erts_debug:get_internal_state/1` and `set_internal_state/2`, and the
//! natives beside them that look into allocators, schedulers and stacks.
//!
//! Invariant: nothing is told or changed before a process has asked for access, which is logged. What an OTP emulator
//! tells of parts that this VM has not (atom caches, lock graphs, tables' segments, load balancing) is a `badarg` here, as
//! for any name that an emulator does not know.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use girder_vm::heap::message::Message;
use girder_vm::heap::{Magic, gc, persistent};
use girder_vm::node::Node;
use girder_vm::process::census::{self, Holder};
use girder_vm::process::debug::{self, Question};
use girder_vm::process::relations::Reference;
use girder_vm::process::{info, report, table, unique};
use girder_vm::sched::Dirty;
use girder_vm::signal::{self, ReplyTo, Signal, task};
use girder_vm::term::hash::{internal_hash, wide_internal_hash};
use girder_vm::term::map;
use girder_vm::timer::chain;
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am, port, sched};

use crate::process::export;

girder_vm::natives! { pub TABLE:
    "erts_debug" {
        "get_internal_state"/1 => get_internal_state_1, Bif;
        "set_internal_state"/2 => set_internal_state_2, Bif;
    }
    "erts_internal" {
        "gather_alloc_histograms"/1 => no_histograms, Bif;
        "gather_carrier_info"/1 => no_histograms, Bif;
        "process_display"/2 => process_display_2, Bif;
        "system_check"/1 => system_check_1, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Whether access has been asked for.
static AVAILABLE: AtomicBool = AtomicBool::new(false);

/// The least number that `unique_integer` gives.
const LEAST: i64 = -(1 << 59);

fn name(t: Term<'_>) -> Option<&'static str> {
    t.as_atom().map(Atom::name)
}

fn available() -> Result<(), Raise> {
    if AVAILABLE.load(Ordering::Relaxed) { Ok(()) } else { Err(Raise::Undef) }
}

fn get_internal_state_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    available()?;
    match a[0].as_tuple() {
        None => single(ctx, name(a[0]).ok_or(Raise::Badarg)?),
        Some(&[what, of]) => of_one(ctx, name(what).ok_or(Raise::Badarg)?, of),
        Some(&[what, one, other]) => of_two(ctx, name(what).ok_or(Raise::Badarg)?, one, other),
        Some(_) => Err(Raise::Badarg),
    }
}

fn single<'s>(ctx: &Ctx<'s>, what: &str) -> Answer<'s> {
    Ok(match what {
        "available_internal_state" => Term::TRUE,
        "reds_left" => ctx.int(ctx.reductions_left()),
        "next_pid" => ctx.uint(table::Table::get().next_data()),
        "next_port" => ctx.uint(port::Table::get().next_data()),
        "processes" => return Err(ctx.trap(export(am::ERLANG, "processes", 0)?, &[])),
        "memory" => return Err(ctx.trap(export(am::ERLANG, "memory", 0)?, &[])),
        "process_info_args" => ctx.list_from(info::Item::all().map(|item| item.name().into())),
        "force_heap_frags" | "hashmap_collision_bonanza" | "scheduler_dump" => Term::FALSE,
        "lc_graph" | "flxctr_memory_usage" => Atom::new("notsup").map_err(|_| Raise::SystemLimit)?.into(),
        "mmap" => am::UNDEFINED.into(),
        "nbalance" => ctx.uint(sched::totals().comparisons),
        "processes_bif_info" => crate::process::info::search(ctx),
        "persistent_term" => map::from_pairs(ctx, &[(am::TABLE.into(), ctx.uint(persistent::slots() as u64))]),
        // The count before the next number, in 64 bits.
        "node_and_dist_references" => node_references(ctx)?,
        "unique_monotonic_integer_state" => ctx.uint((unique::monotonic_count() - 1) as u64),
        "min_unique_monotonic_integer" | "min_unique_integer" => ctx.int(LEAST),
        _ => return Err(Raise::Badarg),
    })
}

fn of_one<'s>(ctx: &Ctx<'s>, what: &str, of: Term<'s>) -> Answer<'s> {
    let own_node = || of.is(Node::this_name());
    match what {
        "process_status" if of.is_local_pid() => process_status(ctx, of),
        "link_list" if of.is_local_pid() => ask(ctx, of, debug::link_list, am::UNDEFINED),
        "monitor_list" if of.is_local_pid() => ask(ctx, of, debug::monitor_list, am::UNDEFINED),
        "link_list" | "monitor_list" if is_node_name(of) => {
            Ok(if own_node() { Term::NIL } else { am::UNDEFINED.into() })
        }
        "channel_number" if own_node() => Ok(Term::small(0)),
        "channel_number" | "dist_ctrl" => Ok(am::UNDEFINED.into()),
        "binary_info" => binary_info(ctx, of),
        // OTP 27 has made 64 bits of 32: who looks for keys that collide in 32 finds none among the wide ones.
        "internal_hash" if Profile::get().release < 27 => Ok(ctx.uint(internal_hash(of).into())),
        "internal_hash" => Ok(ctx.uint(wide_internal_hash(of))),
        "magic_ref" => magic_ref(ctx, of),
        "atom" => nth_atom(of),
        _ => Err(Raise::Badarg),
    }
}

/// `{{node_references, [{{Name, Creation}, References, [{Who, [{Kind, References}]}]}]}, {dist_references, [...]}}`.
/// Nodes are never freed and their references not counted: everything is looked through. What is of this node names
/// none, and there is no connection that anything could refer to.
fn node_references<'s>(ctx: &Ctx<'s>) -> Answer<'s> {
    let atom = |name: &str| Atom::new(name).map(Term::from).map_err(|_| Raise::SystemLimit);
    let (process, heap, timer, table) = (atom("process")?, atom("heap")?, atom("timer")?, atom("ets")?);
    let (system, persistent, spec) = (atom("system")?, atom("persistent_term")?, atom("match_spec")?);
    let this = (Node::this_name(), Node::this_creation());
    let mut nodes = BTreeMap::from([((this.0.index(), this.1), (this.0, 0, Vec::new()))]);
    for ((name, creation), holder, count) in ctx.dirty(Dirty::Cpu, || census::nodes(ctx.process())) {
        let (who, kind) = match holder {
            Holder::Process(pid) => ([process, Term::immediate(pid).unwrap_or(Term::NIL)], heap),
            Holder::Table(name) => ([table, name.into()], table),
            Holder::Timer(Some(pid)) => ([process, Term::immediate(pid).unwrap_or(Term::NIL)], timer),
            Holder::Timer(None) => ([system, timer], timer),
            Holder::Persistent => ([system, persistent], persistent),
            Holder::MatchSpec => ([system, spec], am::BINARY.into()),
        };
        let found = ctx.tuple(&[ctx.tuple(&who), ctx.list(&[ctx.tuple(&[kind, ctx.uint(count as u64)])])]);
        let (_, total, holders) = nodes.entry((name.index(), creation)).or_insert((name, 0, Vec::new()));
        *total += count as u64;
        holders.push(found);
    }
    let shown: Vec<_> = nodes
        .into_iter()
        .map(|((_, creation), (name, total, holders))| {
            let node = ctx.tuple(&[name.into(), ctx.uint(creation.into())]);
            ctx.tuple(&[node, ctx.uint(total), ctx.list(&holders)])
        })
        .collect();
    let connections = [ctx.tuple(&[this.0.into(), Term::small(0), Term::NIL])];
    let (node_references, dist_references) = (atom("node_references")?, atom("dist_references")?);
    let known = ctx.tuple(&[node_references, ctx.list(&shown)]);
    Ok(ctx.tuple(&[known, ctx.tuple(&[dist_references, ctx.list(&connections)])]))
}

/// The atom at an index of the table, which is filled up to there.
fn nth_atom<'s>(of: Term<'s>) -> Answer<'s> {
    let index = of.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or(Raise::Badarg)?;
    loop {
        if let Some(atom) = Atom::at(index) {
            return Ok(atom.into());
        }
        Atom::from_program(&format!("am{:x}", Atom::count())).map_err(|_| Raise::SystemLimit)?;
    }
}

fn of_two<'s>(ctx: &Ctx<'s>, what: &str, one: Term<'s>, other: Term<'s>) -> Answer<'s> {
    match what {
        // Each mode of time warp goes with each kind of correction.
        "check_time_config" => {
            let modes = ["no_time_warp", "single_time_warp", "multi_time_warp"];
            one.as_bool().zip(name(other).filter(|mode| modes.contains(mode))).ok_or(Raise::Badarg)?;
            Ok(Term::TRUE)
        }
        "term_to_binary" => Err(ctx.trap(export(am::ERLANG, "term_to_binary", 2)?, &[one, other])),
        _ => Err(Raise::Badarg),
    }
}

fn is_node_name(t: Term<'_>) -> bool {
    t.as_atom()
        .is_some_and(|n| n.name().split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()))
}

fn process_status<'s>(ctx: &Ctx<'s>, pid: Term<'s>) -> Answer<'s> {
    if pid.same(ctx.self_pid()) {
        return Ok(am::RUNNING.into());
    }
    let seen = table::with(pid.raw(), |p| p.state().get());
    Ok(match seen {
        None => am::UNDEFINED,
        Some(s) => info::status_seen(s),
    }
    .into())
}

/// Asks a process; its own answer is built at once, for another's Erlang code waits.
fn ask<'s>(ctx: &Ctx<'s>, pid: Term<'s>, question: Question, gone: Atom) -> Answer<'s> {
    if pid.same(ctx.self_pid()) {
        signal::fetch(ctx.process());
        if ctx.process().state().get().exiting() {
            return Err(Raise::Exiting);
        }
        return Ok(question(ctx, ctx.process()));
    }
    ctx.answer_follows();
    let reference = send_question(ctx, pid, question, gone);
    Err(ctx.trap(export(am::ERTS_INTERNAL, "await_result", 1)?, &[reference]))
}

fn send_question<'s>(ctx: &Ctx<'s>, pid: Term<'s>, question: Question, gone: Atom) -> Term<'s> {
    let reference = Reference::fresh();
    let to = ReplyTo { pid: ctx.self_pid().raw(), reference };
    signal::signal(pid.raw(), Signal::Ask { to, question, gone });
    reference.term(ctx)
}

/// `heap_binary`, or `{refc_binary, Size, {binary, Capacity}, Flags}` if the bytes lie outside of heaps.
fn binary_info<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Answer<'s> {
    let atom = |name: &str| Atom::new(name).map(Term::from).map_err(|_| Raise::SystemLimit);
    let size = t.as_bits().ok_or(Raise::Badarg)?.byte_len();
    let Some(bin) = t.off_heap_binary() else { return atom("heap_binary") };
    let inner = ctx.tuple(&[am::BINARY.into(), ctx.uint(bin.capacity() as u64)]);
    Ok(ctx.tuple(&[atom("refc_binary")?, ctx.uint(size as u64), inner, Term::small(0)]))
}

/// State of a reference that [`make_magic_reference`] has made.
struct Empty;

fn identity(magic: &Magic) -> usize {
    std::ptr::from_ref(magic).addr()
}

/// `{Identity, References, Test}` of a magic reference, `true` of one that has lost its state, `false` of anything else.
fn magic_ref<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Answer<'s> {
    let Some(magic) = t.as_magic() else {
        return Ok(Term::bool(Reference::of(t).is_some_and(|r| unique::is_magic(r.numbers))));
    };
    let (identity, references) = (identity(magic), magic.refc());
    let test = Term::bool(magic.get::<Empty>().is_some());
    Ok(ctx.tuple(&[ctx.uint(identity as u64), ctx.uint(references as u64), test]))
}

fn make_magic_reference<'s>(ctx: &Ctx<'s>) -> Answer<'s> {
    let reference = ctx.fresh_magic_reference(Box::new(Empty));
    let identity = identity(reference.as_magic().ok_or(Raise::SystemLimit)?);
    Ok(ctx.tuple(&[reference, ctx.uint(identity as u64)]))
}

fn set_internal_state_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (what, to) = (name(a[0]), a[1]);
    if let (Some("available_internal_state"), Some(on)) = (what, to.as_bool()) {
        if on {
            warn(ctx);
        }
        return Ok(Term::bool(AVAILABLE.swap(on, Ordering::Relaxed)));
    }
    available()?;
    let number = || to.as_i64().ok_or(Raise::Badarg);
    Ok(match what.ok_or(Raise::Badarg)? {
        "reds_left" => {
            let left = number()?;
            if (0..=sched::SLICE).contains(&left) {
                ctx.owner().fcalls.set(left);
            }
            Term::TRUE
        }
        "sleep" | "block_scheduler" => {
            std::thread::sleep(pause(number()?));
            Term::TRUE
        }
        "block" => {
            let time = pause(number()?);
            // The thread that sleeps is not one of those that stand still.
            let sleeper = std::thread::Builder::new().spawn(move || sched::paused(|| std::thread::sleep(time)));
            sleeper.map_err(|_| Raise::SystemLimit)?;
            std::thread::sleep(time);
            Term::TRUE
        }
        "next_pid" => go_on(ctx, to, |n| table::Table::get().go_on_with(n))?,
        "next_port" => go_on(ctx, to, |n| port::Table::get().go_on_with(n))?,
        "force_gc" => {
            let found = to.is_local_pid() && table::with(to.raw(), |_| ()).is_some();
            if found {
                ctx.request_collection(false);
            }
            Term::bool(found)
        }
        "gc_state" => Term::bool(task::allow_collections(ctx, to.as_bool().ok_or(Raise::Badarg)?)),
        // The numbers of receive markers are what a process counts, in 32 bits.
        "process_uniq_counter" => {
            ctx.owner().mailbox.queue.set_next_marker(number()? as u32);
            am::OK.into()
        }
        "multizero_timeout_in_timeout" => {
            let done = Atom::new("multizero_timeout_in_timeout_done").map_err(|_| Raise::SystemLimit)?;
            chain::start(ctx.self_pid().raw(), u64::try_from(number()?).unwrap_or(0), 2, done);
            am::OK.into()
        }
        "fill_heap" => {
            ctx.request_collection(to.is(am::TRUE));
            am::OK.into()
        }
        "abort" => std::process::abort(),
        "kill_dist_connection" => Term::FALSE,
        "wait" => return wait(ctx, name(to).ok_or(Raise::Badarg)?),
        "unique_monotonic_integer_state" => match to.as_u64() {
            Some(state) => {
                unique::set_monotonic_count((state as i64).wrapping_add(1));
                Term::TRUE
            }
            None => Term::FALSE,
        },
        "make" if name(to) == Some("magic_ref") => return make_magic_reference(ctx),
        "binary" => match usize::try_from(number()?) {
            Ok(size) => ctx.binary(&vec![0; size]),
            Err(_) => return Err(Raise::Badarg),
        },
        "test_long_gc_sleep" => {
            gc::make_longer(to.as_u64().ok_or(Raise::Badarg)?);
            Term::TRUE
        }
        // Senders do not hold each other up, whatever the receiver.
        "proc_sig_buffers" if to.is(am::TRUE) => Term::TRUE,
        "mbuf" => ctx.copy(to),
        // Module `binary`, `re` and conversions of text share one limit.
        "binary_loop_limit" | "re_loop_limit" | "unicode_loop_limit" => {
            let limit = if name(to) == Some("default") { Some(0) } else { to.as_usize() };
            ctx.uint(crate::large::set_limit(limit.ok_or(Raise::Badarg)?) as u64)
        }
        // How a table is split and joined by contention is hastened or left alone; an ordered_set is in one piece.
        "ets_force_split" | "ets_debug_random_split_join" => {
            let [table, on] = to.as_tuple_of().ok_or(Raise::Badarg)?;
            on.as_bool().ok_or(Raise::Badarg)?;
            if !crate::ets::is_ordered(table) {
                return Err(Raise::Badarg);
            }
            am::OK.into()
        }
        "ets_force_trap" | "jit_asm_dump" | "proc_sig_buffers" => {
            Atom::new("notsup").map_err(|_| Raise::SystemLimit)?.into()
        }
        _ => return Err(Raise::Badarg),
    })
}

fn pause(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn warn(ctx: &Ctx<'_>) {
    const TEXT: &str = "Process ~p enabled access to the emulator internal state.~n\
        NOTE: This is an erts internal test feature and should *only* be used by OTP test-suites.~n~n";
    let me = ctx.self_pid().raw();
    report::warning(ctx.process(), TEXT, |b| b.list(&[Term::immediate(me).unwrap_or(Term::NIL)]));
}

/// The number that the next identifier has; `false` if there is no such one.
fn go_on<'s>(ctx: &Ctx<'s>, to: Term<'s>, set: impl FnOnce(u64) -> bool) -> Answer<'s> {
    let n = to.as_u64().ok_or(Raise::Badarg)?;
    Ok(if set(n) { ctx.uint(n) } else { Term::FALSE })
}

/// Goes on when every thread has passed a safe point, and with it what was put off until then, and when what deleted
/// tables held is freed.
fn wait<'s>(ctx: &Ctx<'s>, what: &str) -> Answer<'s> {
    if !["deallocations", "timer_cancellations", "aux_work", "thread_progress"].contains(&what) {
        return Err(Raise::Badarg);
    }
    let reference = Reference::fresh();
    let to = ReplyTo { pid: ctx.self_pid().raw(), reference };
    sched::after_thread_progress(move || girder_vm::ets::after_freeing(move || to.reply_atom(am::OK)));
    Err(ctx.trap(export(am::ERTS_INTERNAL, "await_result", 1)?, &[reference.term(ctx)]))
}

/// No allocator keeps histograms or carriers, so none answers.
fn no_histograms<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let &[allocator, thread, width, start, _] = a[0].as_tuple().ok_or(Raise::Badarg)? else {
        return Err(Raise::Badarg);
    };
    let known = name(allocator).is_some_and(crate::memory_info::is_allocator);
    let thread = thread.as_usize().is_some_and(|n| n <= sched::count());
    if known && thread && width.is_small() && start.is_small() { Ok(Term::small(0)) } else { Err(Raise::Badarg) }
}

/// `true`, a reference for which an answer will come, or what is wrong.
fn process_display_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if !a[1].is(am::BACKTRACE) {
        return Ok(am::BADOPT.into());
    }
    if a[0].same(ctx.self_pid()) {
        return Ok(debug::display(ctx, ctx.process()));
    }
    let there = a[0].is_local_pid() && table::with(a[0].raw(), |p| !p.state().get().exiting()) == Some(true);
    Ok(if there { send_question(ctx, a[0], debug::display, am::BADARG) } else { am::BADARG.into() })
}

/// `ok` when each scheduler has shown that it works.
fn system_check_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if name(a[0]) != Some("schedulers") {
        return Err(Raise::Badarg);
    }
    let (me, reference) = (ctx.self_pid().raw(), Reference::fresh());
    sched::on_each(move || signal::to_pid(me, Message::build(|b| reference.term(b))));
    Err(ctx.trap(export(am::ERTS_INTERNAL, "gather_system_check_result", 1)?, &[reference.term(ctx)]))
}
