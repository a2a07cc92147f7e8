//! `girder run`: runs a program without booting the kernel application.
//!
//! The Erlang side is `erl/girder_standalone.erl`, built into the binary with the I/O server it starts.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use girder_vm::finder::{self, Embedded, Found};
use girder_vm::heap::{Builder, Detached};
use girder_vm::process::table::{MAX_LIMIT, MIN_LIMIT};
use girder_vm::sched::MAX_SCHEDULERS;
use girder_vm::{Atom, Profile, Term, Vm, am};

use crate::otp::Tree;

/// What to run, and where its modules are.
#[derive(clap::Args)]
#[command(override_usage = "girder run [-pa DIR]... [--otp DIR] [MODULE [FUNCTION] | FILE.beam] [ARGS]...")]
pub struct Options {
    /// Look for modules here first (also written -pa); may be repeated.
    #[arg(long, value_name = "DIR")]
    pa: Vec<PathBuf>,
    /// The OTP tree; else GIRDER_OTP_ROOT, the erl on the PATH, the usual places.
    #[arg(long, value_name = "DIR")]
    otp: Option<PathBuf>,
    /// Most processes at a time (rounded up to a power of two).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(MIN_LIMIT as i64..=MAX_LIMIT as i64))]
    processes: Option<u32>,
    /// Number of scheduler threads; one for each core unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_SCHEDULERS as i64))]
    schedulers: Option<u32>,
    /// Module, function and arguments, or a .beam file and arguments; nothing inside a Gleam project.
    ///
    /// FUNCTION is `main` unless given. A word after MODULE is the function if the module exports it with no or one
    /// argument, or if it is written like a function's name; any other word is the first argument already. The
    /// arguments are passed as one list of strings if the function has one argument.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<OsString>,
}

impl Options {
    /// For a module that is built in.
    pub fn of_module(words: Vec<OsString>, otp: Option<PathBuf>, schedulers: Option<u32>) -> Options {
        Options { pa: Vec::new(), otp, processes: None, schedulers, words }
    }
}

const EMBEDDED: &[Embedded] = &[
    ("girder_standalone", include_bytes!("../erl/girder_standalone.beam")),
    ("girder_code", include_bytes!("../erl/girder_code.beam")),
    ("girder_io", include_bytes!("../erl/girder_io.beam")),
    ("girder_stress", include_bytes!("../erl/girder_stress.beam")),
    ("girder_stress_tables", include_bytes!("../erl/girder_stress_tables.beam")),
];

/// Rewrites OTP's `-pa DIR` before the first word of the program into the form that the parser knows.
pub fn rewrite(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = arguments.collect();
    if all.get(1).is_none_or(|w| w != "run") {
        return all;
    }
    let mut i = 2;
    while let Some(word) = all.get_mut(i) {
        if word == "-pa" {
            *word = "--pa".into();
        }
        match word.to_str() {
            Some("--pa" | "--otp" | "--processes" | "--schedulers") => i += 2,
            Some(w) if w.starts_with('-') && w != "--" => i += 1,
            _ => break,
        }
    }
    all
}

/// What the words say.
struct Program {
    module: String,
    /// The file that holds the module, if one was named.
    file: Option<PathBuf>,
    arguments: Vec<String>,
    /// Directories that belong to the program.
    path: Vec<PathBuf>,
    /// Output is UTF-8 whatever the locale says.
    utf8: bool,
}

/// Runs the program; the status is its own.
pub fn run(options: Options) -> ExitCode {
    match start(options) {
        Ok(status) => ExitCode::from(u8::try_from(status & 0xff).unwrap_or(1)),
        Err(why) => {
            eprintln!("girder: {why}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: Options) -> Result<i32, String> {
    let program = program(options.words)?;
    let tree = Tree::find(options.otp.as_deref()).map_err(|e| e.to_string())?;
    let path = options.pa.into_iter().chain(program.path.iter().cloned()).collect();
    let root = tree.root.to_string_lossy().into_owned();
    let vm = Vm::builder()
        .natives(girder_bifs::all())
        .first_ports(girder_bifs::drivers::open_first)
        .embedded(EMBEDDED)
        .profile(Profile::for_release(tree.release))
        .code_path(path)
        .otp(tree.root, tree.erts_version)
        .processes(options.processes)
        .schedulers(options.schedulers)
        .build()
        .map_err(|e| e.to_string())?;
    crate::attach::listen();
    let module = Atom::new(&program.module).map_err(|e| format!("{}: {e}", program.module))?;
    let loaded = match &program.file {
        Some(file) => finder::get().load_file(module, file),
        None => finder::get().load(module),
    };
    match (loaded, &program.file) {
        (Found::Bad(why), _) => return Err(why),
        (Found::Nowhere, Some(file)) => return Err(format!("{}: no such file", file.display())),
        // A module that is nowhere is an undefined function, reported as such.
        _ => {}
    }
    let args = Detached::build(|b| b.list(&[config(b, module, &program, &root)]));
    let status = vm.run_main(am::GIRDER_STANDALONE, am::START, args).map_err(|e| e.to_string());
    girder_bifs::drivers::restore_terminals();
    status
}

/// `#{module, words, release, encoding, root}`, as `girder_standalone:start/1` wants it.
fn config<'s>(b: &Builder<'s>, module: Atom, program: &Program, root: &str) -> Term<'s> {
    let release = Profile::get().release;
    let words = b.list_from(program.arguments.iter().map(|w| b.string(w)));
    let encoding = if program.utf8 || (release > 25 && !other_locale()) { am::UNICODE } else { am::LATIN1 };
    girder_vm::term::map::from_pairs(
        b,
        &[
            (am::MODULE.into(), module.into()),
            (am::WORDS.into(), words),
            (am::RELEASE.into(), Term::small(i32::from(release))),
            (am::ENCODING.into(), encoding.into()),
            (am::ROOT.into(), b.string(root)),
        ],
    )
}

/// Whether the locale names a character set other than UTF-8. As from OTP 26 on, such a locale decides about the
/// encoding of standard output; unlike there, output is UTF-8 where no character set is named at all.
fn other_locale() -> bool {
    let named = |k: &str| env::var(k).ok().filter(|v| !v.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(named).unwrap_or_default().to_ascii_lowercase();
    locale.split_once('.').is_some_and(|(_, set)| !set.starts_with("utf-8") && !set.starts_with("utf8"))
}

fn program(words: Vec<OsString>) -> Result<Program, String> {
    let mut words = words.into_iter().map(|w| w.to_string_lossy().into_owned());
    let Some(first) = words.next() else {
        return gleam_project(&env::current_dir().map_err(|e| e.to_string())?);
    };
    let arguments = words.collect();
    if !first.ends_with(".beam") {
        return Ok(Program { module: first, file: None, arguments, path: Vec::new(), utf8: false });
    }
    let file = PathBuf::from(&first);
    let bytes = fs::read(&file).map_err(|e| format!("{first}: {e}"))?;
    let module = girder_loader::parse(&bytes, &first).map_err(|e| e.to_string())?;
    let dir = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = vec![dir.to_owned()];
    Ok(Program {
        module: module.name().to_owned(),
        file: Some(file),
        arguments: main_first(arguments),
        path,
        utf8: false,
    })
}

/// A file's program is its `main`: its words are all arguments.
fn main_first(mut arguments: Vec<String>) -> Vec<String> {
    arguments.insert(0, "main".to_owned());
    arguments
}

/// The project whose `gleam.toml` is in this directory or above it.
fn gleam_project(from: &Path) -> Result<Program, String> {
    let Some(root) = from.ancestors().find(|d| d.join("gleam.toml").is_file()) else {
        return Err(
            "no module named, and no gleam.toml here or above: girder run MODULE [FUNCTION] [ARGS...]".to_owned()
        );
    };
    let toml = fs::read_to_string(root.join("gleam.toml")).map_err(|e| format!("gleam.toml: {e}"))?;
    let name = project_name(&toml).ok_or_else(|| format!("{}: no name", root.join("gleam.toml").display()))?;
    let build = root.join("build/dev/erlang");
    let packages = fs::read_dir(&build).map_err(|e| format!("{}: {e} (gleam build makes it)", build.display()))?;
    let mut path: Vec<PathBuf> = packages.flatten().map(|e| e.path().join("ebin")).filter(|p| p.is_dir()).collect();
    path.sort();
    Ok(Program { module: name, file: None, arguments: main_first(Vec::new()), path, utf8: true })
}

/// The value of the top-level key `name`.
fn project_name(toml: &str) -> Option<String> {
    let top = toml.lines().map(str::trim).take_while(|l| !l.starts_with('['));
    let value = top.filter_map(|l| l.split_once('=')).find(|(k, _)| k.trim() == "name")?.1.trim();
    let quote = value.chars().next().filter(|q| matches!(q, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pa_is_rewritten_before_the_module_only() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (given, expected) in [
            ("girder run -pa a -pa b m -pa c", "girder run --pa a --pa b m -pa c"),
            ("girder run --otp -pa -pa a m", "girder run --otp -pa --pa a m"),
            ("girder disasm -pa", "girder disasm -pa"),
            ("girder run", "girder run"),
        ] {
            assert_eq!(rewrite(words(given).into_iter()), words(expected));
        }
    }

    #[test]
    fn names_of_gleam_projects() {
        for (toml, name) in [
            ("name = \"app\"\nversion = \"1.0\"", Some("app")),
            ("# name = \"no\"\nname='it'", Some("it")),
            ("version = \"1\"\n[dependencies]\nname = \"no\"", None),
        ] {
            assert_eq!(project_name(toml).as_deref(), name, "{toml}");
        }
    }
}
