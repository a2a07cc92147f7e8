//! Chunks that are tables of fixed-size or simple rows: atoms, imports, functions, lambdas, lines, types.

use super::code::{Numeral, read_numeral};
use super::{Cursor, out_of_range};
use crate::error::{LoadError, LoadErrorKind, Table};
use crate::etf::MAX_ATOM_CHARACTERS;
use crate::module::{AtomIx, ExportEntry, Import, Lambda, LineItem, LineTable, TypeEntry, TypeTable};

const MAX_ARITY: u32 = 255;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Latin1,
    Utf8,
}

/// `AtU8` and `Atom`. A negative count (OTP 28 and later) means that lengths are compact numbers.
pub(super) fn atoms(mut cursor: Cursor<'_>, encoding: Encoding) -> Result<Vec<Box<str>>, LoadError> {
    let raw = cursor.u32("the number of atoms")? as i32;
    let long = raw < 0;
    let count = cursor.check_count(0, raw.unsigned_abs(), "atoms", 1)?;
    if count == 0 {
        return Err(cursor.error_at(0, LoadErrorKind::BadCount { what: "atoms", count: 0 }));
    }
    let mut atoms = Vec::with_capacity(count);
    for index in 1..=count as u32 {
        let at = cursor.offset();
        let length = if long {
            match read_numeral(&mut cursor)? {
                (0, Numeral::Small(length)) => {
                    usize::try_from(length).map_err(|_| cursor.error_at(at, LoadErrorKind::AtomTooLong { index }))?
                }
                (0, Numeral::Big { .. }) => return Err(cursor.error_at(at, LoadErrorKind::AtomTooLong { index })),
                (tag, _) => return Err(cursor.error_at(at, LoadErrorKind::BadTag { tag })),
            }
        } else {
            cursor.u8("the length of an atom")?.into()
        };
        let bytes = cursor.bytes(length, "the text of an atom")?;
        let text: Box<str> = match encoding {
            Encoding::Latin1 => bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
            Encoding::Utf8 => {
                str::from_utf8(bytes).map_err(|_| cursor.error_at(at, LoadErrorKind::BadAtom { index }))?.into()
            }
        };
        if text.len() > MAX_ATOM_CHARACTERS && text.chars().count() > MAX_ATOM_CHARACTERS {
            return Err(cursor.error_at(at, LoadErrorKind::AtomTooLong { index }));
        }
        atoms.push(text);
    }
    cursor.end()?;
    Ok(atoms)
}

/// A file's atom index, which counts from 1.
fn atom(cursor: &mut Cursor<'_>, atoms: usize, expected: &'static str) -> Result<AtomIx, LoadError> {
    let at = cursor.offset();
    let index = cursor.u32(expected)?;
    if index == 0 || index as usize > atoms {
        return Err(cursor.error_at(at, out_of_range(Table::Atom, index.into(), atoms)));
    }
    Ok(index - 1)
}

fn arity(cursor: &mut Cursor<'_>) -> Result<u32, LoadError> {
    let at = cursor.offset();
    let arity = cursor.u32("an arity")?;
    if arity > MAX_ARITY {
        return Err(cursor.error_at(at, LoadErrorKind::BadArity { arity }));
    }
    Ok(arity)
}

/// `ImpT`.
pub(super) fn imports(mut cursor: Cursor<'_>, atoms: usize) -> Result<Vec<Import>, LoadError> {
    let count = cursor.count("imports", 12)?;
    let mut imports = Vec::with_capacity(count);
    for _ in 0..count {
        imports.push(Import {
            module: atom(&mut cursor, atoms, "a module name")?,
            function: atom(&mut cursor, atoms, "a function name")?,
            arity: arity(&mut cursor)?,
        });
    }
    cursor.end()?;
    Ok(imports)
}

/// `ExpT` and `LocT`.
pub(super) fn functions(mut cursor: Cursor<'_>, atoms: usize) -> Result<Vec<ExportEntry>, LoadError> {
    let count = cursor.count("functions", 12)?;
    let mut functions = Vec::with_capacity(count);
    for _ in 0..count {
        functions.push(ExportEntry {
            function: atom(&mut cursor, atoms, "a function name")?,
            arity: arity(&mut cursor)?,
            label: cursor.u32("an entry label")?,
        });
    }
    cursor.end()?;
    Ok(functions)
}

/// `FunT`.
pub(super) fn lambdas(mut cursor: Cursor<'_>, atoms: usize) -> Result<Vec<Lambda>, LoadError> {
    let count = cursor.count("lambdas", 24)?;
    let mut lambdas = Vec::with_capacity(count);
    for index in 0..count as u32 {
        let at = cursor.offset();
        let lambda = Lambda {
            function: atom(&mut cursor, atoms, "a function name")?,
            arity: arity(&mut cursor)?,
            label: cursor.u32("an entry label")?,
            index: cursor.u32("a fun's index")?,
            num_free: cursor.u32("a number of free variables")?,
            old_uniq: cursor.u32("a fun's old uniq")?,
        };
        if lambda.num_free > lambda.arity {
            let (num_free, arity) = (lambda.num_free, lambda.arity);
            return Err(cursor.error_at(at, LoadErrorKind::BadLambda { index, num_free, arity }));
        }
        lambdas.push(lambda);
    }
    cursor.end()?;
    Ok(lambdas)
}

/// `Line`. A table of an unknown version is passed over, as OTP does.
pub(super) fn lines(mut cursor: Cursor<'_>) -> Result<LineTable, LoadError> {
    const LOCATION: u8 = 1;
    const FILE: u8 = 2;
    if cursor.u32("a version")? != 0 {
        return Ok(LineTable::default());
    }
    let flags = cursor.u32("flags")?;
    let instruction_count = cursor.u32("the number of line instructions")?;
    let items_at = cursor.offset();
    let item_count = cursor.u32("the number of lines")?;
    let files_at = cursor.offset();
    let file_count = cursor.u32("the number of file names")?;
    let item_count = cursor.check_count(items_at, item_count, "lines", 1)?;
    let file_count = cursor.check_count(files_at, file_count, "file names", 2)?;

    let mut items = Vec::with_capacity(item_count);
    let mut file = 0;
    while items.len() < item_count {
        let at = cursor.offset();
        match read_numeral(&mut cursor)? {
            (FILE, Numeral::Small(index)) if (0..=file_count as i64).contains(&index) => file = index as u32,
            (FILE, Numeral::Small(index)) => {
                return Err(cursor.error_at(at, out_of_range(Table::LineFile, index as u64, file_count)));
            }
            (LOCATION, Numeral::Small(line)) if (0..=u32::MAX.into()).contains(&line) => {
                items.push(LineItem { file, line: line as u32 });
            }
            (LOCATION, _) => return Err(cursor.error_at(at, LoadErrorKind::NumberTooLarge { what: "a line" })),
            (tag, _) => return Err(cursor.error_at(at, LoadErrorKind::BadTag { tag })),
        }
    }
    let mut files = Vec::with_capacity(file_count);
    for index in 1..=file_count as u32 {
        let length = cursor.u16("the length of a file name")?;
        let at = cursor.offset();
        let bytes = cursor.bytes(length.into(), "a file name")?;
        let name = str::from_utf8(bytes).map_err(|_| cursor.error_at(at, LoadErrorKind::BadFileName { index }))?;
        files.push(name.into());
    }
    cursor.end()?;
    Ok(LineTable { present: true, flags, instruction_count, items, files })
}

/// `Type`. A table of an unknown version is passed over, as OTP does: types are hints.
pub(super) fn types(mut cursor: Cursor<'_>) -> Result<TypeTable, LoadError> {
    let version = cursor.u32("a version")?;
    let mut entries = Vec::new();
    match version {
        1 => {
            let count = cursor.count("types", 18)?;
            entries.reserve(count);
            for _ in 0..count {
                entries.push(fixed_type(&mut cursor)?);
            }
            cursor.end()?;
        }
        3 | 4 => {
            let kind_bits = if version == 3 { 12 } else { 13 };
            let count = cursor.count("types", 2)?;
            entries.reserve(count);
            for index in 0..count as u32 {
                entries.push(variable_type(&mut cursor, index, kind_bits)?);
            }
            cursor.end()?;
        }
        _ => return Ok(TypeTable::default()),
    }
    Ok(TypeTable { version, entries })
}

fn i64_field(cursor: &mut Cursor<'_>, expected: &'static str) -> Result<i64, LoadError> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(cursor.bytes(8, expected)?);
    Ok(i64::from_be_bytes(bytes))
}

/// Version 1: a mask with a bit of its own for match contexts, and always two bounds.
fn fixed_type(cursor: &mut Cursor<'_>) -> Result<TypeEntry, LoadError> {
    let raw = cursor.u16("a type")?;
    let min = i64_field(cursor, "a lower bound")?;
    let max = i64_field(cursor, "an upper bound")?;
    let bounded = min <= max;
    let mask = raw & 0b11 | (raw >> 1 & 0x0ffc) | if raw & 0b100 != 0 { TypeEntry::MATCH_CONTEXT } else { 0 };
    Ok(TypeEntry { mask, min: bounded.then_some(min), max: bounded.then_some(max), unit: 0 })
}

/// Versions 3 and 4: bits for kinds of values, and above them bits that tell which fields follow.
fn variable_type(cursor: &mut Cursor<'_>, index: u32, kind_bits: u32) -> Result<TypeEntry, LoadError> {
    let (lower_bound, upper_bound, unit) = (1 << kind_bits, 2 << kind_bits, 4 << kind_bits);
    let at = cursor.offset();
    let raw = cursor.u16("a type")?;
    let mut entry = TypeEntry { mask: raw & ((1 << kind_bits) - 1), ..TypeEntry::default() };
    if entry.mask == 0 {
        return Err(cursor.error_at(at, LoadErrorKind::EmptyType { index }));
    }
    if raw & lower_bound != 0 {
        entry.min = Some(i64_field(cursor, "a lower bound")?);
    }
    if raw & upper_bound != 0 {
        entry.max = Some(i64_field(cursor, "an upper bound")?);
    }
    if raw & unit != 0 {
        entry.unit = u16::from(cursor.u8("a unit")?) + 1;
    }
    Ok(entry)
}
