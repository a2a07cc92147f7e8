//! Nodes: this one, and that no other is connected.

use std::sync::OnceLock;

use girder_vm::node::Node;
use girder_vm::term::{Kind, map};
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "monitor_node"/2 => monitor_node_2, Bif;
        "monitor_node"/3 => monitor_node_3, Bif;
        "node"/0 => node_0, Guard;
        "node"/1 => node_1, Guard;
        "nodes"/0 => nodes_0, Bif;
        "nodes"/1 => nodes_1, Bif;
        "nodes"/2 => nodes_2, Bif;
    }
    "error_logger" {
        "warning_map"/0 => warning_map_0, Bif;
    }
    "erts_internal" {
        "get_dflags"/0 => get_dflags_0, Bif;
    }
    "net_kernel" {
        "dflag_unicode_io"/1 => dflag_unicode_io_1, Bif;
    }
}

fn node_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Node::this_name().into())
}

/// The node that a pid, port or reference belongs to.
fn node_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let name = match a[0].kind() {
        Kind::Pid(_) | Kind::Port(_) => Node::this_name(),
        Kind::ExternalPid(n, _) | Kind::ExternalPort(n, _) => n.name,
        Kind::Ref(r) => r.node.map_or(Node::this_name(), |n| n.name),
        _ => return Err(Raise::Badarg),
    };
    Ok(name.into())
}

fn nodes_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::NIL)
}

/// Whether the classes of nodes that are asked for take in this one.
fn includes_this(t: Term<'_>) -> Result<bool, Raise> {
    let one = |t: Term<'_>| match t.as_atom().map(Atom::name) {
        Some("this" | "known") => Ok(true),
        Some("visible" | "hidden" | "connected") => Ok(false),
        _ => Err(Raise::Badarg),
    };
    if t.is_atom() {
        return one(t);
    }
    let classes: Result<Vec<bool>, Raise> = t.to_vec().ok_or(Raise::Badarg)?.into_iter().map(one).collect();
    Ok(classes?.contains(&true))
}

fn nodes_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(if includes_this(a[0])? { ctx.list(&[Node::this_name().into()]) } else { Term::NIL })
}

/// With what is known of each: `#{connection_id => true, node_type => true}` tells what is wanted.
fn nodes_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[1].is_map() {
        return Err(Raise::Badarg);
    }
    let mut pairs = Vec::new();
    for (item, wanted) in map::iter(a[1]) {
        let value = match item.as_atom().map(Atom::name) {
            Some("connection_id") => am::UNDEFINED.into(),
            Some("node_type") => ctx.atom("this").map_err(|_| Raise::SystemLimit)?,
            _ => return Err(Raise::Badarg),
        };
        if wanted.as_bool().ok_or(Raise::Badarg)? {
            pairs.push((item, value));
        }
    }
    if !includes_this(a[0])? {
        return Ok(Term::NIL);
    }
    Ok(ctx.list(&[ctx.tuple(&[Node::this_name().into(), map::from_pairs(ctx, &pairs)])]))
}

/// This node is always up, so watching it is granted and never comes to anything; others cannot be reached.
fn monitor_node<'s>(ctx: &Ctx<'s>, node: Term<'s>, flag: Term<'s>) -> Result<Term<'s>, Raise> {
    let (name, _on) = (node.as_atom().ok_or(Raise::Badarg)?, flag.as_bool().ok_or(Raise::Badarg)?);
    if name == Node::this_name() {
        return Ok(Term::TRUE);
    }
    Err(ctx.error(ctx.atom("notalive").map_err(|_| Raise::SystemLimit)?))
}

fn monitor_node_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    monitor_node(ctx, a[0], a[1])
}

fn monitor_node_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let options = a[2].to_vec().ok_or(Raise::Badarg)?;
    if !options.iter().all(|o| o.as_atom().is_some_and(|o| o.name() == "allow_passive_connect")) {
        return Err(Raise::Badarg);
    }
    monitor_node(ctx, a[0], a[1])
}

static WARNINGS: OnceLock<Atom> = OnceLock::new();

/// Fixes what `error_logger` maps warnings to (`+W`): `warning`, `info` or `error`.
pub fn set_warning_map(kind: &'static str) {
    WARNINGS.get_or_init(|| Atom::new(kind).unwrap_or(am::WARNING));
}

/// What `error_logger` maps warnings to.
fn warning_map_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(WARNINGS.get().copied().unwrap_or(am::WARNING).into())
}

/// Distribution flags of the release: default, mandatory, addable, rejectable and strict-order ones.
fn get_dflags_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (all, mandatory) = match Profile::get().release {
        25 => (55_966_662_588, 17_239_956),
        27 => (55_966_662_588, 17_230_663_572),
        _ => (468_283_523_004, 17_230_663_572),
    };
    let flags = [all, mandatory, all, 8_396_866, 8192].map(|f| ctx.int(f));
    let tag = ctx.atom("erts_dflags").map_err(|_| Raise::SystemLimit)?;
    Ok(ctx.tuple(&[tag, flags[0], flags[1], flags[2], flags[3], flags[4]]))
}

/// Whether the node of a process understands Unicode in the I/O protocol: this one does.
fn dflag_unicode_io_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if a[0].is_pid() { Ok(Term::TRUE) } else { Err(Raise::Badarg) }
}
