//! What sockets tell of themselves.
//!
//! Invariant: each side's counters are read under its lock, so that those of one side agree.

use girder_vm::{Ctx, Profile, Term, am};

use super::arguments::{record, socket};
use super::resource::{Reading, Writing};
use super::send::PIECES;
use super::{Answer, address, globals};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_info"/0 => info_0, Nif;
        "nif_info"/1 => info_1, Nif;
    }
}

fn info_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let mut counts: Vec<_> = globals::counts().map(|(name, n)| (name, ctx.uint(n))).collect();
    counts.push(("num_cnt_bits", Term::small(64)));
    let (debug, socket_debug) = globals::debug();
    let mut fields = vec![
        ("debug", Term::bool(debug)),
        ("socket_debug", Term::bool(socket_debug)),
        ("use_registry", Term::bool(globals::use_registry())),
        ("iow", Term::bool(false)),
        ("counters", record(ctx, &counts)),
        ("iov_max", ctx.uint(PIECES as u64)),
    ];
    let release = Profile::get().release;
    if release >= 26 {
        fields.push(("eei", Term::bool(true)));
        let mut backend = vec![("name", super::atom("unix_essio"))];
        if release >= 28 {
            let names = ["bindx", "connectx", "peeloff", "getladdrs", "freeladdrs", "getpaddrs", "freepaddrs"];
            backend.push(("sctp", record(ctx, &names.map(|n| (n, Term::bool(false))))));
        }
        fields.push(("io_backend", record(ctx, &backend)));
    }
    Ok(record(ctx, &fields))
}

/// Names of the bits of a direction's state.
const STATES: [&str; 8] =
    ["bound", "listening", "accepting", "connecting", "connected", "selected", "closing", "closed"];

fn states<'s>(ctx: &Ctx<'s>, state: u32) -> Term<'s> {
    let set = STATES.iter().enumerate().filter(|(bit, _)| state & (1 << bit) != 0);
    ctx.list_from(set.map(|(_, name)| super::atom(name)).collect::<Vec<_>>())
}

fn counters<'s>(ctx: &Ctx<'s>, r: &Reading, w: &Writing) -> Term<'s> {
    let n = |n| ctx.uint(n);
    let mut all = vec![
        ("read_byte", n(r.counts.bytes)),
        ("read_fails", n(r.counts.fails)),
        ("read_pkg", n(r.counts.packets)),
        ("read_pkg_max", n(r.counts.largest)),
        ("read_tries", n(r.counts.tries)),
        ("read_waits", n(r.counts.waits)),
        ("write_byte", n(w.counts.bytes)),
        ("write_fails", n(w.counts.fails)),
        ("write_pkg", n(w.counts.packets)),
        ("write_pkg_max", n(w.counts.largest)),
        ("write_tries", n(w.counts.tries)),
        ("write_waits", n(w.counts.waits)),
        ("acc_success", n(r.accepts.successes)),
        ("acc_fails", n(r.accepts.fails)),
        ("acc_tries", n(r.accepts.tries)),
        ("acc_waits", n(r.accepts.waits)),
    ];
    if let Some(f) = &w.files {
        all.extend([
            ("sendfile", n(f.calls)),
            ("sendfile_byte", n(f.bytes)),
            ("sendfile_fails", n(f.fails)),
            ("sendfile_max", n(f.largest)),
            ("sendfile_pkg", n(f.packets)),
            ("sendfile_pkg_max", n(f.largest_packet)),
            ("sendfile_tries", n(f.tries)),
            ("sendfile_waits", n(f.waits)),
        ]);
    }
    record(ctx, &all)
}

fn info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let s = socket(a[0])?;
    let (r, w) = (s.reading(), s.writing());
    let owner = s.life().owner.and_then(Term::immediate).unwrap_or(am::UNDEFINED.into());
    let kind = match s.origin {
        // The reference tells of no descriptor whose number is 0.
        Some(o) if o.number > 0 => {
            let tag = super::atom("fromfd");
            if o.duplicate { ctx.tuple(&[tag, ctx.int(o.number.into())]) } else { tag }
        }
        _ => am::NORMAL.into(),
    };
    let n = |n: usize| ctx.uint(n as u64);
    Ok(record(
        ctx,
        &[
            ("domain", address::domain_term(s.domain)),
            ("type", address::kind_term(s.kind)),
            ("protocol", ctx.int(s.protocol.into())),
            ("owner", owner),
            ("rstates", states(ctx, r.state)),
            ("wstates", states(ctx, w.state)),
            ("ctype", kind),
            ("counters", counters(ctx, &r, &w)),
            ("num_readers", n(r.readers.len())),
            ("num_writers", n(w.writers.len())),
            ("num_acceptors", n(r.acceptors.len())),
        ],
    ))
}
