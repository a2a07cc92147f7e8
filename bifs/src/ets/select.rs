//! `match` and `select` in all their forms: one traversal with a specification, in steps.
//!
//! A step visits a bounded number of objects and yields. What it needs to go on are terms: the table, the compiled
//! specification, a cursor (`[]` start, an integer place, `{Key}` behind this key, `{'==', Key}` at it), the results so far, and counts.
//! The continuations that programs hold have the shapes that `ets:repair_continuation/2` knows:
//! `{Table, Place, Limit, Spec, Left, NumLeft}` of hash tables and
//! `{Table, Key, [], Limit, Spec, Left, Reverse, NumLeft}` of ordered ones.

use std::cell::Cell;
use std::sync::Arc;

use girder_vm::code::{Export, Mfa};
use girder_vm::ets::matchspec::{KeyPlan, MatchSpec};
use girder_vm::ets::{Cursor, Direction, Kind, Object, Table, Visit};
use girder_vm::term::{cmp, copy::detach};
use girder_vm::{Atom, Ctx, Raise, Term, am};

use super::keeps_key::keeps_key;
use super::{Access, Answer, because, spec, using};

girder_vm::natives! { pub TABLE:
    "ets" {
        "internal_select_delete"/2 => internal_select_delete_2, Bif;
        "match"/1 => continue_1, Bif;
        "match"/2 => match_2, Bif;
        "match"/3 => match_3, Bif;
        "match_object"/1 => continue_1, Bif;
        "match_object"/2 => match_object_2, Bif;
        "match_object"/3 => match_object_3, Bif;
        "select"/1 => continue_1, Bif;
        "select"/2 => select_2, Bif;
        "select"/3 => select_3, Bif;
        "select_count"/2 => select_count_2, Bif;
        "select_replace"/2 => select_replace_2, Bif;
        "select_reverse"/1 => continue_1, Bif;
        "select_reverse"/2 => select_reverse_2, Bif;
        "select_reverse"/3 => select_reverse_3, Bif;
    }
    "girder_sys" {
        "ets_select"/6 => ets_select_6, Bif;
    }
}

/// Objects that a step visits at least and at most.
const STEP: std::ops::RangeInclusive<i64> = 100..=4000;

/// What a traversal does.
struct Job<'s> {
    /// One of the `SELECT` atoms.
    what: Atom,
    table_term: Term<'s>,
    /// The specification as a term, once there is one.
    spec_term: Option<Term<'s>>,
    spec: Arc<MatchSpec>,
    cursor: Cursor,
    /// Results wanted; 0: all.
    limit: usize,
    /// Results so far, the last first where there is a limit.
    results: Term<'s>,
    count: usize,
}

fn start<'s>(ctx: &Ctx<'s>, what: Atom, args: &[Term<'s>], source: Term<'s>) -> Answer<'s> {
    let access = if matches!(what, am::SELECT_DELETE | am::SELECT_REPLACE) { Access::Write } else { Access::Read };
    using(ctx, args[0], access, |t| {
        if what == am::SELECT_REPLACE && t.kind == Kind::Bag {
            return Err(because(ctx, am::TABLE_TYPE));
        }
        let limit = match args.get(2) {
            None => 0,
            Some(n) => n.as_small().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0).ok_or(Raise::Badarg)?,
        };
        if source.is_nil() {
            // No clause matches nothing.
            return Ok(match what {
                am::SELECT | am::SELECT_REVERSE if limit == 0 => Term::NIL,
                am::SELECT | am::SELECT_REVERSE => am::EOT.into(),
                _ => ctx.uint(0),
            });
        }
        if what == am::SELECT_REPLACE && !keeps_key(source, t.keypos) {
            return Err(Raise::Badarg);
        }
        let (spec, spec_term) = match spec::compiled(source) {
            Some(spec) => (spec.clone(), Some(source)),
            None => (Arc::new(MatchSpec::compile(source).map_err(|e| spec::refused(&e))?), None),
        };
        // Another table may get the name before the search goes on. Ordered tables do not care, in OTP either.
        let by_name = args[0].is_atom() && t.kind != Kind::OrderedSet;
        let table_term = if by_name { t.tid(ctx) } else { args[0] };
        let job = Job { what, table_term, spec_term, spec, cursor: Cursor::Start, limit, results: Term::NIL, count: 0 };
        run(ctx, job, t)
    })
}

impl<'s> Job<'s> {
    fn spec_term(&self, ctx: &Ctx<'s>) -> Term<'s> {
        self.spec_term.unwrap_or_else(|| spec::reference(ctx, &self.spec))
    }
    fn is_search(&self) -> bool {
        matches!(self.what, am::SELECT | am::SELECT_REVERSE)
    }
    /// Which way an ordered table is walked. Without a limit backwards to the order of the results, so that they are
    /// consed up in order.
    fn direction(&self) -> Direction {
        if (self.what == am::SELECT_REVERSE) == (self.limit == 0) { Direction::Forward } else { Direction::Backward }
    }
    fn wants_more(&self) -> bool {
        self.limit == 0 || self.count < self.limit
    }
    fn found(&mut self, ctx: &Ctx<'s>, value: Term<'s>) {
        self.results = ctx.cons(value, self.results);
        self.count += 1;
    }
}

/// Runs a step, and answers or yields.
fn run<'s>(ctx: &Ctx<'s>, mut job: Job<'s>, t: &Table) -> Answer<'s> {
    let budget = ctx.reductions_left().clamp(*STEP.start(), *STEP.end());
    let visited = Cell::new(0);
    let me = ctx.process().pid();
    let spec = job.spec.clone();
    let from = std::mem::replace(&mut job.cursor, Cursor::Start);
    let (plan, direction) = (spec.plan(t.keypos), job.direction());
    let nowhere = matches!(from, Cursor::Place(NOWHERE));
    let next = if nowhere {
        None
    } else if job.is_search() || job.what == am::SELECT_COUNT {
        let mut visit = |o: &Object| {
            visited.set(visited.get() + 1);
            match job.what {
                am::SELECT_COUNT => {
                    job.count += usize::from(spec.run(o, me, |v| v.is(am::TRUE)) == Some(true));
                }
                _ => {
                    if let Some(value) = spec.run(o, me, |v| ctx.copy(v)) {
                        job.found(ctx, value);
                    }
                }
            }
            if visited.get() >= budget || !job.wants_more() { Visit::Stop } else { Visit::Continue }
        };
        match plan {
            KeyPlan::Keys => {
                spec.each_key(t.keypos, equality(t), |k| {
                    t.visit_key(k, |o| {
                        visit(o);
                    });
                });
                None
            }
            KeyPlan::Range if t.kind == Kind::OrderedSet => {
                t.visit_range(&from, direction, |k| spec.key_order(t.keypos, k), visit)
            }
            _ => t.visit(&from, direction, visit),
        }
    } else {
        let mut failed = false;
        let mut visit = |o: &Object| {
            visited.set(visited.get() + 1);
            let outcome = match job.what {
                am::SELECT_DELETE => spec.run(o, me, |v| v.is(am::TRUE)).filter(|&yes| yes).map(|_| Visit::Delete),
                _ => spec.run(o, me, |v| replacement(t, o, v)).map(|new| match new {
                    Some(new) => Visit::Replace(new),
                    None => {
                        failed = true;
                        Visit::Stop
                    }
                }),
            };
            if matches!(outcome, Some(Visit::Delete | Visit::Replace(_))) {
                job.count += 1;
            }
            outcome.unwrap_or(Visit::Continue)
        };
        let enough = || visited.get() >= budget;
        let next = match plan {
            KeyPlan::Keys => {
                spec.each_key(t.keypos, equality(t), |k| t.visit_key_mut(k, &mut visit));
                None
            }
            KeyPlan::Range => t.visit_mut(&from, |k| spec.key_order(t.keypos, k), enough, visit),
            KeyPlan::All => t.visit_mut(&from, |_| std::cmp::Ordering::Equal, enough, visit),
        };
        if failed {
            return Err(Raise::Badarg);
        }
        next
    };
    ctx.charge(usize::try_from(visited.get()).unwrap_or(0));
    match next {
        Some(cursor) if job.wants_more() => {
            job.cursor = cursor;
            Err(again(ctx, &job))
        }
        next => Ok(finish(ctx, job, t, next)),
    }
}

fn equality(t: &Table) -> fn(Term<'_>, Term<'_>) -> bool {
    if t.kind == Kind::OrderedSet { cmp::eq } else { cmp::eq_exact }
}

/// The object to put in the place of `o`: a tuple with the same key.
fn replacement(t: &Table, o: &Object, v: Term<'_>) -> Option<Object> {
    let key = *v.as_tuple()?.get(t.keypos - 1)?;
    let same = o.with_element(t.keypos, |k| cmp::eq_exact(k, key))?;
    same.then(|| t.object(v))
}

fn cursor_term<'s>(ctx: &Ctx<'s>, cursor: &Cursor) -> Term<'s> {
    match cursor {
        Cursor::Start => Term::NIL,
        Cursor::Place(n) => ctx.uint(*n),
        Cursor::Behind(key) => ctx.tuple(&[key.with(|k| ctx.copy(k))]),
        Cursor::At(key) => ctx.tuple(&[am::EQ.into(), key.with(|k| ctx.copy(k))]),
    }
}

fn cursor_of(t: Term<'_>) -> Option<Cursor> {
    match (t.as_u64(), t.as_tuple_of()) {
        (Some(n), _) => Some(Cursor::Place(n)),
        (_, Some([key])) => Some(Cursor::Behind(detach(key))),
        _ if t.as_tuple_of::<2>().is_some() => t.as_tuple_of().map(|[_, key]| Cursor::At(detach(key))),
        _ => t.is_nil().then_some(Cursor::Start),
    }
}

/// Goes on with the job after others had their turn.
fn again<'s>(ctx: &Ctx<'s>, job: &Job<'s>) -> Raise {
    static ENTRY: std::sync::LazyLock<&'static Export> =
        std::sync::LazyLock::new(|| Export::intern(Mfa { module: am::GIRDER_SYS, function: am::ETS_SELECT, arity: 6 }));
    let counts = ctx.tuple(&[ctx.uint(job.limit as u64), ctx.uint(job.count as u64)]);
    let args =
        [job.what.into(), job.table_term, job.spec_term(ctx), cursor_term(ctx, &job.cursor), job.results, counts];
    ctx.yield_to(&ENTRY, &args)
}

fn ets_select_6<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[1], Access::Look, |t| {
        let job = || {
            let [limit, count] = args[5].as_tuple_of()?;
            Some(Job {
                what: args[0].as_atom()?,
                table_term: args[1],
                spec_term: Some(args[2]),
                spec: spec::compiled(args[2])?.clone(),
                cursor: cursor_of(args[3])?,
                limit: limit.as_usize()?,
                results: args[4],
                count: count.as_usize()?,
            })
        };
        run(ctx, job().ok_or(Raise::Badarg)?, t)
    })
}

/// The native's value, `next` being where more objects are.
fn finish<'s>(ctx: &Ctx<'s>, job: Job<'s>, t: &Table, next: Option<Cursor>) -> Term<'s> {
    if !job.is_search() {
        return ctx.uint(job.count as u64);
    }
    if job.limit == 0 {
        return job.results;
    }
    if job.count == 0 {
        return am::EOT.into();
    }
    let mut all = job.results.to_vec().unwrap_or_default();
    all.reverse();
    // A key of a bag may have had more objects than were wanted.
    let left = all.split_off(job.limit.min(all.len()));
    let continuation = match next {
        None if left.is_empty() => am::EOT.into(),
        next => continuation(ctx, &job, t, next, &left),
    };
    ctx.tuple(&[ctx.list(&all), continuation])
}

/// Place that no table has: what is left are the results that the continuation holds.
const NOWHERE: u64 = 1 << 58;

fn continuation<'s>(ctx: &Ctx<'s>, job: &Job<'s>, t: &Table, next: Option<Cursor>, left: &[Term<'s>]) -> Term<'s> {
    let (limit, spec) = (ctx.uint(job.limit as u64), job.spec_term(ctx));
    let (list, n) = (ctx.list(left), ctx.uint(left.len() as u64));
    match next {
        Some(Cursor::Behind(key)) => {
            let key = key.with(|k| ctx.copy(k));
            let reverse = Term::small(i32::from(job.what == am::SELECT_REVERSE));
            ctx.tuple(&[job.table_term, key, Term::NIL, limit, spec, list, reverse, n])
        }
        Some(Cursor::Place(place)) => ctx.tuple(&[job.table_term, ctx.uint(place), limit, spec, list, n]),
        // Only what changes a table pauses at a key, and that has no limit.
        Some(Cursor::Start | Cursor::At(_)) | None => {
            debug_assert!(t.kind != Kind::OrderedSet);
            ctx.tuple(&[job.table_term, ctx.uint(NOWHERE), limit, spec, list, n])
        }
    }
}

/// Goes on where a continuation says.
fn continue_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if args[0].is(am::EOT) {
        return Ok(args[0]);
    }
    let (what, table_term, cursor, limit, spec, left) = match args[0].as_tuple() {
        Some(&[t, place, limit, spec, left, _]) => {
            (am::SELECT, t, Cursor::Place(place.as_u64().ok_or(Raise::Badarg)?), limit, spec, left)
        }
        Some(&[t, key, _, limit, spec, left, reverse, _]) => {
            let what = if reverse.as_small() == Some(0) { am::SELECT } else { am::SELECT_REVERSE };
            (what, t, Cursor::Behind(detach(key)), limit, spec, left)
        }
        _ => return Err(Raise::Badarg),
    };
    using(ctx, table_term, Access::Read, |t| {
        let ordered = matches!(cursor, Cursor::Behind(_));
        let limit =
            limit.as_usize().filter(|&n| n > 0 && ordered == (t.kind == Kind::OrderedSet)).ok_or(Raise::Badarg)?;
        let mut left = left.to_vec().ok_or(Raise::Badarg)?;
        left.reverse();
        let compiled = spec::compiled(spec).ok_or(Raise::Badarg)?;
        let job = Job {
            what,
            table_term,
            spec_term: Some(spec),
            spec: compiled.clone(),
            cursor,
            limit,
            count: left.len(),
            results: ctx.list(&left),
        };
        if !job.wants_more() {
            let place = match &job.cursor {
                Cursor::Place(n) => Cursor::Place(*n),
                _ => Cursor::Start,
            };
            return Ok(finish(ctx, job, t, Some(place)));
        }
        run(ctx, job, t)
    })
}

/// `[{Pattern, [], [What]}]`.
fn pattern<'s>(ctx: &Ctx<'s>, pattern: Term<'s>, what: Atom) -> Term<'s> {
    ctx.list(&[ctx.tuple(&[pattern, Term::NIL, ctx.list(&[what.into()])])])
}

fn match_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT, args, pattern(ctx, args[1], am::MS_BINDINGS))
}

fn match_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match_2(ctx, args)
}

fn match_object_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT, args, pattern(ctx, args[1], am::MS_OBJECT))
}

fn match_object_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match_object_2(ctx, args)
}

fn select_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT, args, args[1])
}

fn select_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    select_2(ctx, args)
}

fn select_reverse_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT_REVERSE, args, args[1])
}

fn select_reverse_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    select_reverse_2(ctx, args)
}

fn select_count_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT_COUNT, args, args[1])
}

fn internal_select_delete_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT_DELETE, args, args[1])
}

fn select_replace_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    start(ctx, am::SELECT_REPLACE, args, args[1])
}
