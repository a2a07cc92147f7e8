//! The operating system: environment variables and the process id.
//!
//! Invariant: the environment that programs see is a copy, taken at first use; what they set is seen by programs and
//! by what they start, and the C library's own is never touched.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock};

use girder_vm::{Ctx, Raise, Term, am};

use crate::filename::characters;

girder_vm::natives! { pub TABLE:
    "os" {
        "env"/0 => env_0, Bif;
        "getenv"/1 => getenv_1, Bif;
        "getpid"/0 => getpid_0, Bif;
        "putenv"/2 => putenv_2, Bif;
        "unsetenv"/1 => unsetenv_1, Bif;
    }
    "file" {
        "native_name_encoding"/0 => native_name_encoding_0, Bif;
    }
    "io" {
        "printable_range"/0 => printable_range_0, Bif;
    }
}

type Env = BTreeMap<Vec<u8>, Vec<u8>>;

static ENV: LazyLock<Mutex<Env>> =
    LazyLock::new(|| Mutex::new(std::env::vars_os().map(|(k, v)| (k.into_vec(), v.into_vec())).collect()));

fn env() -> MutexGuard<'static, Env> {
    ENV.lock().expect("no code panics under the environment's lock")
}

/// The environment, for a program that is started.
pub fn environment() -> Vec<(Vec<u8>, Vec<u8>)> {
    env().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Sets a variable of the environment that programs see.
pub fn set_variable(key: &[u8], value: &[u8]) {
    env().insert(key.to_vec(), value.to_vec());
}

/// What `+fnu` and `+fnl` fixed.
static NAMES: OnceLock<bool> = OnceLock::new();
static PRINTABLE_UNICODE: AtomicBool = AtomicBool::new(false);

/// Fixes whether the operating system's names are UTF-8; the locale tells if nothing does.
pub fn set_names(utf8: Option<bool>) {
    if let Some(utf8) = utf8 {
        NAMES.get_or_init(|| utf8);
    }
}

/// Sets whether characters beyond Latin-1 count as printable (`+pc`).
pub fn set_printable_unicode(on: bool) {
    PRINTABLE_UNICODE.store(on, Ordering::Relaxed);
}

/// Whether the operating system's names are UTF-8: what a flag or the locale says.
pub(crate) fn utf8_names() -> bool {
    if let Some(&utf8) = NAMES.get() {
        return utf8;
    }
    static UTF8: LazyLock<bool> = LazyLock::new(|| {
        let named = |k: &str| std::env::var_os(k).filter(|v| !v.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(named).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    *UTF8
}

/// A text as programs see it: code points if names are UTF-8 and this is, else bytes.
fn text<'s>(ctx: &Ctx<'s>, bytes: &[u8]) -> Term<'s> {
    match std::str::from_utf8(bytes) {
        Ok(s) if utf8_names() => ctx.string(s),
        _ => ctx.byte_list(bytes),
    }
}

fn key(t: Term<'_>) -> Result<Vec<u8>, Raise> {
    if !t.is_list() {
        return Err(Raise::Badarg);
    }
    let key = characters(t).ok_or(Raise::Badarg)?;
    if key.contains(&b'=') { Err(Raise::Badarg) } else { Ok(key) }
}

fn getenv_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let key = key(a[0])?;
    Ok(env().get(&key).map_or(Term::FALSE, |v| text(ctx, v)))
}

fn putenv_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let key = key(a[0])?;
    if !a[1].is_list() {
        return Err(Raise::Badarg);
    }
    env().insert(key, characters(a[1]).ok_or(Raise::Badarg)?);
    Ok(Term::TRUE)
}

fn unsetenv_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let key = key(a[0])?;
    env().remove(&key);
    Ok(Term::TRUE)
}

fn env_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let all = environment();
    Ok(ctx.list_from(all.iter().map(|(k, v)| ctx.tuple(&[text(ctx, k), text(ctx, v)]))))
}

fn getpid_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.string(&std::process::id().to_string()))
}

fn native_name_encoding_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::atom(if utf8_names() { am::UTF8 } else { am::LATIN1 }))
}

fn printable_range_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::atom(if PRINTABLE_UNICODE.load(Ordering::Relaxed) { am::UNICODE } else { am::LATIN1 }))
}
