//! A module as it stands in a .beam file: tables and generic code, decoded but not resolved.
//!
//! Everything here is data. What the fields promise about each other is kept by the checker, and
//! only for a [`crate::CheckedModule`]; a [`Module`] that comes from [`crate::parse`] promises
//! only that the parts inside each chunk are well-formed.

use std::ops::Range;

use crate::ops::{Opcode, OperandKind};

/// Index into [`Module::atoms`]; the file's own index less one.
pub type AtomIx = u32;

/// A decoded .beam file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// The module's name.
    pub name: AtomIx,
    /// All atoms of the module. The first is its name.
    pub atoms: Vec<Box<str>>,
    /// Functions of other modules that the code calls.
    pub imports: Vec<Import>,
    /// Exported functions.
    pub exports: Vec<ExportEntry>,
    /// Functions that are not exported.
    pub locals: Vec<ExportEntry>,
    /// Funs.
    pub lambdas: Vec<Lambda>,
    /// Literals in external term format, each with its version byte, each known to decode.
    pub literals: Vec<Box<[u8]>>,
    /// Integers of the code that do not fit 64 bits.
    pub big_ints: Vec<BigIntOperand>,
    /// The string table: bytes for `bs_put_string`, `bs_match_string` and string segments.
    pub strings: Vec<u8>,
    /// Source lines.
    pub lines: LineTable,
    /// Types of typed registers.
    pub types: TypeTable,
    /// Native record definitions.
    pub records: Vec<RecordDef>,
    /// The module's attributes in external term format.
    pub attributes: Option<Box<[u8]>>,
    /// What the compiler says about itself, in external term format.
    pub compile_info: Option<Box<[u8]>>,
    /// The `Meta` chunk in external term format.
    pub meta: Option<Box<[u8]>>,
    /// The `DbgB` chunk, not decoded.
    pub debug_info: Option<Box<[u8]>>,
    /// The checksum that `Mod:module_info(md5)` answers.
    pub md5: [u8; 16],
    /// The generic code in the order of the file.
    pub code: Vec<Op>,
    /// The operands of all instructions, and the elements of all lists.
    pub operands: Vec<Operand>,
    /// Parallel to `operands`: the type index of a typed register plus one, or 0.
    pub operand_types: Vec<u32>,
    /// One more than the highest label, as the `Code` chunk's head has it.
    pub label_count: u32,
    /// The number of functions, as the `Code` chunk's head has it.
    pub function_count: u32,
    /// The highest opcode, as the `Code` chunk's head has it.
    pub max_opcode: u32,
    /// Entry label of the function to run when the module is loaded.
    pub on_load: Option<u32>,
    /// The chunks of the file in their order.
    pub chunks: Vec<ChunkInfo>,
}

/// Where a chunk's contents stand in the (decompressed) file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkInfo {
    /// The chunk's name.
    pub id: [u8; 4],
    /// Offset of the contents.
    pub offset: u32,
    /// Length of the contents, without padding.
    pub len: u32,
}

/// A function of another module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its module.
    pub module: AtomIx,
    /// Its name.
    pub function: AtomIx,
    /// Its number of arguments.
    pub arity: u32,
}

/// A function of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportEntry {
    /// Its name.
    pub function: AtomIx,
    /// Its number of arguments.
    pub arity: u32,
    /// The label of its entry.
    pub label: u32,
}

/// A row of the lambda table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lambda {
    /// The function that implements the fun.
    pub function: AtomIx,
    /// Its number of arguments, the free variables included.
    pub arity: u32,
    /// The label of its entry.
    pub label: u32,
    /// The fun's index, as `erlang:fun_info/2` shows it.
    pub index: u32,
    /// The number of free variables.
    pub num_free: u32,
    /// A part of the module's checksum.
    pub old_uniq: u32,
}

/// A native record definition.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDef {
    /// Its name.
    pub name: AtomIx,
    /// Whether other modules may use it.
    pub exported: bool,
    /// Its fields in their order.
    pub fields: Vec<RecordField>,
}

/// A field of a native record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordField {
    /// Its name.
    pub name: AtomIx,
    /// Its default value: an atom, nil, an integer or a literal.
    pub default: Option<Operand>,
}

/// An integer operand that does not fit 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigIntOperand {
    /// Whether it is below zero.
    pub negative: bool,
    /// Its magnitude, least significant byte first, without leading zero bytes.
    pub magnitude: Box<[u8]>,
}

/// Which source line each line index stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTable {
    /// Whether the module came with a line table of a known version.
    pub present: bool,
    /// The flag word: 1 = has executable lines, 2 = line counters are forced.
    pub flags: u32,
    /// The number of `line` instructions.
    pub instruction_count: u32,
    /// File and line; index 0 of a `line` instruction means "no line", so item n is index n + 1.
    pub items: Vec<LineItem>,
    /// File names other than the module's own. File 0 is `<module>.erl`, file n is `files[n - 1]`.
    pub files: Vec<Box<str>>,
}

/// A source line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineItem {
    /// The file; 0 is `<module>.erl`.
    pub file: u32,
    /// The line.
    pub line: u32,
}

impl LineTable {
    /// The item of a `line` instruction's index; `None` for "no line".
    pub fn item(&self, index: u32) -> Option<LineItem> {
        self.items.get(usize::try_from(index.checked_sub(1)?).ok()?).copied()
    }

    /// The name of a file, `None` for the module's own.
    pub fn file(&self, file: u32) -> Option<&str> {
        self.files.get(usize::try_from(file.checked_sub(1)?).ok()?).map(|name| &**name)
    }
}

/// The types that typed registers refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeTable {
    /// Version of the chunk: 1 (OTP 25), 3 (26, 27), 4 (28, 29); 0 when there is none, or one of
    /// another version, which is passed over.
    pub version: u32,
    /// The types.
    pub entries: Vec<TypeEntry>,
}

/// What the compiler knows of a value. A hint only: memory safety never rests on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeEntry {
    /// Union of the `TypeEntry::ATOM`... bits; bit 12 is the native record from version 4 on.
    pub mask: u16,
    /// Lower bound, if the value is an integer.
    pub min: Option<i64>,
    /// Upper bound, if the value is an integer.
    pub max: Option<i64>,
    /// The unit of its size, if the value is a bitstring; 0 when not known.
    pub unit: u16,
}

#[allow(missing_docs)]
impl TypeEntry {
    pub const ATOM: u16 = 1 << 0;
    pub const BITSTRING: u16 = 1 << 1;
    pub const CONS: u16 = 1 << 2;
    pub const FLOAT: u16 = 1 << 3;
    pub const FUN: u16 = 1 << 4;
    pub const INTEGER: u16 = 1 << 5;
    pub const MAP: u16 = 1 << 6;
    pub const NIL: u16 = 1 << 7;
    pub const PID: u16 = 1 << 8;
    pub const PORT: u16 = 1 << 9;
    pub const REFERENCE: u16 = 1 << 10;
    pub const TUPLE: u16 = 1 << 11;
    pub const RECORD: u16 = 1 << 12;
    /// Version 1 only: the value may be a match context. Later versions count those as bitstrings.
    pub const MATCH_CONTEXT: u16 = 1 << 13;
    /// Everything a value can be.
    pub const ANY: u16 = (1 << 13) - 1;
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// What it does.
    pub opcode: Opcode,
    /// The number of operands, a copy of `opcode.arity()`.
    arity: u8,
    /// Byte offset in the `Code` chunk's contents.
    pub offset: u32,
    /// Where its operands begin in [`Module::operands`].
    args: u32,
}

impl Op {
    /// An instruction whose operands begin at `args`.
    pub(crate) fn new(opcode: Opcode, offset: u32, args: u32) -> Op {
        Op { opcode, arity: opcode.arity() as u8, offset, args }
    }

    /// Where its operands stand in [`Module::operands`].
    #[inline]
    pub fn arg_range(&self) -> Range<usize> {
        let start = self.args as usize;
        start..start + usize::from(self.arity)
    }
}

/// The elements of a list operand: a range of [`Module::operands`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRef {
    /// Index of the first element.
    pub start: u32,
    /// The number of elements.
    pub len: u32,
}

/// One operand. Small and `Copy`: lists are kept in [`Module::operands`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// An X register.
    X(u16),
    /// A Y register.
    Y(u16),
    /// A float register.
    FloatReg(u16),
    /// An atom.
    Atom(AtomIx),
    /// The empty list.
    Nil,
    /// An integer; it may be larger than the VM's small integers.
    Int(i64),
    /// Index into [`Module::big_ints`].
    BigInt(u32),
    /// Index into [`Module::literals`].
    Literal(u32),
    /// A label; 0 means none.
    Label(u32),
    /// An untagged number.
    Unsigned(u64),
    /// A character (not emitted by any compiler of this century).
    Char(u32),
    /// A list, see [`Module::list`].
    List(ListRef),
    /// An allocation list.
    Alloc {
        /// Words for terms of any kind.
        words: u32,
        /// Boxed floats.
        floats: u16,
        /// Funs.
        funs: u16,
    },
}

impl Operand {
    /// The value of an untagged number.
    #[inline]
    pub fn as_unsigned(self) -> Option<u64> {
        match self {
            Operand::Unsigned(value) => Some(value),
            _ => None,
        }
    }

    /// The label, 0 for none.
    #[inline]
    pub fn as_label(self) -> Option<u32> {
        match self {
            Operand::Label(label) => Some(label),
            _ => None,
        }
    }
}

impl Module {
    /// The text of an atom; empty if the index is none of this module's.
    pub fn atom(&self, index: AtomIx) -> &str {
        self.atoms.get(index as usize).map_or("", |text| text)
    }

    /// The module's name.
    pub fn name(&self) -> &str {
        self.atom(self.name)
    }

    /// The operands of an instruction.
    #[inline]
    pub fn args(&self, op: &Op) -> &[Operand] {
        self.operands.get(op.arg_range()).unwrap_or(&[])
    }

    /// The type indexes of an instruction's operands: index plus one, or 0.
    #[inline]
    pub fn arg_types(&self, op: &Op) -> &[u32] {
        self.operand_types.get(op.arg_range()).unwrap_or(&[])
    }

    /// The elements of a list operand.
    #[inline]
    pub fn list(&self, list: ListRef) -> &[Operand] {
        let start = list.start as usize;
        self.operands.get(start..start.saturating_add(list.len as usize)).unwrap_or(&[])
    }

    /// The type indexes of a list's elements: index plus one, or 0.
    #[inline]
    pub fn list_types(&self, list: ListRef) -> &[u32] {
        let start = list.start as usize;
        self.operand_types.get(start..start.saturating_add(list.len as usize)).unwrap_or(&[])
    }

    /// The type behind an entry of [`Module::arg_types`] or [`Module::list_types`].
    pub fn type_entry(&self, index_plus_one: u32) -> Option<&TypeEntry> {
        self.types.entries.get((index_plus_one as usize).checked_sub(1)?)
    }

    /// The file and line of a `line` instruction's index; `None` for "no line".
    pub fn line(&self, index: u32) -> Option<(String, u32)> {
        let item = self.lines.item(index)?;
        let file = match self.lines.file(item.file) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("{}.erl", self.name()),
        };
        Some((file, item.line))
    }

    /// The contents of a chunk, given the (decompressed) file.
    pub fn chunk<'a>(&self, file: &'a [u8], id: &[u8; 4]) -> Option<&'a [u8]> {
        let info = self.chunks.iter().find(|chunk| chunk.id == *id)?;
        let start = info.offset as usize;
        file.get(start..start.checked_add(info.len as usize)?)
    }

    /// Pairs of an instruction's operand kinds and operands.
    pub fn typed_args(&self, op: &Op) -> impl Iterator<Item = (OperandKind, Operand)> + '_ {
        op.opcode.operand_kinds().iter().copied().zip(self.args(op).iter().copied())
    }
}

const _: () = assert!(size_of::<Operand>() == 16 && size_of::<Op>() == 12);
