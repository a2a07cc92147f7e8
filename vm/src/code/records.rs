//! Native record definitions (OTP 29), by module and name.
//!
//! Invariant: a definition is never freed, since records of it may outlive its module; loading a module again replaces
//! the definitions that new records are made of.

use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use crate::atom::Atom;
use crate::heap::{Detached, literal};
use crate::term::{RawTerm, Term};

/// See the module's head.
pub struct Definition {
    /// The literal `{Module, Name, Exported, [Field]}` that records of it point at.
    term: RawTerm,
    /// Default values, in order of the fields.
    defaults: Vec<Option<RawTerm>>,
    /// Whether other modules may use it.
    pub exported: bool,
}

// SAFETY: all terms are literals that are never freed, or immediates.
unsafe impl Send for Definition {}
// SAFETY: as above.
unsafe impl Sync for Definition {}

type Table = HashMap<(Atom, Atom), &'static Definition>;
static DEFINITIONS: LazyLock<RwLock<Table>> = LazyLock::new(RwLock::default);

/// A field of a definition that is being made.
pub(crate) struct Field {
    pub(crate) name: Atom,
    pub(crate) default: Option<RawTerm>,
}

/// Makes `module`'s record `name` known.
pub(crate) fn define(module: Atom, name: Atom, exported: bool, fields: &[Field]) {
    let term = literal::store(Detached::build(|b| {
        let names = b.list_from(fields.iter().map(|f| f.name.into()));
        b.tuple(&[module.into(), name.into(), exported.into(), names])
    }));
    // Defaults are literals of the module: copies of them live as long as the definition.
    let defaults = fields
        .iter()
        .map(|f| {
            f.default.map(|t| {
                // SAFETY: a literal of the module that is being loaded, which is alive.
                literal::store(Detached::build(|b| b.copy(unsafe { t.brand() })))
            })
        })
        .collect();
    let d: &'static Definition = Box::leak(Box::new(Definition { term, defaults, exported }));
    DEFINITIONS.write().expect("no code panics under the record table's lock").insert((module, name), d);
}

/// The definition of a record.
pub fn find(module: Atom, name: Atom) -> Option<&'static Definition> {
    DEFINITIONS.read().expect("no code panics under the record table's lock").get(&(module, name)).copied()
}

impl Definition {
    /// The definition's term.
    pub fn term<'s>(&self) -> Term<'s> {
        // SAFETY: a literal that is never freed.
        unsafe { self.term.brand() }
    }
    /// The default values; `None` for fields without one.
    pub fn defaults<'s>(&self) -> Vec<Option<Term<'s>>> {
        // SAFETY: literals that are never freed, or immediates.
        self.defaults.iter().map(|d| d.map(|t| unsafe { t.brand() })).collect()
    }
}

/// Place of a field among the values of a record with this definition term.
pub fn field_index(definition: Term<'_>, field: Term<'_>) -> Option<usize> {
    fields(definition)?.list_iter().position(|f| f.same(field))
}

/// Names of the fields, a list.
pub fn fields<'s>(definition: Term<'s>) -> Option<Term<'s>> {
    definition.as_tuple()?.get(3).copied()
}

/// Module and name of a definition term.
pub fn id<'s>(definition: Term<'s>) -> Option<(Term<'s>, Term<'s>)> {
    let d = definition.as_tuple()?;
    Some((*d.first()?, *d.get(1)?))
}

/// Whether a definition term says that other modules may use the record.
pub fn is_exported(definition: Term<'_>) -> bool {
    definition.as_tuple().and_then(|d| d.get(2)?.as_bool()).unwrap_or(false)
}
