//! Which groups of a match are wanted, in which form, and the result made of them.

use girder_libs::pcre::Code;
use girder_vm::{Ctx, Term, am};

use crate::iolist::flatten;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Index,
    List,
    Binary,
}

enum Groups {
    /// All from this one on.
    From(usize),
    /// The match as such.
    None,
    /// For each entry the first of its groups that took part.
    These(Vec<Vec<usize>>),
}

/// See the module's head.
pub(super) struct Capture {
    form: Form,
    groups: Groups,
}

impl Default for Capture {
    fn default() -> Capture {
        Capture { form: Form::Index, groups: Groups::From(0) }
    }
}

/// Numbers of the groups with a name: one, or all of them if names may stand for several.
fn named(code: &Code, name: &[u8]) -> Vec<usize> {
    let mut numbers = code.names().iter().filter(|(n, _)| n == name).map(|(_, number)| *number);
    if code.has_duplicate_names() { numbers.collect() } else { numbers.next().into_iter().collect() }
}

impl Capture {
    pub(super) fn parse<'s>(ctx: &Ctx<'s>, values: Term<'s>, form: Term<'s>, code: &Code) -> Option<Capture> {
        let form = match form.as_atom()? {
            am::INDEX => Form::Index,
            am::LIST => Form::List,
            am::BINARY => Form::Binary,
            _ => return None,
        };
        let groups = match values.as_atom() {
            Some(am::ALL) => Groups::From(0),
            Some(am::ALL_BUT_FIRST) => Groups::From(1),
            Some(am::FIRST) => Groups::These(vec![vec![0]]),
            Some(am::NONE) => Groups::None,
            Some(am::ALL_NAMES) => {
                let mut entries: Vec<(&[u8], Vec<usize>)> = Vec::new();
                for (name, number) in code.names() {
                    match entries.last_mut() {
                        Some((last, numbers)) if last == name => numbers.push(*number),
                        _ => entries.push((name, vec![*number])),
                    }
                }
                if entries.is_empty() {
                    Groups::None
                } else {
                    Groups::These(entries.into_iter().map(|e| e.1).collect())
                }
            }
            Some(_) => return None,
            None if values.is_nil() => Groups::None,
            None => Groups::These(
                values
                    .as_cons()
                    .and(values.to_vec())?
                    .into_iter()
                    .map(|v| entry(ctx, v, code))
                    .collect::<Option<_>>()?,
            ),
        };
        Some(Capture { form, groups })
    }

    /// `match`, or `{match, Values}`.
    pub(super) fn result<'s>(
        &self,
        ctx: &Ctx<'s>,
        subject: Term<'s>,
        bytes: &[u8],
        groups: &[Option<(usize, usize)>],
    ) -> Term<'s> {
        let value = |group: Option<(usize, usize)>| self.value(ctx, subject, bytes, group);
        let values: Vec<_> = match &self.groups {
            Groups::None => return am::MATCH.into(),
            Groups::From(first) => groups.iter().skip(*first).map(|&g| value(g)).collect(),
            Groups::These(entries) => entries
                .iter()
                .map(|numbers| value(numbers.iter().find_map(|&n| groups.get(n).copied().flatten())))
                .collect(),
        };
        ctx.tuple(&[am::MATCH.into(), ctx.list(&values)])
    }

    fn value<'s>(&self, ctx: &Ctx<'s>, subject: Term<'s>, bytes: &[u8], group: Option<(usize, usize)>) -> Term<'s> {
        let (start, end) = group.unwrap_or((0, 0));
        match self.form {
            Form::Index => {
                let start = if group.is_some() { ctx.uint(start as u64) } else { Term::small(-1) };
                ctx.tuple(&[start, ctx.uint((end - start_of(group)) as u64)])
            }
            Form::List => ctx.byte_list(&bytes[start..end]),
            // A part of a shared binary is a view of it.
            Form::Binary => match subject.off_heap_binary().and(group) {
                Some(_) => ctx.sub_bits(subject, start * 8, (end - start) * 8).unwrap_or(Term::NIL),
                None => ctx.binary(&bytes[start..end]),
            },
        }
    }
}

fn start_of(group: Option<(usize, usize)>) -> usize {
    group.map_or(0, |(start, _)| start)
}

/// An entry of a list of groups: a number or a name.
fn entry<'s>(ctx: &Ctx<'s>, v: Term<'s>, code: &Code) -> Option<Vec<usize>> {
    if let Some(n) = v.as_small() {
        return usize::try_from(n).ok().map(|n| vec![n]);
    }
    if let Some(name) = v.as_atom() {
        return Some(named(code, name.name().as_bytes()));
    }
    if v.as_bits().is_none() && !v.is_list() {
        return None;
    }
    Some(named(code, &flatten(ctx, v).ok()?))
}
