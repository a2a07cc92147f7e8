//! All schedulers wait while somebody outside looks at the system: the break menu.
//!
//! Invariant: who paused them releases them, also when the look panics. A scheduler in a native that does not end, and
//! dirty ones, go on: processes that run are not to be looked into.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{What, all};

/// How long to wait for schedulers that are in long natives.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Pause {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: usize,
    over: bool,
}

impl Pause {
    fn wait(&self) {
        let mut s = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        s.waiting += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(s, |s| !s.over).unwrap_or_else(PoisonError::into_inner));
    }
}

struct Release<'a>(&'a Pause);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.0.changed.notify_all();
    }
}

/// One pause at a time: who waits for the end of another cannot wait for a second.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `f` while the schedulers wait between two slices. Must be called by a thread that is none.
pub fn paused<R>(f: impl FnOnce() -> R) -> R {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let pause = Arc::new(Pause::default());
    for s in all() {
        let pause = pause.clone();
        s.ask(What::Call(Box::new(move || pause.wait())));
    }
    let _release = Release(&pause);
    let s = pause.state.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = |s: &mut State| s.waiting < all().len();
    drop(pause.changed.wait_timeout_while(s, PATIENCE, missing).unwrap_or_else(PoisonError::into_inner));
    f()
}
