//! Fun entries: what all funs made by one `fun` expression share.
//!
//! Invariant: interned by module, unique and index, never freed; `address` is never null: without code it points at the
//! entry's own stub, which goes through `error_handler:undefined_lambda/3`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use crate::atom::Atom;
use crate::interp::stub;

/// See the module's head.
#[repr(C)]
pub struct FunEntry {
    /// First instruction.
    address: AtomicPtr<u64>,
    /// Arity with the environment, then the code that calls of an entry without code run.
    stub: [AtomicU64; 3],
    /// Arguments of a call, without the environment.
    pub arity: u8,
    /// Number of free variables.
    pub num_free: u32,
    /// Module.
    pub module: Atom,
    /// Index in the module's lambda table.
    pub index: u32,
    /// Unique of the index (`old_uniq`).
    pub old_uniq: u32,
    /// MD5 of the module.
    pub uniq: [u8; 16],
    /// Name of the function that holds the body, 1 + atom index (0: not known, no code was ever loaded).
    function: AtomicU64,
}

type Key = (Atom, [u8; 16], u32, u8, u32);
static FUNS: LazyLock<Mutex<HashMap<Key, &'static FunEntry>>> = LazyLock::new(Mutex::default);

impl FunEntry {
    /// The entry, made without code if new.
    pub fn intern(
        module: Atom,
        uniq: [u8; 16],
        index: u32,
        old_uniq: u32,
        arity: u8,
        num_free: u32,
    ) -> &'static FunEntry {
        let mut all = FUNS.lock().expect("no code panics under the fun table's lock");
        all.entry((module, uniq, index, arity, num_free)).or_insert_with(|| {
            let e: &'static FunEntry = Box::leak(Box::new(FunEntry {
                address: AtomicPtr::default(),
                stub: [
                    AtomicU64::new(u64::from(arity) + u64::from(num_free)),
                    AtomicU64::new(stub::undefined_lambda()),
                    AtomicU64::new(0),
                ],
                arity,
                num_free,
                module,
                index,
                old_uniq,
                uniq,
                function: AtomicU64::new(0),
            }));
            e.stub[2].store(std::ptr::from_ref(e).expose_provenance() as u64, Ordering::Relaxed);
            e.address.store(e.stub_address(), Ordering::Release);
            e
        })
    }
    fn stub_address(&self) -> *mut u64 {
        self.stub[1].as_ptr()
    }
    /// Where a call goes.
    #[inline(always)]
    pub(crate) fn address(&self) -> *const u64 {
        // Acquire pairs with the Release in `set_address`.
        self.address.load(Ordering::Acquire)
    }
    /// Sets where calls go; null: the stub.
    pub(crate) fn set_address(&self, to: *mut u64) {
        self.address.store(if to.is_null() { self.stub_address() } else { to }, Ordering::Release);
    }
    /// Sets where calls go, and which function that is.
    pub(super) fn set_code(&self, code: *mut u64, function: Atom) {
        self.function.store(u64::from(function.index()) + 1, Ordering::Relaxed);
        self.set_address(code);
    }
    /// Whether calls go to `code`.
    pub(super) fn leads_to(&self, code: *mut u64) -> bool {
        std::ptr::eq(self.address(), code)
    }
    /// Whether the module's code is loaded.
    pub fn has_code(&self) -> bool {
        !std::ptr::eq(self.address(), self.stub_address())
    }
    /// Name of the function that holds the body, if code was ever loaded.
    pub fn function(&self) -> Option<Atom> {
        let f = self.function.load(Ordering::Relaxed);
        (f != 0).then(|| Atom::from_index((f - 1) as u32))
    }
}
