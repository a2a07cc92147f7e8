//! Registered names.
//!
//! Invariant: a name leads to a process or port that carries that name itself, and the other way round; both change
//! under the registry's lock, so a name is never seen with two owners.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use super::Process;
use crate::atom::Atom;
use crate::port::Port;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::{RwLock, whole};
use crate::term::RawTerm;

static NAMES: LazyLock<RwLock<HashMap<Atom, RawTerm>>> = LazyLock::new(RwLock::default);

/// Why a name was not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegisterError {
    /// Somebody has it.
    NameTaken,
    /// The process has one already.
    HasName,
    /// The process exits.
    NotAlive,
}

/// What can have a name.
pub trait Named {
    /// The pid or port identifier that the name leads to.
    fn id(&self) -> RawTerm;
    /// Its name.
    fn name(&self) -> Option<Atom>;
    /// Sets its name; under the registry's lock.
    fn set_name(&self, name: Option<Atom>);
    /// Whether it is ending.
    fn ending(&self) -> bool;
}

impl Named for Process {
    fn id(&self) -> RawTerm {
        self.pid()
    }
    fn name(&self) -> Option<Atom> {
        Process::name(self)
    }
    fn set_name(&self, name: Option<Atom>) {
        Process::set_name(self, name);
    }
    fn ending(&self) -> bool {
        self.state().get().exiting()
    }
}

impl Named for Port {
    fn id(&self) -> RawTerm {
        Port::id(self)
    }
    fn name(&self) -> Option<Atom> {
        Port::name(self)
    }
    fn set_name(&self, name: Option<Atom>) {
        Port::set_name(self, name);
    }
    fn ending(&self) -> bool {
        self.is_closed()
    }
}

/// Gives `p` a name.
pub fn register(name: Atom, p: &impl Named) -> Result<(), RegisterError> {
    let mut names = whole(NAMES.write());
    if p.ending() {
        return Err(RegisterError::NotAlive);
    }
    if p.name().is_some() {
        return Err(RegisterError::HasName);
    }
    match names.entry(name) {
        Entry::Occupied(_) => Err(RegisterError::NameTaken),
        Entry::Vacant(v) => {
            let v = v.insert_entry(p.id());
            p.set_name(Some(name));
            // Pairs with the fence in `release`: the exit sees the name, or this sees the exit.
            fence(Ordering::SeqCst);
            if p.ending() && p.name().is_some() {
                v.remove();
                p.set_name(None);
                return Err(RegisterError::NotAlive);
            }
            crate::recording::named(p.id(), name);
            Ok(())
        }
    }
}

/// Takes a name away: whose it was.
pub fn unregister(name: Atom) -> Option<RawTerm> {
    let mut names = whole(NAMES.write());
    let id = names.remove(&name)?;
    match id.is_local_port() {
        true => crate::port::with(id, |p| p.set_name(None)),
        false => super::table::with(id, |p| p.set_name(None)),
    };
    Some(id)
}

/// An exiting process, or a port that is closed, gives up its name.
pub(crate) fn release(p: &impl Named) -> Option<Atom> {
    // See `register`: most processes have no name and take no lock.
    fence(Ordering::SeqCst);
    p.name()?;
    let mut names = whole(NAMES.write());
    let name = p.name()?;
    names.remove(&name);
    p.set_name(None);
    Some(name)
}

/// Pid or port of a name.
pub fn whereis(name: Atom) -> Option<RawTerm> {
    whole(NAMES.read()).get(&name).copied()
}

/// All names.
pub fn registered() -> Vec<Atom> {
    whole(NAMES.read()).keys().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_one_process() {
        let (p, q) = (Process::for_test(RawTerm::pid(1 << 40)), Process::for_test(RawTerm::pid(1 << 41)));
        let (a, b) = (Atom::new("registry_a").expect("short"), Atom::new("registry_b").expect("short"));
        assert_eq!(register(a, &p), Ok(()));
        assert_eq!(register(a, &q), Err(RegisterError::NameTaken));
        assert_eq!(register(b, &p), Err(RegisterError::HasName));
        assert_eq!((whereis(a), whereis(b), p.name()), (Some(p.pid()), None, Some(a)));
        assert_eq!(release(&p), Some(a));
        assert_eq!((whereis(a), release(&p), unregister(a)), (None, None, None));
        assert_eq!(register(a, &q), Ok(()));
        assert_eq!(unregister(a), Some(q.pid()));
        q.state().begin_exit();
        assert_eq!(register(a, &q), Err(RegisterError::NotAlive));
    }
}
