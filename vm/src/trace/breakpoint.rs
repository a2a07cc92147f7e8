//! Breakpoints: the places where calls are noticed, and what each session wants to know of them.
//!
//! A breakpoint lies at a *site*: the first instruction of a function, or the trampoline of an export entry, which is
//! where calls by name go while it is in use. The instruction there has its opcode replaced by one atomic store, and the
//! original is kept here. Invariants: whoever changes sites or rules holds [`lock_sites`]. A site's entry is in the table
//! before the opcode is replaced and leaves after it was put back; who meets a breakpoint that is not in the table any
//! more looks at the instruction again. Rules never change: a change is another entry in the table.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, RwLock};

use super::profile::Profile;
use super::session::Id;
use crate::atom::Atom;
use crate::code::{self, Export, LoadedModule, Mfa};
use crate::ets::matchspec::MatchSpec;
use crate::interp;
use crate::sync::{lock, whole};
use crate::term::RawTerm;

/// A match specification, if there is one.
pub(crate) type Spec = Option<Arc<MatchSpec>>;

/// Where a breakpoint lies.
#[derive(Clone, Copy)]
pub(crate) enum Site {
    /// The first instruction of a function, by its address.
    Code(usize),
    /// The trampoline of an export entry: of a native or an instruction, or for calls by name.
    Export(&'static Export),
}

impl Site {
    pub(super) fn key(self) -> usize {
        match self {
            Site::Code(at) => at,
            Site::Export(e) => e.trampoline() as usize,
        }
    }
}

/// Calls are traced for those processes that the session traces.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) spec: Spec,
    /// Only calls by name.
    pub(crate) global: bool,
}

/// Calls of every process are told to one tracer.
pub(crate) struct Meta {
    pub(crate) spec: Spec,
    /// Its pid's word; 0 once it is gone.
    tracer: AtomicU64,
}

impl Meta {
    pub(super) fn new(spec: Spec, tracer: RawTerm) -> Meta {
        Meta { spec, tracer: AtomicU64::new(tracer.bits()) }
    }
    /// Who is told, if he is still there.
    pub(crate) fn tracer(&self) -> Option<RawTerm> {
        let t = self.tracer.load(Ordering::Relaxed);
        (t != 0).then(|| RawTerm::from_bits(t))
    }
    pub(super) fn tracer_gone(&self) {
        self.tracer.store(0, Ordering::Relaxed);
    }
}

/// How often a function was called.
pub(crate) struct Count {
    n: AtomicU64,
    active: AtomicBool,
}

impl Count {
    pub(super) fn new() -> Count {
        Count { n: AtomicU64::new(0), active: AtomicBool::new(true) }
    }
    pub(crate) fn add(&self) {
        if self.active.load(Ordering::Relaxed) {
            self.n.fetch_add(1, Ordering::Relaxed);
        }
    }
    pub(super) fn get(&self) -> u64 {
        self.n.load(Ordering::Relaxed)
    }
    pub(super) fn restart(&self) {
        self.n.store(0, Ordering::Relaxed);
        self.active.store(true, Ordering::Relaxed);
    }
    pub(super) fn pause(&self) {
        self.active.store(false, Ordering::Relaxed);
    }
}

/// What one session wants to know of a function's calls.
#[derive(Clone, Default)]
pub(crate) struct Rule {
    pub(crate) session: Id,
    pub(crate) calls: Option<Calls>,
    pub(crate) meta: Option<Arc<Meta>>,
    pub(crate) count: Option<Arc<Count>>,
    /// The debugger's: a call goes to `error_handler:breakpoint/3` instead.
    pub(crate) diverts: bool,
    /// Time, then memory.
    pub(crate) profiles: [Option<Arc<Profile>>; 2],
}

impl Rule {
    fn is_empty(&self) -> bool {
        let counted = self.count.is_some() || self.is_profiled();
        self.calls.is_none() && self.meta.is_none() && !counted && !self.diverts
    }
    /// Whether time or memory is measured.
    pub(crate) fn is_profiled(&self) -> bool {
        self.profiles.iter().any(Option::is_some)
    }
}

/// See the module's head.
pub(crate) struct Breakpoint {
    /// Where it lies.
    pub(super) site: Site,
    /// The function.
    pub(crate) mfa: Mfa,
    /// Opcode of the instruction that it stands for.
    pub(crate) original: u16,
    /// One for each session that has something set.
    pub(crate) rules: Vec<Rule>,
}

impl Breakpoint {
    /// What a session has set.
    pub(crate) fn rule(&self, session: Id) -> Option<&Rule> {
        self.rules.iter().find(|r| r.session == session)
    }
    /// Whether the debugger has set it.
    pub(crate) fn diverts(&self) -> bool {
        self.rules.iter().any(|r| r.diverts)
    }
}

static TABLE: LazyLock<RwLock<HashMap<usize, Arc<Breakpoint>>>> = LazyLock::new(RwLock::default);
static SITES: Mutex<()> = Mutex::new(());
/// Why the instruction that calls natives by their address is to look at their entries.
static NATIVES: AtomicU8 = AtomicU8::new(0);
/// A native has a breakpoint.
const BREAKPOINTS: u8 = 1;
/// A process saves its calls.
pub(crate) const SAVED: u8 = 2;
/// Stacks are looked at by time.
pub(crate) const TIMED: u8 = 4;

/// Whether calls of natives are to be looked at.
#[inline(always)]
pub(crate) fn on_natives() -> bool {
    // Relaxed: a call under way when it is set is one from before.
    NATIVES.load(Ordering::Relaxed) != 0
}

/// Has calls of natives looked at for this, or not any more.
pub(crate) fn watch_natives(why: u8, on: bool) {
    if on {
        NATIVES.fetch_or(why, Ordering::Release);
    } else {
        NATIVES.fetch_and(!why, Ordering::Release);
    }
}

/// Whether there is a breakpoint.
pub(super) fn is_any() -> bool {
    !whole(TABLE.read()).is_empty()
}

/// The permission to change sites and rules.
pub(super) fn lock_sites() -> MutexGuard<'static, ()> {
    lock(&SITES)
}

/// The breakpoint whose instruction has this address.
pub(crate) fn find(key: usize) -> Option<Arc<Breakpoint>> {
    whole(TABLE.read()).get(&key).cloned()
}

/// Changes a session's rule at a site, whose function is `mfa`; a rule without any part goes, and with the last one the
/// breakpoint. The caller holds [`lock_sites`].
pub(super) fn change(site: Site, mfa: Mfa, session: Id, f: impl FnOnce(&mut Rule)) {
    let before = find(site.key());
    let mut rules = before.as_ref().map_or_else(Vec::new, |b| b.rules.clone());
    let at = rules.iter().position(|r| r.session == session).unwrap_or_else(|| {
        rules.push(Rule { session, ..Rule::default() });
        rules.len() - 1
    });
    f(&mut rules[at]);
    if rules[at].is_empty() {
        rules.remove(at);
    }
    match (before, rules.is_empty()) {
        (None, true) => {}
        (Some(b), true) => remove(site, &b),
        (before, false) => {
            let original = before.as_ref().map_or_else(|| interp::opcode_at(site.key()), |b| b.original);
            whole(TABLE.write()).insert(site.key(), Arc::new(Breakpoint { site, mfa, original, rules }));
            if before.is_none() {
                plant(site);
            }
        }
    }
}

fn plant(site: Site) {
    interp::set_opcode(site.key(), interp::stub::breakpoint());
    if let Site::Export(e) = site {
        code::load::use_trampoline(e, true);
        NATIVES.fetch_or(if e.native().is_some() { BREAKPOINTS } else { 0 }, Ordering::Release);
    }
}

fn remove(site: Site, b: &Breakpoint) {
    if let Site::Export(e) = site {
        code::load::use_trampoline(e, false);
    }
    interp::set_opcode(site.key(), b.original);
    let mut table = whole(TABLE.write());
    table.remove(&site.key());
    if table.is_empty() {
        NATIVES.fetch_and(!BREAKPOINTS, Ordering::Release);
    }
}

/// A module is freed: its functions' addresses mean nothing any more.
pub(crate) fn module_freed(m: &LoadedModule) {
    // Whoever set a breakpoint in it holds a reference to the module or has returned.
    let mut table = whole(TABLE.write());
    if !table.is_empty() {
        table.retain(|key, _| !m.holds(*key));
    }
}

/// A module has a new version, or none: the breakpoints in its names and in what is old code now are gone. The caller
/// holds [`lock_sites`].
pub(super) fn names_moved(module: Atom) {
    let stays = |b: &Breakpoint| matches!(b.site, Site::Export(e) if e.native().is_some() || e.is_instruction());
    let of_module = |b: &&Arc<Breakpoint>| b.mfa.module == module && !stays(b);
    let gone: Vec<Arc<Breakpoint>> = whole(TABLE.read()).values().filter(of_module).cloned().collect();
    gone.iter().for_each(|b| remove(b.site, b));
}

/// The sites at which a session has a rule, with their functions.
pub(super) fn sites_of(session: Id) -> Vec<(usize, Mfa)> {
    let all = whole(TABLE.read());
    all.iter().filter(|(_, b)| b.rule(session).is_some()).map(|(key, b)| (*key, b.mfa)).collect()
}

/// The site that has this key.
pub(super) fn site(key: usize, mfa: Mfa) -> Site {
    match Export::existing(mfa) {
        Some(e) if e.trampoline() as usize == key => Site::Export(e),
        _ => Site::Code(key),
    }
}
