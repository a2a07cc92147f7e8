//! What build.rs makes of `instrs.tab`: families, and the layout of every opcode.

/// How an operand is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum K {
    /// X register read.
    SrcX,
    /// Y register read.
    SrcY,
    /// Constant term.
    SrcConst,
    /// X register written.
    DstX,
    /// Y register written.
    DstY,
    /// Code offset.
    Label,
    /// 16-bit number.
    Half,
    /// 32-bit number.
    Word32,
    /// 64-bit word.
    Word64,
}

/// A family of opcodes that differ in operand kinds.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Number of its first opcode.
    pub base: u16,
    /// The kinds each operand may have.
    pub operands: &'static [&'static [K]],
}

/// One opcode.
#[derive(Debug)]
pub struct Variant {
    /// Name with the kinds of its operands.
    pub name: &'static str,
    /// Kind of each operand.
    pub kinds: &'static [K],
    /// First 16-bit lane of each operand, counted from the instruction's start.
    pub lanes: &'static [usize],
    /// Words without a trailing table.
    pub size: usize,
    /// Whether a table may follow, or the handler wants to know the next instruction's address.
    #[allow(dead_code, reason = "for printing code")]
    pub trailing: bool,
}

include!(concat!(env!("OUT_DIR"), "/instr_table.rs"));
