//! `girder check DIR...`: loads every .beam file below the directories and counts.
//!
//! Loading here is decoding and checking; nothing is executed. All cores take part, failures are
//! printed in the order of the paths.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

/// What became of a file.
struct Outcome {
    index: usize,
    result: Result<Counts, String>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    functions: usize,
    instructions: usize,
    proven: usize,
}

/// Checks all files; fails if one of them fails, or if there are none.
pub fn run(roots: &[PathBuf]) -> ExitCode {
    let mut files = Vec::new();
    let mut failures = 0;
    for root in roots {
        if let Err(error) = collect(root, &mut files) {
            eprintln!("girder: {error}");
            failures += 1;
        }
    }
    files.sort();
    files.dedup();

    let outcomes = check_all(&files);
    let mut total = Counts::default();
    for outcome in &outcomes {
        match &outcome.result {
            Ok(counts) => {
                total.functions += counts.functions;
                total.instructions += counts.instructions;
                total.proven += counts.proven;
            }
            Err(error) => {
                println!("{error}");
                failures += 1;
            }
        }
    }
    println!(
        "{} files, {} functions, {} instructions ({} proven accesses), {failures} failures",
        files.len(),
        total.functions,
        total.instructions,
        total.proven,
    );
    if files.is_empty() {
        eprintln!("girder: no .beam files found");
        return ExitCode::FAILURE;
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks the files on all cores; outcomes are in the order of the files.
fn check_all(files: &[PathBuf]) -> Vec<Outcome> {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(files.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let mut outcomes: Vec<Outcome> = thread::scope(|scope| {
        let worker = || {
            let mut outcomes = Vec::new();
            loop {
                // Relaxed: the counter only hands out indexes.
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = files.get(index) else { return outcomes };
                bar.set_message(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
                outcomes.push(Outcome { index, result: check_file(path) });
                bar.inc(1);
            }
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    bar.finish_and_clear();
    let _ = std::io::stderr().flush();
    outcomes.sort_by_key(|outcome| outcome.index);
    outcomes
}

fn check_file(path: &Path) -> Result<Counts, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let module = girder_loader::load(&bytes, &path.to_string_lossy()).map_err(|error| error.to_string())?;
    Ok(Counts {
        functions: module.functions().len(),
        instructions: module.code.len(),
        proven: (0..module.code.len()).filter(|&op| module.proven(op)).count(),
    })
}

/// The .beam files below a directory, or the file itself.
fn collect(root: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    if root.is_file() {
        files.push(root.to_owned());
        return Ok(());
    }
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).map_err(|error| failed(&directory, error))? {
            let entry = entry.map_err(|error| failed(&directory, error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| failed(&path, error))?;
            // A link to a directory may lead in a circle; one to a file is as good as the file.
            if kind.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "beam") && path.is_file() {
                files.push(path);
            }
        }
    }
    Ok(())
}
