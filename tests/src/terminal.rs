//! Programs in a terminal, driven through `tmux`: keys go in, the screen comes out.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether there is a `tmux`.
pub fn is_there() -> bool {
    Command::new("tmux").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// A terminal with a program in it; both go when this is dropped.
pub struct Terminal {
    /// Name of the server's socket.
    server: String,
}

impl Terminal {
    /// Starts a shell command in a terminal of 90 columns and 40 lines, where `[status N]` appears when it ends.
    ///
    /// # Panics
    /// When there is no `tmux`.
    pub fn start(name: &str, command: &str) -> Terminal {
        let t = Terminal { server: format!("girder-{name}-{}", std::process::id()) };
        // The keys that interrupt go to this shell, too.
        let shell = format!("trap : INT; ({command}); echo \"[status $?]\"; exec sleep 1000");
        t.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", "90", "-y", "40", &shell]);
        t
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").arg("-L").arg(&self.server).args(arguments).env("LC_ALL", "C.UTF-8").output();
        String::from_utf8_lossy(&output.expect("tmux").stdout).into_owned()
    }

    /// Types keys, by tmux's names or as text.
    pub fn keys(&self, keys: &[&str]) {
        for key in keys {
            self.tmux(&["send-keys", "-t", "t", key]);
        }
    }

    /// Changes the size.
    pub fn resize(&self, columns: u32) {
        self.tmux(&["resize-window", "-t", "t", "-x", &columns.to_string(), "-y", "40"]);
    }

    /// What is on the screen, without blanks at the ends of lines and empty lines at the end.
    pub fn screen(&self) -> String {
        let text = self.tmux(&["capture-pane", "-p", "-t", "t"]);
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// Waits until the screen's last line ends so, or its last lines if there are several in `end_of_line`.
    ///
    /// # Panics
    /// When it does not in good time.
    pub fn await_line(&self, end_of_line: &str) {
        self.await_screen(end_of_line, |screen| screen.ends_with(end_of_line));
    }

    /// Waits until something is anywhere on the screen.
    ///
    /// # Panics
    /// When it is not in good time.
    pub fn await_part(&self, part: &str) {
        self.await_screen(part, |screen| screen.contains(part));
    }

    fn await_screen(&self, wanted: &str, is_there: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_there(&screen) {
                return;
            }
            assert!(Instant::now() < end, "{wanted:?} is not there in good time:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
