//! What share of a core the calling thread asks for.
//!
//! A thread that does long work steps back behind the schedulers: if more threads want to run than there are cores, one
//! that wakes somebody up every millisecond should not wait for the turns of all collections under way. Invariant: a
//! thread changes its own share only, and to one of two: the program's at its start, or [`STEP`] nicer.

use std::sync::OnceLock;

use rustix::process::{getpriority_process, setpriority_process};

/// How much nicer a thread that stepped back is than the program: of a core that it shares with one that did not, it
/// gets a fifth.
const STEP: i32 = 6;
/// The nicest that a thread may be.
const NICEST: i32 = 19;

/// How nice the program is.
fn base() -> i32 {
    static BASE: OnceLock<i32> = OnceLock::new();
    *BASE.get_or_init(|| getpriority_process(None).unwrap_or(0))
}

/// Notes how nice the program is, before a thread steps back.
pub fn init() {
    base();
}

/// The calling thread gets a smaller share.
pub fn step_back() {
    // On Linux this is a thread's. The nicest cannot step back, which harms nobody.
    let _ = setpriority_process(None, (base() + STEP).min(NICEST));
}

/// The calling thread gets its share again; `false` if the system does not allow that: it may be root's to say.
pub fn step_forward() -> bool {
    setpriority_process(None, base()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_thread() {
        init();
        let nice = || getpriority_process(None).expect("a thread may ask for its own");
        std::thread::scope(|s| {
            s.spawn(|| {
                step_back();
                assert_eq!(nice(), (base() + STEP).min(NICEST));
                let forward = step_forward();
                assert_eq!(nice() == base(), forward);
            });
        });
        assert_eq!(nice(), base(), "another thread's is as it was");
    }
}
