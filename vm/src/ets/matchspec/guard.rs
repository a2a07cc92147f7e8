//! Functions that guards and bodies may call.

use std::cmp::Ordering;

use super::Dialect;
use crate::arith;
use crate::atom::Atom;
use crate::heap::Builder;
use crate::native::Raise;
use crate::profile::Profile;
use crate::term::{RawTerm, Term, cmp, map};

/// What functions know besides their arguments.
pub(super) struct Env {
    pub(super) self_pid: RawTerm,
}

/// Where a function may be called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// Everywhere.
    Any,
    /// In specifications for traced calls.
    Trace,
    /// In their bodies.
    TraceBody,
}

impl Where {
    pub(super) fn allows(self, dialect: Dialect, in_guard: bool) -> bool {
        match self {
            Where::Any => true,
            Where::Trace => dialect == Dialect::Trace,
            Where::TraceBody => dialect == Dialect::Trace && !in_guard,
        }
    }
}

/// `None`: the function failed.
pub(super) type GuardFn = for<'o> fn(&Env, &Builder<'o>, &[Term<'o>]) -> Option<Term<'o>>;

macro_rules! functions {
    ($($name:literal / $arity:literal $($since:ident)? $(@ $place:ident)? => |$env:pat_param, $b:pat_param, $($arg:ident),*| $body:expr;)*) => {
        /// The function of this name and arity.
        pub(super) fn find(name: Atom, arity: usize) -> Option<(GuardFn, Where)> {
            Some(match (name.name(), arity) {
                $(($name, $arity) $(if $since())? => {
                    fn function<'o>($env: &Env, $b: &Builder<'o>, args: &[Term<'o>]) -> Option<Term<'o>> {
                        let &[$($arg),*] = args else { return None };
                        $body
                    }
                    (function as GuardFn, functions!(@place $($place)?))
                })*
                _ => return None,
            })
        }
    };
    (@place) => { Where::Any };
    (@place $place:ident) => { Where::$place };
}

/// Functions that came after 25.
fn later() -> bool {
    Profile::get().release >= 27
}

fn yes<'o>(b: bool) -> Option<Term<'o>> {
    Some(b.into())
}

fn small<'o>(b: &Builder<'o>, n: usize) -> Option<Term<'o>> {
    Some(b.uint(n as u64))
}

fn number<'o>(r: Result<Term<'o>, Raise>) -> Option<Term<'o>> {
    r.ok()
}

functions! {
    "is_atom"/1 => |_, _, x| yes(x.is_atom());
    "is_float"/1 => |_, _, x| yes(x.as_float().is_some());
    "is_integer"/1 => |_, _, x| yes(x.is_integer());
    "is_list"/1 => |_, _, x| yes(x.is_list());
    "is_number"/1 => |_, _, x| yes(x.is_number());
    "is_pid"/1 => |_, _, x| yes(x.is_pid());
    "is_port"/1 => |_, _, x| yes(x.is_port());
    "is_reference"/1 => |_, _, x| yes(x.is_ref());
    "is_tuple"/1 => |_, _, x| yes(x.as_tuple().is_some());
    "is_map"/1 => |_, _, x| yes(x.is_map());
    "is_binary"/1 => |_, _, x| yes(x.as_binary().is_some());
    "is_bitstring"/1 later => |_, _, x| yes(x.as_bits().is_some());
    "is_boolean"/1 later => |_, _, x| yes(x.as_bool().is_some());
    "is_function"/1 => |_, _, x| yes(x.is_function());
    "is_function"/2 later => |_, _, x, n| {
        let n = n.as_usize()?;
        let arity = x.as_fun().map(|f| f.entry.arity).or(x.as_export().map(|e| e.mfa.arity));
        yes(arity.is_some_and(|a| usize::from(a) == n))
    };
    "is_record"/3 => |_, _, x, tag, n| {
        let tag = tag.as_atom()?;
        // Since 28 a size that is none does not fail the function.
        let n = if Profile::get().release >= 28 { n.as_usize().unwrap_or(usize::MAX) } else { n.as_usize()? };
        yes(x.as_tuple().is_some_and(|e| e.len() == n && e.first().is_some_and(|t| t.is(tag))))
    };
    "get_tcw"/0 @ Trace => |_, b, | small(b, super::control_word() as usize);
    // Compiled to a call for tracing.
    "set_tcw"/1 @ TraceBody => |_, _, _n| None;
    "is_map_key"/2 => |_, _, key, m| if m.is_map() { yes(map::has_key(m, key)) } else { None };
    "map_get"/2 => |_, _, key, m| map::get(m, key);
    "map_size"/1 => |_, b, m| if m.is_map() { small(b, map::size(m)) } else { None };
    "element"/2 => |_, _, n, t| t.as_tuple()?.get(n.as_usize()?.checked_sub(1)?).copied();
    "tuple_size"/1 later => |_, b, t| small(b, t.as_tuple()?.len());
    "size"/1 => |_, b, t| match t.as_tuple() {
        Some(e) => small(b, e.len()),
        None => small(b, t.as_bits()?.bits / 8),
    };
    "bit_size"/1 => |_, b, t| small(b, t.as_bits()?.bits);
    "byte_size"/1 => |_, b, t| small(b, t.as_bits()?.byte_len());
    "binary_part"/2 => |_, b, t, part| {
        let [start, length] = part.as_tuple_of()?;
        binary_part(b, t, start, length)
    };
    "binary_part"/3 => |_, b, t, start, length| binary_part(b, t, start, length);
    "hd"/1 => |_, _, x| x.as_cons().map(|c| c.0);
    "tl"/1 => |_, _, x| x.as_cons().map(|c| c.1);
    "length"/1 => |_, b, x| {
        let mut list = x.list_iter();
        let n = list.by_ref().count();
        if list.tail().is_nil() { small(b, n) } else { None }
    };
    "node"/0 => |_, _, | Some(crate::node::Node::this_name().into());
    "node"/1 => |_, _, x| match x.kind() {
        crate::term::Kind::ExternalPid(n, _) | crate::term::Kind::ExternalPort(n, _) => Some(n.name.into()),
        crate::term::Kind::Ref(r) => Some(r.node.map_or(crate::node::Node::this_name(), |n| n.name).into()),
        crate::term::Kind::Pid(_) | crate::term::Kind::Port(_) => Some(crate::node::Node::this_name().into()),
        _ => None,
    };
    "self"/0 => |env, _, | Term::immediate(env.self_pid);
    "abs"/1 => |_, b, x| number(arith::abs(b, x));
    "round"/1 => |_, b, x| number(arith::round(b, x));
    "trunc"/1 => |_, b, x| number(arith::trunc(b, x));
    "ceil"/1 later => |_, b, x| number(arith::ceil(b, x));
    "floor"/1 later => |_, b, x| number(arith::floor(b, x));
    "float"/1 => |_, b, x| number(arith::float(b, x));
    "max"/2 later => |_, _, x, y| Some(if cmp::compare(x, y) == Ordering::Less { y } else { x });
    "min"/2 later => |_, _, x, y| Some(if cmp::compare(x, y) == Ordering::Greater { y } else { x });
    "+"/1 => |_, b, x| number(arith::plus(b, x));
    "-"/1 => |_, b, x| number(arith::neg(b, x));
    "+"/2 => |_, b, x, y| number(arith::add(b, x, y));
    "-"/2 => |_, b, x, y| number(arith::sub(b, x, y));
    "*"/2 => |_, b, x, y| number(arith::mul(b, x, y));
    "/"/2 => |_, b, x, y| number(arith::div(b, x, y));
    "div"/2 => |_, b, x, y| number(arith::int_div(b, x, y));
    "rem"/2 => |_, b, x, y| number(arith::int_rem(b, x, y));
    "band"/2 => |_, b, x, y| number(arith::band(b, x, y));
    "bor"/2 => |_, b, x, y| number(arith::bor(b, x, y));
    "bxor"/2 => |_, b, x, y| number(arith::bxor(b, x, y));
    "bnot"/1 => |_, b, x| number(arith::bnot(b, x));
    "bsl"/2 => |_, b, x, y| number(arith::bsl(b, x, y));
    "bsr"/2 => |_, b, x, y| number(arith::bsr(b, x, y));
    ">"/2 => |_, _, x, y| yes(cmp::compare(x, y) == Ordering::Greater);
    ">="/2 => |_, _, x, y| yes(cmp::compare(x, y) != Ordering::Less);
    "<"/2 => |_, _, x, y| yes(cmp::compare(x, y) == Ordering::Less);
    "=<"/2 => |_, _, x, y| yes(cmp::compare(x, y) != Ordering::Greater);
    "=="/2 => |_, _, x, y| yes(cmp::eq(x, y));
    "/="/2 => |_, _, x, y| yes(!cmp::eq(x, y));
    "=:="/2 => |_, _, x, y| yes(cmp::eq_exact(x, y));
    "=/="/2 => |_, _, x, y| yes(!cmp::eq_exact(x, y));
    "not"/1 => |_, _, x| yes(!x.as_bool()?);
    "xor"/2 => |_, _, x, y| yes(x.as_bool()? != y.as_bool()?);
}

/// Part of a binary; a negative length reaches back from the start.
fn binary_part<'o>(b: &Builder<'o>, t: Term<'o>, start: Term<'o>, length: Term<'o>) -> Option<Term<'o>> {
    let size = t.as_binary()?.bits / 8;
    let (start, length) = (start.as_i64()?, length.as_i64()?);
    let end = start.checked_add(length)?;
    let (from, to) = (usize::try_from(start.min(end)).ok()?, usize::try_from(start.max(end)).ok()?);
    if to > size {
        return None;
    }
    b.sub_bits(t, from * 8, (to - from) * 8)
}
