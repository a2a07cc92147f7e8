//! `girder erl`, `girder erlc`, `girder escript`: what OTP's launchers do, without them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::exec::{self, Place, Plan, Run, Word};
use crate::otp::Tree;

/// The environment, as the emulator's command line depends on it.
fn variable(name: &str) -> Option<Word> {
    std::env::var_os(name).map(OsString::into_vec)
}

fn word(s: impl Into<OsString>) -> Word {
    s.into().into_vec()
}

fn words(list: &[&str]) -> Vec<Word> {
    list.iter().map(|w| w.as_bytes().to_vec()).collect()
}

/// Runs `erl` with these words.
pub fn erl(arguments: Vec<OsString>) -> ExitCode {
    run(None, arguments.into_iter().map(OsString::into_vec).collect())
}

/// Compiles as `erlc` does: words for the emulator go in front, the others to the compiler.
pub fn erlc(arguments: Vec<OsString>) -> ExitCode {
    let release = Tree::find(None).map_or(25, |t| t.release);
    let (mut front, mut rest) = (words(&["+S1"]), Vec::new());
    let mut arguments = arguments.into_iter().map(OsString::into_vec);
    while let Some(w) = arguments.next() {
        match &w[..] {
            // The compile server is not used, and not asked for what it has.
            b"-d" | b"-no-server" | b"-server" => {}
            b"-smp" => front.push(w),
            [b'-', b'p', kind @ (b'a' | b'z'), value @ ..] => {
                front.push(vec![b'-', b'p', *kind]);
                front.extend(if value.is_empty() { arguments.next() } else { Some(value.to_vec()) });
            }
            _ => rest.push(w),
        }
    }
    front.extend(words(&["+sbtu", "+A0"]));
    if release >= 29 {
        front.extend(words(&["+P", "65536", "+Q", "1024"]));
    }
    front.extend(words(&["-noinput", "-mode", "minimal", "-boot", "no_dot_erlang"]));
    front.extend(words(&["-s", "erl_compile", "compile_cmdline", "-extra"]));
    front.extend(rest);
    run(Some("erlc"), front)
}

/// Runs a script as `escript` does.
pub fn escript(arguments: Vec<OsString>) -> ExitCode {
    let arguments: Vec<Word> = arguments.into_iter().map(OsString::into_vec).collect();
    let flags = arguments.iter().take_while(|w| w.starts_with(b"-")).count();
    let (flags, script) = arguments.split_at(flags);
    let Some(name) = script.first() else {
        eprintln!("escript: Missing filename");
        return ExitCode::FAILURE;
    };
    let mut all = words(&["+B", "-boot", "no_dot_erlang", "-noshell"]);
    all.extend(script_arguments(name));
    all.extend(words(&["-run", "escript", "start"]));
    all.extend(flags.iter().map(|f| f[1..].to_vec()));
    all.push(b"-extra".to_vec());
    all.extend_from_slice(script);
    run(Some(&String::from_utf8_lossy(name)), all)
}

/// Words that the script's own `%%!` line has for the emulator.
fn script_arguments(script: &[u8]) -> Vec<Word> {
    let Ok(bytes) = std::fs::read(Path::new(OsStr::from_bytes(script))) else { return Vec::new() };
    let line = bytes.split(|&b| b == b'\n').skip(1).take(2).find_map(|l| l.strip_prefix(b"%%!"));
    line.map(|l| exec::split(l, false)).unwrap_or_default()
}

/// Runs the emulator with the words that a launcher has after `erl`. `name` is what the program calls itself.
fn run(name: Option<&str>, words: Vec<Word>) -> ExitCode {
    let tree = match Tree::find(None) {
        Ok(t) => t,
        Err(e) => {
            eprintln!("girder: {e}");
            return ExitCode::FAILURE;
        }
    };
    let bindir = variable("BINDIR").unwrap_or_else(|| word(bindir(&tree)));
    let progname = variable("PROGNAME").unwrap_or_else(|| b"erl".to_vec());
    let shim = variable("GIRDER_SHIM");
    let place = Place { root: word(tree.root.clone()), bindir, progname, release: tree.release, shim };
    match exec::plan(words, &place, &variable) {
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
        Ok(Plan::Print(text)) => {
            use std::io::Write;
            match std::io::stdout().write_all(&text) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Ok(Plan::Become(command, variables)) => {
            let mut all = command.into_iter().map(OsString::from_vec);
            let program = all.next().unwrap_or_default();
            let variables = variables.into_iter().map(|(k, v)| (OsString::from_vec(k), OsString::from_vec(v)));
            let e = Command::new(&program).args(all).envs(variables).exec();
            eprintln!("erlexec: Could not execute the '{}' command: {e}.", program.to_string_lossy());
            ExitCode::FAILURE
        }
        Ok(Plan::Run(run)) => start(&tree, &place, run, name),
    }
}

/// The directory of the helper programs.
fn bindir(tree: &Tree) -> PathBuf {
    tree.root.join(format!("erts-{}", tree.erts_version)).join("bin")
}

fn start(tree: &Tree, place: &Place, run: Run, name: Option<&str>) -> ExitCode {
    if let Some(program) = &run.port_mapper {
        start_port_mapper(tree, program.as_deref());
    }
    let fixed: [(&str, &Word); 4] = [
        ("ROOTDIR", &place.root),
        ("BINDIR", &place.bindir),
        ("PROGNAME", &place.progname),
        ("EMU", &b"beam".to_vec()),
    ];
    for (key, value) in fixed {
        girder_bifs::os::set_variable(key.as_bytes(), value);
    }
    for (key, value) in &run.variables {
        girder_bifs::os::set_variable(key, value);
    }
    if let Some(name) = name {
        girder_bifs::os::set_variable(b"ESCRIPT_NAME", name.as_bytes());
    }
    if run.detached {
        return detach(&run);
    }
    let program = name.map_or_else(|| String::from_utf8_lossy(&place.bindir).into_owned() + "/beam.smp", str::to_owned);
    super::boot::emulator(&program, &run.words)
}

/// Starts the port mapper, which puts itself into the background, or ends if there is one.
fn start_port_mapper(tree: &Tree, program: Option<&[u8]>) {
    let program = match program {
        Some(p) => OsString::from_vec(p.to_vec()),
        None => bindir(tree).join("epmd").into_os_string(),
    };
    // That there is none shows when the node registers.
    let _ = Command::new(program).arg("-daemon").status();
}

/// Runs the same emulator as a process of its own, in its own session, without this one's terminal.
fn detach(run: &Run) -> ExitCode {
    let Ok(me) = std::env::current_exe() else { return ExitCode::FAILURE };
    let variables = girder_bifs::os::environment();
    let variables = variables.into_iter().map(|(k, v)| (OsString::from_vec(k), OsString::from_vec(v)));
    let child = Command::new(me)
        .arg0("beam.smp")
        .args(run.words.iter().map(|w| OsString::from_vec(w.clone())))
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    match child {
        Ok(_) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("girder: {e}");
            ExitCode::FAILURE
        }
    }
}
