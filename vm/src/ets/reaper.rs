//! Frees the objects of big tables that were deleted or emptied, on a thread of its own.
//!
//! What comes here is out of everybody's reach, so nobody can see when it goes; schedulers and exiting processes need
//! not spend their time on it. Without the thread the caller frees. Invariant: what waits here is bounded by what is in use: a
//! thread that gets no time is not sent more than some [`MUCH`] objects and tables too large for anybody else.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::sys::priority;

/// Objects that a caller may free itself.
const FEW: usize = 500;
/// Objects that a caller frees itself if [`MUCH`] is waiting: some milliseconds.
const SOME: usize = 50_000;
/// Objects that may wait.
const MUCH: usize = 500_000;

type Garbage = Box<dyn Any + Send>;
/// Garbage and its number of objects.
type Queue = Mutex<Sender<(Garbage, usize)>>;

/// Objects that wait.
static WAITING: AtomicUsize = AtomicUsize::new(0);

static QUEUE: LazyLock<Option<Queue>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("ets_reaper".to_owned());
    let free = move || {
        priority::step_back();
        for (garbage, objects) in receiver {
            drop(garbage);
            WAITING.fetch_sub(objects, Ordering::Relaxed);
        }
    };
    thread.spawn(free).ok().map(|_| Mutex::new(sender))
});

/// Frees what were `objects` objects.
pub(super) fn free(garbage: Garbage, objects: usize) {
    let at_once = if WAITING.load(Ordering::Relaxed) < MUCH { FEW } else { SOME };
    if objects > at_once
        && let Some(queue) = &*QUEUE
    {
        WAITING.fetch_add(objects, Ordering::Relaxed);
        // A queue without a receiver gives the garbage back, and dropping the error frees it.
        drop(queue.lock().unwrap_or_else(PoisonError::into_inner).send((garbage, objects)));
    }
}

/// Does `f` when all that has come here before is freed.
pub fn after_freeing(f: impl FnOnce() + Send + 'static) {
    let queued = QUEUE.as_ref().map(|queue| queue.lock().unwrap_or_else(PoisonError::into_inner).clone());
    match queued {
        // Without its receiver the thread has freed all, and what is dropped here does `f`.
        Some(sender) => drop(sender.send((Box::new(Then(Some(f))), 0))),
        None => f(),
    }
}

/// Something to do when this is freed.
struct Then<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Then<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread::{self, ThreadId};

    use super::*;

    /// Tells where it is freed.
    struct Tells(Sender<ThreadId>);

    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().id());
        }
    }

    #[test]
    fn a_thread_that_gets_no_time_is_not_sent_more_and_more() {
        let (sender, freed) = channel();
        let tells = || Box::new(Tells(sender.clone()));
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock().expect("no panic");
        let waits = gate.clone();
        after_freeing(move || drop(waits.lock()));
        free(tells(), MUCH);
        assert!(freed.try_recv().is_err(), "the thread's");
        free(tells(), FEW + 1);
        assert_eq!(freed.try_recv(), Ok(thread::current().id()), "the caller's");
        free(tells(), SOME + 1);
        assert!(freed.try_recv().is_err(), "too much for the caller");
        drop(closed);
        for _ in 0..2 {
            assert_ne!(freed.recv(), Ok(thread::current().id()));
        }
        let (all, done) = channel();
        after_freeing(move || all.send(()).expect("somebody waits"));
        done.recv().expect("all is freed");
        free(tells(), FEW + 1);
        assert_ne!(freed.recv(), Ok(thread::current().id()), "the thread has time again");
    }
}
