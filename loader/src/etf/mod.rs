//! The external term format, decoding side: one decoder, generic over what it builds.
//!
//! [`Decoder`] walks the bytes with an explicit stack, so the nesting of a term costs heap and
//! never Rust stack, and it can stop after a number of steps and go on later. What a term *is* it
//! leaves to a [`TermBuilder`]: the VM builds heap terms, the loader only validates, the
//! disassembler prints. Lengths are compared with the bytes that are left before anything is
//! allocated for them.

mod decode;
mod print;
mod validate;

pub use decode::{Decoder, Progress};
pub use print::{Printer, print_term, quote_atom};
pub(crate) use print::{big_int_text, binary_text};
pub use validate::validate;

/// Tags of the format, under OTP's names.
#[allow(missing_docs)]
pub mod tag {
    pub const VERSION_MAGIC: u8 = 131;
    pub const NATIVE_RECORD_EXT: u8 = 67;
    pub const NEW_FLOAT_EXT: u8 = 70;
    pub const BIT_BINARY_EXT: u8 = 77;
    pub const COMPRESSED: u8 = 80;
    pub const ATOM_CACHE_REF: u8 = 82;
    pub const NEW_PID_EXT: u8 = 88;
    pub const NEW_PORT_EXT: u8 = 89;
    pub const NEWER_REFERENCE_EXT: u8 = 90;
    pub const SMALL_INTEGER_EXT: u8 = 97;
    pub const INTEGER_EXT: u8 = 98;
    pub const FLOAT_EXT: u8 = 99;
    pub const ATOM_EXT: u8 = 100;
    pub const REFERENCE_EXT: u8 = 101;
    pub const PORT_EXT: u8 = 102;
    pub const PID_EXT: u8 = 103;
    pub const SMALL_TUPLE_EXT: u8 = 104;
    pub const LARGE_TUPLE_EXT: u8 = 105;
    pub const NIL_EXT: u8 = 106;
    pub const STRING_EXT: u8 = 107;
    pub const LIST_EXT: u8 = 108;
    pub const BINARY_EXT: u8 = 109;
    pub const SMALL_BIG_EXT: u8 = 110;
    pub const LARGE_BIG_EXT: u8 = 111;
    pub const NEW_FUN_EXT: u8 = 112;
    pub const EXPORT_EXT: u8 = 113;
    pub const NEW_REFERENCE_EXT: u8 = 114;
    pub const SMALL_ATOM_EXT: u8 = 115;
    pub const MAP_EXT: u8 = 116;
    pub const FUN_EXT: u8 = 117;
    pub const ATOM_UTF8_EXT: u8 = 118;
    pub const SMALL_ATOM_UTF8_EXT: u8 = 119;
    pub const V4_PORT_EXT: u8 = 120;
    pub const LOCAL_EXT: u8 = 121;
}

/// The highest number of characters in an atom.
pub const MAX_ATOM_CHARACTERS: usize = 255;

/// The parts of a local fun.
#[derive(Debug)]
pub struct FunParts<'a, T> {
    /// Arity as a caller sees it.
    pub arity: u8,
    /// The module's checksum.
    pub uniq: [u8; 16],
    /// The fun's index.
    pub index: u32,
    /// The module, an atom.
    pub module: T,
    /// The index of old.
    pub old_index: i64,
    /// The number that told versions of a module apart of old.
    pub old_uniq: i64,
    /// The process that made it.
    pub pid: T,
    /// Free variables.
    pub free: &'a [T],
}

/// The parts of a native record.
#[derive(Debug)]
pub struct RecordParts<'a, T> {
    /// Whether its definition is exported.
    pub exported: bool,
    /// The defining module, an atom.
    pub module: T,
    /// Its name, an atom.
    pub name: T,
    /// Field names, atoms.
    pub fields: &'a [T],
    /// Values, as many as names.
    pub values: &'a [T],
}

/// Builds terms for the [`Decoder`].
///
/// Methods are called innermost term first. Bytes and terms that are handed over have been checked
/// for what the format says about them; what only a VM can judge (is the map free of duplicate
/// keys, may this atom be created, is there memory) is the builder's to refuse.
pub trait TermBuilder {
    /// A term.
    type Term;
    /// Why a term is refused.
    type Error;

    /// An integer of 64 bits or less.
    fn small_int(&mut self, value: i64) -> Result<Self::Term, Self::Error>;
    /// An integer of more than 64 bits; the last byte is not zero.
    fn big_int(&mut self, negative: bool, le_bytes: &[u8]) -> Result<Self::Term, Self::Error>;
    /// A finite float.
    fn float(&mut self, value: f64) -> Result<Self::Term, Self::Error>;
    /// An atom of at most 255 characters.
    fn atom(&mut self, text: &str) -> Result<Self::Term, Self::Error>;
    /// The empty list.
    fn nil(&mut self) -> Result<Self::Term, Self::Error>;
    /// Cons cells in front of a tail. Long lists come in parts, the last part first.
    fn list(&mut self, elements: &[Self::Term], tail: Self::Term) -> Result<Self::Term, Self::Error>;
    /// A proper list of bytes, not empty.
    fn byte_list(&mut self, bytes: &[u8]) -> Result<Self::Term, Self::Error>;
    /// A tuple.
    fn tuple(&mut self, elements: &[Self::Term]) -> Result<Self::Term, Self::Error>;
    /// A map from keys and values in turn.
    fn map(&mut self, flat: &[Self::Term]) -> Result<Self::Term, Self::Error>;
    /// A binary.
    fn binary(&mut self, bytes: &[u8]) -> Result<Self::Term, Self::Error>;
    /// A bitstring of which the last byte counts only its `last_bits` (1 to 7) highest bits.
    fn bitstring(&mut self, bytes: &[u8], last_bits: u8) -> Result<Self::Term, Self::Error>;
    /// A pid.
    fn pid(&mut self, node: Self::Term, id: u32, serial: u32, creation: u32) -> Result<Self::Term, Self::Error>;
    /// A port.
    fn port(&mut self, node: Self::Term, id: u64, creation: u32) -> Result<Self::Term, Self::Error>;
    /// A reference of 1 to 5 words, the first one the lowest.
    fn reference(&mut self, node: Self::Term, creation: u32, ids: &[u32]) -> Result<Self::Term, Self::Error>;
    /// A local fun.
    fn fun(&mut self, parts: FunParts<'_, Self::Term>) -> Result<Self::Term, Self::Error>;
    /// An external fun.
    fn export(&mut self, module: Self::Term, function: Self::Term, arity: u8) -> Result<Self::Term, Self::Error>;
    /// A native record.
    fn native_record(&mut self, parts: RecordParts<'_, Self::Term>) -> Result<Self::Term, Self::Error>;

    /// An entry of a connection's atom cache; `None` where there is no cache.
    fn atom_cache_ref(&mut self, _index: u8) -> Option<Result<Self::Term, Self::Error>> {
        None
    }

    /// Whether a term in the node's own encoding (`LOCAL_EXT`), with this hash over `rest`, is one of ours.
    fn accepts_local(&mut self, _hash: u64, _rest: &[u8]) -> bool {
        false
    }
}

/// Why bytes do not decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtfError<E> {
    /// Byte offset; in the decompressed bytes if the term is compressed.
    pub offset: usize,
    /// The reason.
    pub cause: EtfCause<E>,
}

/// Who found fault with the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtfCause<E> {
    /// The decoder.
    Format(EtfErrorKind),
    /// The builder.
    Builder(E),
}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EtfErrorKind {
    /// They end inside a term.
    #[error("the bytes end inside the term")]
    Truncated,
    /// They do not begin with 131.
    #[error("version byte 131 expected, found {0}")]
    BadVersion(u8),
    /// A tag that the format does not have, or not here.
    #[error("unexpected tag {0}")]
    BadTag(u8),
    /// An atom that is not UTF-8.
    #[error("an atom is not valid UTF-8")]
    BadAtom,
    /// An atom of more than 255 characters.
    #[error("an atom has more than 255 characters")]
    AtomTooLong,
    /// A float that is no finite number.
    #[error("a float is no finite number")]
    BadFloat,
    /// A sign byte other than 0 and 1.
    #[error("bad sign of an integer")]
    BadSign,
    /// A bitstring whose last byte counts no bits, or more than 8.
    #[error("bad number of bits in the last byte of a bitstring")]
    BadBits,
    /// A reference of no words or more than 5.
    #[error("a reference has {0} words")]
    BadReference(u16),
    /// A first number of a reference that has more bits than its format gives it.
    #[error("a reference's first number is {0}")]
    BadReferenceNumber(u32),
    /// A creation that its format has no room for.
    #[error("creation {0} in a format for 0 to 3")]
    BadCreation(u8),
    /// Compressed bytes that do not decompress to the size announced.
    #[error("the compressed term does not decompress to the size announced")]
    BadCompression,
    /// A fun whose size word disagrees with its parts.
    #[error("the size of a fun disagrees with its parts")]
    BadFunSize,
    /// Bytes after the term.
    #[error("{0} bytes are left after the term")]
    TrailingBytes(usize),
}
