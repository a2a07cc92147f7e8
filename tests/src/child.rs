//! Child processes with a time limit.
//!
//! Invariant: no child outlives the call that started it, and none can block it: output goes to files, so a
//! grandchild that keeps a descriptor open cannot hold the reader.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// What a child left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub end: End,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Status(i32),
    Signal(i32),
    TimedOut,
}

impl Output {
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Runs a command without standard input until it ends or `limit` (times `GIRDER_TEST_SLOWNESS`) is over.
///
/// # Panics
/// When the program cannot be started or the scratch files cannot be made: the machine is unfit for the tests.
pub fn run(command: &mut Command, limit: Duration) -> Output {
    let scratch = Scratch::new("child");
    let (out, err) = (scratch.path().join("stdout"), scratch.path().join("stderr"));
    let file = |path: &Path| fs::File::create(path).expect("a scratch file");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file(&out))
        .stderr(file(&err))
        .env("ERL_CRASH_DUMP", "/dev/null")
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let deadline = Instant::now() + limit.mul_f64(slowness());
    let mut pause = Duration::from_millis(1);
    let end = loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            break ended(status);
        }
        if Instant::now() >= deadline {
            // It may end by itself in this moment; either way it is gone after the wait.
            child.kill().ok();
            child.wait().ok();
            break End::TimedOut;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let read = |path: &Path| fs::read(path).expect("a scratch file");
    Output { stdout: read(&out), stderr: read(&err), end }
}

fn ended(status: process::ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Status(code),
        (None, signal) => End::Signal(signal.unwrap_or_default()),
    }
}

pub(crate) fn slowness() -> f64 {
    env::var("GIRDER_TEST_SLOWNESS").ok().and_then(|n| n.parse().ok()).unwrap_or(1.0)
}

/// A folder of its own that is removed when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// # Panics
    /// When the system's folder for temporary files cannot be written to.
    pub fn new(purpose: &str) -> Scratch {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("girder-tests-{purpose}-{}-{number}", process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a scratch folder");
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Output {
        run(Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn output_and_status_are_kept() {
        let got = sh("echo out; echo err >&2; exit 7", Duration::from_secs(10));
        assert_eq!(got.stdout_text(), "out\n");
        assert_eq!(got.stderr_text(), "err\n");
        assert_eq!(got.end, End::Status(7));
    }

    #[test]
    fn a_signal_is_no_status() {
        let got = sh("kill -9 $$", Duration::from_secs(10));
        assert_eq!(got.end, End::Signal(9));
    }

    #[test]
    fn the_limit_ends_it() {
        let got = sh("echo early; exec sleep 1000", Duration::from_millis(200));
        assert_eq!(got.end, End::TimedOut);
        assert_eq!(got.stdout_text(), "early\n");
    }

    #[test]
    fn scratch_folders_differ_and_go() {
        let (a, b) = (Scratch::new("x"), Scratch::new("x"));
        assert_ne!(a.path(), b.path());
        let path = a.path().to_owned();
        drop(a);
        assert!(!path.exists());
    }
}
