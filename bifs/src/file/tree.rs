//! Directories and links.

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use girder_vm::sched::Dirty;
use girder_vm::{Ctx, Term};
use rustix::fs::Mode;
use rustix::io::Errno;

use super::{Answer, answer, done, int, named_error, path, with_path};

girder_vm::natives! { pub TABLE:
    "prim_file" {
        "altname_nif"/1 => altname_1, Nif;
        "del_dir_nif"/1 => del_dir_1, Nif;
        "del_file_nif"/1 => del_file_1, Nif;
        "get_cwd_nif"/0 => get_cwd_0, Nif;
        "get_device_cwd_nif"/1 => get_device_cwd_1, Nif;
        "list_dir_nif"/1 => list_dir_1, Nif;
        "make_dir_nif"/1 => make_dir_1, Nif;
        "make_hard_link_nif"/2 => make_hard_link_2, Nif;
        "make_soft_link_nif"/2 => make_soft_link_2, Nif;
        "read_link_nif"/1 => read_link_1, Nif;
        "rename_nif"/2 => rename_2, Nif;
        "set_cwd_nif"/1 => set_cwd_1, Nif;
    }
}

/// Runs `f` on two names where it may wait.
fn with_paths<'s>(ctx: &Ctx<'s>, a: &[Term<'s>], f: impl FnOnce(&CStr, &CStr) -> rustix::io::Result<()>) -> Term<'s> {
    let both = path(a[0]).and_then(|from| Ok((from, path(a[1])?)));
    done(ctx, both.and_then(|(from, to)| Ok(ctx.dirty(Dirty::Io, || f(&from, &to))?)))
}

fn rename_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(with_paths(ctx, a, |from, to| {
        rustix::fs::rename(from, to).map_err(|e| match e {
            Errno::NOTEMPTY => Errno::EXIST,
            _ if from.to_bytes() == b"/" => Errno::INVAL,
            e => e,
        })
    }))
}

fn make_hard_link_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(with_paths(ctx, a, |from, to| rustix::fs::link(from, to)))
}

fn make_soft_link_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(with_paths(ctx, a, |from, to| rustix::fs::symlink(from, to)))
}

fn make_dir_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let made = with_path(ctx, a[0], |path| Ok(rustix::fs::mkdir(path, Mode::from_raw_mode(0o777))?));
    Ok(done(ctx, made))
}

fn del_file_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    // What POSIX says of directories.
    let posix = |e| if e == Errno::ISDIR { Errno::PERM } else { e };
    Ok(done(ctx, with_path(ctx, a[0], |path| Ok(rustix::fs::unlink(path).map_err(posix)?))))
}

fn del_dir_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let same = |path: &CStr| {
        let (one, other) = (rustix::fs::stat(path).ok()?, rustix::fs::stat(".").ok()?);
        Some(one.st_ino == other.st_ino && one.st_dev == other.st_dev)
    };
    let deleted = with_path(ctx, a[0], |path| {
        let Err(e) = rustix::fs::rmdir(path) else { return Ok(()) };
        let e = if e == Errno::NOTEMPTY { Errno::EXIST } else { e };
        // The current directory cannot be deleted, empty or not.
        Err(if e == Errno::EXIST && same(path) == Some(true) { Errno::INVAL } else { e }.into())
    });
    Ok(done(ctx, deleted))
}

fn os_path(path: &CStr) -> &std::path::Path {
    std::path::Path::new(OsStr::from_bytes(path.to_bytes()))
}

/// Names in a directory, as binaries, the last one first.
fn list_dir_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let names = with_path(ctx, a[0], |path| {
        let entries = std::fs::read_dir(os_path(path))?;
        entries.map(|e| Ok(e?.file_name().into_vec())).collect::<io::Result<Vec<_>>>()
    });
    Ok(answer(ctx, names, |names| {
        ctx.charge(names.len());
        ctx.list_from(names.iter().rev().map(|n| ctx.binary(n)))
    }))
}

fn read_link_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let target = with_path(ctx, a[0], |path| Ok(rustix::fs::readlink(path, Vec::new())?));
    Ok(answer(ctx, target, |target| ctx.binary(target.to_bytes())))
}

fn get_cwd_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let cwd = ctx.dirty(Dirty::Io, || Ok(rustix::process::getcwd(Vec::new())?));
    Ok(answer(ctx, cwd, |cwd| ctx.binary(cwd.to_bytes())))
}

fn set_cwd_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(done(ctx, with_path(ctx, a[0], |path| Ok(rustix::process::chdir(path)?))))
}

/// Drives have current directories on another system only.
fn get_device_cwd_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    int(a[0])?;
    Ok(named_error(ctx, "enotsup"))
}

/// So have files short names.
fn altname_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(match path(a[0]) {
        Ok(_) => named_error(ctx, "enotsup"),
        Err(e) => super::error(ctx, &e),
    })
}
