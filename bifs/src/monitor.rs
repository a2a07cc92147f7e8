//! Monitors and aliases.

use girder_vm::native::Raise;
use girder_vm::node::Node;
use girder_vm::process::relations::{AliasMode, Reference};
use girder_vm::process::spawn::MonitorOptions;
use girder_vm::signal::monitors::{self, Target};
use girder_vm::{Ctx, Kind, Profile, Term, am};

use crate::process::export;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "monitor"/2 => monitor_2, Bif;
        "monitor"/3 => monitor_3, Bif;
        "demonitor"/1 => demonitor_1, Bif;
        "demonitor"/2 => demonitor_2, Bif;
        "alias"/1 => alias_1, Bif;
        "unalias"/1 => unalias_1, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Reads a list of monitor options; `None` if one is wrong.
pub(crate) fn options<'s>(list: Term<'s>) -> Option<MonitorOptions<'s>> {
    let mut o = MonitorOptions { tag: None, alias: None, priority: false };
    for opt in list.to_vec()? {
        if let Some([key, value]) = opt.as_tuple_of::<2>() {
            if key.is(am::TAG) {
                o.tag = Some(value);
            } else if key.is(am::ALIAS) {
                o.alias = Some(alias_mode(value)?);
            } else {
                return None;
            }
        } else if opt.is(am::PRIORITY) && Profile::get().release >= 29 {
            o.priority = true;
        } else {
            return None;
        }
    }
    Some(o)
}

fn alias_mode(t: Term<'_>) -> Option<AliasMode> {
    match t.as_atom()? {
        am::EXPLICIT_UNALIAS => Some(AliasMode::ExplicitUnalias),
        am::DEMONITOR => Some(AliasMode::Demonitor),
        am::REPLY_DEMONITOR => Some(AliasMode::ReplyDemonitor),
        _ => None,
    }
}

/// Whom `monitor(Type, Item)` means; the outer `None` is a wrong type, the inner a wrong item.
fn target<'s>(kind: Term<'s>, item: Term<'s>) -> Option<Option<Target<'s>>> {
    let target = match kind.as_atom()? {
        am::PROCESS => match item.kind() {
            Kind::Pid(_) => Some(Target::Pid(item.raw())),
            Kind::ExternalPid(..) => Some(Target::Remote(item)),
            Kind::Atom(name) => Some(Target::Name(name, Node::this_name())),
            Kind::Tuple(&[name, node]) => {
                name.as_atom().zip(node.as_atom()).map(|(name, node)| Target::Name(name, node))
            }
            _ => None,
        },
        am::PORT => match item.kind() {
            Kind::Port(_) => Some(Target::Port(item.raw())),
            Kind::ExternalPort(n, _) if n.is_former_self() => Some(Target::Remote(item)),
            Kind::Atom(name) => Some(Target::PortName(name)),
            Kind::Tuple(&[name, node]) if node.is(Node::this_name()) => name.as_atom().map(Target::PortName),
            _ => None,
        },
        am::TIME_OFFSET => item.is(am::CLOCK_SERVICE).then_some(Target::TimeOffset),
        _ => return None,
    };
    Some(target)
}

fn monitor<'s>(ctx: &Ctx<'s>, kind: Term<'s>, item: Term<'s>, opts: &MonitorOptions<'s>) -> Answer<'s> {
    let Some(target) = target(kind, item) else { return Err(ctx.badarg_because(Term::atom(am::BADTYPE))) };
    let target = target.ok_or(Raise::Badarg)?;
    Ok(monitors::monitor(ctx, target, opts).term(ctx))
}

fn monitor_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    monitor(ctx, args[0], args[1], &MonitorOptions { tag: None, alias: None, priority: false })
}

fn monitor_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match options(args[2]) {
        Some(o) => monitor(ctx, args[0], args[1], &o),
        None => Err(ctx.badarg_because(Term::atom(am::BADOPT))),
    }
}

/// Ends the monitor of a reference; `false` if there is none.
fn demonitor(ctx: &Ctx<'_>, t: Term<'_>) -> Result<bool, Raise> {
    t.as_ref().ok_or(Raise::Badarg)?;
    Ok(Reference::of(t).is_some_and(|r| monitors::demonitor(ctx, r)))
}

fn demonitor_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    demonitor(ctx, args[0])?;
    Ok(Term::TRUE)
}

fn demonitor_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (mut info, mut flush) = (false, false);
    for opt in args[1].to_vec().ok_or(Raise::Badarg)? {
        match opt.as_atom() {
            Some(am::INFO) => info = true,
            Some(am::FLUSH) => flush = true,
            _ => return Err(Raise::Badarg),
        }
    }
    let found = demonitor(ctx, args[0])?;
    let result = Term::bool(found || !info);
    if flush && !found {
        // The DOWN message may be in the queue: Erlang code takes it out.
        let flush = export(am::ERTS_INTERNAL, "flush_monitor_messages", 3)?;
        return Err(ctx.trap(flush, &[args[0], Term::FALSE, result]));
    }
    Ok(result)
}

fn alias_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (mut mode, mut priority) = (AliasMode::ExplicitUnalias, false);
    for opt in args[0].to_vec().ok_or(Raise::Badarg)? {
        match opt.as_atom() {
            Some(am::EXPLICIT_UNALIAS) => mode = AliasMode::ExplicitUnalias,
            Some(am::REPLY) => mode = AliasMode::Reply,
            Some(am::PRIORITY) if Profile::get().release >= 29 => priority = true,
            _ => return Err(Raise::Badarg),
        }
    }
    Ok(monitors::alias(ctx, mode, priority).term(ctx))
}

fn unalias_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    args[0].as_ref().ok_or(Raise::Badarg)?;
    Ok(Term::bool(Reference::of(args[0]).is_some_and(|r| monitors::unalias(ctx, r))))
}
