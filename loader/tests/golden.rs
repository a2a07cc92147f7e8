//! The disassembler prints what the golden files say. `GIRDER_BLESS=1` writes them anew.

use std::fs;
use std::path::Path;

#[test]
fn disassembly() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let bless = std::env::var_os("GIRDER_BLESS").is_some();
    let mut seen = 0;
    for entry in fs::read_dir(&directory).expect("the golden files are there").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "beam") {
            continue;
        }
        seen += 1;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("the file can be read");
        let module = girder_loader::load(&bytes, &name).unwrap_or_else(|error| panic!("{error}"));
        let mut text = Vec::new();
        girder_loader::disasm::write(&module, &mut text).expect("memory takes everything");
        for index in 0..module.code.len() {
            if module.clears_frame(index) || module.traps_before(index) {
                let marks = (module.clears_frame(index), module.traps_before(index));
                text.extend(format!("{} clears_frame, traps_before: {marks:?}\n", module.code[index].offset).bytes());
            }
        }
        let golden = path.with_extension("txt");
        if bless {
            fs::write(&golden, &text).expect("the golden file can be written");
        }
        let expected = fs::read(&golden).unwrap_or_default();
        assert!(text == expected, "{name}: the disassembly differs from {}", golden.display());
    }
    assert!(seen > 0);
}
