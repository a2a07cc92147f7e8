//! Runs a suite: a VM with limits, and another one for the rest when it ends before the suite does.
//!
//! Invariant: every VM that is started is waited for, with all that it started killed when its time is over or this program's
//! is, by the [`guard`](super::guard).

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::guard::Guard;
use super::outcome::{self, Case, End, Outcome, SuiteResult};
use super::reference;
use super::suites::Suite;
use crate::otp::Tree;

/// Modules that the VM under test is given.
const HELPERS: [(&str, &[u8]); 3] = [
    ("girder_ct.beam", include_bytes!("../../erl/girder_ct.beam")),
    ("girder_ct_natives.beam", include_bytes!("../../erl/girder_ct_natives.beam")),
    ("ts_install_cth.beam", include_bytes!("../../erl/ts_install_cth.beam")),
];

/// Most VMs for one suite.
const MOST_VMS: usize = 8;
/// How often a running VM is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// What compiling an area's modules, or a suite's C code, may use.
const COMPILING: Limits = Limits { time: Duration::from_secs(3600), memory: u64::MAX };

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
    /// Its `erl`.
    program: PathBuf,
    /// The folder of its other programs, if the suites are to find those first.
    programs: Option<PathBuf>,
    /// The folder of C headers for drivers and NIFs.
    pub headers: Option<PathBuf>,
    /// Whether cases that use foreign C code are looked for.
    natives: bool,
    guard: Guard,
}

impl Vm {
    /// This program, by launchers that it writes into `out`, or another `erl`. The tree has to be of the release.
    pub fn find(erl: Option<&Path>, tree: Option<&Path>, release: u32, out: &Path) -> Result<Vm, String> {
        let guard = Guard::start().map_err(|e| format!("the guard of the VMs: {e}"))?;
        let cached = PathBuf::from(format!("otp-trees/{release}/usr/lib/erlang"));
        let tree = match tree {
            None if cached.is_dir() => Tree::find(Some(&cached)),
            named => Tree::find(named),
        };
        let right = |t: &Tree| t.release == release;
        if let Some(erl) = erl {
            let headers = tree.ok().filter(right).map(|t| headers(&t.root));
            return Ok(Vm { program: erl.to_owned(), programs: None, headers, natives: true, guard });
        }
        let tree = tree.map_err(|e| e.to_string())?;
        if !right(&tree) {
            let root = tree.root.display();
            return Err(format!("{root} is OTP {}: name one of OTP {release} with --tree", tree.release));
        }
        if !tree.has_library("common_test") {
            return Err(format!("{} has no common_test (Debian: erlang-common-test)", tree.root.display()));
        }
        let launchers = out.join("launchers");
        let tree = crate::erl::launchers(&launchers, tree)?;
        let (program, headers) = (launchers.join("erl"), Some(headers(&tree.root)));
        Ok(Vm { program, programs: Some(launchers), headers, natives: false, guard })
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
        command.args(["-noshell", "-noinput", "-pa"]).arg(&helpers);
        command.args(["-s", "girder_ct", "main", "-extra"]).args(words);
        command.stdout(output.try_clone()?).stderr(output).current_dir(dir);
        command.env("ERL_CRASH_DUMP", dir.join("crash.dump"));
        Ok(command)
    }

    /// Runs a program, guarded and in a process group of its own, that finds the VM's programs first.
    fn run(&self, command: &mut Command, limits: Limits) -> io::Result<End> {
        if let Some(programs) = &self.programs {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(programs.clone()).chain(std::env::split_paths(&path));
            command.env("PATH", std::env::join_paths(all).map_err(io::Error::other)?);
        }
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let group = child.id();
        self.guard.begin(group);
        let end = wait(child, limits);
        self.guard.end(group);
        end
    }

    /// Compiles modules in `folder`; those that do not compile are in its file `broken`.
    pub fn compile(&self, folder: &Path, includes: &str, options: &str, modules: &[String]) -> Result<(), String> {
        let path = folder.display().to_string();
        let mut words = vec!["compile", &path, &path, includes, options];
        words.extend(modules.iter().map(String::as_str));
        let log = folder.join("compile.log");
        match self.command(folder, &log, &words).and_then(|mut c| self.run(&mut c, COMPILING)) {
            Ok(End::Itself) => Ok(()),
            Ok(_) => Err(format!("compiling in {path} failed, see {}", log.display())),
            Err(e) => Err(format!("compiling in {path}: {e}")),
        }
    }

    /// Runs `make` in a folder, what it prints in `make.log`; whether it succeeds.
    pub fn make(&self, folder: &Path) -> io::Result<bool> {
        let output = File::create(folder.join("make.log"))?;
        let mut command = Command::new("make");
        command.current_dir(folder).stdout(output.try_clone()?).stderr(output);
        Ok(self.run(&mut command, COMPILING)? == End::Itself)
    }
}

/// The folder of a tree that holds its C headers.
fn headers(root: &Path) -> PathBuf {
    root.join("usr/include")
}

/// A suite's results: those it has from an earlier run, or of a new one. Cases that are `foreign` to the VM, since they need
/// C code, are not run: what they leave behind when they fail in the middle would be in the way of the next ones.
pub fn result(
    suite: &Suite,
    case: Option<&str>,
    foreign: &[String],
    vm: &Vm,
    out: &Path,
    limits: Limits,
    again: bool,
) -> SuiteResult {
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
    match run(suite, case, foreign, vm, &dir, limits) {
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
    foreign: &[String],
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
        let names = cases.iter().map(|c| plain(&c.name)).chain(foreign.iter().map(String::as_str));
        let names: Vec<&str> = names.collect();
        fs::write(&seen, names.join("\n"))?;
        let events = dir.join(format!("events.{round}"));
        let folder = suite.folder.display().to_string();
        let (events_word, seen_word) = (events.display().to_string(), seen.display().to_string());
        let natives = if vm.natives { "natives" } else { "" };
        let words = ["run", &folder, &suite.name, case.unwrap_or(""), &events_word, &seen_word, natives];
        let mut command = vm.command(dir, &dir.join(format!("vm.{round}.log")), &words)?;
        let end = vm.run(command.envs(suite.settings.iter().copied()), limits)?;
        let text = fs::read(&events).unwrap_or_default();
        let (new, ended) = outcome::read(&String::from_utf8_lossy(&text), end);
        let before = cases.len();
        for mut case in new {
            if case.outcome == Outcome::Skipped && case.reason.contains("\"seen\"") {
                if cases.iter().any(|c| c.name == case.name) || !foreign.iter().any(|f| f == plain(&case.name)) {
                    continue;
                }
                case.outcome = Outcome::NotApplicable;
            }
            cases.push(case);
        }
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
pub fn plain(name: &str) -> &str {
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
