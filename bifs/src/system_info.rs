//! `erlang:system_info/1`: what the VM is and how it is set up.
//!
//! Invariant: an item answers with what is so here; items about parts that this VM does not have are unknown to it.

use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use girder_vm::process::info::max_heap_map;
use girder_vm::process::limits::DEFAULTS;
use girder_vm::process::{Table, table};
use girder_vm::sched::Dirty;
use girder_vm::timer::clock;
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am, sched, vm};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "system_info"/1 => system_info_1, Bif;
    }
    "erts_internal" {
        "get_creation"/0 => get_creation_0, Bif;
        "no_aux_work_threads"/0 => no_aux_work_threads_0, Bif;
    }
}

fn atom<'s>(name: &str) -> Result<Term<'s>, Raise> {
    Atom::new(name).map(Term::atom).map_err(|_| Raise::SystemLimit)
}

/// Version of OTP's run-time system that the profile stands for, unless the tree tells its own.
pub fn erts_version() -> &'static str {
    let told = vm::config().erts_version.as_str();
    if !told.is_empty() {
        return told;
    }
    match Profile::get().release {
        25 => "13.1.5",
        27 => "15.2.7",
        _ => "17.1.1",
    }
}

pub(crate) fn system_version() -> String {
    let (release, n, online) = (Profile::get().release, sched::count(), sched::online());
    let bits = usize::BITS;
    format!("Erlang/OTP {release} [erts-{}] [girder] [{bits}-bit] [smp:{n}:{online}]\n", erts_version())
}

/// What OTP's build calls the machine it runs on.
fn architecture() -> String {
    format!("{}-pc-{}-gnu", std::env::consts::ARCH, std::env::consts::OS)
}

/// Sizes that process heaps grow through: as Fibonacci numbers plus one, then by a fifth.
fn heap_sizes() -> Vec<i64> {
    let mut sizes = vec![12, 38];
    while let [.., a, b] = sizes[..]
        && sizes.len() < 23
    {
        sizes.push(a + b + 1);
    }
    while let Some(&last) = sizes.last()
        && last < 1 << 52
    {
        sizes.push(last + last / 5);
    }
    sizes
}

fn pairs<'s>(ctx: &Ctx<'s>, items: &[(&str, Term<'s>)]) -> Result<Term<'s>, Raise> {
    let pairs: Result<Vec<_>, Raise> = items.iter().map(|&(k, v)| Ok(ctx.tuple(&[atom(k)?, v]))).collect();
    Ok(ctx.list(&pairs?))
}

/// The end of Erlang monotonic time that OTP gives.
const END_TIME: i64 = 8_646_911_283_000_000_000;

/// Settings that new processes start with: `fullsweep_after`, `min_heap_size`, `min_bin_vheap_size`.
fn defaults() -> [u64; 3] {
    let words = |n: &AtomicUsize| n.load(Ordering::Relaxed) as u64;
    let fullsweep = u64::from(DEFAULTS.fullsweep_after.load(Ordering::Relaxed));
    [fullsweep, words(&DEFAULTS.min_heap_size), words(&DEFAULTS.min_bin_vheap_size)]
}

fn tagged<'s>(ctx: &Ctx<'s>, tag: &str, value: u64) -> Result<Term<'s>, Raise> {
    Ok(ctx.tuple(&[atom(tag)?, ctx.uint(value)]))
}

/// The operating system's clock behind monotonic or system time.
fn time_source<'s>(ctx: &Ctx<'s>, monotonic: bool) -> Result<Term<'s>, Raise> {
    let resolution = ctx.int(1_000_000_000 / girder_vm::sys::clock::resolution_ns(monotonic).max(1));
    let id = if monotonic { "CLOCK_MONOTONIC" } else { "CLOCK_REALTIME" };
    let time = if monotonic { clock::since_start_ns() } else { clock::os_system_ns() };
    let mut items = vec![
        ("function", atom("clock_gettime")?),
        ("clock_id", atom(id)?),
        ("resolution", resolution),
        ("parallel", atom("yes")?),
        ("time", ctx.int(time)),
    ];
    if monotonic {
        items.insert(3, ("extended", atom("no")?));
        if Profile::get().release >= 27 {
            items.insert(3, ("used_resolution", resolution));
        }
    }
    pairs(ctx, &items)
}

fn blockers<'s>(ctx: &Ctx<'s>, normal: bool) -> Term<'s> {
    ctx.list_from(sched::blockers(normal).into_iter().filter_map(Term::immediate))
}

/// The one set of descriptors that is waited for.
fn check_io<'s>(ctx: &Ctx<'s>) -> Result<Term<'s>, Raise> {
    let number = |n: usize| ctx.uint(n as u64);
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let epoll = atom("epoll")?;
    let set = pairs(
        ctx,
        &[
            ("name", atom("erts_poll")?),
            ("primary", epoll),
            ("kernel_poll", epoll),
            ("total_poll_set_size", number(girder_vm::port::poll::watched())),
            ("lazy_updates", Term::FALSE),
            ("pending_updates", number(0)),
            ("batch_updates", Term::FALSE),
            ("concurrent_updates", Term::TRUE),
            ("fallback", Term::FALSE),
            ("max_fds", ctx.uint(most)),
            ("poll_threads", number(1)),
        ],
    )?;
    Ok(ctx.list(&[set]))
}

/// The numbers in the operating system's release.
fn os_version<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let name = rustix::system::uname();
    let text = name.release().to_string_lossy().into_owned();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    ctx.tuple_with(3, |_| ctx.uint(numbers.next().unwrap_or(0)))
}

/// `{M, F, A}` of the natives that are part of the VM, those of modules that load theirs left out.
fn native_functions<'s>(ctx: &Ctx<'s>) -> Result<Term<'s>, Raise> {
    let mut all = Vec::new();
    for n in crate::all() {
        if crate::facts::is_built_in(n.module, n.name, n.arity) {
            all.push(ctx.tuple(&[atom(n.module)?, atom(n.name)?, ctx.uint(n.arity.into())]));
        }
    }
    Ok(ctx.list(&all))
}

/// Which atomic operations the processor has.
fn atomics<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let has = |name, yes| ctx.tuple(&[ctx.string(name), ctx.string(if yes { "yes" } else { "no" }), Term::NIL]);
    ctx.list(&[
        has("32-bit native atomics", cfg!(target_has_atomic = "32")),
        has("64-bit native atomics", cfg!(target_has_atomic = "64")),
        has("Double word native atomics", cfg!(target_has_atomic = "128")),
    ])
}

fn item<'s>(ctx: &Ctx<'s>, name: &str) -> Result<Term<'s>, Raise> {
    let release = Profile::get().release;
    let [fullsweep, min_heap, min_vheap] = defaults();
    let number = |n: usize| ctx.uint(n as u64);
    let schedulers = || number(sched::count());
    let online = || number(sched::online());
    let dirty = |kind: Dirty| (number(kind.count()), number(kind.online()));
    let cores = || std::thread::available_parallelism().map_or(am::UNKNOWN.into(), |n| ctx.uint(n.get() as u64));
    Ok(match name {
        "start_time" => ctx.int(clock::monotonic_ns() - clock::since_start_ns()),
        "end_time" => ctx.int(END_TIME),
        "alloc_util_allocators" => crate::memory_info::allocators(ctx)?,
        "allocated_areas" => crate::memory_info::areas(ctx)?,
        // The allocator is not the C library's.
        "allocator" => ctx.tuple(&[am::UNDEFINED.into(), Term::NIL, Term::NIL, Term::NIL]),
        "atom_count" => ctx.uint(u64::from(Atom::count())),
        "atom_limit" => ctx.uint(u64::from(girder_vm::atom::MAX_ATOMS)),
        "beam_jump_table" | "eager_check_io" | "port_tasks" => Term::TRUE,
        "break_ignored" => crate::signals::break_ignored().into(),
        "build_type" | "emu_type" => atom("opt")?,
        "c_compiler_used" => ctx.tuple(&[am::UNDEFINED.into(), am::UNDEFINED.into()]),
        // No C, and nothing that `configure` finds out, is in the VM.
        "compile_info" => {
            let none = |name: &str| Ok::<_, Raise>(ctx.tuple(&[atom(name)?, ctx.string("")]));
            ctx.list(&[none("ldflags")?, none("cflags")?, none("config_h")?])
        }
        "compat_rel" => Term::small(i32::from(release)),
        "constant_pool_support" => Term::TRUE,
        "context_reductions" => ctx.int(sched::SLICE),
        "cpu_quota" => am::UNKNOWN.into(),
        "creation" => Term::small(0),
        "cpu_topology" => am::UNDEFINED.into(),
        "debug_compiled" => Term::FALSE,
        "delayed_node_table_gc" => Term::small(60),
        "check_io" => check_io(ctx)?,
        "dirty_cpu_schedulers" => dirty(Dirty::Cpu).0,
        "dirty_cpu_schedulers_online" => dirty(Dirty::Cpu).1,
        "dirty_io_schedulers" => dirty(Dirty::Io).0,
        "dist_buf_busy_limit" => Term::small(1 << 20),
        "dist_ctrl" | "taints" => Term::NIL,
        "dist" => ctx.binary(crate::break_menu::distribution().as_bytes()),
        "driver_version" => ctx.string("3.3"),
        "dynamic_trace" => am::NONE.into(),
        "dynamic_trace_probes" => Term::FALSE,
        "emu_args" => {
            let words: Vec<_> = std::env::args_os().map(|w| ctx.byte_list(w.as_bytes())).collect();
            ctx.list(&words)
        }
        "emu_flavor" => atom("emu")?,
        "endian" => if cfg!(target_endian = "little") { am::LITTLE } else { am::BIG }.into(),
        "ethread_info" => atomics(ctx),
        "ets_count" => number(girder_vm::ets::registry::all().len()),
        "ets_limit" => Term::small(8192),
        "ets_always_compress" => Term::FALSE,
        "fullsweep_after" => tagged(ctx, "fullsweep_after", fullsweep)?,
        "garbage_collection" => pairs(
            ctx,
            &[
                ("max_heap_size", ctx.uint(DEFAULTS.max_heap().size as u64)),
                ("min_bin_vheap_size", ctx.uint(min_vheap)),
                ("min_heap_size", ctx.uint(min_heap)),
                ("fullsweep_after", ctx.uint(fullsweep)),
            ],
        )?,
        "halt_flush_timeout" if release >= 27 => am::INFINITY.into(),
        "async_dist" if release >= 27 => Term::FALSE,
        "heap_sizes" => ctx.list_from(heap_sizes().into_iter().map(|n| ctx.int(n))),
        "heap_type" => atom("private")?,
        "hipe_architecture" | "modified_timing_level" => am::UNDEFINED.into(),
        "info" => ctx.binary(crate::break_menu::info().as_bytes()),
        "kernel_poll" => Term::TRUE,
        "literal_test" => atom("range")?,
        "lock_checking" | "lock_counting" => Term::FALSE,
        "logical_processors" | "logical_processors_available" | "logical_processors_online" => cores(),
        "loaded" => crate::memory_info::modules(ctx),
        "machine" => ctx.string("BEAM"),
        "max_integer" if release >= 27 => ctx.big_limbs(false, &vec![u64::MAX; girder_vm::arith::max_limbs()]),
        "max_heap_size" => max_heap_map(ctx, DEFAULTS.max_heap()),
        "message_queue_data" => am::ON_HEAP.into(),
        "min_bin_vheap_size" => tagged(ctx, "min_bin_vheap_size", min_vheap)?,
        "min_heap_size" => tagged(ctx, "min_heap_size", min_heap)?,
        "multi_scheduling" => crate::system_flag::multi_scheduling_state()?,
        "multi_scheduling_blockers" => blockers(ctx, false),
        "normal_multi_scheduling_blockers" => blockers(ctx, true),
        "nif_version" => ctx.string(match release {
            25 => "2.16",
            27 => "2.17",
            _ => "2.18",
        }),
        "os_monotonic_time_source" => time_source(ctx, true)?,
        "os_system_time_source" => time_source(ctx, false)?,
        "os_type" => ctx.tuple(&[atom(std::env::consts::FAMILY)?, atom(std::env::consts::OS)?]),
        "os_version" => os_version(ctx),
        "otp_release" => ctx.string(&release.to_string()),
        "outstanding_system_requests_limit" => ctx.uint(u64::from(crate::system_flag::requests_limit())),
        "port_count" => number(girder_vm::port::Table::ids().len()),
        "port_limit" => number(girder_vm::port::Table::get().limit()),
        "port_parallelism" => Term::FALSE,
        "procs" => crate::memory_info::processes(ctx),
        "process_count" => number(table::alive()),
        "process_limit" => ctx.uint(Table::get().limit() as u64),
        "scheduler_bind_type" => atom("unbound")?,
        "scheduler_bindings" => {
            let unbound = atom("unbound")?;
            ctx.tuple_with(sched::count(), |_| unbound)
        }
        "scheduler_id" => ctx.uint(sched::current_id() as u64 + 1),
        "schedulers" | "schedulers_total" | "run_queues" => schedulers(),
        "schedulers_active" => number(sched::active().0),
        "schedulers_online" => online(),
        "schedulers_state" => ctx.tuple(&[schedulers(), online(), number(sched::active().0)]),
        "all_schedulers_state" => {
            let of = |name: Atom, (all, online), active| ctx.tuple(&[name.into(), all, online, number(active)]);
            let (active, [cpu, io]) = sched::active();
            ctx.list(&[
                of(am::NORMAL, (schedulers(), online()), active),
                of(am::DIRTY_CPU, dirty(Dirty::Cpu), cpu),
                of(am::DIRTY_IO, dirty(Dirty::Io), io),
            ])
        }
        "snifs" => native_functions(ctx)?,
        "smp_support" | "threads" | "time_correction" => Term::TRUE,
        "sequential_tracer" => ctx.tuple(&[atom("sequential_tracer")?, crate::trace::seq::tracer_term()]),
        "system_architecture" => ctx.string(&architecture()),
        "system_logger" => Term::immediate(girder_vm::process::report::logger()).unwrap_or(am::UNDEFINED.into()),
        "system_version" => ctx.string(&system_version()),
        "thread_pool_size" => Term::small(0),
        "time_offset" => {
            if release >= 27 {
                atom("volatile")?
            } else {
                atom("final")?
            }
        }
        "time_warp_mode" => {
            if release >= 27 {
                atom("multi_time_warp")?
            } else {
                atom("no_time_warp")?
            }
        }
        "tolerant_timeofday" => {
            if release >= 27 {
                atom("disabled")?
            } else {
                atom("enabled")?
            }
        }
        "trace_control_word" => ctx.uint(u64::from(girder_vm::ets::matchspec::control_word())),
        "update_cpu_info" => atom("unchanged")?,
        "version" => ctx.string(erts_version()),
        "wordsize" => Term::small(8),
        _ => return Err(Raise::Badarg),
    })
}

fn system_info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if let Some(name) = a[0].as_atom() {
        return item(ctx, name.name());
    }
    if let Some([tag, reference, types]) = a[0].as_tuple_of()
        && tag.is(am::MEMORY_INTERNAL)
        && reference.as_ref().is_some()
    {
        return crate::memory_info::send_sizes(ctx, reference, types);
    }
    let [tag, of] = a[0].as_tuple_of().ok_or(Raise::Badarg)?;
    match (tag.as_atom().map(Atom::name), of.as_atom().map(Atom::name)) {
        (Some("wordsize"), Some("internal" | "external")) => Ok(Term::small(8)),
        (Some("cpu_topology"), Some("defined" | "detected" | "used")) => Ok(am::UNDEFINED.into()),
        (Some("allocator" | "allocator_sizes"), Some(_)) => Ok(Term::FALSE),
        (Some("allocator" | "allocator_sizes"), None) => {
            let names = of.to_vec().filter(|all| all.iter().all(|name| name.is_atom())).ok_or(Raise::Badarg)?;
            Ok(ctx.list_from(names.into_iter().map(|name| ctx.tuple(&[name, Term::FALSE]))))
        }
        _ => Err(Raise::Badarg),
    }
}

fn get_creation_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(u64::from(girder_vm::node::Node::this_creation())))
}

/// OTP's code awaits an answer from each of these but one when it asks for memory: here one gives the whole answer.
fn no_aux_work_threads_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::small(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_grow_as_otp_says() {
        let known = [12, 38, 51, 90, 142, 233, 376, 610, 987, 1598, 2586, 4185, 6772, 10958, 17731, 28690];
        assert_eq!(heap_sizes()[..16], known);
        let last = [833_026, 999_631, 1_199_557, 1_439_468, 1_727_361, 2_072_833];
        assert_eq!(heap_sizes()[22..28], last);
    }
}
