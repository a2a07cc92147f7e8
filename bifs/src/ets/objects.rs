//! Objects by key: insert, look up, delete.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use girder_vm::code::{Export, Mfa};
use girder_vm::ets::{Kind, Object, Table};
use girder_vm::profile::Profile;
use girder_vm::term::cmp;
use girder_vm::{Ctx, Raise, Term, am};

use super::{Access, Answer, because, copy, in_one_step, is_storable, unless_deleted, using};

girder_vm::natives! { pub TABLE:
    "ets" {
        "delete"/2 => delete_2, Bif;
        "delete_object"/2 => delete_object_2, Bif;
        "insert"/2 => insert_2, Bif;
        "insert_new"/2 => insert_new_2, Bif;
        "lookup"/2 => lookup_2, Bif;
        "lookup_element"/3 => lookup_element_3, Bif;
        "lookup_element"/4 => lookup_element_4, Bif, SINCE_27;
        "member"/2 => member_2, Bif;
        "take"/2 => take_2, Bif;
    }
    "erts_internal" {
        "ets_lookup_binary_info"/2 => lookup_binary_info_2, Bif;
    }
    "girder_sys" {
        "ets_insert"/2 => ets_insert_2, Bif;
    }
}

/// Objects inserted for a reduction.
const OBJECTS_PER_REDUCTION: usize = 4;

/// Objects that are copied before others have their turn.
const OBJECTS_PER_STEP: usize = 4000;

/// Inserts an object or a list of them: all in one step, however many steps copying them takes.
fn insert<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], only_new: bool) -> Answer<'s> {
    using(ctx, args[0], Access::Write, |t| {
        if !args[1].is_list() {
            if !is_storable(t, args[1]) {
                return Err(Raise::Badarg);
            }
            return Ok(t.insert_one(t.object(args[1]), only_new).into());
        }
        let mut list = args[1].list_iter();
        let mut n = 0;
        for x in &mut list {
            n += 1;
            if !is_storable(t, x) {
                return Err(Raise::Badarg);
            }
        }
        if !list.tail().is_nil() {
            return Err(Raise::Badarg);
        }
        if n <= OBJECTS_PER_STEP {
            ctx.charge(n / OBJECTS_PER_REDUCTION);
            return Ok(insert_all(t, args[1].list_iter().map(|x| t.object(x)).collect(), only_new).into());
        }
        let copied = Mutex::new(Vec::with_capacity(n));
        let state = ctx.fresh_magic_reference(Box::new(Copied { table: t.clone(), copied, only_new }));
        copy_some(ctx, state, args[1])
    })
}

/// What a suspended insertion has copied.
struct Copied {
    table: Arc<Table>,
    copied: Mutex<Vec<Object>>,
    only_new: bool,
}

fn copy_some<'s>(ctx: &Ctx<'s>, state: Term<'s>, mut list: Term<'s>) -> Answer<'s> {
    static ENTRY: LazyLock<&'static Export> =
        LazyLock::new(|| Export::intern(Mfa { module: am::GIRDER_SYS, function: am::ETS_INSERT, arity: 2 }));
    let magic = state.as_ref().and_then(|r| r.magic());
    let s: &Copied = magic.and_then(|m| m.get()).ok_or(Raise::Badarg)?;
    let mut copied = s.copied.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut n, mut words) = (0, 0);
    while n < OBJECTS_PER_STEP
        && words < WORDS_PER_STEP
        && let Some((head, tail)) = list.as_cons()
    {
        let object = s.table.object(head);
        words += object.words();
        copied.push(object);
        (n, list) = (n + 1, tail);
    }
    ctx.charge(n / OBJECTS_PER_REDUCTION + words / super::WORDS_PER_REDUCTION);
    if !list.is_nil() {
        return Err(ctx.yield_to(&ENTRY, &[state, list]));
    }
    if s.table.is_deleted() {
        return Err(because(ctx, am::ID));
    }
    let objects = std::mem::take(&mut *copied);
    let inserted = in_one_step(ctx, &s.table, objects.len(), || insert_all(&s.table, objects, s.only_new));
    unless_deleted(ctx, &s.table, inserted.into())
}

/// Words that are copied before others have their turn.
const WORDS_PER_STEP: usize = 100_000;

fn insert_all(t: &Table, mut objects: Vec<Object>, only_new: bool) -> bool {
    // OTP 25 puts a list into a bag from its end on, which shows in the order of look-ups.
    if t.kind == Kind::Bag && Profile::get().release < 26 {
        objects.reverse();
    }
    if only_new {
        return t.insert_new(objects);
    }
    t.insert(objects);
    true
}

fn ets_insert_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    copy_some(ctx, args[0], args[1])
}

fn insert_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    insert(ctx, args, false)
}

fn insert_new_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    insert(ctx, args, true)
}

fn lookup_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| {
        let mut first = None;
        let mut more = Vec::new();
        t.lookup(args[1], |o| match first {
            None => first = Some(copy(ctx, o)),
            Some(_) => more.push(copy(ctx, o)),
        });
        Ok(first.map_or(Term::NIL, |x| ctx.cons(x, ctx.list(&more))))
    })
}

fn lookup_element<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], default: Option<Term<'s>>) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| {
        let pos = args[2].as_small().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0).ok_or(Raise::Badarg)?;
        let mut found = Vec::new();
        let mut too_short = false;
        t.lookup(args[1], |o| match o.with_element(pos, |e| ctx.copy(e)) {
            Some(e) => found.push(e),
            None => too_short = true,
        });
        if too_short {
            return Err(Raise::Badarg);
        }
        match (&found[..], default) {
            ([], Some(default)) => Ok(default),
            ([], None) => Err(because(ctx, am::BADKEY)),
            (&[one], _) if super::is_set(t) => Ok(one),
            (all, _) => Ok(ctx.list(all)),
        }
    })
}

fn lookup_element_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    lookup_element(ctx, args, None)
}

fn lookup_element_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    lookup_element(ctx, args, Some(args[3]))
}

fn member_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| Ok(t.member(args[1]).into()))
}

fn delete_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Write, |t| {
        t.remove(args[1], |_| true);
        Ok(Term::TRUE)
    })
}

fn delete_object_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Write, |t| {
        if !is_storable(t, args[1]) {
            return Err(Raise::Badarg);
        }
        let key = args[1].as_tuple().map_or(Term::NIL, |e| e[t.keypos - 1]);
        t.remove(key, |o| o.with(|x| cmp::eq_exact(x, args[1])));
        Ok(Term::TRUE)
    })
}

fn take_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Write, |t| {
        let mut taken = Vec::new();
        t.remove(args[1], |o| {
            taken.push(copy(ctx, o));
            true
        });
        Ok(ctx.list(&taken))
    })
}

/// `[{Address, Size, References}]` of the off-heap binaries below the objects with a key, once for each view.
fn lookup_binary_info_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| {
        let mut found = Vec::new();
        t.lookup(args[1], |o| {
            o.with(|object| {
                // In the order in which a copy would list them.
                let mut todo = VecDeque::from([object]);
                while let Some(x) = todo.pop_front() {
                    if let Some(b) = x.off_heap_binary() {
                        let address = std::ptr::from_ref(b).addr() as u64;
                        found.push(ctx.tuple(&[
                            ctx.uint(address),
                            ctx.uint(b.capacity() as u64),
                            ctx.uint(b.refc() as u64),
                        ]));
                    } else if let Some((head, tail)) = x.as_cons() {
                        todo.extend([head, tail]);
                    } else if let Some(elements) = x.as_tuple() {
                        todo.extend(elements);
                    } else if let Some(fun) = x.as_fun() {
                        todo.extend(fun.env);
                    } else {
                        todo.extend(girder_vm::term::map::iter(x).flat_map(|(k, v)| [k, v]));
                    }
                }
            });
        });
        Ok(ctx.list(&found))
    })
}
