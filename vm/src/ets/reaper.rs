//! Frees the objects of big tables that were deleted or emptied, on a thread of its own.
//!
//! What comes here is out of everybody's reach, so nobody can see when it goes; schedulers and exiting processes need
//! not spend their time on it. Without the thread the caller frees.

use std::any::Any;
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::sys::priority;

/// Objects that a caller may free itself.
const FEW: usize = 500;

type Garbage = Box<dyn Any + Send>;

static QUEUE: LazyLock<Option<Mutex<Sender<Garbage>>>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("ets_reaper".to_owned());
    let free = move || {
        priority::step_back();
        receiver.into_iter().for_each(drop::<Garbage>);
    };
    thread.spawn(free).ok().map(|_| Mutex::new(sender))
});

/// Frees what were `objects` objects.
pub(super) fn free(garbage: Garbage, objects: usize) {
    if objects > FEW
        && let Some(queue) = &*QUEUE
    {
        // A queue without a receiver gives the garbage back, and dropping the error frees it.
        drop(queue.lock().unwrap_or_else(PoisonError::into_inner).send(garbage));
    }
}

/// Does `f` when all that has come here before is freed.
pub fn after_freeing(f: impl FnOnce() + Send + 'static) {
    let queued = QUEUE.as_ref().map(|queue| queue.lock().unwrap_or_else(PoisonError::into_inner).clone());
    match queued {
        // Without its receiver the thread has freed all, and what is dropped here does `f`.
        Some(sender) => drop(sender.send(Box::new(Then(Some(f))))),
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
