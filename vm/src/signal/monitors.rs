//! Monitors and aliases: what `monitor/2,3`, `demonitor/1,2`, `alias/1`, `unalias/1` do.
//!
//! Invariant: a monitor is in the caller's own table before the signal goes out; when nobody is there, the DOWN comes
//! as a signal too, behind everything that was sent before.

use super::links::delivered;
use super::{Signal, signal, stop_watching};
use crate::atom::{Atom, am};
use crate::ctx::Ctx;
use crate::heap::Detached;
use crate::node::Node;
use crate::process::registry;
use crate::process::relations::{Alias, AliasMode, Monitor, Reference, Watched};
use crate::process::spawn::MonitorOptions;
use crate::term::{Kind, RawTerm, Term};

/// Whom a process wants to watch.
#[derive(Clone, Copy)]
pub enum Target<'s> {
    /// A local process.
    Pid(RawTerm),
    /// A process of a node that is not connected, or a process or port of this node before it had its present name.
    Remote(Term<'s>),
    /// A name, at this node or another.
    Name(Atom, Atom),
    /// A local port.
    Port(RawTerm),
    /// A port's name at this node.
    PortName(Atom),
    /// The time offset.
    TimeOffset,
}

/// Starts to watch.
pub fn monitor<'s>(ctx: &Ctx<'s>, target: Target<'s>, opts: &MonitorOptions<'s>) -> Reference {
    let me = ctx.self_pid().raw();
    let r = match opts.alias {
        Some(_) => Reference::fresh_alias(me),
        None => Reference::fresh(),
    };
    let nobody = RawTerm::atom(am::UNDEFINED);
    let this = Node::this_name();
    let (watched, pid, missing) = match target {
        Target::Pid(pid) => (Watched::Pid(pid), Some(pid), am::NOPROC),
        Target::Remote(pid) => {
            let former = matches!(pid.kind(), Kind::ExternalPid(n, _) | Kind::ExternalPort(n, _) if n.is_former_self());
            let missing = if former { am::NOPROC } else { am::NOCONNECTION };
            (Watched::Remote(crate::term::copy::detach(pid)), None, missing)
        }
        Target::Name(name, node) if node != this => (Watched::Name(nobody, name, node), None, am::NOCONNECTION),
        Target::Name(name, node) => {
            let pid = registry::whereis(name).filter(|p| p.is_local_pid());
            (Watched::Name(pid.unwrap_or(nobody), name, node), pid, am::NOPROC)
        }
        Target::Port(port) => (Watched::Port(port), Some(port), am::NOPROC),
        Target::PortName(name) => {
            let port = registry::whereis(name).filter(|p| p.is_local_port());
            (Watched::PortName(port.unwrap_or(nobody), name, this), port, am::NOPROC)
        }
        Target::TimeOffset => (Watched::TimeOffset, None, am::NOPROC),
    };
    // Nothing is ever told about the end of oneself: there is no monitor, and no alias.
    if pid == Some(me) {
        return r;
    }
    let quiet = matches!(watched, Watched::TimeOffset);
    let name = match watched {
        Watched::Name(_, name, _) => Some(name),
        _ => None,
    };
    let tag = opts.tag.map(crate::term::copy::detach);
    let mut rel = ctx.owner().relations.borrow_mut();
    if let Some(mode) = opts.alias {
        rel.aliases.insert(r.numbers, Alias { mode, priority: opts.priority });
    }
    rel.monitors.insert(r.numbers, Monitor { watched, alias_pid: r.pid, tag, priority: opts.priority });
    drop(rel);
    if quiet {
        return r;
    }
    if !pid.is_some_and(|id| delivered(id, Signal::Monitor { from: me, numbers: r.numbers, name })) {
        let reason = Detached::immediate(RawTerm::atom(missing));
        signal(me, Signal::Down { numbers: r.numbers, reason });
    }
    r
}

/// Stops watching; `false` if the monitor had ended.
pub fn demonitor(ctx: &Ctx<'_>, r: Reference) -> bool {
    let ended = ctx.owner().relations.borrow_mut().end_monitor(r.numbers);
    if let Some(m) = &ended {
        stop_watching(r.numbers, &m.watched);
    }
    ended.is_some()
}

/// Makes an alias of the running process.
pub fn alias(ctx: &Ctx<'_>, mode: AliasMode, priority: bool) -> Reference {
    let r = Reference::fresh_alias(ctx.self_pid().raw());
    ctx.owner().relations.borrow_mut().aliases.insert(r.numbers, Alias { mode, priority });
    r
}

/// Ends an alias; `false` if the reference is none that is in force here.
pub fn unalias(ctx: &Ctx<'_>, r: Reference) -> bool {
    r.pid == Some(ctx.self_pid().raw()) && ctx.owner().relations.borrow_mut().aliases.remove(&r.numbers).is_some()
}
