//! Export entries: where a call of `M:F/A` goes.
//!
//! Invariant: an entry is interned per MFA and never freed. Its address for each code index is never null: an entry
//! without code points at its own stub, which calls the native or the error handler. Addresses of a code index that is
//! not active are written by the holder of the write permission (`code/load.rs`) only. While a process saves its calls,
//! calls use one code index more, [`SAVING`], under which every entry leads to its trampoline for good.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, RwLock};

use super::CODE_INDEXES;
use crate::atom::Atom;
use crate::interp::stub;
use crate::native::NativeFn;
use crate::sync::lock;
use crate::trace::breakpoint;

/// Module, function, arity.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Mfa {
    /// Module.
    pub module: Atom,
    /// Function.
    pub function: Atom,
    /// Number of arguments.
    pub arity: u8,
}

impl std::fmt::Display for Mfa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}/{}", self.module.name(), self.function.name(), self.arity)
    }
}

/// See the module's head.
#[repr(C)]
pub struct Export {
    /// First instruction, per code index.
    addresses: [AtomicPtr<u64>; CODE_INDEXES + 1],
    /// Code that calls of an entry without Erlang code run: one instruction whose operand is this entry's address.
    /// The arity stands before it, as before every entry.
    stub: [AtomicU64; 3],
    /// As the stub: where calls go while they are traced. The instruction goes on to `target`.
    trampoline: [AtomicU64; 3],
    /// Where calls went before they went to the trampoline.
    target: AtomicPtr<u64>,
    /// Code of the interpreter's own stands here for good.
    instruction: AtomicBool,
    /// The native bound to this entry, as an address; 0 = none.
    native: AtomicUsize,
    /// Its name.
    pub mfa: Mfa,
}

static EXPORTS: LazyLock<RwLock<HashMap<Mfa, &'static Export>>> = LazyLock::new(RwLock::default);
/// Entries of the interpreter's own instructions that nobody finds by name.
static NAMED: RwLock<Vec<&'static Export>> = RwLock::new(Vec::new());
/// The code index that calls use while a process saves its calls.
const SAVING: usize = CODE_INDEXES;
/// The code index under which functions are found.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);
/// The one that calls use: the active one, or [`SAVING`].
static CALLED: AtomicUsize = AtomicUsize::new(0);
/// Processes that save their calls; [`ACTIVE`] and [`CALLED`] change under this lock.
static SAVERS: Mutex<usize> = Mutex::new(0);

/// The code index under which functions are found.
pub(crate) fn active_index() -> usize {
    // Acquire pairs with the Release of `activate`: who sees the index sees the addresses staged under it. A stale index
    // is as good as having called a moment earlier; the code behind it is freed only after all schedulers passed a safe
    // point.
    ACTIVE.load(Ordering::Acquire)
}

/// From now on calls use this code index: all that was staged under it takes effect at once.
pub(super) fn activate(index: usize) {
    let savers = lock(&SAVERS);
    ACTIVE.store(index, Ordering::Release);
    if *savers == 0 {
        CALLED.store(index, Ordering::Release);
    }
}

/// A process begins to save its calls, or ends.
pub(crate) fn note_saver(begins: bool) {
    let mut savers = lock(&SAVERS);
    *savers = if begins { *savers + 1 } else { *savers - 1 };
    let index = if *savers == 0 { active_index() } else { SAVING };
    CALLED.store(index, Ordering::Release);
    breakpoint::watch_natives(breakpoint::SAVED, *savers > 0);
}

impl Export {
    /// The entry of `mfa`, made if new.
    pub fn intern(mfa: Mfa) -> &'static Export {
        if let Some(e) = Self::existing(mfa) {
            return e;
        }
        let mut all = EXPORTS.write().expect("no code panics under the export table's lock");
        all.entry(mfa).or_insert_with(|| Self::make(mfa))
    }
    /// An entry that leads nowhere yet.
    fn make(mfa: Mfa) -> &'static Export {
        let e: &'static Export = Box::leak(Box::new(Export {
            addresses: Default::default(),
            stub: [AtomicU64::new(u64::from(mfa.arity)), AtomicU64::new(stub::undefined_function()), AtomicU64::new(0)],
            trampoline: [AtomicU64::new(u64::from(mfa.arity)), AtomicU64::new(stub::trampoline()), AtomicU64::new(0)],
            target: AtomicPtr::default(),
            instruction: AtomicBool::new(false),
            native: AtomicUsize::new(0),
            mfa,
        }));
        let own = std::ptr::from_ref(e).expose_provenance() as u64;
        e.stub[2].store(own, Ordering::Relaxed);
        e.trampoline[2].store(own, Ordering::Relaxed);
        e.set_address(e.stub_address());
        e.addresses[SAVING].store(e.trampoline(), Ordering::Release);
        e
    }
    /// The entry of `mfa` if there is one.
    pub fn existing(mfa: Mfa) -> Option<&'static Export> {
        EXPORTS.read().expect("no code panics under the export table's lock").get(&mfa).copied()
    }
    /// All entries.
    pub fn all() -> Vec<&'static Export> {
        EXPORTS.read().expect("no code panics under the export table's lock").values().copied().collect()
    }
    /// Address of the stub.
    pub(crate) fn stub_address(&self) -> *mut u64 {
        self.stub[1].as_ptr()
    }
    /// Address of the trampoline.
    pub(crate) fn trampoline(&self) -> *mut u64 {
        self.trampoline[1].as_ptr()
    }
    /// Whether calls go through the trampoline.
    pub(crate) fn is_trapped(&self) -> bool {
        std::ptr::eq(self.found(), self.trampoline())
    }
    /// Has calls go through the trampoline, or not any more; under the write permission.
    pub(super) fn set_trampoline(&self, on: bool) {
        if on && !self.is_trapped() {
            self.target.store(self.found().cast_mut(), Ordering::Release);
            self.set_address(self.trampoline());
        } else if !on && self.is_trapped() {
            self.set_address(self.target.load(Ordering::Acquire));
        }
    }
    /// Where a call goes on that has come to the trampoline.
    pub(crate) fn behind_trampoline(&self) -> *const u64 {
        let now = self.found();
        if std::ptr::eq(now, self.trampoline()) { self.target.load(Ordering::Acquire) } else { now }
    }
    /// Where a call goes if nothing looks at it on its way: natives that are called again have been seen once.
    pub(crate) fn untraced(&self) -> *const u64 {
        if self.native().is_some() { self.stub_address() } else { self.address() }
    }
    /// Where a call goes.
    #[inline(always)]
    pub(crate) fn address(&self) -> *const u64 {
        // Acquire, twice, as in `found`.
        self.addresses[CALLED.load(Ordering::Acquire)].load(Ordering::Acquire)
    }
    /// Where a call goes that is not to be saved, or has been.
    pub(crate) fn found(&self) -> *const u64 {
        // Acquire pairs with the Release in `set_address`: the code behind the address is completely written.
        self.addresses[active_index()].load(Ordering::Acquire)
    }
    /// Sets where calls go under all code indexes; null sets the stub.
    pub(crate) fn set_address(&self, to: *mut u64) {
        let to = if to.is_null() { self.stub_address() } else { to };
        for a in &self.addresses[..CODE_INDEXES] {
            a.store(to, Ordering::Release);
        }
    }
    /// Sets where calls go under one code index, which is not active; null sets the stub.
    pub(super) fn stage(&self, index: usize, to: *mut u64) {
        let to = if to.is_null() { self.stub_address() } else { to };
        self.addresses[index].store(to, Ordering::Release);
    }
    /// Gives one code index the address that another has.
    pub(super) fn copy_address(&self, from: usize, to: usize) {
        self.addresses[to].store(self.addresses[from].load(Ordering::Relaxed), Ordering::Release);
    }
    /// Whether modules give this entry its code: no native stands in for it.
    pub(super) fn takes_code(&self) -> bool {
        self.native().is_none() && !self.is_instruction()
    }
    /// Binds code of the interpreter's own, which no module replaces.
    pub(crate) fn bind_instruction(&self, entry: *mut u64) {
        self.instruction.store(true, Ordering::Relaxed);
        self.set_address(entry);
        let named = Self::make(self.mfa);
        named.set_address(entry);
        named.addresses[SAVING].store(entry, Ordering::Release);
        NAMED.write().expect("no code panics under this lock").push(named);
    }
    /// The entry for a call that names the function in its code: another one for instructions of the interpreter, whose
    /// calls are traced only where the function is found at run time.
    pub(super) fn named_in_code(&'static self) -> &'static Export {
        if !self.is_instruction() {
            return self;
        }
        let named = NAMED.read().expect("no code panics under this lock");
        named.iter().find(|e| e.mfa == self.mfa).copied().unwrap_or(self)
    }
    /// Whether the function is an instruction of the interpreter.
    pub fn is_instruction(&self) -> bool {
        self.instruction.load(Ordering::Relaxed)
    }
    /// Whether calls reach Erlang code or a native.
    pub fn is_defined(&self) -> bool {
        self.native().is_some() || self.has_code()
    }
    /// Whether calls reach Erlang code.
    pub fn has_code(&self) -> bool {
        !std::ptr::eq(self.behind_trampoline(), self.stub_address())
    }
    /// The native bound to this entry.
    #[inline(always)]
    pub fn native(&self) -> Option<NativeFn> {
        let n = self.native.load(Ordering::Acquire);
        // SAFETY: only `bind_native` stores here: 0, or the address of a NativeFn.
        (n != 0).then(|| unsafe { std::mem::transmute::<usize, NativeFn>(n) })
    }
    /// Binds a native: calls run it from now on.
    pub fn bind_native(&self, f: NativeFn) {
        self.native.store(f as usize, Ordering::Release);
        self.stub[1].store(stub::call_native(), Ordering::Release);
        self.set_address(std::ptr::null_mut());
    }
}
