//! `girder profile`: runs a program while what its schedulers do is recorded, then writes what people look at.
//!
//! The program runs in a process of its own, under the hidden word `record`: whatever becomes of it, the recording is
//! read up to there. Invariant: the status is the program's.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use girder_profile::RECORDING;
use girder_profile::read::Recording;
use girder_vm::recording::{self, What};
use girder_vm::sys::signals::{self, Action};
use rustix::process::Signal;

use crate::attach::Attached;

/// How often the program is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How long after its time the end of a recording is waited for.
const GRACE: Duration = Duration::from_secs(2);
/// Words that run programs.
const PROGRAMS: [&str; 4] = ["run", "erl", "erlc", "escript"];

/// What to record, and of which program.
#[derive(clap::Args)]
#[command(
    override_usage = "girder profile [OPTIONS] -- run|erl|erlc|escript ARGS...\n       girder profile [OPTIONS] --attach PID\n       girder profile --from DIR"
)]
pub struct Options {
    /// Where the outputs go.
    #[arg(long, value_name = "DIR", default_value = "girder-profile")]
    out: PathBuf,
    #[command(flatten)]
    record: Record,
    /// Make the outputs anew from the recording in this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "words")]
    from: Option<PathBuf>,
    /// Record a VM that runs already, until the interrupt key is hit or --duration is over.
    #[arg(long, value_name = "PID", conflicts_with_all = ["words", "from"])]
    attach: Option<u32>,
    /// The program.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<OsString>,
}

/// What stacks are weighed by.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Flame {
    /// Reductions.
    Reductions,
    /// Processor time.
    Time,
}

/// What to record.
#[derive(clap::Args)]
struct Record {
    /// What to record: of sched, gc, io, timers, code, locks, stacks, messages; or all.
    #[arg(long, value_name = "LIST", default_value = "sched,gc,io,timers,code,locks,stacks", value_parser = what)]
    what: What,
    /// What stacks are weighed by.
    #[arg(long, value_name = "WEIGHT")]
    flame: Option<Flame>,
    /// Record so many seconds from the start; the program goes on.
    #[arg(long, value_name = "S", value_parser = seconds)]
    duration: Option<Duration>,
    /// Record no more than this.
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    limit: u64,
}

/// The program's own process.
#[derive(clap::Args)]
pub struct Inner {
    #[command(flatten)]
    record: Record,
    #[arg(long)]
    file: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub fn what(list: &str) -> Result<What, String> {
    list.split(',').try_fold(What::NONE, |all, word| match What::ALL.iter().find(|(name, _)| *name == word) {
        Some((_, w)) => Ok(all.and(*w)),
        // Stacks are weighed by one thing.
        None if word == "all" => Ok(What::ALL.iter().fold(all, |all, (_, w)| all.and(*w)).without(What::TIME)),
        None => Err(format!("{word}: none of {}", What::ALL.map(|(name, _)| name).join(", "))),
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let s: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(s).ok().filter(|d| !d.is_zero()).ok_or_else(|| "not a time".to_owned())
}

impl Record {
    /// What is recorded.
    fn what(&self) -> What {
        match self.flame {
            None => self.what,
            Some(Flame::Reductions) => self.what.without(What::TIME).and(What::STACKS),
            Some(Flame::Time) => self.what.without(What::STACKS).and(What::TIME),
        }
    }
}

/// Has the recording begin with the VM; gives the words of the program.
pub fn record(inner: Inner) -> Vec<OsString> {
    let what = inner.record.what();
    let Record { duration, limit, .. } = inner.record;
    recording::at_start(recording::Options { path: inner.file, what, limit: limit << 20, duration });
    inner.words
}

/// Runs and reports.
pub fn run(options: Options) -> ExitCode {
    let done = match (&options.from, options.attach) {
        (Some(dir), _) => report(dir, &dir.display().to_string()).map(|()| ExitCode::SUCCESS),
        (None, Some(pid)) => attach(&options, pid).map(|()| ExitCode::SUCCESS),
        (None, None) => profile(&options),
    };
    done.unwrap_or_else(|why| {
        eprintln!("girder: profile: {why}");
        ExitCode::FAILURE
    })
}

fn profile(options: &Options) -> Result<ExitCode, String> {
    let Some(program) = options.words.first().and_then(|w| w.to_str()).filter(|w| PROGRAMS.contains(w)) else {
        return Err(format!("what is to be run? girder profile [OPTIONS] -- {} ARGS...", PROGRAMS.join("|")));
    };
    let dir = &options.out;
    fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let file = dir.join(RECORDING);
    File::create(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let what = options.record.what();
    let Record { duration, limit, .. } = &options.record;
    let mut command = Command::new(me);
    command.args(["record", "--limit", &limit.to_string(), "--what", &what.names().collect::<Vec<_>>().join(",")]);
    if let Some(d) = duration {
        command.args(["--duration", &d.as_secs_f64().to_string()]);
    }
    command.arg("--file").arg(&file).arg("--").args(&options.words);
    let words: Vec<_> = options.words.iter().map(|w| w.to_string_lossy()).collect();
    let title = format!("girder {}", words.join(" "));
    // Keys that end a program are the program's.
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    for key in [Signal::INT, Signal::QUIT] {
        signals::set(key.as_raw(), Action::Ignore).map_err(|e| e.to_string())?;
    }
    let begin = Instant::now();
    let (mut due, mut reported) = (*duration, None);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        if let Some(d) = due
            && begin.elapsed() >= d
            && (begin.elapsed() >= d + GRACE || Recording::open(&file).is_ok_and(|r| r.complete))
        {
            due = None;
            reported = Some(report(dir, &title));
        }
        std::thread::sleep(LOOK);
    };
    // A recording that ended before the program is reported already.
    let reported = reported.unwrap_or_else(|| report(dir, &title));
    // The program's status comes first.
    match reported {
        Err(why) if status.success() => Err(why),
        Err(why) => {
            eprintln!("girder: profile: {why}");
            Ok(code(status))
        }
        Ok(()) => Ok(code(status)),
    }
}

/// Records a VM that runs already.
fn attach(options: &Options, pid: u32) -> Result<(), String> {
    let mut vm = Attached::to(pid)?;
    fs::create_dir_all(&options.out).map_err(|e| format!("{}: {e}", options.out.display()))?;
    let dir = options.out.canonicalize().map_err(|e| format!("{}: {e}", options.out.display()))?;
    let Record { duration, limit, .. } = &options.record;
    let what: Vec<_> = options.record.what().names().collect();
    let (interrupted, interrupt) = mpsc::channel();
    signals::start(move |_| interrupted.send(()).unwrap_or_default()).map_err(|e| e.to_string())?;
    for key in [Signal::INT, Signal::TERM] {
        signals::set(key.as_raw(), Action::Handle).map_err(|e| e.to_string())?;
    }
    vm.ask(&format!("record {} {} {}", what.join(","), limit << 20, dir.join(RECORDING).display()))?;
    eprintln!("girder profile: recording process {pid}; the interrupt key ends it");
    let begin = Instant::now();
    let is_over = || duration.is_some_and(|d| begin.elapsed() >= d);
    let is_there = || Path::new(&format!("/proc/{pid}")).exists();
    while !is_over() && is_there() && interrupt.recv_timeout(LOOK).is_err() {}
    if let Err(why) = vm.ask("stop") {
        eprintln!("girder: profile: {why}; what it recorded is reported");
    }
    report(&dir, &format!("process {pid}"))
}

/// The program's status; of one that a signal ended what shells make of that.
fn code(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal() {
        eprintln!("girder: profile: the program was ended by signal {signal}");
    }
    let n = status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(1);
    ExitCode::from(u8::try_from(n & 0xff).unwrap_or(1))
}

fn report(dir: &Path, title: &str) -> Result<(), String> {
    let summary = girder_profile::outputs(dir, title).map_err(|e| e.to_string())?;
    eprint!("girder profile: {summary}");
    eprintln!("girder profile: {}", dir.join("report.html").display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_what() {
        assert_eq!(what("gc,sched"), Ok(What::SCHEDULING.and(What::GC)));
        assert!(what("all").is_ok_and(|w| w.any(What::MESSAGES) && w.any(What::STACKS) && !w.any(What::TIME)));
        let by = |flame| Record { what: What::STACKS, flame, duration: None, limit: 1 }.what();
        assert_eq!(by(Some(Flame::Time)), What::TIME);
        assert_eq!(by(Some(Flame::Reductions)), by(None));
        assert!(what("gc,cpu").is_err_and(|e| e.starts_with("cpu:")));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["", "x", "-1", "0", "1e99"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
