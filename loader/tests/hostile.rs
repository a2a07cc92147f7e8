//! Bytes that nobody vouches for: the loader answers with a module or an error, and never panics.

use std::fs;
use std::path::Path;

use girder_loader::{disasm, encode, etf, load, parse};
use proptest::prelude::*;

/// The golden modules, which hold most instructions.
fn seeds() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<_> = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "beam"));
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// All that is done with a file, whatever becomes of it.
fn exercise(bytes: &[u8]) {
    let checked = load(bytes, "hostile.beam");
    if let Err(error) = &checked {
        assert!(error.to_string().starts_with("hostile.beam: "));
    }
    match parse(bytes, "hostile.beam") {
        Ok(module) => {
            disasm::write(&module, &mut std::io::sink()).expect("a sink takes everything");
            let again = parse(&encode::file(&module), "again");
            if checked.is_ok() {
                let again = again.expect("what has been checked can be encoded");
                assert_eq!((again.code.len(), &again.operands), (module.code.len(), &module.operands));
            }
        }
        Err(error) => assert_eq!(checked.err(), Some(error)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        exercise(&bytes);
        let mut form = b"FOR1\0\0\0\0BEAM".to_vec();
        form.extend(&bytes);
        let size = (form.len() - 8) as u32;
        form[4..8].copy_from_slice(&size.to_be_bytes());
        exercise(&form);
        let _ = etf::validate(&bytes);
        etf::print_term(&[&[131], &bytes[..]].concat());
    }

    #[test]
    fn mutated_files(seed in any::<prop::sample::Index>(), edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in proptest::option::of(any::<prop::sample::Index>())) {
        let seeds = seeds();
        let mut bytes = seeds[seed.index(seeds.len())].clone();
        for (place, value) in edits {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise(&bytes);
    }

    /// Edits inside the code alone, so that most of the file is good and the checker has its say.
    #[test]
    fn mutated_code(seed in any::<prop::sample::Index>(), edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let seeds = seeds();
        let mut bytes = seeds[seed.index(seeds.len())].clone();
        let module = parse(&bytes, "seed").expect("the seeds are good");
        let code = module.chunks.iter().find(|chunk| chunk.id == *b"Code").expect("there is code");
        let (start, len) = (code.offset as usize + 20, code.len as usize - 20);
        for (place, value) in edits {
            bytes[start + place.index(len)] = value;
        }
        exercise(&bytes);
    }
}
