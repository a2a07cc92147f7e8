//! Girder's virtual machine: terms, heaps and their collector, code, the interpreter, processes and schedulers.

pub mod arith;
pub mod atom;
pub mod bits;
pub mod boot;
pub mod code;
pub mod ctx;
pub mod etf;
pub mod ets;
pub mod finder;
pub mod heap;
pub mod interp;
pub mod native;
pub mod node;
pub mod port;
pub mod process;
pub mod profile;
pub mod recording;
pub mod sched;
pub mod signal;
pub mod sync;
pub mod sys;
pub mod term;
pub mod timer;
pub mod trace;
pub mod vm;

pub use atom::{Atom, am};
pub use ctx::Ctx;
pub use native::{Native, NativeFn, NativeKind, Raise, Releases};
pub use profile::Profile;
pub use term::{Kind, RawTerm, Term};
pub use vm::Vm;
