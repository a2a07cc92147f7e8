//! Natives: functions of the VM that Erlang code calls, and the table that declares them.
//!
//! Invariants: a native never collects and never re-enters the interpreter; it reaches Erlang code only by returning
//! [`Raise::Trap`]. Its argument slice is a view of the argument registers.

use crate::ctx::Ctx;
use crate::term::Term;

/// A native's code.
pub type NativeFn = for<'s> fn(&Ctx<'s>, &[Term<'s>]) -> Result<Term<'s>, Raise>;

/// How a native did not return a value. The terms that go with it lie in the context.
#[repr(u64)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Raise {
    /// `error:badarg`, explained by the `error_info` of the native's module.
    Badarg = 1,
    /// `error:badarith`.
    Badarith,
    /// `error:system_limit`.
    SystemLimit,
    /// `error:undef` (for the native itself).
    Undef,
    /// `error:notsup`.
    Notsup,
    /// `error:Reason`, reason in the context ([`Ctx::error`]).
    Error,
    /// `exit:Reason`, reason in the context ([`Ctx::exit`]).
    Exit,
    /// `throw:Value`, value in the context ([`Ctx::throw`]).
    Throw,
    /// Class, reason and stack trace in the context ([`Ctx::raise`]): `erlang:raise/3`.
    Raise,
    /// Go on in the export entry in the context, its arguments in the X registers ([`Ctx::trap`]).
    Trap,
    /// As [`Raise::Trap`], but let other processes run first ([`Ctx::yield_to`]).
    Yield,
    /// The process waits in this native; it is called again with the same arguments when woken ([`Ctx::wait`]).
    Wait,
    /// The process forgets its stack and waits for a message; module, function and argument list are in x0 to x2.
    Hibernate,
    /// The process has been told to exit while in this native: nothing more runs ([`Ctx::die`]).
    Exiting,
}

/// What sort of native function; the names of the facts table of OTP's natives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NativeKind {
    /// Ordinary BIF.
    Bif,
    /// Allowed in guards.
    Guard,
    /// Operator.
    Ubif,
    /// `apply/2`, `apply/3`, `yield/0`: instructions with an export entry.
    Special,
    /// Part of a NIF library that is built in.
    Nif,
}

/// Releases that have a native, as a bit set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Releases(pub u8);

impl Releases {
    /// OTP 25.
    pub const R25: Releases = Releases(1);
    /// OTP 27.
    pub const R27: Releases = Releases(2);
    /// OTP 29.
    pub const R29: Releases = Releases(4);
    /// All three.
    pub const ALL: Releases = Releases(7);
    /// 25 only up to 27.
    pub const UNTIL_27: Releases = Releases(3);
    /// From 27 on.
    pub const SINCE_27: Releases = Releases(6);
    /// Whether `other` is in.
    pub const fn has(self, other: Releases) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One row of the table of natives.
#[derive(Clone, Copy)]
pub struct Native {
    /// Module.
    pub module: &'static str,
    /// Function.
    pub name: &'static str,
    /// Arity.
    pub arity: u8,
    /// Sort.
    pub kind: NativeKind,
    /// Releases that have it.
    pub releases: Releases,
    /// Its code.
    pub function: NativeFn,
}

/// Declares natives: `natives! { pub TABLE: "erlang" { "length"/1 => length_1, Guard; "self"/0 => self_0, Bif, ALL; } }`.
#[macro_export]
macro_rules! natives {
    ($vis:vis $table:ident: $($module:literal { $($name:literal / $arity:literal => $f:path, $kind:ident $(, $rel:ident)?;)* })*) => {
        /// Natives declared in this file.
        $vis const $table: &[$crate::native::Native] = &[$($(
            $crate::native::Native {
                module: $module, name: $name, arity: $arity, kind: $crate::native::NativeKind::$kind,
                releases: $crate::natives!(@rel $($rel)?), function: $f,
            },
        )*)*];
    };
    (@rel) => { $crate::native::Releases::ALL };
    (@rel $r:ident) => { $crate::native::Releases::$r };
}
