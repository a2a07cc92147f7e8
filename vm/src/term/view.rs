//! Typed views of terms: every accessor is total and answers `None` for a term of another kind.
//!
//! Invariant: a view borrows for `'s`, during which no collection can move or overwrite what it shows.

use super::tag::{Header, Subtag};
use super::{RawTerm, Term};
use crate::code::{Export, FunEntry};
use crate::heap::Binary;

/// What a term is, for cold code that treats every kind.
#[derive(Clone, Copy)]
pub enum Kind<'s> {
    /// Small integer.
    Small(i64),
    /// Bignum.
    Big(BigView<'s>),
    /// Float.
    Float(f64),
    /// Atom.
    Atom(crate::atom::Atom),
    /// `[]`.
    Nil,
    /// `[Head | Tail]`.
    Cons(Term<'s>, Term<'s>),
    /// Tuple elements.
    Tuple(&'s [Term<'s>]),
    /// Map; see `term/map.rs` for its view.
    Map,
    /// Bitstring (binaries included).
    Bits(BitsView<'s>),
    /// Local or external fun made by `make_fun`.
    Fun(FunView<'s>),
    /// `fun M:F/A`.
    Export(&'static Export),
    /// Local or external reference.
    Ref(RefView<'s>),
    /// Local pid: data word.
    Pid(u64),
    /// Local port: data word.
    Port(u64),
    /// Pid of another node: node, number in the low and serial in the high half of the data word.
    ExternalPid(&'static crate::node::Node, u64),
    /// Port of another node: node, data word.
    ExternalPort(&'static crate::node::Node, u64),
    /// Native record.
    Record(RecordView<'s>),
}

/// Sign and magnitude of a bignum.
#[derive(Clone, Copy)]
pub struct BigView<'s> {
    /// Below zero.
    pub negative: bool,
    /// Little-endian limbs, the last not zero.
    pub limbs: &'s [u64],
}

/// A run of bits in memory.
#[derive(Clone, Copy)]
pub struct BitsView<'s> {
    base: *const u8,
    /// Offset of the first bit from the base, big-endian bit order in each byte.
    pub start: usize,
    /// Number of bits.
    pub bits: usize,
    _s: std::marker::PhantomData<&'s [u8]>,
}

impl<'s> BitsView<'s> {
    /// # Safety
    /// `base` must be readable up to bit `start + bits` for `'s`.
    pub(crate) unsafe fn new(base: *const u8, start: usize, bits: usize) -> Self {
        BitsView { base, start, bits, _s: std::marker::PhantomData }
    }
    /// A view of plain bytes.
    pub fn of_bytes(bytes: &'s [u8]) -> Self {
        BitsView { base: bytes.as_ptr(), start: 0, bits: bytes.len() * 8, _s: std::marker::PhantomData }
    }
    /// The address that `start` counts from.
    #[inline(always)]
    pub(crate) fn base(&self) -> *const u8 {
        self.base
    }
    /// Whether this is a binary: a whole number of bytes.
    pub fn is_binary(&self) -> bool {
        self.bits.is_multiple_of(8)
    }
    /// Size in bytes, rounded up.
    pub fn byte_len(&self) -> usize {
        self.bits.div_ceil(8)
    }
    /// The bytes, if they lie on byte boundaries and are whole.
    #[inline]
    pub fn as_bytes(&self) -> Option<&'s [u8]> {
        if (self.start | self.bits) & 7 != 0 {
            return None;
        }
        // SAFETY: the constructor's contract: base is readable up to start + bits for 's.
        Some(unsafe { std::slice::from_raw_parts(self.base.add(self.start / 8), self.bits / 8) })
    }
    /// The backing bytes that the view touches, with the bit offset (0..8) of its first bit in them.
    pub fn backing(&self) -> (&'s [u8], usize) {
        let (first, off) = (self.start / 8, self.start % 8);
        // SAFETY: the constructor's contract: base is readable up to start + bits for 's.
        (unsafe { std::slice::from_raw_parts(self.base.add(first), (off + self.bits).div_ceil(8)) }, off)
    }
    /// The part `[from, from + len)` in bits, if inside.
    pub fn slice(&self, from: usize, len: usize) -> Option<BitsView<'s>> {
        let end = from.checked_add(len)?;
        (end <= self.bits).then(|| BitsView { start: self.start + from, bits: len, ..*self })
    }
    /// The bytes of a binary, copied only if they do not lie on byte boundaries; `None` for a bitstring that is no binary.
    pub fn to_bytes(&self) -> Option<std::borrow::Cow<'s, [u8]>> {
        if !self.is_binary() {
            return None;
        }
        Some(match self.as_bytes() {
            Some(b) => b.into(),
            None => {
                let mut out = vec![0; self.byte_len()];
                super::bits::copy_bits(*self, &mut out, 0);
                out.into()
            }
        })
    }
}

/// A fun with its environment.
#[derive(Clone, Copy)]
pub struct FunView<'s> {
    /// What all funs of one `fun` expression share.
    pub entry: &'static FunEntry,
    /// Pid of the process that made it.
    pub creator: Term<'s>,
    /// Values of the free variables.
    pub env: &'s [Term<'s>],
}

/// A reference.
#[derive(Clone, Copy)]
pub struct RefView<'s> {
    /// Node of an external reference, `None` for a local one.
    pub node: Option<&'static crate::node::Node>,
    /// The reference's three 32-bit words, least significant first.
    pub numbers: [u32; 3],
    /// Pid that an alias reference carries.
    pub alias_pid: Option<Term<'s>>,
    magic: *const crate::heap::Magic,
}

impl<'s> RefView<'s> {
    /// The Rust state a magic reference owns.
    pub fn magic(&self) -> Option<&'s crate::heap::Magic> {
        // SAFETY: a magic reference owns one count of its Magic, so it lives as long as the reference ('s).
        unsafe { self.magic.as_ref() }
    }
}

/// A native record.
#[derive(Clone, Copy)]
pub struct RecordView<'s> {
    /// `{Module, Name, Exported, [Field]}`, a literal that is never freed.
    pub definition: Term<'s>,
    /// Values in order of definition.
    pub values: &'s [Term<'s>],
}

#[inline(always)]
fn words(t: RawTerm) -> (Header, *const RawTerm) {
    let p = t.boxed_ptr();
    // SAFETY: called on boxed terms that a Term<'s> vouches for: the header is readable.
    (unsafe { *p }.as_header(), p)
}

impl<'s> Term<'s> {
    /// Header of a boxed term.
    #[inline(always)]
    pub(crate) fn boxed_header(self) -> Option<Header> {
        self.is_boxed().then(|| words(self.raw()).0)
    }
    #[inline(always)]
    fn payload(self, h: Header, skip: usize) -> &'s [Term<'s>] {
        // SAFETY: the object has h.arity() words after its header, alive and unmoved for 's; Term is a transparent word.
        unsafe { std::slice::from_raw_parts(self.boxed_ptr().add(1 + skip).cast(), h.arity() - skip) }
    }
    #[inline(always)]
    pub(crate) fn word(self, i: usize) -> u64 {
        // SAFETY: only called with i inside of a boxed object whose header was read.
        unsafe { (*self.boxed_ptr().add(i)).bits() }
    }
    /// Head and tail of a non-empty list.
    #[inline(always)]
    pub fn as_cons(self) -> Option<(Term<'s>, Term<'s>)> {
        if !self.is_cons() {
            return None;
        }
        let p = self.cons_ptr();
        // SAFETY: a cons pointer vouched for by Term<'s> has two readable words.
        Some(unsafe { (Term::from_raw(*p), Term::from_raw(*p.add(1))) })
    }
    /// Elements of a tuple.
    #[inline(always)]
    pub fn as_tuple(self) -> Option<&'s [Term<'s>]> {
        let h = self.boxed_header()?;
        h.is(Subtag::Tuple).then(|| self.payload(h, 0))
    }
    /// Elements of a tuple of exactly `N`.
    #[inline]
    pub fn as_tuple_of<const N: usize>(self) -> Option<[Term<'s>; N]> {
        self.as_tuple()?.try_into().ok()
    }
    /// A float's value.
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        let h = self.boxed_header()?;
        h.is(Subtag::Float).then(|| f64::from_bits(self.word(1)))
    }
    /// A bignum.
    #[inline]
    pub fn as_big(self) -> Option<BigView<'s>> {
        let h = self.boxed_header()?;
        let negative = match h.subtag() {
            Subtag::PosBig => false,
            Subtag::NegBig => true,
            _ => return None,
        };
        // SAFETY: a bignum has h.arity() limbs after its header.
        let limbs = unsafe { std::slice::from_raw_parts(self.boxed_ptr().add(1).cast(), h.arity()) };
        Some(BigView { negative, limbs })
    }
    /// An integer that fits 64 bits, small or not.
    #[inline]
    pub fn as_i64(self) -> Option<i64> {
        if let Some(i) = self.as_small() {
            return Some(i);
        }
        let b = self.as_big()?;
        match (b.negative, b.limbs) {
            (false, &[l]) => i64::try_from(l).ok(),
            (true, &[l]) if l <= 1 << 63 => Some((l as i64).wrapping_neg()),
            _ => None,
        }
    }
    /// A non-negative integer that fits 64 bits.
    #[inline]
    pub fn as_u64(self) -> Option<u64> {
        if let Some(i) = self.as_small() {
            return u64::try_from(i).ok();
        }
        match self.as_big()? {
            BigView { negative: false, limbs: &[l] } => Some(l),
            _ => None,
        }
    }
    /// A non-negative integer that fits `usize`.
    #[inline]
    pub fn as_usize(self) -> Option<usize> {
        self.as_u64().and_then(|u| usize::try_from(u).ok())
    }
    /// `true` or `false`.
    #[inline]
    pub fn as_bool(self) -> Option<bool> {
        if self.is(crate::atom::am::TRUE) {
            Some(true)
        } else if self.is(crate::atom::am::FALSE) {
            Some(false)
        } else {
            None
        }
    }
    /// A bitstring, binaries included (a match context is none).
    #[inline]
    pub fn as_bits(self) -> Option<BitsView<'s>> {
        let h = self.boxed_header()?;
        match h.subtag() {
            Subtag::HeapBits => {
                // SAFETY: a HeapBits holds its bytes from word 2 on, `word(1)` bits of them.
                Some(unsafe { BitsView::new(self.boxed_ptr().add(2).cast(), 0, self.word(1) as usize) })
            }
            Subtag::SubBits => {
                let (start, end) = (self.word(3) as usize, self.word(4) as usize);
                let base = std::ptr::with_exposed_provenance((self.word(2) & !crate::heap::WRITABLE) as usize);
                // SAFETY: a SubBits keeps its base alive through orig, and start <= end lie in it.
                Some(unsafe { BitsView::new(base, start, end - start) })
            }
            _ => None,
        }
    }
    /// A binary: a bitstring of whole bytes.
    #[inline]
    pub fn as_binary(self) -> Option<BitsView<'s>> {
        self.as_bits().filter(BitsView::is_binary)
    }
    /// The off-heap binary behind a bitstring that is a view of one.
    pub fn off_heap_binary(self) -> Option<&'s Binary> {
        let h = self.boxed_header()?;
        if !h.is(Subtag::SubBits) {
            return None;
        }
        let orig: Term<'s> = Term::from_raw(RawTerm(self.word(1)));
        if !orig.boxed_header()?.is(Subtag::BinRef) {
            return None;
        }
        let p: *const Binary = std::ptr::with_exposed_provenance(orig.word(1) as usize);
        // SAFETY: a BinRef owns one reference of its binary.
        Some(unsafe { &*p })
    }
    /// The text that a binary is in UTF-8; `None` if it is none, or does not lie on byte boundaries. Asking a large
    /// off-heap binary again costs nothing.
    pub fn as_utf8(self) -> Option<&'s str> {
        let bytes = self.as_bits()?.as_bytes()?;
        match self.off_heap_binary() {
            Some(b) => b.utf8(bytes),
            None => std::str::from_utf8(bytes).ok(),
        }
    }
    /// The binary behind a `SubBits` that carries [`crate::heap::WRITABLE`], which is known to be off-heap.
    #[inline(always)]
    pub(crate) fn writable_binary(self) -> &'s Binary {
        debug_assert!(self.off_heap_binary().is_some());
        let orig: Term<'s> = Term::from_raw(RawTerm(self.word(1)));
        let p: *const Binary = std::ptr::with_exposed_provenance(orig.word(1) as usize);
        // SAFETY: only views of off-heap binaries are writable, so orig is a BinRef, which owns one reference.
        unsafe { &*p }
    }
    /// Bytes that a bitstring keeps alive: all of what it is a view of.
    pub fn referenced_bytes(self) -> Option<usize> {
        let v = self.as_bits()?;
        if let Some(bin) = self.off_heap_binary() {
            return Some(bin.capacity());
        }
        let whole: Term<'s> =
            if self.boxed_header()?.is(Subtag::SubBits) { Term::from_raw(RawTerm(self.word(1))) } else { self };
        Some(whole.as_bits().map_or(v.byte_len(), |v| v.byte_len()))
    }
    /// A fun with environment (not `fun M:F/A`).
    #[inline]
    pub fn as_fun(self) -> Option<FunView<'s>> {
        let h = self.boxed_header()?;
        if !h.is(Subtag::Fun) {
            return None;
        }
        let p: *const FunEntry = std::ptr::with_exposed_provenance(self.word(1) as usize);
        // SAFETY: fun entries are interned and never freed.
        let entry = unsafe { &*p };
        Some(FunView { entry, creator: Term::from_raw(RawTerm(self.word(2))), env: self.payload(h, 2) })
    }
    /// `fun M:F/A`.
    #[inline]
    pub fn as_export(self) -> Option<&'static Export> {
        let h = self.boxed_header()?;
        if !h.is(Subtag::Export) {
            return None;
        }
        let p: *const Export = std::ptr::with_exposed_provenance(self.word(1) as usize);
        // SAFETY: export entries are never freed.
        Some(unsafe { &*p })
    }
    /// A reference, local or external.
    pub fn as_ref(self) -> Option<RefView<'s>> {
        let h = self.boxed_header()?;
        let split = |lo: u64, hi: u64| [lo as u32, (lo >> 32) as u32, hi as u32];
        match h.subtag() {
            Subtag::Ref => Some(RefView {
                node: None,
                numbers: split(self.word(1), self.word(2)),
                alias_pid: (h.arity() == 3).then(|| Term::from_raw(RawTerm(self.word(3)))),
                magic: if h.arity() == 4 {
                    std::ptr::with_exposed_provenance(self.word(4) as usize)
                } else {
                    std::ptr::null()
                },
            }),
            Subtag::ExternalRef => Some(RefView {
                node: Some(self.external_node()),
                numbers: split(self.word(2), self.word(3)),
                alias_pid: None,
                magic: std::ptr::null(),
            }),
            _ => None,
        }
    }
    /// The Rust state that a magic reference owns.
    #[inline]
    pub fn as_magic(self) -> Option<&'s crate::heap::Magic> {
        let h = self.boxed_header()?;
        // SAFETY: word 4 of a magic reference is its Magic, of which it owns one count, so it lives as long ('s).
        (h == crate::heap::off_heap::MAGIC_REF)
            .then(|| unsafe { &*std::ptr::with_exposed_provenance(self.word(4) as usize) })
    }
    fn external_node(self) -> &'static crate::node::Node {
        let p: *const crate::node::Node = std::ptr::with_exposed_provenance(self.word(1) as usize);
        // SAFETY: word 1 of an external object is its node, and nodes are interned and never freed.
        unsafe { &*p }
    }
    /// A native record.
    pub fn as_record(self) -> Option<RecordView<'s>> {
        let h = self.boxed_header()?;
        h.is(Subtag::Record).then(|| {
            let all = self.payload(h, 0);
            RecordView { definition: all[0], values: &all[1..] }
        })
    }
    /// Whether this is a map.
    #[inline(always)]
    pub fn is_map(self) -> bool {
        self.boxed_header().is_some_and(|h| h.is(Subtag::Map))
    }
    /// Whether this is an integer, small or not.
    #[inline(always)]
    pub fn is_integer(self) -> bool {
        self.is_small() || self.as_big().is_some()
    }
    /// Whether this is an integer or a float.
    pub fn is_number(self) -> bool {
        self.is_integer() || self.as_float().is_some()
    }
    /// Whether this is a list cell or the empty list.
    #[inline(always)]
    pub fn is_list(self) -> bool {
        self.is_cons() || self.is_nil()
    }
    /// Whether this is a pid, local or external.
    pub fn is_pid(self) -> bool {
        self.is_local_pid() || self.boxed_header().is_some_and(|h| h.is(Subtag::ExternalPid))
    }
    /// Whether this is a port, local or external.
    pub fn is_port(self) -> bool {
        self.is_local_port() || self.boxed_header().is_some_and(|h| h.is(Subtag::ExternalPort))
    }
    /// Whether this is a reference.
    pub fn is_ref(self) -> bool {
        self.as_ref().is_some()
    }
    /// Whether this is a fun of either sort.
    pub fn is_function(self) -> bool {
        self.boxed_header().is_some_and(|h| h.is(Subtag::Fun) || h.is(Subtag::Export))
    }
    /// What this term is.
    pub fn kind(self) -> Kind<'s> {
        let t = self.raw();
        if let Some((h, tl)) = self.as_cons() {
            return Kind::Cons(h, tl);
        }
        if let Some(h) = self.boxed_header() {
            return match h.subtag() {
                Subtag::Tuple => Kind::Tuple(self.payload(h, 0)),
                Subtag::PosBig | Subtag::NegBig => Kind::Big(self.as_big().expect("subtag was tested")),
                Subtag::Float => Kind::Float(f64::from_bits(self.word(1))),
                Subtag::Map => Kind::Map,
                Subtag::HeapBits | Subtag::SubBits => Kind::Bits(self.as_bits().expect("subtag was tested")),
                Subtag::MatchCtx | Subtag::BinRef => {
                    // A context or binary reference is never a value; shown empty if a debugging aid meets one.
                    Kind::Bits(BitsView::of_bytes(&[]))
                }
                Subtag::Fun => Kind::Fun(self.as_fun().expect("subtag was tested")),
                Subtag::Export => Kind::Export(self.as_export().expect("subtag was tested")),
                Subtag::Ref | Subtag::ExternalRef => Kind::Ref(self.as_ref().expect("subtag was tested")),
                Subtag::ExternalPid => Kind::ExternalPid(self.external_node(), self.word(2)),
                Subtag::ExternalPort => Kind::ExternalPort(self.external_node(), self.word(2)),
                Subtag::Record => Kind::Record(self.as_record().expect("subtag was tested")),
            };
        }
        if let Some(i) = t.as_small() {
            Kind::Small(i)
        } else if let Some(a) = t.as_atom() {
            Kind::Atom(a)
        } else if t.is_local_pid() {
            Kind::Pid(t.id_data())
        } else if t.is_local_port() {
            Kind::Port(t.id_data())
        } else {
            Kind::Nil
        }
    }
    /// Walks a list: yields the elements, then [`ListIter::tail`] is what ended it (`[]` for a proper list).
    pub fn list_iter(self) -> ListIter<'s> {
        ListIter { rest: self }
    }
    /// The elements of a proper list, `None` for anything else.
    pub fn to_vec(self) -> Option<Vec<Term<'s>>> {
        let mut it = self.list_iter();
        let v: Vec<_> = it.by_ref().collect();
        it.tail().is_nil().then_some(v)
    }
}

/// See [`Term::list_iter`].
pub struct ListIter<'s> {
    rest: Term<'s>,
}

impl<'s> ListIter<'s> {
    /// What is left: after the last element, the list's tail.
    pub fn tail(&self) -> Term<'s> {
        self.rest
    }
}

impl<'s> Iterator for ListIter<'s> {
    type Item = Term<'s>;
    #[inline]
    fn next(&mut self) -> Option<Term<'s>> {
        let (h, t) = self.rest.as_cons()?;
        self.rest = t;
        Some(h)
    }
}
