//! `trace_pattern`: which functions have breakpoints, and what for.
//!
//! Calls by name (`global`) are noticed in export entries, all calls in the functions themselves; natives and functions
//! that are instructions have no code, so both are noticed in their export entries. Invariant: a function is traced by
//! a session in one of the two ways.

use std::sync::Arc;

use super::breakpoint::{Calls, Count, Meta, Rule, Site, Spec, change, lock_sites, site, sites_of};
use super::profile::{MEMORY, Profile, TIME};
use super::session::{self, Id};
use crate::atom::Atom;
use crate::code::{self, Export, LoadedModule, Mfa};
use crate::profile::Profile as Release;
use crate::term::RawTerm;

/// What is done to the rules.
#[derive(Clone)]
pub enum How {
    /// They go.
    Off,
    /// They are set; messages are those that the specification wants.
    On(Spec),
    /// Counters begin at zero.
    Restart,
    /// Counters stand still.
    Pause,
}

impl How {
    fn is_off(&self) -> bool {
        matches!(self, How::Off)
    }
    fn spec(&self) -> Spec {
        match self {
            How::On(spec) => spec.clone(),
            _ => None,
        }
    }
}

/// Which rules.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Rules {
    /// `local`.
    pub local: bool,
    /// `meta`: who is told.
    pub meta: Option<RawTerm>,
    /// `call_count`.
    pub count: bool,
    /// `call_time`.
    pub time: bool,
    /// `call_memory`.
    pub memory: bool,
}

impl Rules {
    /// Whether it is about breakpoints in functions, not about calls by name.
    pub fn breakpoints(self) -> bool {
        self != Rules::default()
    }
}

/// What is set for functions of modules that will be loaded.
#[derive(Clone, Default)]
pub struct OnLoad {
    /// Something is.
    pub on: bool,
    /// Rules; none of them: calls by name.
    pub rules: Rules,
    /// For calls.
    pub spec: Spec,
    /// For `meta`.
    pub meta_spec: Spec,
}

/// Functions by name: what is not given is any.
#[derive(Clone, Copy)]
pub struct Functions {
    /// Module.
    pub module: Option<Atom>,
    /// Function.
    pub function: Option<Atom>,
    /// Arity.
    pub arity: Option<u8>,
}

impl Functions {
    fn has(&self, m: Mfa) -> bool {
        self.module.is_none_or(|x| x == m.module)
            && self.function.is_none_or(|x| x == m.function)
            && self.arity.is_none_or(|x| x == m.arity)
    }
    /// The functions of loaded modules.
    fn local(&self) -> Vec<(Site, Mfa)> {
        let modules = self.module.map_or_else(code::loaded_modules, |m| vec![m]);
        modules.into_iter().filter_map(code::module).flat_map(|m| self.local_in(&m)).collect()
    }
    fn local_in(&self, m: &LoadedModule) -> Vec<(Site, Mfa)> {
        let all = m.functions.iter().map(|f| {
            let mfa = Mfa { module: m.name, function: f.name, arity: f.arity };
            let without_code = Export::existing(mfa).filter(|e| e.native().is_some() || e.is_instruction());
            (without_code.map_or(Site::Code(m.address(f.entry) as usize), Site::Export), mfa)
        });
        all.filter(|(_, mfa)| self.has(*mfa)).collect()
    }
    /// The export entries that lead somewhere.
    fn global(&self) -> Vec<(Site, Mfa)> {
        let leads = |e: &&'static Export| self.has(e.mfa) && e.is_defined();
        Export::all().into_iter().filter(leads).map(|e| (Site::Export(e), e.mfa)).collect()
    }
}

/// Sets rules of a session for functions; how many functions that are.
pub fn set(session: Id, functions: &Functions, how: &How, rules: Rules) -> usize {
    let _sites = lock_sites();
    let (local, global) = (functions.local(), functions.global());
    let n = if rules.breakpoints() { local.len() } else { global.len() };
    apply(session, local, global, how, how.spec(), rules);
    n
}

/// Has calls of functions go to `error_handler:breakpoint/3` instead, or no longer; how many functions that are.
/// Natives have no code to set a breakpoint in; older releases count them.
pub fn divert(functions: &Functions, on: bool) -> usize {
    let _sites = lock_sites();
    let (natives, coded): (Vec<_>, Vec<_>) =
        functions.local().into_iter().partition(|(site, _)| is_without_code(*site));
    for (site, mfa) in &coded {
        change(*site, *mfa, session::DEBUGGER, |r| r.diverts = on);
    }
    let counted = if Release::get().release < 29 { natives.len() } else { 0 };
    coded.len() + counted
}

fn apply(session: Id, local: Vec<(Site, Mfa)>, global: Vec<(Site, Mfa)>, how: &How, meta_spec: Spec, rules: Rules) {
    if !rules.breakpoints() {
        for (site, mfa) in local {
            if !how.is_off() && !is_without_code(site) {
                change(site, mfa, session, |r| *r = Rule { session, ..Rule::default() });
            }
        }
        for (site, mfa) in global {
            change(site, mfa, session, |r| match how {
                How::On(spec) => {
                    *r = Rule { session, calls: Some(Calls { spec: spec.clone(), global: true }), ..Rule::default() }
                }
                _ => r.calls = r.calls.take().filter(|c| !c.global),
            });
        }
        return;
    }
    if !how.is_off() {
        for (site, mfa) in global {
            change(site, mfa, session, |r| r.calls = r.calls.take().filter(|c| !c.global));
        }
    }
    for (site, mfa) in local {
        change(site, mfa, session, |r| breakpoints(r, how, meta_spec.clone(), rules));
    }
}

fn is_without_code(site: Site) -> bool {
    matches!(site, Site::Export(_))
}

/// Changes the parts of a rule that are asked for.
fn breakpoints(r: &mut Rule, how: &How, meta_spec: Spec, rules: Rules) {
    if rules.local {
        match how {
            How::Off => r.calls = None,
            _ => r.calls = Some(Calls { spec: how.spec(), global: false }),
        }
    }
    if let Some(tracer) = rules.meta {
        r.meta = (!how.is_off()).then(|| Arc::new(Meta::new(meta_spec, tracer)));
    }
    if rules.count {
        match (how, &r.count) {
            (How::Off, _) => r.count = None,
            (How::On(_), _) | (How::Restart, None) => {
                // Set anew it begins at zero.
                r.count = matches!(how, How::On(_)).then(|| Arc::new(Count::new()));
            }
            (How::Restart, Some(c)) => c.restart(),
            (How::Pause, Some(c)) => c.pause(),
            (How::Pause, None) => {}
        }
    }
    for (wanted, which) in [(rules.time, TIME), (rules.memory, MEMORY)] {
        if !wanted {
            continue;
        }
        match (how, &r.profiles[which]) {
            (How::Off, _) => r.profiles[which] = None,
            (How::On(_), _) => r.profiles[which] = Some(Arc::new(Profile::new())),
            (How::Restart, Some(p)) => p.restart(),
            (How::Pause, Some(p)) => p.pause(),
            (_, None) => {}
        }
    }
}

/// Sets rules for functions of modules that will be loaded.
pub fn set_on_load(session: Id, how: &How, rules: Rules) {
    session::change(session, |s| {
        let o = &mut s.on_load;
        let on = !how.is_off();
        if rules.local || !rules.breakpoints() {
            o.spec = how.spec();
        }
        if rules.meta.is_some() {
            o.meta_spec = how.spec();
        }
        let counted = on && matches!(how, How::On(_));
        let wanted = Rules {
            count: rules.count && counted,
            time: rules.time && counted,
            memory: rules.memory && counted,
            ..rules
        };
        if !rules.breakpoints() {
            if on || !o.rules.breakpoints() {
                (o.rules, o.on) = (Rules::default(), on);
            }
        } else if on {
            let was = if o.on { o.rules } else { Rules::default() };
            o.rules = Rules {
                local: was.local || wanted.local,
                meta: wanted.meta.or(was.meta),
                count: was.count || wanted.count,
                time: was.time || wanted.time,
                memory: was.memory || wanted.memory,
            };
            o.on = o.rules.breakpoints();
        } else if o.rules.breakpoints() {
            let was = o.rules;
            o.rules = Rules {
                local: was.local && !rules.local,
                meta: was.meta.filter(|_| rules.meta.is_none()),
                count: was.count && !rules.count,
                time: was.time && !rules.time,
                memory: was.memory && !rules.memory,
            };
            o.on = o.rules.breakpoints();
        }
    });
}

/// A module was loaded or deleted: what was set for calls by its functions' names counts no longer.
pub(crate) fn names_moved(module: Atom) {
    if super::breakpoint::is_any() {
        let _sites = lock_sites();
        super::breakpoint::names_moved(module);
    }
}

/// A module was loaded: what sessions have set for such is done.
pub(crate) fn module_loaded(name: Atom) {
    names_moved(name);
    for (id, _) in session::list(|_, s| s.on_load.on) {
        let (Some(o), Some(m)) = (session::with(id, |s| s.on_load.clone()), code::module(name)) else { continue };
        let _sites = lock_sites();
        let of_module = Functions { module: Some(name), function: None, arity: None };
        let (local, global) = (of_module.local_in(&m), of_module.global());
        apply(id, local, global, &How::On(o.spec), o.meta_spec, o.rules);
    }
}

/// A session is gone.
pub(super) fn forget_session(id: Id) {
    let _sites = lock_sites();
    for (key, mfa) in sites_of(id) {
        change(site(key, mfa), mfa, id, |r| *r = Rule { session: id, ..Rule::default() });
    }
}
