//! Which suites there are, and making them ready to run: a copy of their folder with the modules compiled.
//!
//! Invariant: a suite whose module is not there carries the reason; nothing here stops at one.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::helpers;
use super::runner::Vm;

/// A part of OTP with suites of its own.
pub struct Area {
    /// What it is called here.
    pub name: &'static str,
    /// The folder of its suites in OTP's source tree.
    pub folder: &'static str,
    /// Options that its suites are compiled with.
    options: &'static str,
    /// Files of other folders that its suites need beside them.
    borrowed: &'static [&'static str],
}

/// The parts whose suites are run.
pub const AREAS: &[Area] = &[
    Area { name: "emulator", folder: "erts/emulator/test", options: "", borrowed: &[] },
    Area {
        name: "stdlib",
        folder: "lib/stdlib/test",
        options: "",
        borrowed: &["erts/emulator/test/erts_test_utils.erl", "lib/sasl/test/otp_vsns.erl", "otp_versions.table"],
    },
    Area { name: "kernel", folder: "lib/kernel/test", options: "", borrowed: &[] },
    Area { name: "compiler", folder: "lib/compiler/test", options: "clint:clint0:ssalint", borrowed: &[] },
    Area { name: "runtime_tools", folder: "lib/runtime_tools/test", options: "", borrowed: &[] },
    Area { name: "tools", folder: "lib/tools/test", options: "", borrowed: &[] },
];

/// What suites have in their environment, by which they leave groups out: (area, suite, name, value).
///
/// `socket_SUITE`'s group `ttest` measures throughput, a minute for each of its 150 cases.
const SETTINGS: &[(&str, &str, &str, &str)] = &[("kernel", "socket_SUITE", "ESOCK_TEST_TTEST", "exclude")];

/// Folders with headers that suites include.
const HEADERS: [&str; 5] =
    ["lib/kernel/include", "lib/kernel/src", "lib/stdlib/include", "lib/compiler/src", "lib/syntax_tools/include"];

/// A suite.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its area.
    pub area: &'static str,
    /// Its module.
    pub name: String,
    /// Hash of its source.
    pub hash: String,
    /// The folder that holds it compiled.
    pub folder: PathBuf,
    /// What it has in its environment.
    pub settings: Vec<(&'static str, &'static str)>,
    /// Why it cannot run.
    pub problem: Option<String>,
}

/// The suites that `wanted` names (all if none), by area and name.
pub fn choose(sources: &Path, wanted: &[String]) -> Result<Vec<(&'static Area, String)>, String> {
    let mut chosen = Vec::new();
    let mut met = vec![false; wanted.len()];
    for area in AREAS {
        let folder = sources.join(area.folder);
        // A tree need not have all areas.
        if !folder.exists() {
            continue;
        }
        let mut names: Vec<String> = erlang_files(&folder)?.into_iter().filter(|n| n.ends_with("_SUITE")).collect();
        names.sort();
        for name in names {
            let short = name.trim_end_matches("_SUITE");
            let is = |w: &str| {
                let (a, n) = w.split_once('/').map_or((None, w), |(a, n)| (Some(a), n));
                a.is_none_or(|a| a == area.name) && (n == name || n == short || (a.is_none() && w == area.name))
            };
            for (w, met) in wanted.iter().zip(&mut met) {
                *met |= is(w);
            }
            if wanted.is_empty() || wanted.iter().any(|w| is(w)) {
                chosen.push((area, name));
            }
        }
    }
    match wanted.iter().zip(met).find(|(_, met)| !met) {
        Some((w, _)) => Err(format!("there is no suite {w} in {}", sources.display())),
        None => Ok(chosen),
    }
}

/// Names of the Erlang modules in a folder.
fn erlang_files(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
    Ok(names.filter_map(|n| n.strip_suffix(".erl").map(str::to_owned)).collect())
}

/// Copies and compiles what the suites need.
pub fn prepare(chosen: &[(&'static Area, String)], sources: &Path, out: &Path, vm: &Vm) -> Result<Vec<Suite>, String> {
    let mut suites = Vec::new();
    for area in AREAS {
        let names: Vec<&str> = chosen.iter().filter(|(a, _)| a.name == area.name).map(|(_, n)| n.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let (from, folder) = (sources.join(area.folder), out.join("suites").join(area.name));
        let told = |e: io::Error| format!("{}: {e}", folder.display());
        copy(&from, &folder).map_err(told)?;
        helpers::build(&folder, &names, vm);
        let borrowed = || area.borrowed.iter().map(|b| (sources.join(b), b.rsplit('/').next().unwrap_or(b)));
        for (file, name) in borrowed() {
            copy_file(&file, &folder.join(name)).map_err(told)?;
        }
        let others = borrowed().filter_map(|(_, name)| name.strip_suffix(".erl").map(str::to_owned));
        let helpers = others.chain(erlang_files(&from)?).filter(|n| !n.ends_with("_SUITE"));
        let modules = helpers.chain(names.iter().map(|n| (*n).to_owned()));
        let missing: Vec<String> = modules.filter(|m| !folder.join(format!("{m}.beam")).is_file()).collect();
        let includes: Vec<String> = HEADERS.iter().map(|h| sources.join(h).display().to_string()).collect();
        if !missing.is_empty() {
            eprintln!("compiling {} modules of {}", missing.len(), area.name);
            vm.compile(&folder, &includes.join(":"), area.options, &missing)?;
        }
        let broken = fs::read_to_string(folder.join("broken")).unwrap_or_default();
        let broken: HashMap<&str, &str> = broken.lines().filter_map(|l| l.split_once('\t')).collect();
        for name in names {
            let source = fs::read(from.join(format!("{name}.erl"))).unwrap_or_default();
            let hash = Sha256::digest(&source).iter().take(8).map(|b| format!("{b:02x}")).collect();
            let compiled = folder.join(format!("{name}.beam")).is_file();
            let why =
                || broken.get(name).map_or("it was not compiled".to_owned(), |w| format!("does not compile: {w}"));
            let problem = (!compiled).then(why);
            let (of, folder) = (area.name, folder.clone());
            let set = SETTINGS.iter().filter(|(a, s, ..)| *a == of && *s == name);
            let settings = set.map(|&(.., variable, value)| (variable, value)).collect();
            suites.push(Suite { area: of, name: name.to_owned(), hash, folder, settings, problem });
        }
    }
    Ok(suites)
}

/// Copies a folder with all below it; what is there already stays.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            copy_file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies a file unless it is there already, or is missing where it should come from: what needs it says so then.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() && !to.exists() {
        fs::copy(from, to)?;
    }
    Ok(())
}
