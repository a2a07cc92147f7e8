//! What Ctrl-C brings up: a menu on the terminal, while all schedulers wait.
//!
//! Invariant: one menu at a time; a second Ctrl-C ends the VM at once, as the end of input does. Keys and texts are those of OTP's emulator,
//! which people know and tools drive.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use girder_vm::heap::Detached;
use girder_vm::process::exit::ExitKind;
use girder_vm::process::{Table, dump, registry, table};
use girder_vm::signal::{self, Signal};
use girder_vm::sys::console;
use girder_vm::{RawTerm, am, code, ets, sched};

const HELP: &str = "BREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\n       (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\n";

static OPEN: AtomicBool = AtomicBool::new(false);

/// Ctrl-C was typed.
pub(crate) fn asked() {
    if OPEN.swap(true, Ordering::AcqRel) {
        exit(0);
    }
    let menu = || {
        let crash = sched::paused(|| crate::tty::modes::with_own(run));
        OPEN.store(false, Ordering::Release);
        if crash {
            const SLOGAN: &str = "Crash dump requested by user";
            console::print(&format!("{SLOGAN}\n"));
            crate::crash_dump::prepare(SLOGAN);
            sched::halt(1);
        }
    };
    // Without a thread there is no menu, as if it had been left at once.
    if std::thread::Builder::new().name("break".into()).spawn(menu).is_err() {
        OPEN.store(false, Ordering::Release);
    }
}

fn exit(status: i32) -> ! {
    crate::drivers::restore_terminals();
    girder_vm::recording::stop();
    std::process::exit(status)
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody can be told of an error.
    let _ = out.write_all(text.replace('\n', "\r\n").as_bytes()).and_then(|()| out.flush());
}

/// The next key; the VM ends when there are no more. Of a line that was typed ahead, the first.
fn key() -> u8 {
    let mut typed = [0; 64];
    loop {
        let stdin = std::io::stdin();
        let ready = rustix::event::poll(&mut [rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::IN)], None);
        let got = match ready {
            Ok(_) => rustix::io::read(&stdin, &mut typed),
            Err(e) => Err(e),
        };
        match got {
            Ok(n) if n > 0 => return typed[0],
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            _ => exit(0),
        }
    }
}

/// `true`: the VM is to crash.
fn run() -> bool {
    print(&format!("\n{HELP}"));
    loop {
        match key() {
            b'a' | b'q' | b'*' => exit(0),
            b'A' => return true,
            b'c' | b'm' => return false,
            b'\n' | b'\r' => continue,
            b'p' => print(&processes()),
            b'i' => print(&info()),
            b'l' => print(&loaded()),
            b'v' => print(&format!("Erlang (BEAM) emulator version {}\n", crate::system_info::erts_version())),
            b'd' => print(&distribution()),
            b'D' => print(&tables()),
            b'k' => kill(),
            other => {
                let c = char::from(other);
                print(&format!("Invalid option '{c}'. Please enter one of the following:\n{HELP}"));
                continue;
            }
        }
        return false;
    }
}

fn paragraph(pid: RawTerm) -> Option<String> {
    table::with(pid, |p| {
        let mut out = String::new();
        dump::paragraph(&mut out, p);
        out
    })
}

fn processes() -> String {
    Table::get().pids().into_iter().filter_map(paragraph).collect()
}

/// What `erlang:system_info(info)` tells.
pub(crate) fn info() -> String {
    let mut out = crate::crash_dump::memory_text();
    let (taken, used) = girder_vm::Atom::memory();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "=index_table:atom_tab\nsize: {taken}\nused: {used}\nentries: {}\n=hash_table:process_reg\nobjs: {}\n",
        girder_vm::Atom::count(),
        registry::registered().len(),
    );
    out
}

fn loaded() -> String {
    let mut names = code::loaded_modules();
    names.sort();
    let all = girder_vm::heap::mem::used(girder_vm::heap::mem::Category::Code);
    let mut out = format!("Current code: {all}\nOld code: 0\n");
    for m in names.into_iter().filter_map(code::module) {
        let _ = writeln!(out, "{} {}", m.name.name(), m.bytes());
    }
    out
}

/// What `erlang:system_info(dist)` tells of a node that is not distributed.
pub(crate) fn distribution() -> String {
    format!("=node:'{}'\n=no_distribution\n", girder_vm::node::Node::this_name().name())
}

fn tables() -> String {
    let mut out = String::new();
    for t in ets::registry::all() {
        let name = t.name();
        let _ = write!(
            out,
            "=ets:{:?}\nTable: {}\nName: {}\nObjects: {}\nWords: {}\nType: {:?}\nProtection: {:?}\n",
            girder_vm::Term::immediate(t.owner()).unwrap_or(girder_vm::Term::NIL),
            name.name(),
            name.name(),
            t.size(),
            t.memory_words(),
            t.kind,
            t.protection(),
        );
    }
    out
}

/// Shows the processes one by one, from the newest; those that are chosen get a `kill` signal of init's.
fn kill() {
    print("\n\nProcess Information\n\n--------------------------------------------------\n");
    let pids = Table::get().pids();
    let Some(&init) = pids.first() else { return };
    for &pid in pids.iter().rev() {
        let Some(text) = paragraph(pid) else { continue };
        print(&format!("{text}(k)ill (n)ext (r)eturn:\n"));
        match key() {
            b'k' => {
                let reason = Detached::immediate(RawTerm::atom(am::KILL));
                signal::signal(pid, Signal::Exit { from: init, reason, kind: ExitKind::Sent });
            }
            b'n' => {}
            _ => return,
        }
    }
}
