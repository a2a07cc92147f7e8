//! Runs a suite: a VM with limits, and another one for the rest when it ends before the suite does.
//!
//! Invariant: every VM that is started is waited for, with all that it started killed when its time is over.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::outcome::{self, Case, End, Outcome, SuiteResult};
use super::reference;
use super::suites::Suite;
use crate::otp::Tree;

/// Modules that the VM under test is given.
const HELPERS: [(&str, &[u8]); 2] = [
    ("girder_ct.beam", include_bytes!("../../erl/girder_ct.beam")),
    ("ts_install_cth.beam", include_bytes!("../../erl/ts_install_cth.beam")),
];

/// Most VMs for one suite.
const MOST_VMS: usize = 8;
/// How often a running VM is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// What a suite may use.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Of time.
    pub time: Duration,
    /// Of memory, in bytes.
    pub memory: u64,
}

/// The VM under test.
pub struct Vm {
    program: PathBuf,
    words: Vec<&'static str>,
    tree: Option<PathBuf>,
}

impl Vm {
    /// This program as `girder erl`, or another `erl`. The tree has to be of the release.
    pub fn find(erl: Option<&Path>, tree: Option<&Path>, release: u32) -> Result<Vm, String> {
        if let Some(erl) = erl {
            return Ok(Vm { program: erl.to_owned(), words: Vec::new(), tree: None });
        }
        let cached = PathBuf::from(format!("otp-trees/{release}/usr/lib/erlang"));
        let tree = match tree {
            None if cached.is_dir() => Tree::find(Some(&cached)),
            named => Tree::find(named),
        };
        let tree = tree.map_err(|e| e.to_string())?;
        if tree.release != release {
            let root = tree.root.display();
            return Err(format!("{root} is OTP {}: name one of OTP {release} with --tree", tree.release));
        }
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        Ok(Vm { program, words: vec!["erl"], tree: Some(fs::canonicalize(&tree.root).unwrap_or(tree.root)) })
    }

    /// `girder_ct:main/0` with these words, in `dir`, what it prints in `log`.
    fn command(&self, dir: &Path, log: &Path, words: &[&str]) -> io::Result<Command> {
        let helpers = dir.join("helpers");
        fs::create_dir_all(&helpers)?;
        for (name, bytes) in HELPERS {
            fs::write(helpers.join(name), bytes)?;
        }
        let output = File::create(log)?;
        let mut command = Command::new(&self.program);
        command.args(&self.words).args(["-noshell", "-noinput", "-pa"]).arg(&helpers);
        command.args(["-s", "girder_ct", "main", "-extra"]).args(words);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        command.current_dir(dir).process_group(0).env("ERL_CRASH_DUMP", dir.join("crash.dump"));
        if let Some(tree) = &self.tree {
            command.env("GIRDER_OTP_ROOT", tree);
        }
        Ok(command)
    }

    /// Compiles modules in `folder`; those that do not compile are in its file `broken`.
    pub fn compile(&self, folder: &Path, includes: &str, options: &str, modules: &[String]) -> Result<(), String> {
        let path = folder.display().to_string();
        let mut words = vec!["compile", &path, &path, includes, options];
        words.extend(modules.iter().map(String::as_str));
        let log = folder.join("compile.log");
        let run = || self.command(folder, &log, &words)?.status();
        match run() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("compiling in {path}: {status}, see {}", log.display())),
            Err(e) => Err(format!("compiling in {path}: {e}")),
        }
    }
}

/// A suite's results: those it has from an earlier run, or of a new one.
pub fn result(suite: &Suite, case: Option<&str>, vm: &Vm, out: &Path, limits: Limits, again: bool) -> SuiteResult {
    let mut result = SuiteResult {
        area: suite.area.to_owned(),
        suite: suite.name.clone(),
        hash: suite.hash.clone(),
        problem: suite.problem.clone(),
        ..SuiteResult::default()
    };
    if result.problem.is_some() {
        return result;
    }
    let dir = out.join(suite.area).join(&suite.name);
    let kept = dir.join("result.tsv");
    if let Some(old) = reference::read_suite(&kept, &suite.hash).filter(|_| !again && case.is_none()) {
        return old;
    }
    match run(suite, case, vm, &dir, limits) {
        Ok((cases, problem)) => (result.cases, result.problem) = (cases, problem),
        Err(e) => result.problem = Some(e.to_string()),
    }
    if case.is_none() && result.problem.is_none() {
        // Without it the suite is only run again.
        let _ = reference::write(&kept, std::slice::from_ref(&result));
    }
    result
}

/// Runs the suite, in more than one VM if the first does not survive; also why not all of it has been run.
fn run(
    suite: &Suite,
    case: Option<&str>,
    vm: &Vm,
    dir: &Path,
    limits: Limits,
) -> io::Result<(Vec<Case>, Option<String>)> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => fs::create_dir_all(dir)?,
    }
    let seen = dir.join("seen");
    let mut cases: Vec<Case> = Vec::new();
    for round in 1..=MOST_VMS {
        let names: Vec<&str> = cases.iter().map(|c| plain(&c.name)).collect();
        fs::write(&seen, names.join("\n"))?;
        let events = dir.join(format!("events.{round}"));
        let folder = suite.folder.display().to_string();
        let (events_word, seen_word) = (events.display().to_string(), seen.display().to_string());
        let words = ["run", &folder, &suite.name, case.unwrap_or(""), &events_word, &seen_word];
        let child = vm.command(dir, &dir.join(format!("vm.{round}.log")), &words)?.spawn()?;
        let end = wait(child, limits)?;
        let text = fs::read(&events).unwrap_or_default();
        let (new, ended) = outcome::read(&String::from_utf8_lossy(&text), end);
        let before = cases.len();
        cases.extend(new.into_iter().filter(|c| !(c.outcome == Outcome::Skipped && c.reason.contains("\"seen\""))));
        if ended {
            return Ok((cases, None));
        }
        if cases.len() == before {
            let why = match end {
                End::TimedOut => "out of time",
                End::Crashed => "the VM crashed",
                End::Itself => "the VM ended",
            };
            return Ok((cases, Some(format!("{why} outside of the cases, see {}", dir.display()))));
        }
    }
    Ok((cases, Some(format!("{MOST_VMS} VMs were not enough, see {}", dir.display()))))
}

/// A case's name without its groups and number.
fn plain(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split('#').next().unwrap_or(last)
}

/// Waits for the VM's end, which comes when it has used what it may at the latest.
fn wait(mut child: Child, limits: Limits) -> io::Result<End> {
    let begin = Instant::now();
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break if status.success() { End::Itself } else { End::Crashed };
        }
        if begin.elapsed() > limits.time {
            break End::TimedOut;
        }
        if resident(child.id()) > limits.memory {
            break End::Crashed;
        }
        std::thread::sleep(GLANCE);
    };
    // What the VM started is in its process group; that nobody is left there is no error.
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.wait()?;
    Ok(end)
}

/// Bytes of memory that a process has.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_suite_has_them() {
        assert_eq!([plain("a"), plain("g/h/a"), plain("g/a#2")], ["a"; 3]);
    }

    #[test]
    fn a_program_out_of_time_ends_with_what_it_started() {
        let child = Command::new("sh").args(["-c", "sleep 100 & wait"]).process_group(0).spawn().expect("a shell");
        let limits = Limits { time: Duration::from_millis(200), memory: u64::MAX };
        assert_eq!(wait(child, limits).expect("waited"), End::TimedOut);
        let child = Command::new("sh").args(["-c", "exit 3"]).process_group(0).spawn().expect("a shell");
        assert_eq!(wait(child, limits).expect("waited"), End::Crashed);
    }
}
