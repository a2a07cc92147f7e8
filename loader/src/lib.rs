//! The loader: from the bytes of a .beam file to checked generic code. It knows nothing of the VM.
//!
//! * [`load`] decompresses, splits into chunks, decodes and checks. What it answers, a
//!   [`CheckedModule`], only the checker can make; the VM's unchecked decoding rests on that.
//! * [`parse`] stops before the check, for looking at files that do not pass it.
//! * [`ops`] is the table of generic opcodes; [`module`] says what a module is made of.
//! * [`etf`] decodes the external term format for everybody.
//!
//! Input is hostile: every length, index and operand is checked, and what is wrong is answered as
//! a [`LoadError`] that names file, chunk and byte offset. Nothing here panics on bad bytes.

#![forbid(unsafe_code)]

pub mod checker;
mod chunk;
pub mod disasm;
pub mod encode;
pub mod error;
pub mod etf;
pub mod module;
pub mod ops;

#[cfg(test)]
mod tests;

pub use checker::CheckedModule;
pub use chunk::id as chunk_id;
pub use error::{LoadError, LoadErrorKind};
pub use module::{AtomIx, Module, Operand};
pub use ops::{OpStatus, Opcode, OperandKind};

/// Decodes a file without checking its code. `file` is the name for error messages.
pub fn parse(bytes: &[u8], file: &str) -> Result<Module, LoadError> {
    chunk::parse(bytes, file)
}

/// The contents of a chunk of a file that is not compressed, whatever else may be wrong with the file.
pub fn chunk<'a>(bytes: &'a [u8], id: &[u8; 4]) -> Option<&'a [u8]> {
    chunk::find(bytes, id)
}

/// The checksum of the module in a file that is not compressed.
pub fn checksum(bytes: &[u8]) -> Option<[u8; 16]> {
    chunk::parse(bytes, "").ok().filter(|_| bytes.starts_with(b"FOR1")).map(|m| m.md5)
}

/// Decodes and checks a file. `file` is the name for error messages.
pub fn load(bytes: &[u8], file: &str) -> Result<CheckedModule, LoadError> {
    checker::check(parse(bytes, file)?, file)
}
