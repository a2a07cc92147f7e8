//! Any bytes as a .beam file: the loader answers, with an error that can be printed or with a module whose
//! disassembly can; it never panics, and never takes memory that the file's size does not justify.
#![no_main]

use girder_loader::{disasm, etf, load, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(module) = parse(bytes, "fuzz.beam") {
        disasm::write(&module, &mut std::io::sink()).expect("a sink takes everything");
    }
    if let Err(error) = load(bytes, "fuzz.beam") {
        assert!(error.to_string().starts_with("fuzz.beam"));
    }
    // The same bytes as an external term.
    if etf::validate(bytes).is_ok() {
        etf::print_term(bytes);
    }
});
