//! Why a file was not loaded: file, chunk, byte offset and a typed reason.
//!
//! A bad file never panics and never allocates more than its own size warrants; it ends in one of
//! these. Each variant of [`LoadErrorKind`] has a test with a crafted file.

use std::fmt;

use crate::etf::EtfErrorKind;

/// A file that was not loaded.
#[derive(Debug, PartialEq, Eq)]
pub struct LoadError(Box<Details>);

#[derive(Debug, PartialEq, Eq)]
struct Details {
    file: Box<str>,
    chunk: Option<[u8; 4]>,
    offset: u64,
    kind: LoadErrorKind,
}

impl LoadError {
    /// An error at a byte offset: in the contents of `chunk`, or in the file if there is none.
    pub fn new(file: &str, chunk: Option<[u8; 4]>, offset: u64, kind: LoadErrorKind) -> LoadError {
        LoadError(Box::new(Details { file: file.into(), chunk, offset, kind }))
    }

    /// The file's name as it was given to [`crate::load`].
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The chunk in which the fault lies, if it lies in one.
    pub fn chunk(&self) -> Option<[u8; 4]> {
        self.0.chunk
    }

    /// Byte offset in the chunk's contents (after decompression), or in the file.
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The reason.
    pub fn kind(&self) -> &LoadErrorKind {
        &self.0.kind
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.file)?;
        if let Some(chunk) = &self.0.chunk {
            write!(f, "chunk {}, ", chunk.escape_ascii())?;
        }
        write!(f, "byte {}: {}", self.0.offset, self.0.kind)
    }
}

impl std::error::Error for LoadError {}

const _: () = assert!(size_of::<LoadError>() == size_of::<usize>());

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadErrorKind {
    // The container.
    /// The file is no IFF form of type `BEAM`.
    #[error("not a BEAM file: expected FOR1, a size, BEAM")]
    NotBeam,
    /// The gzip wrapper is damaged.
    #[error("the compressed file does not decompress")]
    BadCompression,
    /// The form's size word does not fit the file.
    #[error("the form is {expected} bytes long, the file has {found}")]
    BadFormSize {
        /// What the size word says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// A chunk's size reaches beyond the form.
    #[error("chunk {} of {size} bytes reaches beyond the end, {left} bytes are left", .id.escape_ascii())]
    BadChunkSize {
        /// The chunk's name.
        id: [u8; 4],
        /// What its size word says.
        size: u64,
        /// What there is.
        left: u64,
    },
    /// A chunk that every module has is not there.
    #[error("there is no chunk {}", .0.escape_ascii())]
    MissingChunk([u8; 4]),
    /// A chunk that may be there once is there twice.
    #[error("there are two chunks {}", .0.escape_ascii())]
    DuplicateChunk([u8; 4]),

    // Inside a chunk.
    /// The chunk ends inside a value.
    #[error("the chunk ends where {expected} was expected")]
    TruncatedChunk {
        /// What was expected.
        expected: &'static str,
    },
    /// Bytes are left after the last value.
    #[error("{left} bytes are left after the last entry")]
    TrailingBytes {
        /// How many.
        left: u64,
    },
    /// A count is larger than the chunk can hold.
    #[error("{count} {what} cannot fit into the chunk")]
    BadCount {
        /// What is counted.
        what: &'static str,
        /// How many.
        count: i64,
    },
    /// A chunk version that nobody knows.
    #[error("version {version} of the chunk is not known")]
    UnknownVersion {
        /// The version.
        version: u32,
    },
    /// An atom that is not UTF-8.
    #[error("atom {index} is not valid UTF-8")]
    BadAtom {
        /// The atom's index in the file, from 1.
        index: u32,
    },
    /// An atom of more than 255 characters.
    #[error("atom {index} has more than 255 characters")]
    AtomTooLong {
        /// The atom's index in the file, from 1.
        index: u32,
    },
    /// A file name that is not UTF-8.
    #[error("file name {index} is not valid UTF-8")]
    BadFileName {
        /// Its index.
        index: u32,
    },
    /// An arity above 255.
    #[error("arity {arity} is above 255")]
    BadArity {
        /// The arity.
        arity: u32,
    },
    /// A lambda with more free variables than arguments.
    #[error("lambda {index} has {num_free} free variables but {arity} arguments")]
    BadLambda {
        /// Its index.
        index: u32,
        /// Its free variables.
        num_free: u32,
        /// Its arguments.
        arity: u32,
    },
    /// The compressed literals do not decompress to the size announced.
    #[error("the literals do not decompress to {expected} bytes")]
    BadLiteralCompression {
        /// The size announced.
        expected: u64,
    },
    /// A term in external format that does not decode.
    #[error("bad external term: {0}")]
    BadTerm(EtfErrorKind),
    /// A type of no kind at all.
    #[error("type {index} has no kind of value")]
    EmptyType {
        /// Its index.
        index: u32,
    },

    // Encoding of the code.
    /// An opcode that no release has.
    #[error("unknown opcode {op} in function {function}")]
    UnknownOpcode {
        /// Its number.
        op: u8,
        /// The function that holds it.
        function: Box<str>,
    },
    /// An opcode that no release from 25 on emits.
    #[error("obsolete opcode {op} ({name}) in function {function}; compile the module with a newer compiler")]
    ObsoleteOpcode {
        /// Its number.
        op: u8,
        /// Its name.
        name: &'static str,
        /// The function that holds it.
        function: Box<str>,
    },
    /// A tag that no operand has.
    #[error("bad operand tag {tag:#04x}")]
    BadTag {
        /// The tag's byte.
        tag: u8,
    },
    /// A number that is too large for what it counts.
    #[error("a number is too large for {what}")]
    NumberTooLarge {
        /// What it counts.
        what: &'static str,
    },
    /// The code does not end with `int_code_end`.
    #[error("the code does not end with int_code_end")]
    NoCodeEnd,

    // Operands.
    /// An operand of the wrong kind.
    #[error("{op}: operand {operand} is {found}, expected {expected}, in function {function}")]
    WrongOperand {
        /// The instruction.
        op: &'static str,
        /// Which operand, from 1.
        operand: u32,
        /// What was expected.
        expected: &'static str,
        /// What is there.
        found: &'static str,
        /// The function.
        function: Box<str>,
    },
    /// An index beyond its table.
    #[error("{table} index {index} is out of range, there are {len}, in function {function}")]
    IndexOutOfRange {
        /// The table.
        table: Table,
        /// The index.
        index: u64,
        /// The table's length.
        len: u64,
        /// The function.
        function: Box<str>,
    },
    /// A register number beyond what the VM has.
    #[error("register {register} is out of range, in function {function}")]
    RegisterOutOfRange {
        /// The register.
        register: Register,
        /// The function.
        function: Box<str>,
    },
    /// A list operand of a wrong length, or not sorted where it must be.
    #[error("{op}: bad list: {problem}, in function {function}")]
    BadList {
        /// The instruction.
        op: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// The function.
        function: Box<str>,
    },
    /// A matching command that `bs_match` does not have, or one with wrong arguments.
    #[error("bs_match: bad command {command}, in function {function}")]
    BadMatchCommand {
        /// The command.
        command: Box<str>,
        /// The function.
        function: Box<str>,
    },
    /// A segment that `bs_create_bin` does not have, or one with wrong parts.
    #[error("bs_create_bin: bad segment {segment}, in function {function}")]
    BadSegment {
        /// The segment's type.
        segment: Box<str>,
        /// The function.
        function: Box<str>,
    },

    // Shape of the code.
    /// A label that is defined twice.
    #[error("label {label} is defined twice")]
    DuplicateLabel {
        /// The label.
        label: u32,
    },
    /// A label that is used but not defined.
    #[error("label {label} is used in function {function} but not defined")]
    UndefinedLabel {
        /// The label.
        label: u32,
        /// The function that uses it.
        function: Box<str>,
    },
    /// A jump into another function, or a call that does not go to a function's entry.
    #[error("label {label} is no {expected}, in function {function}")]
    BadTarget {
        /// The label.
        label: u32,
        /// What it ought to be.
        expected: &'static str,
        /// The function.
        function: Box<str>,
    },
    /// A table names an entry that is not the entry of that function.
    #[error("{table} entry {index}: label {label} is not the entry of {function}")]
    BadEntry {
        /// The table.
        table: Table,
        /// The entry's index.
        index: u32,
        /// The label.
        label: u32,
        /// The function.
        function: Box<str>,
    },
    /// Two exports or locals of the same name and arity.
    #[error("function {function} is there twice")]
    DuplicateFunction {
        /// The function.
        function: Box<str>,
    },
    /// Instructions before the first `func_info`, or no entry label after one.
    #[error("bad function head: {problem}")]
    BadFunctionHead {
        /// What is wrong.
        problem: &'static str,
    },
    /// The number of functions differs from the head of the code.
    #[error("the code has {found} functions, its head says {expected}")]
    FunctionCount {
        /// What the head says.
        expected: u32,
        /// What there is.
        found: u32,
    },

    // Flow.
    /// Control can run past the end of a function.
    #[error("{function} can run past its end")]
    FallsThrough {
        /// The function.
        function: Box<str>,
    },
    /// An instruction reads a register that may hold no term.
    #[error("{op}: {register} may not be initialised, in function {function}")]
    Uninitialised {
        /// The instruction.
        op: &'static str,
        /// The register.
        register: Register,
        /// The function.
        function: Box<str>,
    },
    /// A Y register is used where the frame does not reach, or there is none.
    #[error("{op}: {register} is outside the frame, in function {function}")]
    OutsideFrame {
        /// The instruction.
        op: &'static str,
        /// The register.
        register: Register,
        /// The function.
        function: Box<str>,
    },
    /// An instruction needs a frame of another size, or none, or one.
    #[error("{op}: bad stack frame: {problem}, in function {function}")]
    BadFrame {
        /// The instruction.
        op: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// The function.
        function: Box<str>,
    },
    /// A jump joins code whose frame differs.
    #[error("label {label} is reached with different stack frames, in function {function}")]
    FrameMismatch {
        /// The label.
        label: u32,
        /// The function.
        function: Box<str>,
    },
    /// Heap words that were not reserved.
    #[error("{op}: needs {needed} {what}, {reserved} are reserved, in function {function}")]
    HeapNotReserved {
        /// The instruction.
        op: &'static str,
        /// Words, floats or funs.
        what: &'static str,
        /// What it needs.
        needed: u64,
        /// What there is.
        reserved: u64,
        /// The function.
        function: Box<str>,
    },
    /// Catch and try blocks that do not nest.
    #[error("{op}: bad nesting of catch or try: {problem}, in function {function}")]
    BadCatch {
        /// The instruction.
        op: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// The function.
        function: Box<str>,
    },
    /// A register holds something that the instruction may not touch.
    #[error("{op}: {register} holds {found}, in function {function}")]
    BadRegisterContents {
        /// The instruction.
        op: &'static str,
        /// The register.
        register: Register,
        /// What it holds.
        found: &'static str,
        /// The function.
        function: Box<str>,
    },
    /// An instruction stands where it may not.
    #[error("{op}: {problem}, in function {function}")]
    Misplaced {
        /// The instruction.
        op: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// The function.
        function: Box<str>,
    },
}

/// The tables that operands point into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Table {
    Atom,
    Import,
    Export,
    Local,
    Lambda,
    Literal,
    String,
    Line,
    LineFile,
    Label,
    Type,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Table::Atom => "atom",
            Table::Import => "import",
            Table::Export => "export",
            Table::Local => "local function",
            Table::Lambda => "lambda",
            Table::Literal => "literal",
            Table::String => "string",
            Table::Line => "line",
            Table::LineFile => "file name",
            Table::Label => "label",
            Table::Type => "type",
        })
    }
}

/// A register, for error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Register {
    X(u64),
    Y(u64),
    Float(u64),
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Register::X(n) => write!(f, "x{n}"),
            Register::Y(n) => write!(f, "y{n}"),
            Register::Float(n) => write!(f, "fr{n}"),
        }
    }
}
