//! The bit layout of terms and headers: every tag constant of the VM, drawn once.
//!
//! ```text
//! low bits      meaning
//! ..........00  header: first word of a boxed object, or a return word on the stack
//! ..........01  cons pointer
//! ..........10  boxed pointer
//! ........0011  local pid          ........0111  local port
//! ........1111  small integer, 60 bits signed
//! ......001011  atom               ......011011  catch tag        ......111011  nil
//!
//! header word:  | arity (58 bits) | subtag (4 bits) | 00 |
//! ```
//!
//! Invariant: a word whose two low bits are `00` is never handed to Erlang code as a value. `0` itself
//! ([`NON_VALUE`]) marks "no term", and is the forwarding mark in the first word of a moved cons cell.

/// "No term": never a value that Erlang code can see.
pub const NON_VALUE: u64 = 0;

pub(crate) const PRIMARY_MASK: u64 = 0b11;
pub(crate) const HEADER: u64 = 0b00;
pub(crate) const CONS: u64 = 0b01;
pub(crate) const BOXED: u64 = 0b10;

pub(crate) const IMMED1_MASK: u64 = 0b1111;
pub(crate) const PID: u64 = 0b0011;
pub(crate) const PORT: u64 = 0b0111;
pub(crate) const SMALL: u64 = 0b1111;
pub(crate) const IMMED1_SHIFT: u32 = 4;

pub(crate) const IMMED2_MASK: u64 = 0b11_1111;
pub(crate) const ATOM: u64 = 0b00_1011;
pub(crate) const CATCH: u64 = 0b01_1011;
pub(crate) const NIL: u64 = 0b11_1011;
pub(crate) const IMMED2_SHIFT: u32 = 6;

/// Smallest and largest integer held in the word itself; beyond them an integer is a bignum.
pub const SMALL_MIN: i64 = -(1 << 59);
/// See [`SMALL_MIN`].
pub const SMALL_MAX: i64 = (1 << 59) - 1;

const ARITY_SHIFT: u32 = 6;

/// Kind of a boxed object, from its header.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subtag {
    /// `[hdr][elements ...]`, arity = number of elements.
    Tuple = 0,
    /// `[hdr][limbs, little-endian ...]`, normalised: no leading zero limb, never in small range.
    PosBig = 2,
    /// As [`Subtag::PosBig`], value negated.
    NegBig = 3,
    /// `[hdr][n0][n1]`; `[hdr][n0][n1][pid]` (alias-capable); `[hdr][n0][n1][next][ptr]` (magic, off-heap list).
    Ref = 4,
    /// `[hdr][*FunEntry][creator][env ...]`, arity = 2 + number of free variables.
    Fun = 5,
    /// `[hdr][f64 bits]`.
    Float = 6,
    /// `[hdr][*Export]`.
    Export = 7,
    /// `[hdr][*Binary][next]`: owns one reference of an off-heap binary; only ever the `orig` of a view.
    BinRef = 8,
    /// `[hdr][size in bits][bytes ...]`.
    HeapBits = 9,
    /// `[hdr][orig][base][start bit][end bit]`: a bitstring view into a `BinRef` or `HeapBits`.
    SubBits = 10,
    /// As [`Subtag::SubBits`], `start` moves: a match context, never visible to programs.
    MatchCtx = 11,
    /// `[hdr][*Node][data]`.
    ExternalPid = 12,
    /// `[hdr][*Node][data]`.
    ExternalPort = 13,
    /// `[hdr][*Node][n0][n1][n2]`.
    ExternalRef = 14,
    /// Flat map `[hdr 0][size][keys tuple][values ...]`, or HAMT node; see `term/map.rs`.
    Map = 15,
    /// Native record `[hdr][definition][values ...]`, arity = 1 + number of fields.
    Record = 1,
}

impl Subtag {
    const ALL: [Subtag; 16] = [
        Subtag::Tuple,
        Subtag::Record,
        Subtag::PosBig,
        Subtag::NegBig,
        Subtag::Ref,
        Subtag::Fun,
        Subtag::Float,
        Subtag::Export,
        Subtag::BinRef,
        Subtag::HeapBits,
        Subtag::SubBits,
        Subtag::MatchCtx,
        Subtag::ExternalPid,
        Subtag::ExternalPort,
        Subtag::ExternalRef,
        Subtag::Map,
    ];
}

/// A header word: kind of object and number of words that follow.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header(pub(crate) u64);

impl Header {
    /// A header for `arity` words after it.
    #[inline(always)]
    pub const fn new(tag: Subtag, arity: usize) -> Header {
        Header(((arity as u64) << ARITY_SHIFT) | ((tag as u64) << 2))
    }

    /// Number of words after the header. For maps see `term/map.rs`: their arity field is not a size.
    #[inline(always)]
    pub const fn arity(self) -> usize {
        (self.0 >> ARITY_SHIFT) as usize
    }

    /// Kind of the object.
    #[inline(always)]
    pub const fn subtag(self) -> Subtag {
        Subtag::ALL[((self.0 >> 2) & 15) as usize]
    }

    /// Whether the object is of this kind, in one mask and compare.
    #[inline(always)]
    pub const fn is(self, tag: Subtag) -> bool {
        self.0 & 0b11_1111 == (tag as u64) << 2
    }
}

const _: () = {
    let mut i = 0;
    while i < 16 {
        assert!(Subtag::ALL[i] as usize == i);
        i += 1;
    }
};
