//! `trace_info`: what is set for a function, and what was counted.
//!
//! Invariant: a function is looked for as calls find it: in its export entry, where some sessions trace calls by name, then
//! in the module's current version, where others do.

use std::sync::Arc;

use super::breakpoint::{self, Breakpoint, Rule, Site, Spec};
use super::profile::{MEMORY, Row, TIME};
use super::session::Id;
use crate::atom::{Atom, am};
use crate::code::{self, Export, Mfa};
use crate::heap::Builder;
use crate::profile::Profile;
use crate::term::{RawTerm, Term};

/// What is known of a function.
pub enum Known {
    /// There is no such function.
    No,
    /// It has no breakpoint of the session.
    Untraced,
    /// It has one.
    Traced(Traced),
}

/// A breakpoint as one session sees it.
pub struct Traced {
    breakpoint: Arc<Breakpoint>,
    session: Id,
}

/// The breakpoints at a function's places; `None` if there is no such function.
fn breakpoints_of(mfa: Mfa) -> Option<impl Iterator<Item = Arc<Breakpoint>>> {
    let export = Export::existing(mfa).filter(|e| e.is_defined());
    let by_name = export.filter(|e| e.is_trapped()).and_then(|e| breakpoint::find(Site::Export(e).key()));
    let in_module = code::module(mfa.module).and_then(|m| {
        let f = m.functions.iter().find(|f| f.name == mfa.function && f.arity == mfa.arity)?;
        Some(breakpoint::find(m.address(f.entry) as usize))
    });
    (export.is_some() || in_module.is_some()).then(|| by_name.into_iter().chain(in_module.flatten()))
}

/// What a session has set for a function.
pub fn function(session: Id, mfa: Mfa) -> Known {
    let Some(mut all) = breakpoints_of(mfa) else { return Known::No };
    let breakpoint = all.find(|b| b.rule(session).is_some());
    breakpoint.map_or(Known::Untraced, |breakpoint| Known::Traced(Traced { breakpoint, session }))
}

/// The sessions that have something set for a function; `None` if there is no such function.
pub fn sessions_of(mfa: Mfa) -> Option<Vec<Id>> {
    let mut all: Vec<Id> =
        breakpoints_of(mfa)?.flat_map(|b| b.rules.iter().map(|r| r.session).collect::<Vec<_>>()).collect();
    all.sort_unstable();
    Some(all)
}

/// A specification's source, `[]` without one.
pub fn source<'s>(b: &Builder<'s>, spec: &Spec) -> Term<'s> {
    spec.as_ref().map_or(Term::NIL, |spec| spec.with_source(|t| b.copy(t)))
}

impl Traced {
    fn rule(&self) -> Option<&Rule> {
        self.breakpoint.rule(self.session)
    }
    /// The value of an item, `None` if there is no such item.
    pub fn item<'s>(&self, b: &Builder<'s>, item: Atom) -> Option<Term<'s>> {
        let rule = self.rule()?;
        let no = Term::FALSE;
        Some(match item {
            am::TRACED => match &rule.calls {
                Some(c) if c.global => am::GLOBAL.into(),
                Some(_) => am::LOCAL.into(),
                None => no,
            },
            am::MATCH_SPEC => rule.calls.as_ref().map_or(no, |c| source(b, &c.spec)),
            am::META => match rule.meta.as_ref().and_then(|m| m.tracer()) {
                Some(t) => Term::immediate(t)?,
                None if rule.meta.is_none() && Profile::get().release > 27 => no,
                None => Term::NIL,
            },
            am::META_MATCH_SPEC => rule.meta.as_ref().map_or(no, |m| source(b, &m.spec)),
            am::CALL_COUNT => rule.count.as_ref().map_or(no, |c| b.uint(c.get())),
            am::CALL_TIME => self.rows(TIME).map_or(no, |rows| {
                b.list_from(rows.into_iter().map(|r| {
                    let us = r.amount / 1000;
                    b.tuple(&[pid(r), b.uint(r.count), b.uint(us / 1_000_000), b.uint(us % 1_000_000)])
                }))
            }),
            am::CALL_MEMORY => self.rows(MEMORY).map_or(no, |rows| {
                b.list_from(rows.into_iter().map(|r| b.tuple(&[pid(r), b.uint(r.count), b.uint(r.amount)])))
            }),
            _ => return None,
        })
    }
    /// Whether there is a tracer of its own that is not there any more, which `all` shows as `false`.
    pub fn has_meta_tracer(&self) -> bool {
        self.rule().and_then(|r| r.meta.as_ref()).is_some_and(|m| m.tracer().is_some())
    }
    fn rows(&self, which: usize) -> Option<Vec<Row>> {
        let mut rows = self.rule()?.profiles[which].as_ref()?.rows();
        rows.sort_by_key(|r| r.pid);
        Some(rows)
    }
}

fn pid<'s>(r: Row) -> Term<'s> {
    Term::immediate(RawTerm::from_bits(r.pid)).unwrap_or(Term::NIL)
}
