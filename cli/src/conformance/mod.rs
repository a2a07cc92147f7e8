//! `girder conformance`: OTP's own test suites under OTP's own Common Test, each suite in a VM of its own, compared case by
//! case with the reference's results.
//!
//! [`sources`] gets the suites, [`suites`] compiles them and [`helpers`] their C code, [`runner`] runs them and [`guard`]
//! ends what it leaves, [`outcome`] says what became of each case, [`reference`] what the real VM makes of it, [`report`]
//! tells; [`summary`] tells what the rows of all runs come to, and [`triage`] why cases do not pass. Invariant: a case
//! that has not run to its end is never counted as passed; what cannot be fetched, compiled or run is said in one line
//! and the rest goes on.

mod guard;
mod helpers;
mod outcome;
mod ratchet;
mod reference;
mod report;
mod runner;
mod sources;
mod suites;
mod summary;
mod triage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use outcome::SuiteResult;
use reference::Reference;
use runner::Limits;
use suites::{AREAS, Area, Suite};

pub use guard::watch;

/// Which suites, on what, how.
#[derive(clap::Args)]
pub struct Options {
    /// Release of OTP whose suites are run, on a tree of that release.
    #[arg(long, value_name = "RELEASE", default_value_t = 25, value_parser = clap::value_parser!(u32).range(25..=27))]
    otp: u32,
    /// Only suites of this name, with or without _SUITE, or AREA/NAME, or AREA (emulator, stdlib, kernel, compiler); may be repeated.
    #[arg(long, value_name = "NAME")]
    suite: Vec<String>,
    /// Only this case.
    #[arg(long, value_name = "NAME", requires = "suite")]
    case: Option<String>,
    /// Suites at a time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: u32,
    /// Where reports and logs go; suites that have their results there already are not run again.
    #[arg(long, value_name = "DIR", default_value = "target/conformance")]
    out: PathBuf,
    /// OTP's source tree; else it is fetched from Debian into otp-trees/suites-RELEASE.
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,
    /// The OTP tree to run on; else GIRDER_OTP_ROOT, the erl on the PATH, the usual places (25), otp-trees (27).
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    /// Another VM's `erl`, whose results become the reference (with --bless).
    #[arg(long, value_name = "ERL")]
    reference: Option<PathBuf>,
    /// Seconds that a suite may take.
    #[arg(long, value_name = "N", default_value_t = 1800)]
    seconds: u64,
    /// MiB that a suite's VM may use.
    #[arg(long, value_name = "N", default_value_t = 6144)]
    memory: u64,
    /// Fail if a case that is listed in conformance/passing-RELEASE.txt does not pass, or one passes that is not listed.
    #[arg(long, conflicts_with_all = ["reference", "case"])]
    ratchet: bool,
    /// List what passes in conformance/passing-RELEASE.txt, for the suites that are run; with --reference, write its results
    /// into conformance/reference-RELEASE.tsv.
    #[arg(long, conflicts_with_all = ["case", "ratchet"])]
    bless: bool,
    /// Run what has its results already, too.
    #[arg(long)]
    again: bool,
    /// List the suites and run none; fails if they could not run.
    #[arg(long)]
    list: bool,
    /// Run nothing: write the page with the scores of all releases, out of the rows in conformance/, into this file
    /// (docs/conformance.md).
    #[arg(long, value_name = "FILE", exclusive = true)]
    summary: Option<PathBuf>,
}

/// Runs the suites and reports; the status is 0 if every case that passes on the reference passes.
pub fn run(options: &Options) -> ExitCode {
    match work(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("girder: {e}");
            ExitCode::from(2)
        }
    }
}

fn work(options: &Options) -> Result<bool, String> {
    if let Some(file) = &options.summary {
        return summary::write(file).map(|()| true);
    }
    let out = options.out.join(options.otp.to_string()).join(if options.reference.is_some() {
        "reference"
    } else {
        "girder"
    });
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let out = std::fs::canonicalize(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let sources = match &options.sources {
        Some(dir) => dir.clone(),
        None => sources::fetch(options.otp, Path::new("otp-trees"))?,
    };
    let sources = std::fs::canonicalize(&sources).map_err(|e| format!("{}: {e}", sources.display()))?;
    let vm = runner::Vm::find(options.reference.as_deref(), options.tree.as_deref(), options.otp, &out)?;
    let chosen = suites::choose(&sources, &options.suite)?;
    if options.list {
        chosen.iter().for_each(|(area, name)| println!("{}/{name}", area.name));
        return Ok(true);
    }
    let tests = suites::prepare(&chosen, &sources, &out, &vm)?;
    let reference = reference::read(options.otp);
    let mut results = run_all(options, &tests, &reference, &vm, &out);
    if options.reference.is_none() {
        reference.leave_out(&mut results);
    }
    let score = report::all(&results, &reference, options.otp, &out).map_err(|e| format!("{}: {e}", out.display()))?;
    let told = |file: &Path, e: std::io::Error| format!("{}: {e}", file.display());
    if options.reference.is_some() {
        let file = if options.bless { reference::file(options.otp) } else { out.join("reference.tsv") };
        reference::merge(&file, &bare(&results)).map_err(|e| told(&file, e))?;
        eprintln!("the reference's results are in {}", file.display());
        return Ok(true);
    }
    let list = ratchet::file(options.otp);
    if options.bless {
        ratchet::bless(&list, &results).map_err(|e| told(&list, e))?;
    }
    if options.ratchet {
        let differences = ratchet::check(&list, &results).map_err(|e| told(&list, e))?;
        differences.iter().for_each(|d| println!("{d}"));
        return Ok(differences.is_empty());
    }
    Ok(score.is_full())
}

/// Runs the suites, as many at a time as was asked for; results in the order of the suites.
fn run_all(options: &Options, tests: &[Suite], reference: &Reference, vm: &runner::Vm, out: &Path) -> Vec<SuiteResult> {
    let limits = Limits { time: Duration::from_secs(options.seconds), memory: options.memory << 20 };
    let bar = ProgressBar::new(tests.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} suites {elapsed} {msg}") {
        bar.set_style(style);
    }
    let (next, passed, others) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Mutex<Vec<Option<SuiteResult>>> = Mutex::new(tests.iter().map(|_| None).collect());
    std::thread::scope(|s| {
        for _ in 0..options.jobs {
            s.spawn(|| {
                while let Some((at, suite)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    tests.get(at).map(|t| (at, t))
                } {
                    bar.set_message(format!(
                        "{} passed, {} not; {}",
                        passed.load(Ordering::Relaxed),
                        others.load(Ordering::Relaxed),
                        suite.name
                    ));
                    // The reference runs all of them, and finds out; one that is asked for by name is run, too.
                    let all = options.reference.is_some() || options.case.is_some();
                    let foreign = if all { Vec::new() } else { reference.foreign(suite) };
                    let case = options.case.as_deref();
                    let result = runner::result(suite, case, &foreign, vm, out, limits, options.again);
                    let good = result.cases.iter().filter(|c| c.outcome.is_pass()).count();
                    passed.fetch_add(good, Ordering::Relaxed);
                    others.fetch_add(result.cases.len() - good, Ordering::Relaxed);
                    if let Ok(mut all) = results.lock() {
                        all[at] = Some(result);
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    results.into_inner().unwrap_or_default().into_iter().flatten().collect()
}

/// Results without what is another machine's or another run's: times, reasons and logs.
fn bare(results: &[SuiteResult]) -> Vec<SuiteResult> {
    let mut all = results.to_vec();
    for case in all.iter_mut().flat_map(|r| &mut r.cases) {
        (case.millis, case.reason, case.log) = (0, String::new(), String::new());
    }
    all
}

/// The area of this name.
fn area(name: &str) -> Option<&'static Area> {
    AREAS.iter().find(|a| a.name == name)
}
