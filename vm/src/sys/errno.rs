//! Names of the operating system's error numbers, as OTP's programs see them: `enoent`, `eacces`.
//!
//! Invariant: a name is that of OTP's table, in lower case; where two names share a number, OTP's choice comes first.

use std::io;

macro_rules! names {
    ($($name:ident $text:literal)*) => {
        const NAMES: &[(i32, &str)] = &[$((libc::$name, $text)),*];
    };
}

names! {
    E2BIG "e2big" EACCES "eacces" EADDRINUSE "eaddrinuse" EADDRNOTAVAIL "eaddrnotavail" EADV "eadv"
    EAFNOSUPPORT "eafnosupport" EAGAIN "eagain" EALREADY "ealready" EBADE "ebade" EBADF "ebadf" EBADFD "ebadfd"
    EBADMSG "ebadmsg" EBADR "ebadr" EBADRQC "ebadrqc" EBADSLT "ebadslt" EBFONT "ebfont" EBUSY "ebusy" ECHILD "echild"
    ECHRNG "echrng" ECOMM "ecomm" ECONNABORTED "econnaborted" ECONNREFUSED "econnrefused" ECONNRESET "econnreset"
    EDEADLK "edeadlk" EDESTADDRREQ "edestaddrreq" EDOM "edom" EDOTDOT "edotdot" EDQUOT "edquot" EEXIST "eexist"
    EFAULT "efault" EFBIG "efbig" EHOSTDOWN "ehostdown" EHOSTUNREACH "ehostunreach" EIDRM "eidrm" EILSEQ "eilseq"
    EINPROGRESS "einprogress" EINTR "eintr" EINVAL "einval" EIO "eio" EISCONN "eisconn" EISDIR "eisdir" EISNAM "eisnam"
    EL2HLT "el2hlt" EL2NSYNC "el2nsync" EL3HLT "el3hlt" EL3RST "el3rst" ELIBACC "elibacc" ELIBBAD "elibbad"
    ELIBEXEC "elibexec" ELIBMAX "elibmax" ELIBSCN "elibscn" ELNRNG "elnrng" ELOOP "eloop" EMFILE "emfile"
    EMLINK "emlink" EMSGSIZE "emsgsize" EMULTIHOP "emultihop" ENAMETOOLONG "enametoolong" ENAVAIL "enavail"
    ENETDOWN "enetdown" ENETRESET "enetreset" ENETUNREACH "enetunreach" ENFILE "enfile" ENOANO "enoano"
    ENOBUFS "enobufs" ENOCSI "enocsi" ENODATA "enodata" ENODEV "enodev" ENOENT "enoent" ENOEXEC "enoexec"
    ENOLCK "enolck" ENOLINK "enolink" ENOMEM "enomem" ENOMSG "enomsg" ENONET "enonet" ENOPKG "enopkg"
    ENOPROTOOPT "enoprotoopt" ENOSPC "enospc" ENOSR "enosr" ENOSTR "enostr" ENOSYS "enosys" ENOTBLK "enotblk"
    ENOTCONN "enotconn" ENOTDIR "enotdir" ENOTEMPTY "enotempty" ENOTNAM "enotnam" ENOTSOCK "enotsock"
    ENOTSUP "enotsup" ENOTTY "enotty" ENOTUNIQ "enotuniq" ENXIO "enxio" EOVERFLOW "eoverflow" EPERM "eperm"
    EPFNOSUPPORT "epfnosupport" EPIPE "epipe" EPROTO "eproto" EPROTONOSUPPORT "eprotonosupport"
    EPROTOTYPE "eprototype" ERANGE "erange" EREMCHG "eremchg" EREMOTE "eremote" EREMOTEIO "eremoteio" EROFS "erofs"
    ESHUTDOWN "eshutdown" ESOCKTNOSUPPORT "esocktnosupport" ESPIPE "espipe" ESRCH "esrch" ESRMNT "esrmnt"
    ESTALE "estale" ETIME "etime" ETIMEDOUT "etimedout" ETOOMANYREFS "etoomanyrefs" ETXTBSY "etxtbsy"
    EUCLEAN "euclean" EUNATCH "eunatch" EUSERS "eusers" EXDEV "exdev" EXFULL "exfull"
}

/// The name of an error number; `unknown` if it has none.
pub fn name(errno: i32) -> &'static str {
    NAMES.iter().find(|(n, _)| *n == errno).map_or("unknown", |(_, name)| name)
}

/// The name of an error of the operating system. One that Rust's library made up itself has no number, and is
/// `einval`.
pub fn name_of(e: &io::Error) -> &'static str {
    e.raw_os_error().map_or("einval", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_errors() {
        let missing = std::fs::File::open("/nonexistent").expect_err("no such file");
        for (name, expected) in [
            (name_of(&missing), "enoent"),
            (name(libc::EOPNOTSUPP), "enotsup"),
            (name(libc::EWOULDBLOCK), "eagain"),
            (name(-1), "unknown"),
            (name_of(&io::Error::other("of Rust's own")), "einval"),
        ] {
            assert_eq!(name, expected);
        }
    }
}
