//! The poll thread: waits for descriptors to become readable or writable, for ports and for natives that select.
//!
//! A wait is for one event: who is told asks again; a port may watch a descriptor for good instead ([`watch`]). While a
//! lot happens, schedulers look for events themselves ([`look`]) between two slices, which costs them less than being
//! told by another thread, and the poll thread naps until a scheduler has nothing to do, or for a moment. Invariant:
//! the thread only tells, it neither reads nor writes; a descriptor is forgotten ([`forget`]) before it is closed;
//! nobody waits longer than a nap for an event that is there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use super::request::{Op, Request};
use crate::sched::{self, msacc};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::park::Parker;
use crate::sync::{Mutex, lock};
use crate::term::RawTerm;

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Something to read, or the end.
    Read,
    /// Room to write.
    Write,
}

/// What has become of descriptors that a port watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness(pub(super) u32);

impl Readiness {
    const READ: u32 = 1;
    const WRITE: u32 = 2;
    const HANG_UP: u32 = 4;
    /// The driver asked for another turn.
    pub(super) const AGAIN: Readiness = Readiness(8);

    fn of(flags: EventFlags) -> Readiness {
        let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
        let mut bits = 0;
        if broken || flags.contains(EventFlags::IN) {
            bits |= Self::READ;
        }
        if broken || flags.contains(EventFlags::OUT) {
            bits |= Self::WRITE;
        }
        // Urgent data end a read early, too.
        if broken || flags.intersects(EventFlags::RDHUP | EventFlags::PRI) {
            bits |= Self::READ | Self::HANG_UP;
        }
        Readiness(bits)
    }
    /// There is nothing.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Something to read, or the end.
    pub fn readable(self) -> bool {
        self.0 & Self::READ != 0
    }
    /// Room to write.
    pub fn writable(self) -> bool {
        self.0 & Self::WRITE != 0
    }
    /// The other side has closed, an error waits, or urgent data came: a read that gives little says nothing.
    pub fn hung_up(self) -> bool {
        self.0 & Self::HANG_UP != 0
    }
}

/// Who is told.
pub enum Target {
    /// A port.
    Port(RawTerm),
    /// Somebody else, by this call.
    Call(Box<dyn FnOnce() + Send>),
}

impl Target {
    fn tell(self, mode: Mode) {
        match self {
            Target::Port(id) => super::signal(id, Request::note(Op::Ready(mode)).into()),
            Target::Call(f) => f(),
        }
    }
}

/// Who waits for a descriptor.
#[derive(Default)]
struct Watch {
    read: Option<Target>,
    write: Option<Target>,
}

impl Watch {
    fn flags(&self) -> EventFlags {
        let mut flags = EventFlags::ONESHOT;
        flags.set(EventFlags::IN, self.read.is_some());
        flags.set(EventFlags::OUT, self.write.is_some());
        flags
    }
}

/// What an event's data means.
enum Key {
    /// A descriptor in `watched`.
    Fd(RawFd),
    /// The port that watches the descriptor.
    Port(RawTerm),
}

impl Key {
    /// A descriptor's number is told from a port's identifier by being a small integer.
    fn data(self) -> EventData {
        EventData::new_u64(match self {
            Key::Fd(fd) => RawTerm::small(fd.into()).bits(),
            Key::Port(id) => id.bits(),
        })
    }
    fn of(data: u64) -> Key {
        let t = RawTerm::from_bits(data);
        if t.is_local_port() {
            Key::Port(t)
        } else {
            Key::Fd(t.as_small().and_then(|n| n.try_into().ok()).unwrap_or(-1))
        }
    }
}

/// Longest nap of the poll thread.
const NAP: Duration = Duration::from_millis(1);
/// Wake-ups that come closer together than this are many.
const CLOSE: Duration = Duration::from_micros(200);
/// So many of them make the thread nap.
const MANY: u32 = 16;
/// Fewer events than this in a nap end the naps.
const FEW: usize = 4;
/// Events told at a time.
const EVENTS: usize = 64;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The poll thread naps: schedulers look themselves.
static NAPPING: AtomicBool = AtomicBool::new(false);
/// Events that schedulers have found since the last nap.
static LOOKED: AtomicUsize = AtomicUsize::new(0);

struct Poller {
    epoll: OwnedFd,
    watched: Mutex<HashMap<RawFd, Watch>>,
    /// Where the thread naps.
    bed: Parker,
}

static POLLER: LazyLock<Option<Poller>> = LazyLock::new(|| {
    let epoll = epoll::create(CreateFlags::CLOEXEC).ok()?;
    std::thread::Builder::new().name("poll".into()).spawn(|| POLLER.as_ref().map(Poller::run)).ok()?;
    Some(Poller { epoll, watched: Mutex::default(), bed: Parker::new() })
});

impl Poller {
    fn run(&self) {
        msacc::poll();
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
        let (mut close, mut last) = (0, Instant::now());
        // Nothing, if the set itself is broken: nothing can be waited for.
        while let Some(told) = self.tell(&mut events, None) {
            let now = Instant::now();
            close = if told > 0 && now - last < CLOSE { close + 1 } else { 0 };
            while close >= MANY && sched::working() > 0 {
                NAPPING.store(true, Ordering::SeqCst);
                self.bed.park(Some(NAP));
                // A scheduler that goes to sleep takes the flag away when it wakes the thread.
                let woken = !NAPPING.swap(false, Ordering::SeqCst);
                let found = if woken { 0 } else { self.tell(&mut events, Some(&AT_ONCE)).unwrap_or(0) };
                if woken || found + LOOKED.swap(0, Ordering::Relaxed) < FEW {
                    close = MANY / 2;
                }
            }
            last = Instant::now();
        }
    }
    /// Waits for events and tells them; gives their number.
    fn tell(&self, events: &mut Vec<Event>, timeout: Option<&Timespec>) -> Option<usize> {
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
        crate::recording::polled(events.len());
        msacc::during(msacc::State::CheckIo, || {
            for e in &*events {
                let (flags, data) = (e.flags, e.data.u64());
                match Key::of(data) {
                    Key::Fd(fd) => self.event(fd, flags),
                    Key::Port(id) => super::ready(id, Readiness::of(flags)),
                }
            }
        });
        Some(events.len())
    }
    fn event(&self, fd: RawFd, flags: EventFlags) {
        let both = EventFlags::ERR | EventFlags::HUP;
        let mut watched = lock(&self.watched);
        let Some(w) = watched.get_mut(&fd) else { return };
        let read = if flags.intersects(both | EventFlags::IN) { w.read.take() } else { None };
        let write = if flags.intersects(both | EventFlags::OUT) { w.write.take() } else { None };
        if w.read.is_some() || w.write.is_some() {
            // The entry is there, so the descriptor has not been forgotten, hence not been closed.
            let fd = crate::sys::descriptor::borrow(fd);
            let _ = epoll::modify(&self.epoll, fd, Key::Fd(fd.as_raw_fd()).data(), w.flags());
        }
        drop(watched);
        read.into_iter().for_each(|t| t.tell(Mode::Read));
        write.into_iter().for_each(|t| t.tell(Mode::Write));
    }
    fn select(&self, fd: BorrowedFd<'_>, mode: Mode, target: Target) {
        let mut watched = lock(&self.watched);
        let w = watched.entry(fd.as_raw_fd()).or_default();
        match mode {
            Mode::Read => w.read = Some(target),
            Mode::Write => w.write = Some(target),
        }
        let data = Key::Fd(fd.as_raw_fd()).data();
        let done = match epoll::modify(&self.epoll, fd, data, w.flags()) {
            Err(Errno::NOENT) => epoll::add(&self.epoll, fd, data, w.flags()),
            done => done,
        };
        // What cannot be waited for (a file on a disk) is always ready; so is what is broken, to say so itself.
        if done.is_err() {
            let w = watched.remove(&fd.as_raw_fd()).unwrap_or_default();
            drop(watched);
            w.read.into_iter().for_each(|t| t.tell(Mode::Read));
            w.write.into_iter().for_each(|t| t.tell(Mode::Write));
        }
    }
}

thread_local! {
    static FOUND: RefCell<Vec<Event>> = RefCell::new(Vec::with_capacity(EVENTS));
}

/// A scheduler looks for events, if the poll thread leaves that to it.
#[inline]
pub(crate) fn look() {
    // Relaxed: who sees it late looks the next time.
    if NAPPING.load(Ordering::Relaxed)
        && let Some(p) = POLLER.as_ref()
    {
        crate::recording::pauses();
        let found = FOUND.with_borrow_mut(|events| p.tell(events, Some(&AT_ONCE)));
        LOOKED.fetch_add(found.unwrap_or(0), Ordering::Relaxed);
    }
}

/// A scheduler goes to sleep: if no other is awake, the poll thread waits for events again.
pub(crate) fn take_over() {
    if NAPPING.load(Ordering::SeqCst)
        && sched::working() == 0
        && NAPPING.swap(false, Ordering::SeqCst)
        && let Some(p) = POLLER.as_ref()
    {
        p.bed.wake();
    }
}

/// Waits for `fd`, once. Who waited for the same before is not told any more.
pub fn select(fd: BorrowedFd<'_>, mode: Mode, target: Target) {
    match POLLER.as_ref() {
        Some(p) => p.select(fd, mode, target),
        None => target.tell(mode),
    }
}

/// Nobody is told of this any more; `false` if nobody waited for it, or who waited is being told just now.
pub fn cancel(fd: BorrowedFd<'_>, mode: Mode) -> bool {
    let Some(p) = POLLER.as_ref() else { return false };
    let mut watched = lock(&p.watched);
    let Some(w) = watched.get_mut(&fd.as_raw_fd()) else { return false };
    let target = match mode {
        Mode::Read => w.read.take(),
        Mode::Write => w.write.take(),
    };
    if target.is_some() {
        let _ = epoll::modify(&p.epoll, fd, Key::Fd(fd.as_raw_fd()).data(), w.flags());
    }
    drop(watched);
    target.is_some()
}

/// Watches a descriptor for a port until it is closed or forgotten, edge-triggered: each change is told, and what it is
/// when the call is made.
pub(super) fn watch(fd: BorrowedFd<'_>, port: RawTerm, output: bool) -> std::io::Result<()> {
    let p = POLLER.as_ref().ok_or(Errno::MFILE)?;
    let mut flags = EventFlags::ET | EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP;
    flags.set(EventFlags::OUT, output);
    let data = || Key::Port(port).data();
    Ok(match epoll::add(&p.epoll, fd, data(), flags) {
        Err(Errno::EXIST) => epoll::modify(&p.epoll, fd, data(), flags),
        done => done,
    }?)
}

/// A descriptor that a port watches and that lives on without it.
pub fn unwatch(fd: BorrowedFd<'_>) {
    if let Some(p) = POLLER.as_ref() {
        let _ = epoll::delete(&p.epoll, fd);
    }
}

/// How many descriptors are waited for.
pub fn watched() -> usize {
    POLLER.as_ref().map_or(0, |p| lock(&p.watched).len())
}

/// Nobody waits for `fd` any more; to be called before it is closed.
pub fn forget(fd: BorrowedFd<'_>) {
    if let Some(p) = POLLER.as_ref() {
        let mut watched = lock(&p.watched);
        let forgotten = watched.remove(&fd.as_raw_fd());
        if forgotten.is_some() {
            let _ = epoll::delete(&p.epoll, fd);
        }
        // Who waited may own what forgets a descriptor itself: it goes when the lock is free.
        drop(watched);
        drop(forgotten);
    }
}

/// A descriptor of a driver's own that is forgotten when it is closed.
pub struct Watched(OwnedFd);

impl Watched {
    /// Takes the descriptor over.
    pub fn new(fd: OwnedFd) -> Watched {
        Watched(fd)
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        forget(self.0.as_fd());
    }
}
