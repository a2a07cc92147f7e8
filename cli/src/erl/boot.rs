//! Running the emulator with its own command line: `[flags] -- -root R -bindir B ... -- user's arguments`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;

use girder_vm::process::limits::{DEFAULTS, MaxHeap, heap_size, vheap_size};
use girder_vm::sys::console;
use girder_vm::{Profile, Vm, sched};

use super::exec::Word;
use super::flags::{self, Flags, Heap, Names};
use crate::otp::Tree;

/// The command line if this binary was started as an emulator, under the name `beam.FLAVOR`; what launchers write in
/// place of the program's name does not count.
pub fn emulator_words() -> Option<Vec<Word>> {
    let mut words = std::env::args_os();
    let called = PathBuf::from(words.next()?);
    let named = |p: &Path| p.file_name().is_some_and(|n| n.as_bytes().starts_with(b"beam."));
    let file = girder_vm::sys::program::executed_file();
    (named(&called) || file.is_some_and(|f| named(&f))).then(|| words.map(OsString::into_vec).collect())
}

/// Runs the emulator; `program` is its name in messages.
pub fn emulator(program: &str, words: &[Word]) -> ExitCode {
    match start(program, words) {
        Ok(status) => ExitCode::from(u8::try_from(status & 0xff).unwrap_or(1)),
        Err(why) => {
            console::print(&why);
            ExitCode::FAILURE
        }
    }
}

/// The value of a boot argument that init needs: the word behind it.
fn argument<'a>(words: &'a [Word], name: &[u8]) -> Option<&'a Word> {
    words.iter().position(|w| w == name).and_then(|i| words.get(i + 1))
}

fn usage(program: &str, why: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or(program);
    let line = if why.is_empty() { String::new() } else { format!("{why}\n") };
    format!("{line}Usage: {name} [flags] [ -- [init_args] ]\nThe flags are those of OTP's emulator, see erl(1).\n")
}

fn start(program: &str, words: &[Word]) -> Result<i32, String> {
    // The tree says what release it is, and that decides which flags there are.
    let root = argument(words, b"-root").map(|r| PathBuf::from(OsString::from_vec(r.clone())));
    let tree = Tree::find(root.as_deref()).map_err(|e| format!("girder: {e}\n"))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (flags, arguments) = flags::parse(program, words, tree.release, cores).map_err(|why| usage(program, &why))?;
    if flags.version {
        eprintln!("Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version {}", tree.erts_version);
        return Ok(0);
    }
    apply(&flags);
    #[cfg(not(girder_sanitizer))]
    crate::memory::spare_while_booting();
    let vm = Vm::builder()
        .natives(girder_bifs::all())
        .profile(Profile::for_release(tree.release))
        .otp(tree.root.clone(), tree.erts_version)
        .processes(flags.processes)
        .schedulers(flags.schedulers.map(|(total, _)| total))
        .ports(flags.ports)
        .first_ports(girder_bifs::drivers::open_first)
        .booted()
        .build()
        .map_err(|e| format!("girder: {e}\n"))?;
    girder_vm::process::exit::set_system_hook(girder_bifs::crash_dump::system_process_exited);
    if let Some((_, online)) = flags.schedulers {
        sched::set_online(online as usize);
    }
    girder_bifs::signals::start(flags.on_break).map_err(|e| format!("girder: signals: {e}\n"))?;
    crate::attach::listen();
    let init = flags.init.as_deref().unwrap_or("init");
    let status = vm.boot(&tree.root, init, arguments).map_err(|e| format!("{e}\n"))?;
    girder_bifs::drivers::restore_terminals();
    girder_bifs::crash_dump::write_if_crashed();
    Ok(status)
}

/// What the flags say about things that are fixed for the whole VM.
fn apply(flags: &Flags) {
    girder_bifs::os::set_names(flags.names.map(|n| n == Names::Utf8));
    girder_bifs::os::set_printable_unicode(flags.printable_unicode);
    let Heap { min, min_binary, max, max_kill, max_log, off_heap_messages } = flags.heap;
    if let Some(words) = min {
        DEFAULTS.min_heap_size.store(heap_size(words), Relaxed);
    }
    if let Some(words) = min_binary {
        DEFAULTS.min_bin_vheap_size.store(vheap_size(words), Relaxed);
    }
    let old = DEFAULTS.max_heap();
    let (size, kill, log) = (max.unwrap_or(old.size), max_kill.unwrap_or(old.kill), max_log.unwrap_or(old.log));
    DEFAULTS.set_max_heap(MaxHeap { size, kill, log, ..old });
    if let Some(off_heap) = off_heap_messages {
        DEFAULTS.off_heap_messages.store(off_heap, Relaxed);
    }
    if let Some(kind) = flags.warnings {
        girder_bifs::node::set_warning_map(kind);
    }
}
