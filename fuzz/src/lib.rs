//! What the fuzz targets do with their input, and what must hold.

pub mod vm;

use std::sync::LazyLock;

use girder_loader::etf::{Decoder, EtfCause, Printer, Progress, print_term, validate};
use girder_loader::{chunk_id, disasm, encode, load, parse};

/// A good module whose tables the code of [`code`] may use.
const HOST: &[u8] = include_bytes!("../../otp-fixtures/erlang/ebin-27/processes.beam");

/// Its chunks but for the code. Tables of functions are empty, as they would refuse other code.
static HOST_CHUNKS: LazyLock<Vec<([u8; 4], Vec<u8>)>> = LazyLock::new(|| {
    let host = parse(HOST, "host").expect("the host is good");
    let others = [chunk_id::CODE, chunk_id::LAMBDAS, chunk_id::LOCALS];
    let kept = host.chunks.iter().filter(|chunk| !others.contains(&chunk.id));
    kept.map(|chunk| match chunk.id {
        chunk_id::EXPORTS => (chunk.id, vec![0; 4]),
        id => (id, host.chunk(HOST, &id).expect("the chunk is there").to_vec()),
    })
    .collect()
});

/// Any file is loaded or refused, printed, and encoded again.
pub fn file(bytes: &[u8]) {
    let checked = load(bytes, "fuzz.beam");
    let module = match parse(bytes, "fuzz.beam") {
        Ok(module) => module,
        Err(error) => {
            assert!(error.to_string().starts_with("fuzz.beam: "));
            assert_eq!(checked.err(), Some(error));
            return;
        }
    };
    disasm::write(&module, &mut std::io::sink()).expect("a sink takes everything");
    let Ok(checked) = checked else { return };
    let again = load(&encode::file(&module), "again").expect("a checked module can be encoded and loaded");
    assert_eq!(again.operands, checked.operands);
    assert_eq!(again.code.len(), checked.code.len());
    for index in 0..checked.code.len() {
        assert_eq!(again.proven(index), checked.proven(index));
        assert_eq!(again.function_of(index), checked.function_of(index));
    }
}

/// The input is the end of a `Code` chunk, from the numbers of labels and functions on, of a module
/// whose other chunks are good.
pub fn code(bytes: &[u8]) {
    let mut code = Vec::new();
    for word in [16, 0, 191u32] {
        code.extend(word.to_be_bytes());
    }
    code.extend(bytes);
    let mut chunks = HOST_CHUNKS.clone();
    chunks.push((chunk_id::CODE, code));
    file(&encode::container(&chunks));
}

/// A term decodes alike whole and in steps.
pub fn term(bytes: &[u8]) {
    let whole = validate(bytes);
    print_term(bytes);
    let mut decoder = Decoder::new();
    let stepwise = loop {
        match decoder.run(bytes, &mut Printer, &mut 3) {
            Ok(Progress::Suspended) => {}
            Ok(Progress::Done(_)) => break Ok(()),
            Err(error) => match error.cause {
                EtfCause::Format(kind) => break Err((error.offset, kind)),
                EtfCause::Builder(never) => match never {},
            },
        }
    };
    match whole {
        Ok(()) => assert_eq!((stepwise, decoder.used()), (Ok(()), bytes.len())),
        Err((_, girder_loader::etf::EtfErrorKind::TrailingBytes(_))) => {}
        Err(error) => assert_eq!(stepwise, Err(error)),
    }
}
