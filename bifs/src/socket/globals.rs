//! What all sockets have in common: how many there are, the process that keeps a register of them, and switches.
//!
//! Invariant: each socket is counted once when it is made and once when its descriptor goes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use girder_vm::sys::socket::{AF_INET, AF_INET6, AF_UNIX, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_STREAM};
use girder_vm::{Ctx, RawTerm, Term, am};

use super::arguments::{field, name_of, value};
use super::{Answer, raise_invalid};
use girder_vm::Raise;

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_command"/1 => command_1, Nif;
    }
}

const SOCK_SEQPACKET: i32 = 5;
const IPPROTO_SCTP: i32 = 132;

/// The process of module `socket_registry`.
static REGISTRY: OnceLock<RawTerm> = OnceLock::new();

static USE_REGISTRY: AtomicBool = AtomicBool::new(true);
static DEBUG: AtomicBool = AtomicBool::new(false);
static SOCKET_DEBUG: AtomicBool = AtomicBool::new(false);

/// Sockets that are open, by what they are: as `socket:info/0` names them.
static COUNTS: [(&str, AtomicU64); 11] = [
    ("num_sockets", AtomicU64::new(0)),
    ("num_tdgrams", AtomicU64::new(0)),
    ("num_tstreams", AtomicU64::new(0)),
    ("num_tseqpkgs", AtomicU64::new(0)),
    ("num_dlocal", AtomicU64::new(0)),
    ("num_dinet", AtomicU64::new(0)),
    ("num_dinet6", AtomicU64::new(0)),
    ("num_pip", AtomicU64::new(0)),
    ("num_ptcp", AtomicU64::new(0)),
    ("num_pudp", AtomicU64::new(0)),
    ("num_psctp", AtomicU64::new(0)),
];

/// Changes of [`COUNTS`] are one at a time, so that none goes below zero.
static COUNTING: Mutex<()> = Mutex::new(());

/// The counts that a socket is in.
fn counts_of(domain: i32, kind: i32, protocol: i32) -> [Option<&'static str>; 4] {
    let domain = match domain {
        AF_INET => Some("num_dinet"),
        AF_INET6 => Some("num_dinet6"),
        AF_UNIX => Some("num_dlocal"),
        _ => None,
    };
    let kind = match kind {
        SOCK_STREAM => Some("num_tstreams"),
        SOCK_DGRAM => Some("num_tdgrams"),
        SOCK_SEQPACKET => Some("num_tseqpkgs"),
        _ => None,
    };
    let protocol = match protocol {
        0 => Some("num_pip"),
        IPPROTO_TCP => Some("num_ptcp"),
        IPPROTO_UDP => Some("num_pudp"),
        IPPROTO_SCTP => Some("num_psctp"),
        _ => None,
    };
    [Some("num_sockets"), domain, kind, protocol]
}

fn count(domain: i32, kind: i32, protocol: i32, change: impl Fn(u64) -> u64) {
    let names = counts_of(domain, kind, protocol);
    let _one = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, n) in &COUNTS {
        if names.contains(&Some(*name)) {
            n.store(change(n.load(Ordering::Relaxed)), Ordering::Relaxed);
        }
    }
}

/// A socket was opened.
pub(super) fn opened(domain: i32, kind: i32, protocol: i32) {
    count(domain, kind, protocol, |n| n + 1);
}

/// A socket was closed. Its protocol may have been asked for by another number.
pub(super) fn gone(domain: i32, kind: i32, protocol: i32) {
    count(domain, kind, protocol, |n| n.saturating_sub(1));
}

/// All counts.
pub(super) fn counts() -> impl Iterator<Item = (&'static str, u64)> {
    COUNTS.iter().map(|(name, n)| (*name, n.load(Ordering::Relaxed)))
}

/// `prim_socket` tells what it has made ready when it is loaded.
pub(crate) fn loaded(extra: Term<'_>) {
    if let Some(pid) = field(extra, "registry").filter(|p| p.raw().is_local_pid()) {
        REGISTRY.get_or_init(|| pid.raw());
    }
    for (key, switch) in [("use_registry", &USE_REGISTRY), ("debug", &DEBUG), ("socket_debug", &SOCKET_DEBUG)] {
        if let Some(on) = field(extra, key).and_then(Term::as_bool) {
            switch.store(on, Ordering::Relaxed);
        }
    }
}

/// The process that keeps the register, if there is one.
pub(super) fn registry() -> Option<RawTerm> {
    REGISTRY.get().copied()
}

/// New sockets are told to the register.
pub(super) fn use_registry() -> bool {
    USE_REGISTRY.load(Ordering::Relaxed)
}

/// The switch for messages about the natives, and that for messages about new sockets. Nothing is written for either.
pub(super) fn debug() -> (bool, bool) {
    (DEBUG.load(Ordering::Relaxed), SOCKET_DEBUG.load(Ordering::Relaxed))
}

fn command_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (Some(command), Some(data)) = (field(a[0], "command"), value(a[0], am::DATA)) else {
        return Err(Raise::Badarg);
    };
    let switch = match name_of(command) {
        Some("debug") => &DEBUG,
        Some("socket_debug") => &SOCKET_DEBUG,
        Some("use_registry") => &USE_REGISTRY,
        _ => return Err(raise_invalid(ctx, ctx.tuple(&[super::atom("command"), command]))),
    };
    let on = data.as_bool().ok_or_else(|| raise_invalid(ctx, ctx.tuple(&[am::DATA.into(), data])))?;
    switch.store(on, Ordering::Relaxed);
    Ok(am::OK.into())
}
