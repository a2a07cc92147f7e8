//! Files whose container or tables are wrong.

use super::asm::{Asm, u};
use super::{name, refused};
use crate::encode;
use crate::module::{Module, Operand, RecordDef, RecordField, TypeEntry, TypeTable};
use crate::ops::Opcode;
use crate::{chunk_id as id, load, parse};

/// The chunks of a good module.
fn good() -> Vec<([u8; 4], Vec<u8>)> {
    let mut asm = Asm::new();
    asm.import("m", "g", 1);
    asm.lambda("f", 1, 2, 0);
    asm.function("f", 1).op(Opcode::Return, &[]);
    let file = asm.file();
    let module = parse(&file, "good").expect("the module is good");
    let contents = |id: &[u8; 4]| module.chunk(&file, id).expect("the chunk is there").to_vec();
    module.chunks.iter().map(|chunk| (chunk.id, contents(&chunk.id))).collect()
}

/// The name of the error when a chunk has these contents.
fn with(id: [u8; 4], data: Vec<u8>) -> String {
    let mut chunks = good();
    match chunks.iter_mut().find(|chunk| chunk.0 == id) {
        Some(chunk) => chunk.1 = data,
        None => chunks.push((id, data)),
    }
    name(&refused(&encode::container(&chunks)))
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn the_good_module_loads() {
    let module = load(&encode::container(&good()), "good").expect("the module is good");
    assert_eq!(module.name(), "m");
    assert_eq!(module.functions().len(), 1);
    let named = |op| module.function_of(op).map(|(name, arity)| (module.atom(name), arity));
    assert_eq!((named(3), named(4)), (Some(("f", 1)), None));
    assert!(module.function_with_entry(2).is_some() && module.function_with_entry(1).is_none());
}

#[test]
fn containers() {
    let file = encode::container(&good());
    assert_eq!(name(&refused(b"")), "NotBeam");
    assert_eq!(name(&refused(b"FOR1\0\0\0\x04JPEG")), "NotBeam");
    assert_eq!(name(&refused(&file[..file.len() - 4])), "BadFormSize");
    assert_eq!(name(&refused(b"FOR1\0\0\0\x01BEAM")), "BadFormSize");
    assert_eq!(name(&refused(&[0x1f, 0x8b, 8, 0, 0, 0])), "BadCompression");

    let mut oversized = encode::container(&[(id::CODE, vec![0; 8])]);
    oversized[19] = 12;
    assert_eq!(name(&refused(&oversized)), "BadChunkSize");
    let mut cut = b"FOR1\0\0\0\x09BEAM".to_vec();
    cut.extend(b"Code\0");
    assert_eq!(name(&refused(&cut)), "TruncatedChunk");

    for missing in [id::ATOM_UTF8, id::CODE, id::STRINGS, id::IMPORTS, id::EXPORTS] {
        let chunks: Vec<_> = good().into_iter().filter(|chunk| chunk.0 != missing).collect();
        assert_eq!(refused(&encode::container(&chunks)), crate::LoadErrorKind::MissingChunk(missing));
    }
    let mut twice = good();
    twice.push((id::CODE, Vec::new()));
    assert_eq!(name(&refused(&encode::container(&twice))), "DuplicateChunk");
}

#[test]
fn bytes_after_the_form_and_gzip_are_accepted() {
    use std::io::Write;
    let mut file = encode::container(&good());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).expect("memory takes everything");
    let compressed = gzip.finish().expect("memory takes everything");
    file.extend(b"trailer");
    let plain = load(&file, "a").expect("trailing bytes do not count");
    let unpacked = load(&compressed, "a").expect("the wrapper holds a module");
    assert_eq!(*plain, *unpacked);
}

#[test]
fn atoms() {
    assert_eq!(with(id::ATOM_UTF8, words(&[0])), "BadCount");
    assert_eq!(with(id::ATOM_UTF8, words(&[9])), "BadCount");
    assert_eq!(with(id::ATOM_UTF8, joined(&[&words(&[1]), &[5, b'm']])), "TruncatedChunk");
    assert_eq!(with(id::ATOM_UTF8, joined(&[&words(&[1]), &[1, 0xff]])), "BadAtom");
    assert_eq!(with(id::ATOM_UTF8, joined(&[&words(&[1]), b"\x01mx"])), "TrailingBytes");
    // In the long form a length is a compact number: here 256 and 255 characters.
    let long = |length: usize| joined(&[&words(&[1u32.wrapping_neg()]), &[0x28 - 0x18, 0], &vec![b'x'; length]]);
    let mut too_long = long(256);
    too_long[4..6].copy_from_slice(&[0x28, 0]);
    assert_eq!(with(id::ATOM_UTF8, too_long), "AtomTooLong");
    assert_eq!(with(id::ATOM_UTF8, joined(&[&words(&[1u32.wrapping_neg()]), &[0x13, b'm']])), "BadTag");
    let huge = joined(&[&words(&[1u32.wrapping_neg()]), &[0xf8, 0x00], &[0xff; 9]]);
    assert_eq!(with(id::ATOM_UTF8, huge), "AtomTooLong");
}

#[test]
fn tables() {
    assert_eq!(with(id::IMPORTS, words(&[1, 1, 99, 0])), "IndexOutOfRange");
    assert_eq!(with(id::IMPORTS, words(&[1, 0, 1, 0])), "IndexOutOfRange");
    assert_eq!(with(id::IMPORTS, words(&[1, 1, 1, 256])), "BadArity");
    assert_eq!(with(id::IMPORTS, words(&[0, 0])), "TrailingBytes");
    assert_eq!(with(id::EXPORTS, words(&[u32::MAX])), "BadCount");
    assert_eq!(with(id::LAMBDAS, words(&[1, 1, 1, 2, 0, 2, 0])), "BadLambda");
    assert_eq!(with(id::LITERALS, joined(&[&words(&[100]), &[1, 2, 3]])), "BadLiteralCompression");
    assert_eq!(with(id::LITERALS, words(&[0, 1, 4])), "TruncatedChunk");
    assert_eq!(with(id::LITERALS, joined(&[&words(&[0, 1, 2]), &[131, 200]])), "BadTerm");
    assert_eq!(with(id::ATTRIBUTES, vec![130, 106]), "BadTerm");
    assert_eq!(with(id::LINES, words(&[0, 0, 0, 1, 0])), "BadCount");
    assert_eq!(with(id::LINES, joined(&[&words(&[0, 0, 0, 1, 0]), &[0x12, 0x11]])), "IndexOutOfRange");
    assert_eq!(with(id::LINES, joined(&[&words(&[0, 0, 0, 1, 0]), &[0x13]])), "BadTag");
    let negative = joined(&[&words(&[0, 0, 0, 1, 0]), &[0x19, 0xff, 0xff]]);
    assert_eq!(with(id::LINES, negative), "NumberTooLarge");
    assert_eq!(with(id::LINES, joined(&[&words(&[0, 0, 0, 0, 1]), &[0, 1, 0xff]])), "BadFileName");
    assert_eq!(with(id::TYPES, words(&[4, 1, 0])[..10].to_vec()), "EmptyType");
    assert_eq!(with(id::RECORDS, words(&[1, 0, 0])), "UnknownVersion");
    assert_eq!(with(id::RECORDS, words(&[0, 0, 1])), "BadCount");
}

#[test]
fn tables_of_unknown_version_are_passed_over() {
    let mut chunks = good();
    chunks.retain(|chunk| chunk.0 != id::LINES);
    chunks.push((id::LINES, words(&[7])));
    chunks.push((id::TYPES, words(&[9, 1, 2, 3])));
    let module = load(&encode::container(&chunks), "a").expect("the module is good");
    assert!(!module.lines.present && module.types.entries.is_empty());
}

#[test]
fn code_heads_and_encodings() {
    let code = |rest: &[u8]| joined(&[&words(&[16, 0, 191, 3, 0]), rest]);
    assert_eq!(with(id::CODE, words(&[12, 0, 0, 0, 0])), "TruncatedChunk");
    assert_eq!(with(id::CODE, words(&[16, 1, 0, 0, 0])), "UnknownVersion");
    assert_eq!(with(id::CODE, words(&[16, 0, 0, 9999, 0])), "BadCount");
    let end = Opcode::IntCodeEnd as u8;
    assert_eq!(with(id::CODE, code(&[0, end, end, end])), "UnknownOpcode");
    assert_eq!(with(id::CODE, code(&[255, end, end, end])), "UnknownOpcode");
    assert_eq!(with(id::CODE, code(&[end, end, end, end])), "TrailingBytes");
    assert_eq!(with(id::CODE, code(&[Opcode::Return as u8; 4])), "NoCodeEnd");
    // Extended tags 0 (a float of old) and 9 (none); a list in a list; an atom that is not there.
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0x07, 0, 0])), "BadTag");
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0x97, 0, 0])), "BadTag");
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0x17, 0x10, 0x17, 0x10, 0x10])), "BadTag");
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0xf2, 0, 0])), "IndexOutOfRange");
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0x47, 0xf0, 0])), "IndexOutOfRange");
    // A list longer than the file, an X register of 70000, a label of 9 bytes.
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0x17, 0xf0, 0])), "BadCount");
    assert_eq!(with(id::CODE, code(&[Opcode::Badmatch as u8, 0x3b, 1, 0x11, 0x70])), "NumberTooLarge");
    let wide = joined(&[&[Opcode::Jump as u8, 0xfd, 0], &[1; 9]]);
    assert_eq!(with(id::CODE, code(&wide)), "NumberTooLarge");
    let size_of_size = [Opcode::Jump as u8, 0xfd, 0xf8, 0, 0, 0];
    assert_eq!(with(id::CODE, code(&size_of_size)), "NumberTooLarge");
}

/// A size that does not fit into 64 bits is the largest one: nothing is as large.
#[test]
fn sizes_beyond_all() {
    let mut chunks = good();
    let tail = joined(&[&[Opcode::BsTestTail2 as u8, 0x05, 0x13, 0xf8, 0x00, 1], &[0; 8], &[Opcode::IntCodeEnd as u8]]);
    for chunk in chunks.iter_mut().filter(|chunk| chunk.0 == id::CODE) {
        chunk.1 = joined(&[&words(&[16, 0, 191, 3, 0]), &tail]);
    }
    let module = parse(&encode::container(&chunks), "sizes").expect("the module is good");
    assert_eq!(module.operands.last(), Some(&Operand::Unsigned(u64::MAX)));
}

#[test]
fn unknown_opcode_names_its_function() {
    let mut chunks = good();
    let code = chunks.iter_mut().find(|chunk| chunk.0 == id::CODE).expect("there is code");
    let last = code.1.len() - 2;
    code.1[last] = 250;
    let function = "f/1".into();
    assert_eq!(refused(&encode::container(&chunks)), crate::LoadErrorKind::UnknownOpcode { op: 250, function });
}

#[test]
fn types_and_records_come_back() {
    let mut asm = Asm::new();
    let (point, left, right, yes) = (asm.atom("point"), asm.atom("left"), asm.atom("right"), asm.atom("true"));
    assert!(yes > 0);
    asm.module.records = vec![RecordDef {
        name: point,
        exported: true,
        fields: vec![
            RecordField { name: left, default: Some(crate::Operand::Literal(0)) },
            RecordField { name: right, default: None },
        ],
    }];
    let bounded = TypeEntry { mask: TypeEntry::INTEGER, min: Some(-5), max: Some(9), unit: 0 };
    let bits = TypeEntry { mask: TypeEntry::BITSTRING | TypeEntry::NIL, min: None, max: None, unit: 8 };
    asm.function("f", 1).op(Opcode::Return, &[]);
    for (version, entries) in [(1, vec![bounded]), (3, vec![bounded, bits]), (4, vec![bounded, bits])] {
        let mut asm = Asm { module: Module { types: TypeTable { version, entries }, ..asm.module.clone() } };
        let module = parse(&asm.file(), "a").expect("the module is good");
        assert_eq!(module.types, asm.module.types);
        assert_eq!(module.records, asm.module.records);
    }
}

#[test]
fn lines_resolve() {
    let mut asm = Asm::new();
    asm.module.lines.files = vec!["inc.hrl".into()];
    asm.module.lines.items.push(crate::module::LineItem { file: 1, line: 70000 });
    asm.function("f", 1).op(Opcode::Line, &[u(2)]).op(Opcode::Return, &[]);
    let module = load(&asm.file(), "a").expect("the module is good");
    assert_eq!(module.line(0), None);
    assert_eq!(module.line(1), Some(("m.erl".to_owned(), 7)));
    assert_eq!(module.line(2), Some(("inc.hrl".to_owned(), 70000)));
    assert_eq!(module.line(3), None);
}
