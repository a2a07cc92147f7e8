//! Sessions: everything that was set by one user of tracing.
//!
//! Session 0 is that of `erlang:trace/3` and is always there. Invariant: what belongs to a session that was destroyed
//! (flags of tracees, rules of breakpoints) is gone when [`destroy`] returns.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, RwLock};

use super::pattern::OnLoad;
use super::{Flags, seq};
use crate::atom::{Atom, am};
use crate::ets::matchspec::MatchSpec;
use crate::sync::whole;
use crate::term::RawTerm;

/// A session's number.
pub type Id = u32;

/// The session of `erlang:trace/3`.
pub const LEGACY: Id = 0;

/// No session: what a debugger has set ([`divert`](super::pattern::divert)) is kept under this number.
pub(crate) const DEBUGGER: Id = Id::MAX;

/// What new processes or ports get.
#[derive(Clone, Copy, Default)]
pub struct Fresh {
    /// Flags.
    pub flags: Flags,
    /// Tracer.
    pub tracer: Option<RawTerm>,
}

/// Which messages of a kind are traced.
#[derive(Clone)]
pub struct Event {
    /// Any.
    pub on: bool,
    /// Those that match.
    pub spec: Option<Arc<MatchSpec>>,
}

impl Default for Event {
    fn default() -> Event {
        Event { on: true, spec: None }
    }
}

/// See the module's head.
#[derive(Clone)]
pub struct Session {
    /// Its name.
    pub name: Atom,
    /// Who is told; the one of `erlang:trace/3` has none of its own, nor have those made with `undefined`: who traces a
    /// process is told then.
    pub tracer: Option<RawTerm>,
    /// For new processes.
    pub processes: Fresh,
    /// For new ports.
    pub ports: Fresh,
    /// Messages sent.
    pub send: Event,
    /// Messages received.
    pub receive: Event,
    /// For functions of modules that will be loaded.
    pub on_load: OnLoad,
}

impl Session {
    fn new(name: Atom, tracer: Option<RawTerm>) -> Session {
        Session {
            name,
            tracer,
            processes: Fresh::default(),
            ports: Fresh::default(),
            send: Event::default(),
            receive: Event::default(),
            on_load: OnLoad::default(),
        }
    }
}

static SESSIONS: LazyLock<RwLock<BTreeMap<Id, Session>>> =
    LazyLock::new(|| RwLock::new(BTreeMap::from([(LEGACY, Session::new(am::LEGACY, None))])));
static NEXT: AtomicU32 = AtomicU32::new(1);
/// Whether some session has flags for new processes, or for new ports.
static FRESH: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
/// Whether some session has a match specification for messages received, which knows their senders.
static SENDERS_WANTED: AtomicBool = AtomicBool::new(false);

/// Makes a session.
pub fn create(name: Atom, tracer: Option<RawTerm>) -> Id {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    whole(SESSIONS.write()).insert(id, Session::new(name, tracer));
    id
}

/// Ends a session; `false` if there is none.
pub fn destroy(id: Id) -> bool {
    let known = id != LEGACY && whole(SESSIONS.write()).remove(&id).is_some();
    if known {
        note_settings();
        super::tracee::forget_session(id);
        super::pattern::forget_session(id);
        super::monitor::set(id, None);
    }
    known
}

/// What `f` makes of a session, if it is there.
pub fn with<R>(id: Id, f: impl FnOnce(&Session) -> R) -> Option<R> {
    whole(SESSIONS.read()).get(&id).map(f)
}

/// Changes a session.
pub fn change<R>(id: Id, f: impl FnOnce(&mut Session) -> R) -> Option<R> {
    let r = whole(SESSIONS.write()).get_mut(&id).map(f);
    note_settings();
    r
}

/// Numbers and names of the sessions for which `f` says so.
pub fn list(mut f: impl FnMut(Id, &Session) -> bool) -> Vec<(Id, Atom)> {
    whole(SESSIONS.read()).iter().filter(|(id, s)| f(**id, s)).map(|(id, s)| (*id, s.name)).collect()
}

/// Whether `timestamp` means processor time.
static CPU_TIME: AtomicBool = AtomicBool::new(false);

/// Whether time stamps show processor time (`cpu_timestamp`).
pub fn cpu_time() -> bool {
    CPU_TIME.load(Ordering::Relaxed)
}

/// Has time stamps show processor time.
pub fn set_cpu_time(on: bool) {
    CPU_TIME.store(on, Ordering::Relaxed);
}

pub(super) fn note_settings() {
    let all = whole(SESSIONS.read());
    FRESH[0].store(all.values().any(|s| !s.processes.flags.is_empty()), Ordering::Release);
    FRESH[1].store(all.values().any(|s| !s.ports.flags.is_empty()), Ordering::Release);
    let wanted = seq::in_use() || all.values().any(|s| s.receive.spec.is_some());
    SENDERS_WANTED.store(wanted, Ordering::Release);
}

/// Whether messages are to carry who sent them.
#[inline(always)]
pub(crate) fn senders_wanted() -> bool {
    // Relaxed: who sets it does not wait for messages under way.
    SENDERS_WANTED.load(Ordering::Relaxed)
}

/// Whether some session gives something to new processes.
#[inline(always)]
pub(super) fn fresh_is_set() -> bool {
    FRESH[0].load(Ordering::Relaxed)
}

/// What each session gives to new processes.
#[inline]
pub(super) fn fresh_processes() -> Vec<(Id, Fresh)> {
    fresh(0, |s| s.processes)
}

/// What each session gives to new ports.
#[inline]
pub(super) fn fresh_ports() -> Vec<(Id, Fresh)> {
    fresh(1, |s| s.ports)
}

fn fresh(which: usize, of: impl Fn(&Session) -> Fresh) -> Vec<(Id, Fresh)> {
    if !FRESH[which].load(Ordering::Acquire) {
        return Vec::new();
    }
    let all = whole(SESSIONS.read());
    all.iter().map(|(id, s)| (*id, of(s))).filter(|(_, f)| !f.flags.is_empty()).collect()
}
