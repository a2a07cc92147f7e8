//! Natives of `maps`, the guards on maps, and what `erts_internal` and `erts_debug` know about a map's inside.

use girder_vm::term::map::{self, MapKind};
use girder_vm::{Ctx, Profile, Raise, Term, am};

use crate::large::{ELEMENT, large};

girder_vm::natives! { pub TABLE:
    "maps" {
        "find"/2 => find_2, Bif;
        "from_keys"/2 => from_keys_2, Bif;
        "from_list"/1 => from_list_1, Bif;
        "get"/2 => get_2, Bif;
        "is_key"/2 => is_map_key_2, Bif;
        "keys"/1 => keys_1, Bif;
        "merge"/2 => merge_2, Bif;
        "put"/3 => put_3, Bif;
        "remove"/2 => remove_2, Bif;
        "take"/2 => take_2, Bif;
        "update"/3 => update_3, Bif;
        "values"/1 => values_1, Bif;
    }
    "erlang" {
        "is_map"/1 => is_map_1, Guard;
        "is_map_key"/2 => is_map_key_2, Guard;
        "map_get"/2 => get_2, Guard;
        "map_size"/1 => map_size_1, Guard;
    }
    "erts_internal" {
        "map_hashmap_children"/1 => map_hashmap_children_1, Bif;
        "map_next"/3 => map_next_3, Bif;
        "map_to_tuple_keys"/1 => map_to_tuple_keys_1, Bif;
    }
    "erts_debug" {
        "map_info"/1 => map_info_1, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn badmap<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Raise {
    ctx.error_tuple(am::BADMAP, t)
}

fn a_map<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<Term<'s>, Raise> {
    if t.is_map() { Ok(t) } else { Err(badmap(ctx, t)) }
}

fn find_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let m = a_map(ctx, args[1])?;
    Ok(match map::get(m, args[0]) {
        Some(v) => ctx.tuple(&[am::OK.into(), v]),
        None => am::ERROR.into(),
    })
}

fn get_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let m = a_map(ctx, args[1])?;
    map::get(m, args[0]).ok_or_else(|| ctx.error_tuple(am::BADKEY, args[0]))
}

fn is_map_key_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(map::has_key(a_map(ctx, args[1])?, args[0]).into())
}

fn is_map_1<'s>(_: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(args[0].is_map().into())
}

fn map_size_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.uint(map::size(a_map(ctx, args[0])?) as u64))
}

fn keys_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let m = a_map(ctx, args[0])?;
    ctx.charge(map::size(m) / 16);
    Ok(map::keys(ctx, m))
}

fn values_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let m = a_map(ctx, args[0])?;
    ctx.charge(map::size(m) / 16);
    Ok(map::values(ctx, m))
}

fn put_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(map::put(ctx, a_map(ctx, args[2])?, args[0], args[1]))
}

fn update_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let m = a_map(ctx, args[2])?;
    map::update(ctx, m, args[0], args[1]).ok_or_else(|| ctx.error_tuple(am::BADKEY, args[0]))
}

fn remove_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(map::remove(ctx, a_map(ctx, args[1])?, args[0]))
}

fn take_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(match map::take(ctx, a_map(ctx, args[1])?, args[0]) {
        Some((v, rest)) => ctx.tuple(&[v, rest]),
        None => am::ERROR.into(),
    })
}

fn merge_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (x, y) = (a_map(ctx, args[0])?, a_map(ctx, args[1])?);
    ctx.charge(map::size(x).min(map::size(y)) / 4);
    Ok(map::merge(ctx, x, y))
}

fn from_list_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let mut list = args[0].list_iter();
    let mut pairs = Vec::new();
    for item in &mut list {
        let [k, v] = item.as_tuple_of().ok_or(Raise::Badarg)?;
        pairs.push((k, v));
    }
    if !list.tail().is_nil() {
        return Err(Raise::Badarg);
    }
    ctx.charge(pairs.len() / 4);
    Ok(large(ctx, pairs.len() * ELEMENT * 8, || map::from_pairs(ctx, &pairs)))
}

fn from_keys_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let keys = args[0].to_vec().ok_or(Raise::Badarg)?;
    ctx.charge(keys.len() / 4);
    let pairs: Vec<_> = keys.into_iter().map(|k| (k, args[1])).collect();
    Ok(large(ctx, pairs.len() * ELEMENT * 8, || map::from_pairs(ctx, &pairs)))
}

/// Pairs of a large map that one call hands out at most, and the first call of an iteration.
const CHUNK: usize = 1000;
const FIRST_CHUNK: usize = 32;

/// `{K1, V1, {K2, V2, Rest}}`, as `maps:next/1` takes it apart.
fn nest<'s>(ctx: &Ctx<'s>, pairs: &[(Term<'s>, Term<'s>)], rest: Term<'s>) -> Term<'s> {
    pairs.iter().rev().fold(rest, |rest, &(k, v)| ctx.tuple(&[k, v, rest]))
}

fn map_next_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let &[path, m, how] = args else { return Err(Raise::Badarg) };
    let as_list = !how.is(am::ITERATOR);
    if !m.is_map() || (as_list && !how.is_list()) {
        return Err(Raise::Badarg);
    }
    if path.is_list() && !as_list && Profile::get().maps_have_ordered_iterators() {
        return next_of_keys(ctx, path, m);
    }
    let size = map::size(m);
    if map::kind(m) == Some(MapKind::Flat) {
        let pairs: Vec<_> = map::iter(m).collect();
        path.as_small().filter(|&p| p >= 0 && p as usize <= size).ok_or(Raise::Badarg)?;
        return Ok(match as_list {
            true => pairs.iter().rev().fold(how, |list, &(k, v)| ctx.cons(ctx.tuple(&[k, v]), list)),
            false => nest(ctx, &pairs, am::NONE.into()),
        });
    }
    let limbs = match (path.as_u64(), path.as_big()) {
        (Some(p), _) => vec![p],
        (None, Some(big)) if !big.negative => big.limbs.to_vec(),
        _ => return Err(Raise::Badarg),
    };
    let max = if limbs == [0] { FIRST_CHUNK } else { CHUNK };
    let part = map::chunk(m, &limbs, max).ok_or(Raise::Badarg)?;
    ctx.charge(part.pairs.len());
    let next = part.next.map(|limbs| ctx.big_limbs(false, &limbs));
    if !as_list {
        let rest = next.map_or(am::NONE.into(), |path| ctx.cons(path, m));
        return Ok(nest(ctx, &part.pairs, rest));
    }
    let list = part.pairs.iter().fold(how, |list, &(k, v)| ctx.cons(ctx.tuple(&[k, v]), list));
    Ok(match next {
        Some(path) => ctx.cons(path, ctx.cons(m, list)),
        None if Profile::get().large_maps_list_backwards() => list,
        // The parts were consed up back to front; the order to show is that of the iterator.
        None => ctx.list_from(list.to_vec().ok_or(Raise::Badarg)?.into_iter().rev()),
    })
}

/// The iterator of an ordered walk: the keys are given.
fn next_of_keys<'s>(ctx: &Ctx<'s>, keys: Term<'s>, m: Term<'s>) -> Answer<'s> {
    let mut walk = keys.list_iter();
    let mut pairs = Vec::new();
    for k in walk.by_ref().take(CHUNK) {
        pairs.push((k, map::get(m, k).ok_or(Raise::Badarg)?));
    }
    let rest = match walk.tail() {
        t if t.is_nil() => am::NONE.into(),
        t if t.is_cons() => ctx.cons(t, m),
        _ => return Err(Raise::Badarg),
    };
    ctx.charge(pairs.len());
    Ok(nest(ctx, &pairs, rest))
}

fn map_to_tuple_keys_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    map::flat_keys(a_map(ctx, args[0])?).ok_or(Raise::Badarg)
}

fn map_hashmap_children_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let children = map::hamt_children(a_map(ctx, args[0])?).ok_or(Raise::Badarg)?;
    Ok(ctx.list_from(children.iter().rev().copied()))
}

/// `[{depth,D},{arrays,N,[]},{bitmaps,N,Usage},{leafs,N,PerLevel}]`.
fn map_info_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let m = a_map(ctx, args[0])?;
    if map::kind(m) == Some(MapKind::Flat) {
        return Err(Raise::Badarg);
    }
    const FULL: usize = 16;
    let (mut leaf_usage, mut bitmap_usage) = ([0u64; 16], [0u64; 16]);
    let (mut leafs, mut arrays, mut bitmaps, mut depth) = (0u64, 0u64, 0u64, 0usize);
    let mut todo = vec![(m, 0usize)];
    while let Some((t, level)) = todo.pop() {
        depth = depth.max(level);
        let Some(children) = map::hamt_children(t) else {
            leafs += 1;
            leaf_usage[level.min(15)] += 1;
            continue;
        };
        if level == 0 && children.len() == FULL {
            arrays += 1;
        } else {
            bitmaps += 1;
            bitmap_usage[children.len() - 1] += 1;
        }
        todo.extend(children.iter().map(|&c| (c, level + 1)));
    }
    let usage = |of: &[u64; 16]| ctx.tuple_with(16, |i| ctx.uint(of[i]));
    Ok(ctx.list(&[
        ctx.tuple(&[am::DEPTH.into(), ctx.uint(depth as u64)]),
        ctx.tuple(&[am::ARRAYS.into(), ctx.uint(arrays), Term::NIL]),
        ctx.tuple(&[am::BITMAPS.into(), ctx.uint(bitmaps), usage(&bitmap_usage)]),
        ctx.tuple(&[am::LEAFS.into(), ctx.uint(leafs), usage(&leaf_usage)]),
    ]))
}
