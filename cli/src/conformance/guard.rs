//! Ends the VMs of a run when the run itself has ended, however that came about.
//!
//! A process of its own, in a process group of its own, reads from a pipe which groups have begun (`+ID`) and which have ended
//! (`-ID`); the pipe's end means that the runner is gone. Invariant: only groups that the runner named and has not yet waited
//! for are killed.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Mutex;

/// The runner's end of the pipe.
pub struct Guard {
    child: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// Starts the process.
    pub fn start() -> io::Result<Guard> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("conformance-guard").stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        let pipe = Mutex::new(child.stdin.take());
        Ok(Guard { child, pipe })
    }
    /// A process group that is to end with this program.
    pub fn begin(&self, group: u32) {
        self.tell('+', group);
    }
    /// That it has ended.
    pub fn end(&self, group: u32) {
        self.tell('-', group);
    }
    fn tell(&self, sign: char, group: u32) {
        if let Ok(mut pipe) = self.pipe.lock()
            && let Some(pipe) = pipe.as_mut()
        {
            // Without the guard only a runner that is killed leaves something.
            let _ = pipe.write_all(format!("{sign}{group}\n").as_bytes());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Ok(mut pipe) = self.pipe.lock() {
            *pipe = None;
        }
        let _ = self.child.wait();
    }
}

/// The process: reads until the runner has gone, then kills what it has left.
pub fn watch() -> ExitCode {
    for group in left(io::stdin().lock()) {
        if let Some(group) = rustix::process::Pid::from_raw(group) {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
    ExitCode::SUCCESS
}

/// The groups that have begun and not ended when there is nothing more to read.
fn left(from: impl BufRead) -> BTreeSet<i32> {
    let mut groups = BTreeSet::new();
    for line in from.lines().map_while(Result::ok) {
        match (line.get(..1), line.get(1..).and_then(|id| id.parse::<i32>().ok())) {
            (Some("+"), Some(id)) if id > 1 => _ = groups.insert(id),
            (Some("-"), Some(id)) => _ = groups.remove(&id),
            _ => {}
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_begun_and_not_ended_is_left() {
        let text = "+20\n+30\n-20\n+1\n+-5\n+x\n\n-7\n+40";
        assert_eq!(left(text.as_bytes()), BTreeSet::from([30, 40]));
    }
}
