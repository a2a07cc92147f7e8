//! Compiled patterns as terms, `{re_pattern, Groups, Unicode, CRLF, Compiled}`.
//!
//! From 28 on `Compiled` is a reference to the pattern; before, a binary. Ours holds source and options, from which the
//! pattern is compiled again when it is not among those last used: so it may be kept, sent and stored like OTP's.
//! Invariant: what is in the cache was compiled from its key.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use girder_libs::pcre::{Code, CompileError, CompileOptions, Newline};
use girder_vm::{Ctx, Term, am};

/// How an exported pattern's header starts.
pub(super) const HEADER: &[u8] = b"re-PCRE2";
/// How a pattern as a binary starts.
const MAGIC: &[u8] = b"GRE1";

/// A compiled pattern with its source.
#[derive(Clone)]
pub(super) struct Pattern {
    pub(super) code: Arc<Code>,
    pub(super) unicode: bool,
    key: Arc<[u8]>,
}

/// Source and options in one; the cache's key.
fn key(source: &[u8], o: &CompileOptions) -> Vec<u8> {
    let mut key = MAGIC.to_vec();
    key.extend(o.bits.to_be_bytes());
    key.push(o.newline.map_or(0, |n| n as u8));
    key.push(o.bsr_anycrlf.map_or(0, |b| 1 + u8::from(b)));
    key.push(u8::from(o.latin_1));
    key.extend(source);
    key
}

fn unkey(key: &[u8]) -> Option<(CompileOptions, &[u8])> {
    let (head, source) = key.strip_prefix(MAGIC)?.split_at_checked(7)?;
    let &[a, b, c, d, newline, bsr, latin_1] = head else { return None };
    let newline = match newline {
        0 => None,
        n => Some(Newline::ALL.into_iter().find(|&x| x as u8 == n)?),
    };
    let bsr_anycrlf = match bsr {
        0 => None,
        n => Some(n == 2),
    };
    let bits = u32::from_be_bytes([a, b, c, d]);
    Some((CompileOptions { bits, newline, bsr_anycrlf, latin_1: latin_1 != 0 }, source))
}

/// Patterns that a shard of the cache keeps.
const KEPT: usize = 64;
const SHARDS: usize = 16;

type Shard = Mutex<HashMap<Arc<[u8]>, Arc<Code>>>;
static CACHE: LazyLock<[Shard; SHARDS]> = LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));
static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The pattern compiled from a key, which is among those last used or is compiled.
fn compiled(key: Vec<u8>, source: &[u8], o: &CompileOptions) -> Result<(Arc<[u8]>, Arc<Code>), CompileError> {
    let shard = &CACHE[HASH.hash_one(&key[..]) as usize % SHARDS];
    let lock = || shard.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((key, code)) = lock().get_key_value(&key[..]) {
        return Ok((key.clone(), code.clone()));
    }
    let code = Arc::new(Code::compile(source, o)?);
    let key: Arc<[u8]> = key.into();
    let mut kept = lock();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(key.clone(), code.clone());
    Ok((key, code))
}

impl Pattern {
    pub(super) fn compile(source: &[u8], o: &CompileOptions, unicode: bool) -> Result<Pattern, CompileError> {
        let (key, code) = compiled(key(source, o), source, o)?;
        Ok(Pattern { code, unicode, key })
    }
    /// The pattern that a term stands for.
    pub(super) fn of(t: Term<'_>) -> Option<Pattern> {
        let [tag, groups, unicode, crlf, compiled_term] = t.as_tuple_of()?;
        let unicode = unicode.as_small()? != 0;
        if !tag.is(am::RE_PATTERN) || !groups.is_small() || !crlf.is_small() {
            return None;
        }
        if let Some(r) = compiled_term.as_ref() {
            return r.magic()?.get::<Pattern>().cloned();
        }
        let bits = compiled_term.as_bits().filter(|b| b.is_binary() && !super::has_pcre2())?;
        let bytes = girder_vm::term::bits::copy_view(bits);
        let (options, source) = unkey(&bytes)?;
        let (key, code) = compiled(bytes.clone(), source, &options).ok()?;
        Some(Pattern { code, unicode, key })
    }
    /// What line end was asked for.
    pub(super) fn newline(&self) -> Newline {
        unkey(&self.key).and_then(|(o, _)| o.newline).unwrap_or(Newline::Lf)
    }
    /// The same pattern with another line end.
    pub(super) fn with_newline(&self, newline: Newline) -> Option<Pattern> {
        let (o, source) = unkey(&self.key)?;
        Pattern::compile(source, &CompileOptions { newline: Some(newline), ..o }, self.unicode).ok()
    }
    /// As a term.
    pub(super) fn term<'s>(&self, ctx: &Ctx<'s>) -> Term<'s> {
        let compiled = match super::has_pcre2() {
            true => ctx.fresh_magic_reference(Box::new(self.clone())),
            false => ctx.binary(&self.key),
        };
        let flag = |b: bool| Term::small(i32::from(b));
        let groups = ctx.uint(self.code.captures() as u64);
        ctx.tuple(&[am::RE_PATTERN.into(), groups, flag(self.unicode), flag(self.code.uses_crlf()), compiled])
    }
    /// As a term that another machine can import.
    pub(super) fn exported<'s>(&self, ctx: &Ctx<'s>, options: Term<'s>) -> Term<'s> {
        let source = unkey(&self.key).map_or(&[][..], |(_, source)| source);
        let header = [HEADER, &[1, 0]].concat();
        let parts = [ctx.binary(&header), ctx.binary(source), options, ctx.binary(&self.key)];
        ctx.tuple(&[&[am::RE_EXPORTED_PATTERN.into()], &parts[..]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_give_back_what_made_them() {
        for newline in std::iter::once(None).chain(Newline::ALL.into_iter().map(Some)) {
            for bsr_anycrlf in [None, Some(false), Some(true)] {
                let o = CompileOptions { bits: 0x8000_0421, newline, bsr_anycrlf, latin_1: true };
                assert_eq!(unkey(&key(b"a(b)", &o)), Some((o, &b"a(b)"[..])));
            }
        }
        assert_eq!(unkey(b"GRE1"), None);
        assert_eq!(unkey(b"ERCP00000000000"), None);
    }
}
