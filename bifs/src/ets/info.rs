//! `ets:info`.

use std::sync::{Arc, LazyLock};

use girder_vm::code::{Export, Mfa};
use girder_vm::ets::{Kind, Protection, Table, WriteConcurrency};
use girder_vm::node::Node;
use girder_vm::{Atom, Ctx, Raise, Term, am};

use super::{Answer, find};

girder_vm::natives! { pub TABLE:
    "ets" {
        "info"/1 => info_1, Bif;
        "info"/2 => info_2, Bif;
    }
}

/// Items of `info/1`, in order.
const ITEMS: [Atom; 15] = [
    am::ID,
    am::DECENTRALIZED_COUNTERS,
    am::READ_CONCURRENCY,
    am::WRITE_CONCURRENCY,
    am::COMPRESSED,
    am::MEMORY,
    am::OWNER,
    am::HEIR,
    am::NAME,
    am::SIZE,
    am::NODE,
    am::NAMED_TABLE,
    am::TYPE,
    am::KEYPOS,
    am::PROTECTION,
];

fn pid<'s>(word: girder_vm::RawTerm) -> Term<'s> {
    Term::immediate(word).unwrap_or(am::NONE.into())
}

fn item<'s>(ctx: &Ctx<'s>, t: &Arc<Table>, what: Atom) -> Option<Term<'s>> {
    Some(match what {
        am::ID => t.tid(ctx),
        am::DECENTRALIZED_COUNTERS => t.decentralized_counters.into(),
        am::READ_CONCURRENCY => t.read_concurrency.into(),
        am::WRITE_CONCURRENCY => match t.write_concurrency {
            WriteConcurrency::Off => Term::FALSE,
            WriteConcurrency::On => Term::TRUE,
            WriteConcurrency::Auto => am::AUTO.into(),
        },
        am::COMPRESSED => t.compressed.into(),
        am::MEMORY => ctx.uint(t.memory_words() as u64),
        am::OWNER => pid(t.owner()),
        am::HEIR => t.heir().map_or(am::NONE.into(), |h| pid(h.pid)),
        am::NAME => t.name().into(),
        am::SIZE => ctx.uint(t.size() as u64),
        am::NODE => Node::this_name().into(),
        am::NAMED_TABLE => t.named.into(),
        am::TYPE => match t.kind {
            Kind::Set => am::SET.into(),
            Kind::OrderedSet => am::ORDERED_SET.into(),
            Kind::Bag => am::BAG.into(),
            Kind::DuplicateBag => am::DUPLICATE_BAG.into(),
        },
        am::KEYPOS => ctx.uint(t.keypos as u64),
        am::PROTECTION => match t.protection() {
            Protection::Public => am::PUBLIC.into(),
            Protection::Protected => am::PROTECTED.into(),
            Protection::Private => am::PRIVATE.into(),
        },
        am::FIXED => t.fixations().is_some().into(),
        am::SAFE_FIXED | am::SAFE_FIXED_MONOTONIC_TIME => fixations(ctx, t, what == am::SAFE_FIXED),
        am::STATS => match t.chains() {
            Some(c) => {
                let count = |n: usize| ctx.uint(n as u64);
                let mean = [c.mean, c.deviation, c.expected_deviation].map(|x| ctx.float(x));
                let tail = [count(c.least), count(c.most), count(c.tombstones), count(c.locks)];
                ctx.tuple(&[&[count(c.buckets)], &mean[..], &tail[..]].concat())
            }
            None => Term::FALSE,
        },
        _ => return None,
    })
}

/// `{Since, [{Pid, Times}]}`, or `false`.
fn fixations<'s>(ctx: &Ctx<'s>, t: &Table, wall: bool) -> Term<'s> {
    let Some((since, monotonic, by)) = t.fixations() else { return Term::FALSE };
    let by: Vec<_> = by.into_iter().map(|(p, n)| ctx.tuple(&[pid(p), ctx.uint(n as u64)])).collect();
    let time = if wall {
        let d = since.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let parts = [d.as_secs() / 1_000_000, d.as_secs() % 1_000_000, u64::from(d.subsec_micros())];
        ctx.tuple(&parts.map(|n| ctx.uint(n)))
    } else {
        ctx.int(monotonic)
    };
    ctx.tuple(&[time, ctx.list(&by)])
}

/// A table argument of `info`: what names no table is `undefined`, what cannot name one an error.
fn look<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<Option<super::TableRef<'s>>, Raise> {
    match find(t) {
        Ok(t) => Ok(Some(t)),
        Err(am::ID) => Ok(None),
        Err(cause) => Err(super::because(ctx, cause)),
    }
}

fn info_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let Some(t) = look(ctx, args[0])? else { return Ok(am::UNDEFINED.into()) };
    let all: Vec<_> = ITEMS.iter().filter_map(|&i| Some(ctx.tuple(&[i.into(), item(ctx, &t, i)?]))).collect();
    Ok(ctx.list(&all))
}

fn info_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    static BINARY: LazyLock<&'static Export> =
        LazyLock::new(|| Export::intern(Mfa { module: am::ERTS_INTERNAL, function: am::ETS_INFO_BINARY, arity: 1 }));
    if args[1].is(am::BINARY) {
        return Err(ctx.trap(&BINARY, &args[..1]));
    }
    let Some(t) = look(ctx, args[0])? else { return Ok(am::UNDEFINED.into()) };
    args[1].as_atom().and_then(|a| item(ctx, &t, a)).ok_or(Raise::Badarg)
}
