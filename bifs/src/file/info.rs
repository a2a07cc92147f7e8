//! What the system knows of a file: `#file_info{}`, permissions, owner, times.

use std::io;

use girder_vm::{Atom, Ctx, Raise, Term, am};
use rustix::fs::{Access, FileType, Gid, Mode, Stat, Timespec, Timestamps, Uid};

use super::handle::open;
use super::{Answer, done, error, int, with_path};

girder_vm::natives! { pub TABLE:
    "prim_file" {
        "read_handle_info_nif"/1 => read_handle_info_1, Nif;
        "read_info_nif"/2 => read_info_2, Nif;
        "set_owner_nif"/3 => set_owner_3, Nif;
        "set_permissions_nif"/2 => set_permissions_2, Nif;
        "set_time_nif"/4 => set_time_4, Nif;
    }
}

/// The earliest time that converts between universal, local and POSIX time: the beginning of 1902.
const EARLIEST: i64 = -2_145_916_800;
/// Bits that `chmod` may set: those of owner, group and others, and set-id.
const MUTABLE: u32 = 0o6777;
const SET_ID: u32 = 0o6000;

/// `#file_info{}` as in `file.hrl`. Numbers are cut to 32 bits, as in OTP.
fn record<'s>(ctx: &Ctx<'s>, s: &Stat, (read, write): (bool, bool)) -> Term<'s> {
    let kind = match FileType::from_raw_mode(s.st_mode) {
        FileType::CharacterDevice | FileType::BlockDevice => am::DEVICE,
        FileType::Directory => am::DIRECTORY,
        FileType::RegularFile => am::REGULAR,
        FileType::Symlink => am::SYMLINK,
        _ => am::OTHER,
    };
    let access: Atom = match (read, write) {
        (true, false) => am::READ,
        (false, true) => am::WRITE,
        (true, true) => am::READ_WRITE,
        (false, false) => am::NONE,
    };
    let time = |t: i64| ctx.int(t.max(EARLIEST));
    #[expect(clippy::cast_possible_truncation)]
    let low = |n: u64| ctx.uint(u64::from(n as u32));
    ctx.tuple(&[
        am::FILE_INFO.into(),
        ctx.int(s.st_size),
        kind.into(),
        access.into(),
        time(s.st_atime),
        time(s.st_mtime),
        time(s.st_ctime),
        low(s.st_mode.into()),
        low(s.st_nlink),
        low(s.st_dev),
        low(s.st_rdev),
        low(s.st_ino),
        low(s.st_uid.into()),
        low(s.st_gid.into()),
    ])
}

fn read_info_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let follow = int(a[1])? != 0;
    let info = with_path(ctx, a[0], |path| {
        let stat = if follow { rustix::fs::stat(path) } else { rustix::fs::lstat(path) }?;
        let may = |access| rustix::fs::access(path, access).is_ok();
        Ok((stat, (may(Access::READ_OK), may(Access::WRITE_OK))))
    });
    Ok(info.map_or_else(|e| error(ctx, &e), |(stat, access)| record(ctx, &stat, access)))
}

/// What the permissions say about this process, which may be more than it is.
fn access_by_mode(s: &Stat) -> (bool, bool) {
    let bits = if s.st_uid == rustix::process::geteuid().as_raw() {
        s.st_mode >> 6
    } else if s.st_gid == rustix::process::getegid().as_raw() {
        s.st_mode >> 3
    } else {
        s.st_mode
    };
    (bits & 4 != 0, bits & 2 != 0)
}

fn read_handle_info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let stat = open(a[0])?.with(ctx, |fd| Ok(rustix::fs::fstat(fd)?));
    Ok(stat.map_or_else(|e| error(ctx, &e), |s| record(ctx, &s, access_by_mode(&s))))
}

fn set_permissions_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mode = a[1].as_small().and_then(|n| u32::try_from(n).ok()).ok_or(Raise::Badarg)? & MUTABLE;
    let set = with_path(ctx, a[0], |path| {
        // Some systems refuse the set-id bits to those who are not in the group.
        let chmod = |mode| rustix::fs::chmod(path, Mode::from_raw_mode(mode));
        Ok(chmod(mode).or_else(|_| chmod(mode & !SET_ID))?)
    });
    Ok(done(ctx, set))
}

/// Owner and group; -1 leaves one as it is.
fn set_owner_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let id = |n: i32| (n != -1).then_some(n.cast_unsigned());
    let (uid, gid) = (id(int(a[1])?).map(Uid::from_raw), id(int(a[2])?).map(Gid::from_raw));
    Ok(done(ctx, with_path(ctx, a[0], |path| Ok(rustix::fs::chown(path, uid, gid)?))))
}

/// Times of access and modification; that of creation is none of this system's.
fn set_time_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let seconds = |t: Term<'s>| t.as_i64().ok_or(Raise::Badarg);
    let (accessed, modified, _) = (seconds(a[1])?, seconds(a[2])?, seconds(a[3])?);
    let stamp = |tv_sec| Timespec { tv_sec, tv_nsec: 0 };
    let times = Timestamps { last_access: stamp(accessed), last_modification: stamp(modified) };
    let set = with_path(ctx, a[0], |path| -> io::Result<()> {
        Ok(rustix::fs::utimensat(rustix::fs::CWD, path, &times, rustix::fs::AtFlags::empty())?)
    });
    Ok(done(ctx, set))
}
