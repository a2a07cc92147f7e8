//! Thread progress: doing something once every scheduler has passed a safe point.
//!
//! Every scheduler holds an epoch guard during a slice and renews it between slices; so what is deferred through the
//! epochs runs after all slices that were running when it was asked for. Invariant: such work is handed to the inbox
//! of a scheduler and runs between two slices there, never in the middle of whatever a reclaiming thread does.

use super::{What, all, current_id, run};
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Calls that wait for progress.
static PENDING: AtomicUsize = AtomicUsize::new(0);

/// Calls `f` between two slices of some scheduler, after every slice and every guarded look-up of any thread that is
/// under way at this moment has ended. Without schedulers (in tests) it is called at once.
pub fn after_thread_progress(f: impl FnOnce() + Send + 'static) {
    if run::loops() == 0 {
        return f();
    }
    let home = current_id();
    // Relaxed: only asks the schedulers to hurry.
    PENDING.fetch_add(1, Ordering::Relaxed);
    let call = move || {
        PENDING.fetch_sub(1, Ordering::Relaxed);
        f();
    };
    let guard = crossbeam_epoch::pin();
    guard.defer(move || all()[home].ask(What::Call(Box::new(call))));
    guard.flush();
}

/// Has every scheduler call `f` between two slices, soon.
pub fn on_each(f: impl Fn() + Send + Sync + 'static) {
    let f = std::sync::Arc::new(f);
    for s in all() {
        let f = f.clone();
        s.ask(What::Call(Box::new(move || f())));
    }
}

/// Whether somebody waits for progress: schedulers then renew their guards and reclaim often.
pub(super) fn is_wanted() -> bool {
    PENDING.load(Ordering::Relaxed) != 0
}
