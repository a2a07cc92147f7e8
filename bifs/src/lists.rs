//! Lists: length, search, reversal, `++` and `--`.
//!
//! Invariant: work is done in steps in proportion to the reductions left; what is not done yet travels as ordinary
//! terms in the argument registers to the next step. Lists are proved proper before the first step, so that later ones
//! cannot fail.

use std::cmp::Ordering;
use std::sync::LazyLock;

use girder_vm::code::{Export, Mfa};
use girder_vm::term::cmp::{compare_exact, eq, eq_exact};
use girder_vm::{Atom, Ctx, Raise, Term, am};

use crate::OWN_MODULE;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "length"/1 => length_1, Guard;
        "hd"/1 => hd_1, Guard;
        "tl"/1 => tl_1, Guard;
        "++"/2 => append_2, Bif;
        "append"/2 => append_2, Bif;
        "--"/2 => subtract_2, Bif;
        "subtract"/2 => subtract_2, Bif;
    }
    "lists" {
        "member"/2 => member_2, Bif;
        "reverse"/2 => reverse_2, Bif;
        "keyfind"/3 => keyfind_3, Bif;
        "keymember"/3 => keymember_3, Bif;
        "keysearch"/3 => keysearch_3, Bif;
    }
    "girder_sys" {
        "append"/3 => append_step, Bif;
        "subtract"/4 => subtract_step, Bif;
    }
}

/// Cells that one reduction pays for.
const CELLS: usize = 40;
/// Comparisons that one reduction pays for.
const COMPARISONS: usize = 16;

fn entry(module: &str, function: &str, arity: u8) -> &'static Export {
    let atom = |name| Atom::new(name).expect("a short name");
    Export::intern(Mfa { module: atom(module), function: atom(function), arity })
}

macro_rules! entries {
    ($($id:ident $module:expr, $function:literal / $arity:literal;)*) => {
        $(static $id: LazyLock<&'static Export> = LazyLock::new(|| entry($module, $function, $arity));)*
    };
}

entries! {
    MEMBER "lists", "member"/2;
    REVERSE "lists", "reverse"/2;
    KEYFIND "lists", "keyfind"/3;
    KEYMEMBER "lists", "keymember"/3;
    KEYSEARCH "lists", "keysearch"/3;
    APPEND_STEP OWN_MODULE, "append"/3;
    SUBTRACT_STEP OWN_MODULE, "subtract"/4;
}

/// Steps that this slice still pays for, at least a few so that every call gets on.
fn budget(ctx: &Ctx<'_>, per_reduction: usize) -> usize {
    usize::try_from(ctx.reductions_left()).unwrap_or(0).max(4) * per_reduction
}

/// Length of a proper list.
fn proper_length(ctx: &Ctx<'_>, list: Term<'_>) -> Result<usize, Raise> {
    let mut it = list.list_iter();
    let n = it.by_ref().count();
    ctx.charge(n / 256);
    if it.tail().is_nil() { Ok(n) } else { Err(Raise::Badarg) }
}

fn length_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(proper_length(ctx, a[0])? as u64))
}

fn hd_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    a[0].as_cons().map(|(head, _)| head).ok_or(Raise::Badarg)
}

fn tl_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    a[0].as_cons().map(|(_, tail)| tail).ok_or(Raise::Badarg)
}

fn member_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (wanted, steps) = (a[0], budget(ctx, COMPARISONS));
    let mut it = a[1].list_iter();
    let equal = |e: Term<'s>| e.same(wanted) || (!wanted.is_immediate() && eq_exact(e, wanted));
    for (i, e) in it.by_ref().take(steps).enumerate() {
        if equal(e) {
            ctx.charge(i / COMPARISONS);
            return Ok(Term::TRUE);
        }
    }
    if it.tail().is_cons() {
        ctx.charge(steps / COMPARISONS);
        return Err(ctx.yield_to(*MEMBER, &[wanted, it.tail()]));
    }
    if it.tail().is_nil() { Ok(Term::FALSE) } else { Err(Raise::Badarg) }
}

fn reverse_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let steps = budget(ctx, CELLS);
    let mut it = a[0].list_iter();
    let mut done = 0;
    let mut reversed = a[1];
    for e in it.by_ref().take(steps) {
        reversed = ctx.cons(e, reversed);
        done += 1;
    }
    ctx.charge(done / CELLS);
    if it.tail().is_cons() {
        return Err(ctx.yield_to(*REVERSE, &[it.tail(), reversed]));
    }
    if it.tail().is_nil() { Ok(reversed) } else { Err(Raise::Badarg) }
}

/// The tuple whose element at the position equals the key; `None` if there is none.
fn key_search<'s>(ctx: &Ctx<'s>, a: &[Term<'s>], again: &'static Export) -> Result<Option<Term<'s>>, Raise> {
    let (key, steps) = (a[0], budget(ctx, COMPARISONS));
    let position = a[1].as_small().and_then(|p| usize::try_from(p).ok()).filter(|&p| p >= 1).ok_or(Raise::Badarg)?;
    let mut it = a[2].list_iter();
    let plain = key.is_immediate() && !key.is_small();
    // A small integer is compared with floats as a float, unlike with ==.
    let key_as_float = key.as_small().map(|i| i as f64);
    for (i, t) in it.by_ref().take(steps).enumerate() {
        let Some(&e) = t.as_tuple().and_then(|elements| elements.get(position - 1)) else { continue };
        let found = match key_as_float {
            Some(f) => e.same(key) || e.as_float() == Some(f),
            None => e.same(key) || !plain && eq(e, key),
        };
        if found {
            ctx.charge(i / COMPARISONS);
            return Ok(Some(t));
        }
    }
    if it.tail().is_cons() {
        ctx.charge(steps / COMPARISONS);
        return Err(ctx.yield_to(again, &[key, a[1], it.tail()]));
    }
    if it.tail().is_nil() { Ok(None) } else { Err(Raise::Badarg) }
}

fn keyfind_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(key_search(ctx, a, *KEYFIND)?.unwrap_or(Term::FALSE))
}

fn keymember_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::bool(key_search(ctx, a, *KEYMEMBER)?.is_some()))
}

fn keysearch_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(key_search(ctx, a, *KEYSEARCH)?.map_or(Term::FALSE, |t| ctx.tuple(&[Term::atom(am::VALUE), t])))
}

/// The first `n` elements and what follows them.
fn split<'s>(list: Term<'s>, n: usize) -> (Vec<Term<'s>>, Term<'s>) {
    let mut it = list.list_iter();
    let first = it.by_ref().take(n).collect();
    (first, it.tail())
}

fn push_reversed<'s>(ctx: &Ctx<'s>, elements: impl IntoIterator<Item = Term<'s>>, onto: Term<'s>) -> Term<'s> {
    elements.into_iter().fold(onto, |list, e| ctx.cons(e, list))
}

/// `Left ++ Right`; only `Left` must be a proper list.
fn append_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (left, right) = (a[0], a[1]);
    proper_length(ctx, left)?;
    if right.is_nil() {
        return Ok(left);
    }
    let (elements, rest) = split(left, budget(ctx, CELLS));
    ctx.charge(elements.len() / CELLS);
    if rest.is_nil() {
        return Ok(ctx.list_with_tail(&elements, right));
    }
    Err(ctx.yield_to(*APPEND_STEP, &[rest, push_reversed(ctx, elements, Term::NIL), right]))
}

/// Goes on with `append(Rest, DoneReversed, Right)`.
fn append_step<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (elements, rest) = split(a[0], budget(ctx, CELLS));
    ctx.charge(elements.len() / CELLS);
    let done = push_reversed(ctx, elements, a[1]);
    if rest.is_nil() {
        return Err(ctx.yield_to(*REVERSE, &[done, a[2]]));
    }
    Err(ctx.yield_to(*APPEND_STEP, &[rest, done, a[2]]))
}

/// What is still to be taken away: exactly equal terms are interchangeable, so a sorted array with marks will do.
struct Multiset<'s> {
    /// Sorted; with each run of equal terms, how many of it are still there stands at its first.
    terms: Vec<(Term<'s>, usize)>,
}

impl<'s> Multiset<'s> {
    fn new(mut terms: Vec<Term<'s>>) -> Multiset<'s> {
        terms.sort_by(|a, b| compare_exact(*a, *b));
        let mut runs: Vec<(Term<'s>, usize)> = Vec::with_capacity(terms.len());
        for t in terms {
            match runs.last_mut() {
                Some((last, n)) if compare_exact(*last, t) == Ordering::Equal => *n += 1,
                _ => runs.push((t, 1)),
            }
        }
        Multiset { terms: runs }
    }
    /// Takes one `t` out; `false` if there is none left.
    fn remove(&mut self, t: Term<'s>) -> bool {
        match self.terms.binary_search_by(|(e, _)| compare_exact(*e, t)) {
            Ok(i) if self.terms[i].1 > 0 => {
                self.terms[i].1 -= 1;
                true
            }
            _ => false,
        }
    }
    fn into_terms(self) -> impl Iterator<Item = Term<'s>> {
        self.terms.into_iter().flat_map(|(t, n)| std::iter::repeat_n(t, n))
    }
}

/// Elements of each list that one step of `--` looks at.
const SUBTRACT_STEP_SIZE: usize = 16_384;

/// `Left -- Right`: without the first occurrence of each element of `Right`.
fn subtract_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (left, right) = (a[0], a[1]);
    let (n, m) = (proper_length(ctx, left)?, proper_length(ctx, right)?);
    if n == 0 || m == 0 {
        return Ok(left);
    }
    if n > SUBTRACT_STEP_SIZE || m > SUBTRACT_STEP_SIZE {
        let (first, rest) = split(right, SUBTRACT_STEP_SIZE);
        let args = [left, Term::NIL, ctx.list(&first), rest];
        return Err(ctx.yield_to(*SUBTRACT_STEP, &args));
    }
    ctx.charge((n + m) / COMPARISONS);
    let (elements, _) = split(left, n);
    let mut away = Away::new(split(right, m).0);
    Ok(ctx.list_from(elements.into_iter().filter(|&e| !away.remove(e))))
}

/// A few terms are searched one by one, many in a [`Multiset`].
enum Away<'s> {
    Few(Vec<Term<'s>>),
    Many(Multiset<'s>),
}

impl<'s> Away<'s> {
    fn new(terms: Vec<Term<'s>>) -> Away<'s> {
        if terms.len() <= 8 { Away::Few(terms) } else { Away::Many(Multiset::new(terms)) }
    }
    fn remove(&mut self, t: Term<'s>) -> bool {
        match self {
            Away::Few(terms) => {
                let found = terms.iter().position(|&e| e.same(t) || eq_exact(e, t));
                found.map(|i| terms.swap_remove(i)).is_some()
            }
            Away::Many(set) => set.remove(t),
        }
    }
}

/// Goes on with `subtract(Left, DoneReversed, AwayNow, AwayLater)`: the elements of `AwayNow` are taken out of all
/// of the left list, then those of `AwayLater` in their turn.
fn subtract_step<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let [left, done, now, later] = [a[0], a[1], a[2], a[3]];
    let (elements, rest) = split(left, SUBTRACT_STEP_SIZE);
    ctx.charge(2 * SUBTRACT_STEP_SIZE / COMPARISONS);
    let mut away = Multiset::new(now.list_iter().collect());
    let done = push_reversed(ctx, elements.into_iter().filter(|&e| !away.remove(e)), done);
    if rest.is_cons() {
        let now = push_reversed(ctx, away.into_terms(), Term::NIL);
        return Err(ctx.yield_to(*SUBTRACT_STEP, &[rest, done, now, later]));
    }
    if later.is_nil() {
        return Err(ctx.yield_to(*REVERSE, &[done, Term::NIL]));
    }
    let left = push_reversed(ctx, done.list_iter(), Term::NIL);
    let (now, later) = split(later, SUBTRACT_STEP_SIZE);
    Err(ctx.yield_to(*SUBTRACT_STEP, &[left, Term::NIL, ctx.list(&now), later]))
}
