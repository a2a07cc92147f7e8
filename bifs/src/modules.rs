//! Loaded modules: which there are, and what they say of themselves.
//!
//! Invariant: only current code is shown; a module that is just being loaded is not.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use girder_vm::code::{self, LoadedModule};
use girder_vm::native::NativeKind;
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am, etf, finder};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "get_module_info"/1 => get_module_info_1, Bif;
        "get_module_info"/2 => get_module_info_2, Bif;
        "load_nif"/2 => load_nif_2, Bif;
        "loaded"/0 => loaded_0, Bif;
        "module_loaded"/1 => module_loaded_1, Bif;
        "pre_loaded"/0 => pre_loaded_0, Bif;
    }
}

fn module(t: Term<'_>) -> Result<Arc<LoadedModule>, Raise> {
    t.as_atom().and_then(code::module).ok_or(Raise::Badarg)
}

fn names<'s>(ctx: &Ctx<'s>, m: &LoadedModule, exported_only: bool) -> Term<'s> {
    let wanted = m.functions.iter().filter(|f| f.exported || !exported_only);
    ctx.list_from(wanted.map(|f| ctx.tuple(&[f.name.into(), Term::small(i32::from(f.arity))])))
}

/// A chunk in external term format; a module without it has an empty list.
fn chunk<'s>(ctx: &Ctx<'s>, bytes: Option<&[u8]>) -> Result<Term<'s>, Raise> {
    match bytes {
        Some(b) => etf::decode(ctx, b, false).map(|d| d.term).map_err(|_| Raise::Badarg),
        None => Ok(Term::NIL),
    }
}

/// Natives that stand in for functions of the module.
fn nifs<'s>(ctx: &Ctx<'s>, m: &LoadedModule) -> Term<'s> {
    let releases = Profile::get().releases();
    let mine = crate::all()
        .iter()
        .filter(|n| n.kind == NativeKind::Nif && n.module == m.name.name() && n.releases.has(releases));
    ctx.list_from(mine.filter_map(|n| {
        let name = Atom::existing(n.name)?;
        Some(ctx.tuple(&[name.into(), Term::small(i32::from(n.arity))]))
    }))
}

fn info<'s>(ctx: &Ctx<'s>, m: &LoadedModule, item: Atom) -> Result<Term<'s>, Raise> {
    Ok(match item {
        am::MODULE => m.name.into(),
        am::EXPORTS => names(ctx, m, true),
        am::FUNCTIONS => names(ctx, m, false),
        am::ATTRIBUTES => chunk(ctx, m.attributes.as_deref())?,
        am::COMPILE => chunk(ctx, m.compile_info.as_deref())?,
        am::MD5 => ctx.binary(&m.md5),
        am::NATIVE => Term::FALSE,
        am::NATIVE_ADDRESSES => Term::NIL,
        am::NIFS => nifs(ctx, m),
        _ => return Err(Raise::Badarg),
    })
}

fn get_module_info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let m = module(a[0])?;
    let items = [am::MODULE, am::EXPORTS, am::ATTRIBUTES, am::COMPILE, am::MD5];
    let pairs: Result<Vec<_>, Raise> = items.iter().map(|&i| Ok(ctx.tuple(&[i.into(), info(ctx, &m, i)?]))).collect();
    Ok(ctx.list(&pairs?))
}

fn get_module_info_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let m = module(a[0])?;
    info(ctx, &m, a[1].as_atom().ok_or(Raise::Badarg)?)
}

/// Whether OTP has this module loaded when a program begins, or soon after (29's list serves 27, too).
fn is_boot_module(name: Atom) -> bool {
    static BOOT: LazyLock<HashMap<&str, &str>> =
        LazyLock::new(|| include_str!("../data/boot-modules.tsv").lines().filter_map(|l| l.split_once('\t')).collect());
    let release = if Profile::get().release == 25 { "25" } else { "29" };
    BOOT.get(name.name()).is_some_and(|r| r.contains(release))
}

/// A module that programs may take to be loaded from the beginning is loaded when they ask; one that waits for a service
/// is not, since `error_handler` has `code_server` begin the service only for a module that is not loaded.
fn module_loaded_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let name = a[0].as_atom().ok_or(Raise::Badarg)?;
    if code::module(name).is_some() {
        return Ok(Term::TRUE);
    }
    Ok(Term::bool(is_boot_module(name) && !finder::get().is_deferred(name) && code::load_missing(name)))
}

fn loaded_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.list_from(code::loaded_modules().into_iter().map(Term::atom)))
}

fn pre_loaded_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let atoms: Result<Vec<_>, _> = girder_vm::boot::preloaded().rev().map(|m| ctx.atom(m)).collect();
    atoms.map(|a| ctx.list(&a)).map_err(|_| Raise::SystemLimit)
}

/// What a library name of `load_nif/2` is the module of: its own name but for one of OTP's.
fn library_module(path: &str) -> &str {
    if path == "net" { "prim_net" } else { path }
}

/// Libraries of natives that are built in are there; others need OTP's C interface, which this VM does not have.
fn load_nif_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let characters = a[0].to_vec().ok_or(Raise::Badarg)?;
    let path: Option<String> =
        characters.into_iter().map(|c| char::from_u32(u32::try_from(c.as_small()?).ok()?)).collect();
    let path = path.ok_or(Raise::Badarg)?;
    let module = library_module(&path);
    if crate::all().iter().any(|n| n.kind == NativeKind::Nif && n.module == module) {
        if module == "prim_file" {
            crate::file::helper_started(a[1])?;
        }
        if module == "prim_socket" {
            crate::socket::loaded(a[1]);
        }
        return Ok(am::OK.into());
    }
    let why = if std::path::Path::new(&format!("{path}.so")).exists() {
        "this machine loads no native code"
    } else {
        "cannot open shared object file: No such file or directory"
    };
    let text = format!("Failed to load NIF library: '{path}.so: {why}'");
    let reason = ctx.tuple(&[ctx.atom("load_failed").map_err(|_| Raise::SystemLimit)?, ctx.string(&text)]);
    Ok(ctx.tuple(&[am::ERROR.into(), reason]))
}
