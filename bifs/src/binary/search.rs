//! Searching binaries: `match`, `matches`, `split`, and patterns compiled ahead.
//!
//! A pattern is one binary (substring search) or several (Aho-Corasick; of those that match at the leftmost position
//! the longest wins). A compiled one is `{bm, Ref}` or `{ac, Ref}`, the reference owning the searcher.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use girder_vm::atom::am;
use girder_vm::{Ctx, Profile, Raise, Term};
use memchr::memmem;

use super::bytes;
use crate::bitstring::{binary, part_range};
use crate::large::large;

girder_vm::natives! { pub TABLE:
    "binary" {
        "compile_pattern"/1 => compile_pattern_1, Bif;
        "match"/2 => match_2, Bif;
        "match"/3 => match_3, Bif;
        "matches"/2 => matches_2, Bif;
        "matches"/3 => matches_3, Bif;
        "split"/2 => split_2, Bif;
        "split"/3 => split_3, Bif;
    }
}

/// Bytes searched for one reduction.
const BYTES_PER_REDUCTION: usize = 1024;

/// A pattern made ready.
#[expect(clippy::large_enum_variant, reason = "one a search, on the Rust stack")]
enum Searcher<'n> {
    One(memmem::Finder<'n>),
    Several(AhoCorasick),
}

/// A match: where and how long.
type Found = (usize, usize);

/// The binaries of a pattern; none is empty, and there is at least one.
fn needles<'s>(pattern: Term<'s>) -> Result<Vec<Cow<'s, [u8]>>, Raise> {
    let needles = if pattern.as_bits().is_some() {
        vec![bytes(pattern)?]
    } else {
        let mut list = pattern.list_iter();
        let needles = list.by_ref().map(bytes).collect::<Result<Vec<_>, _>>()?;
        if list.tail().is_nil() { needles } else { Vec::new() }
    };
    if needles.is_empty() || needles.iter().any(|n| n.is_empty()) { Err(Raise::Badarg) } else { Ok(needles) }
}

impl<'n> Searcher<'n> {
    fn new(needles: &'n [Cow<'_, [u8]>]) -> Result<Searcher<'n>, Raise> {
        if let [needle] = needles {
            return Ok(Searcher::One(memmem::Finder::new(&**needle)));
        }
        let several = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(needles);
        several.map(Searcher::Several).map_err(|_| Raise::SystemLimit)
    }
    fn into_owned(self) -> Searcher<'static> {
        match self {
            Searcher::One(f) => Searcher::One(f.into_owned()),
            Searcher::Several(ac) => Searcher::Several(ac),
        }
    }
    fn find(&self, text: &[u8]) -> Option<Found> {
        match self {
            Searcher::One(f) => f.find(text).map(|at| (at, f.needle().len())),
            Searcher::Several(ac) => ac.find(text).map(|m| (m.start(), m.len())),
        }
    }
    fn find_all(&self, text: &[u8]) -> Vec<Found> {
        match self {
            Searcher::One(f) => f.find_iter(text).map(|at| (at, f.needle().len())).collect(),
            Searcher::Several(ac) => ac.find_iter(text).map(|m| (m.start(), m.len())).collect(),
        }
    }
}

/// What there is to find nothing in does not make a pattern of what is none (27 and later).
fn is_pattern(pattern: Term<'_>) -> Result<(), Raise> {
    match pattern.as_tuple() {
        Some(_) => with_searcher(pattern, |_| ()),
        None => needles(pattern).map(|_| ()),
    }
}

/// Does `f` with the searcher of a pattern, compiled or not.
fn with_searcher<R>(pattern: Term<'_>, f: impl FnOnce(&Searcher<'_>) -> R) -> Result<R, Raise> {
    let Some([tag, reference]) = pattern.as_tuple_of() else {
        return Ok(f(&Searcher::new(&needles(pattern)?)?));
    };
    let reference = reference.as_ref().ok_or(Raise::Badarg)?;
    let searcher: &Searcher<'static> = reference.magic().and_then(|m| m.get()).ok_or(Raise::Badarg)?;
    let right = match searcher {
        Searcher::One(_) => tag.is(am::BM),
        Searcher::Several(_) => tag.is(am::AC),
    };
    if right { Ok(f(searcher)) } else { Err(Raise::Badarg) }
}

fn compile_pattern_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let needles = needles(a[0])?;
    let searcher = Searcher::new(&needles)?.into_owned();
    let tag = if matches!(searcher, Searcher::One(_)) { am::BM } else { am::AC };
    let reference = ctx.fresh_magic_reference(Box::new(searcher));
    Ok(ctx.tuple(&[Term::atom(tag), reference]))
}

/// What the options of `match`, `matches` and `split` say.
struct Options {
    from: usize,
    len: usize,
    global: bool,
    trim: bool,
    trim_all: bool,
}

impl Options {
    /// The options in `list` for a subject of `size` bytes; words other than `scope` only where `words` are allowed.
    fn parse(list: Term<'_>, size: usize, words: bool) -> Result<Options, Raise> {
        let mut o = Options { from: 0, len: size, global: false, trim: false, trim_all: false };
        let mut options = list.list_iter();
        for option in options.by_ref() {
            if words && option.is(am::GLOBAL) {
                o.global = true;
            } else if words && option.is(am::TRIM) {
                o.trim = true;
            } else if words && option.is(am::TRIM_ALL) {
                o.trim_all = true;
            } else {
                let [scope, part] = option.as_tuple_of().ok_or(Raise::Badarg)?;
                let [pos, len] = part.as_tuple_of().ok_or(Raise::Badarg)?;
                let range = part_range(size, pos, len).filter(|_| scope.is(am::SCOPE));
                (o.from, o.len) = range.ok_or(Raise::Badarg)?;
            }
        }
        // What follows the last cell is not looked at, unless there was none.
        if list.is_list() { Ok(o) } else { Err(Raise::Badarg) }
    }
    /// Nothing can be found in front of byte 0: then up to 26 the pattern is not even looked at.
    fn is_empty(&self, pattern: Term<'_>) -> Result<bool, Raise> {
        let empty = self.from + self.len == 0;
        if empty && Profile::get().unused_binary_arguments_count() {
            is_pattern(pattern)?;
        }
        Ok(empty)
    }
}

/// A search for one match does nothing but look; and many begin in a long text of which they see little.
const FIRST_IS_QUICKER: usize = 16;

/// All matches (or the first) of a pattern in the part of a subject that the options select.
fn search<'s>(
    ctx: &Ctx<'s>,
    subject: Term<'s>,
    pattern: Term<'s>,
    options: &Options,
    all: bool,
) -> Result<Vec<Found>, Raise> {
    let text = bytes(subject)?;
    let text = &text[options.from..options.from + options.len];
    let work = if all { text.len() } else { text.len() / FIRST_IS_QUICKER };
    let found = large(ctx, work, || {
        with_searcher(pattern, |s| if all { s.find_all(text) } else { s.find(text).into_iter().collect() })
    })?;
    let searched = if all { text.len() } else { found.first().map_or(text.len(), |&(at, _)| at) };
    ctx.charge(searched / BYTES_PER_REDUCTION + found.len() / 16);
    Ok(found.into_iter().map(|(at, len)| (at + options.from, len)).collect())
}

fn found_term<'s>(ctx: &Ctx<'s>, (at, len): Found) -> Term<'s> {
    ctx.tuple(&[ctx.uint(at as u64), ctx.uint(len as u64)])
}

fn match_first<'s>(ctx: &Ctx<'s>, a: &[Term<'s>], options: Term<'s>) -> Result<Term<'s>, Raise> {
    let options = Options::parse(options, binary(a[0])?.byte_len(), false)?;
    let found = if options.is_empty(a[1])? { Vec::new() } else { search(ctx, a[0], a[1], &options, false)? };
    Ok(found.first().map_or(Term::atom(am::NOMATCH), |&f| found_term(ctx, f)))
}

fn match_all<'s>(ctx: &Ctx<'s>, a: &[Term<'s>], options: Term<'s>) -> Result<Term<'s>, Raise> {
    let options = Options::parse(options, binary(a[0])?.byte_len(), false)?;
    if options.is_empty(a[1])? {
        return Ok(Term::NIL);
    }
    let found = search(ctx, a[0], a[1], &options, true)?;
    let terms: Vec<_> = found.into_iter().map(|f| found_term(ctx, f)).collect();
    Ok(ctx.list(&terms))
}

fn match_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    match_first(ctx, a, Term::NIL)
}

fn match_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    match_first(ctx, a, a[2])
}

fn matches_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    match_all(ctx, a, Term::NIL)
}

fn matches_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    match_all(ctx, a, a[2])
}

fn split<'s>(ctx: &Ctx<'s>, a: &[Term<'s>], options: Term<'s>) -> Result<Term<'s>, Raise> {
    let size = binary(a[0])?.byte_len();
    let options = Options::parse(options, size, true)?;
    let found = if options.is_empty(a[1])? { Vec::new() } else { search(ctx, a[0], a[1], &options, options.global)? };
    let mut parts = Vec::with_capacity(found.len() + 1);
    let mut from = 0;
    for (at, len) in found {
        parts.push((from, at));
        from = at + len;
    }
    parts.push((from, size));
    if options.trim_all {
        parts.retain(|(from, to)| from < to);
    } else if options.trim {
        while parts.pop_if(|(from, to)| from == to).is_some() {}
    }
    let mut list = Term::NIL;
    for (from, to) in parts.into_iter().rev() {
        let part = ctx.sub_bits(a[0], from * 8, (to - from) * 8).ok_or(Raise::Badarg)?;
        list = ctx.cons(part, list);
    }
    Ok(list)
}

fn split_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    split(ctx, a, Term::NIL)
}

fn split_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    split(ctx, a, a[2])
}
