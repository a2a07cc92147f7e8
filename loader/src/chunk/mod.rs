//! From bytes to an unchecked [`Module`]: the container and one parser for each chunk.
//!
//! Every length is checked against what is left before it is used, every table entry that names an
//! atom or literal is in range, and every external term decodes. What the *code* does with all
//! that is the checker's business.

mod code;
mod container;
mod cursor;
mod literals;
mod tables;

use md5::{Digest, Md5};

use crate::error::{LoadError, LoadErrorKind, Table};
use crate::module::{ChunkInfo, Module};

use container::Chunk;
use cursor::Cursor;

/// Chunk names.
#[allow(missing_docs)]
pub mod id {
    pub const ATOM_UTF8: [u8; 4] = *b"AtU8";
    pub const ATOM_LATIN1: [u8; 4] = *b"Atom";
    pub const CODE: [u8; 4] = *b"Code";
    pub const STRINGS: [u8; 4] = *b"StrT";
    pub const IMPORTS: [u8; 4] = *b"ImpT";
    pub const EXPORTS: [u8; 4] = *b"ExpT";
    pub const LOCALS: [u8; 4] = *b"LocT";
    pub const LAMBDAS: [u8; 4] = *b"FunT";
    pub const LITERALS: [u8; 4] = *b"LitT";
    pub const LINES: [u8; 4] = *b"Line";
    pub const TYPES: [u8; 4] = *b"Type";
    pub const RECORDS: [u8; 4] = *b"Recs";
    pub const ATTRIBUTES: [u8; 4] = *b"Attr";
    pub const COMPILE_INFO: [u8; 4] = *b"CInf";
    pub const META: [u8; 4] = *b"Meta";
    pub const DEBUG_INFO: [u8; 4] = *b"DbgB";
}

/// Chunks that have a meaning to the loader and may therefore be there only once.
const KNOWN: [[u8; 4]; 16] = [
    id::ATOM_UTF8,
    id::ATOM_LATIN1,
    id::CODE,
    id::STRINGS,
    id::IMPORTS,
    id::EXPORTS,
    id::LOCALS,
    id::LAMBDAS,
    id::LITERALS,
    id::LINES,
    id::TYPES,
    id::RECORDS,
    id::ATTRIBUTES,
    id::COMPILE_INFO,
    id::META,
    id::DEBUG_INFO,
];

/// Decodes a file without checking the code.
pub(crate) fn parse(bytes: &[u8], file: &str) -> Result<Module, LoadError> {
    let form = container::decompress(bytes, file)?;
    parse_form(&form, file)
}

fn parse_form(form: &[u8], file: &str) -> Result<Module, LoadError> {
    let chunks = container::chunks(form, file)?;
    for (index, chunk) in chunks.iter().enumerate() {
        if KNOWN.contains(&chunk.id) && chunks[..index].iter().any(|earlier| earlier.id == chunk.id) {
            return Err(LoadError::new(file, None, chunk.offset.into(), LoadErrorKind::DuplicateChunk(chunk.id)));
        }
    }
    let find = |id: [u8; 4]| chunks.iter().find(|chunk| chunk.id == id);
    let cursor = |id: [u8; 4]| find(id).map(|chunk| Cursor::new(file, id, chunk.data));
    let required =
        |id: [u8; 4]| cursor(id).ok_or_else(|| LoadError::new(file, None, 0, LoadErrorKind::MissingChunk(id)));

    let mut module = Module { md5: checksum(&chunks), ..Module::default() };
    module.atoms = match cursor(id::ATOM_UTF8) {
        Some(chunk) => tables::atoms(chunk, tables::Encoding::Utf8)?,
        None => match cursor(id::ATOM_LATIN1) {
            Some(chunk) => tables::atoms(chunk, tables::Encoding::Latin1)?,
            None => return Err(LoadError::new(file, None, 0, LoadErrorKind::MissingChunk(id::ATOM_UTF8))),
        },
    };
    let atoms = module.atoms.len();
    module.imports = tables::imports(required(id::IMPORTS)?, atoms)?;
    module.exports = tables::functions(required(id::EXPORTS)?, atoms)?;
    module.strings = required(id::STRINGS)?.rest().to_vec();
    if let Some(chunk) = cursor(id::LOCALS) {
        module.locals = tables::functions(chunk, atoms)?;
    }
    if let Some(chunk) = cursor(id::LAMBDAS) {
        module.lambdas = tables::lambdas(chunk, atoms)?;
    }
    if let Some(chunk) = cursor(id::LITERALS) {
        module.literals = literals::literals(chunk)?;
    }
    if let Some(chunk) = cursor(id::LINES) {
        module.lines = tables::lines(chunk)?;
    }
    if let Some(chunk) = cursor(id::TYPES) {
        module.types = tables::types(chunk)?;
    }
    module.attributes = cursor(id::ATTRIBUTES).map(literals::term).transpose()?;
    module.compile_info = cursor(id::COMPILE_INFO).map(literals::term).transpose()?;
    module.meta = cursor(id::META).map(literals::term).transpose()?;
    module.debug_info = cursor(id::DEBUG_INFO).map(|chunk| chunk.rest().into());
    code::code(required(id::CODE)?, &mut module)?;
    if let Some(chunk) = cursor(id::RECORDS) {
        code::records(chunk, &mut module)?;
    }
    module.chunks = chunks
        .iter()
        .map(|chunk| ChunkInfo { id: chunk.id, offset: chunk.offset, len: chunk.data.len() as u32 })
        .collect();
    Ok(module)
}

/// The contents of a chunk of a file that is not compressed.
pub(crate) fn find<'a>(bytes: &'a [u8], id: &[u8; 4]) -> Option<&'a [u8]> {
    container::chunks(bytes, "").ok()?.into_iter().find(|chunk| chunk.id == *id).map(|chunk| chunk.data)
}

/// OTP's recipe for a module's checksum: the contents of the chunks that make the module what it
/// is, in this order, with the `old_uniq` fields of the lambda table taken as 0.
fn checksum(chunks: &[Chunk<'_>]) -> [u8; 16] {
    let mut md5 = Md5::new();
    let order = [
        id::ATOM_UTF8,
        id::CODE,
        id::STRINGS,
        id::IMPORTS,
        id::EXPORTS,
        id::LAMBDAS,
        id::LITERALS,
        id::META,
        id::RECORDS,
        id::DEBUG_INFO,
    ];
    for id in order {
        let Some(chunk) = chunks.iter().find(|chunk| chunk.id == id) else { continue };
        if id != id::LAMBDAS {
            md5.update(chunk.data);
            continue;
        }
        let (count, rows) = chunk.data.split_at(chunk.data.len().min(4));
        md5.update(count);
        for row in rows.chunks(24) {
            md5.update(&row[..row.len().min(20)]);
            md5.update([0; 4]);
        }
    }
    md5.finalize().into()
}

/// An index into a table of the chunk parsers' own making that is out of range.
fn out_of_range(table: Table, index: u64, len: usize) -> LoadErrorKind {
    LoadErrorKind::IndexOutOfRange { table, index, len: len as u64, function: "-".into() }
}
