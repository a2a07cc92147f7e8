//! Changes of elements in place: `update_counter` and `update_element`.
//!
//! Invariant: all changes of a call are checked before the first is made, so that a wrong one changes nothing.

use girder_vm::arith;
use girder_vm::ets::{Object, Table};
use girder_vm::profile::Profile;
use girder_vm::term::cmp;
use girder_vm::{Ctx, Raise, Term, am};

use super::{Access, Answer, because, is_set, is_storable, using};

girder_vm::natives! { pub TABLE:
    "ets" {
        "update_counter"/3 => update_counter_3, Bif;
        "update_counter"/4 => update_counter_4, Bif;
        "update_element"/3 => update_element_3, Bif;
        "update_element"/4 => update_element_4, Bif, SINCE_27;
    }
}

/// The object to insert if there is none, with the key asked for.
fn default<'s>(ctx: &Ctx<'s>, t: &Table, key: Term<'s>, object: Term<'s>) -> Result<Object, Raise> {
    match object.as_tuple() {
        Some(elements) if is_storable(t, object) => Ok(t.object(ctx.set_element(elements, t.keypos - 1, key))),
        _ if Profile::get().release >= 28 => Err(because(ctx, am::DEFAULT)),
        _ => Err(Raise::Badarg),
    }
}

/// Writes elements, whose positions are in the object.
fn write<'s>(ctx: &Ctx<'s>, t: &Table, o: &mut Object, values: &[(usize, Term<'s>)]) {
    if values.iter().all(|(_, v)| v.is_immediate()) && values.iter().all(|&(pos, v)| o.set_immediate(pos, v.raw())) {
        return;
    }
    let mut elements = o.copy_to(ctx).as_tuple().map(<[Term<'s>]>::to_vec).unwrap_or_default();
    for &(pos, value) in values {
        elements[pos - 1] = value;
    }
    *o = t.object(ctx.tuple(&elements));
}

/// One step of `update_counter`.
struct Step<'s> {
    pos: usize,
    increment: Term<'s>,
    /// Beyond the first the counter is set to the second.
    wrap: Option<(Term<'s>, Term<'s>)>,
}

fn step<'s>(ctx: &Ctx<'s>, t: &Table, op: Term<'s>) -> Result<Step<'s>, Raise> {
    let (pos, increment, wrap) = match op.as_tuple() {
        Some(&[pos, increment]) => (pos, increment, None),
        Some(&[pos, increment, threshold, value]) => (pos, increment, Some((threshold, value))),
        _ => return Err(Raise::Badarg),
    };
    let integers = increment.is_integer() && wrap.is_none_or(|(a, b)| a.is_integer() && b.is_integer());
    let pos = pos.as_small().filter(|_| integers).ok_or(Raise::Badarg)?;
    let pos = usize::try_from(pos).ok().filter(|&p| p > 0).ok_or_else(|| because(ctx, am::POSITION))?;
    if pos == t.keypos {
        return Err(because(ctx, am::KEYPOS));
    }
    Ok(Step { pos, increment, wrap })
}

/// The counter after a step.
fn advance<'s>(ctx: &Ctx<'s>, counter: Term<'s>, s: &Step<'s>) -> Answer<'s> {
    if !counter.is_integer() {
        return Err(Raise::Badarg);
    }
    let sum = arith::add(ctx, counter, s.increment)?;
    let Some((threshold, value)) = s.wrap else { return Ok(sum) };
    let down = match (s.increment.as_small(), s.increment.as_big()) {
        (Some(i), _) => i < 0,
        (None, big) => big.is_some_and(|b| b.negative),
    };
    let order = cmp::compare(sum, threshold);
    Ok(if if down { order.is_lt() } else { order.is_gt() } { value } else { sum })
}

fn update_counter<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], object: Option<Term<'s>>) -> Answer<'s> {
    using(ctx, args[0], Access::Write, |t| {
        if !is_set(t) {
            return Err(because(ctx, am::TABLE_TYPE));
        }
        let (key, op) = (args[1], args[2]);
        let object = object.map(|o| default(ctx, t, key, o)).transpose()?;
        // That there is no object counts more than what is wrong with the steps.
        let wrong = |e: Raise| if object.is_none() && !t.member(key) { because(ctx, am::BADKEY) } else { e };
        let (one, many);
        let steps = match op.is_list().then(|| op.to_vec()).flatten() {
            Some(ops) => {
                many = ops.into_iter().map(|op| step(ctx, t, op)).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
                &many[..]
            }
            None => {
                one = match op.is_integer() {
                    true => Step { pos: t.keypos + 1, increment: op, wrap: None },
                    false => step(ctx, t, op).map_err(wrong)?,
                };
                std::slice::from_ref(&one)
            }
        };
        let done = t.update(key, object, |o| match steps {
            [s] if !op.is_list() => match add_small(o, s) {
                Some(sum) => Ok(sum),
                None => advance_all(ctx, t, o, steps).map(|sums| sums[0]),
            },
            _ => advance_all(ctx, t, o, steps).map(|sums| ctx.list(&sums)),
        });
        done.unwrap_or_else(|| Err(because(ctx, am::BADKEY)))
    })
}

/// The commonest step, a small counter and increment, done in place.
fn add_small<'s>(o: &mut Object, s: &Step<'s>) -> Option<Term<'s>> {
    let increment = s.increment.as_small().filter(|_| s.wrap.is_none())?;
    Term::immediate(o.add_small(s.pos, increment)?)
}

/// All steps, or none if one fails; answers the counters after each.
fn advance_all<'s>(ctx: &Ctx<'s>, t: &Table, o: &mut Object, steps: &[Step<'s>]) -> Result<Vec<Term<'s>>, Raise> {
    let mut values: Vec<(usize, Term<'s>)> = Vec::with_capacity(steps.len());
    for s in steps {
        let earlier = values.iter().rev().find(|(pos, _)| *pos == s.pos).map(|(_, v)| *v);
        let Some(counter) = earlier.or_else(|| o.with_element(s.pos, |e| ctx.copy(e))) else {
            return Err(because(ctx, am::POSITION));
        };
        values.push((s.pos, advance(ctx, counter, s)?));
    }
    write(ctx, t, o, &values);
    Ok(values.into_iter().map(|(_, v)| v).collect())
}

fn update_counter_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    update_counter(ctx, args, None)
}

fn update_counter_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    update_counter(ctx, args, Some(args[3]))
}

fn update_element<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], object: Option<Term<'s>>) -> Answer<'s> {
    using(ctx, args[0], Access::Write, |t| {
        if !is_set(t) {
            return Err(Raise::Badarg);
        }
        let key = args[1];
        let release = Profile::get().release;
        let bad_position = || if release >= 26 { because(ctx, am::POSITION) } else { Raise::Badarg };
        let object = object.map(|o| default(ctx, t, key, o)).transpose()?;
        // The specification is looked at only if there is an object.
        let done = t.update(key, object, |o| {
            let specs = args[2].to_vec().unwrap_or_else(|| vec![args[2]]);
            let size = o.with(|x| x.as_tuple().map_or(0, <[_]>::len));
            let mut values = Vec::with_capacity(specs.len());
            for spec in specs {
                let [pos, value] = spec.as_tuple_of().ok_or(Raise::Badarg)?;
                if !pos.is_integer() {
                    return Err(Raise::Badarg);
                }
                let pos = pos.as_usize().filter(|p| (1..=size).contains(p)).ok_or_else(bad_position)?;
                if pos == t.keypos {
                    return Err(because(ctx, am::KEYPOS));
                }
                values.push((pos, value));
            }
            write(ctx, t, o, &values);
            Ok(())
        });
        Ok(done.transpose()?.is_some().into())
    })
}

fn update_element_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    update_element(ctx, args, None)
}

fn update_element_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    update_element(ctx, args, Some(args[3]))
}
