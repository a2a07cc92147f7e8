//! Every .beam file at hand loads, and encodes back into what it was.
//!
//! At hand are the committed fixtures, and what is installed: OTP and Elixir in the usual places, trees that
//! `otp-fixtures/fetch-otp` has brought, and directories named in `GIRDER_BEAM_DIRS` (separated by `:`).

use std::fs;
use std::path::{Path, PathBuf};

use girder_loader::{Module, Operand, chunk_id, encode};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn beams_below(root: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => beams_below(&path, files),
            _ if path.extension().is_some_and(|extension| extension == "beam") => files.push(path),
            _ => {}
        }
    }
}

/// Whether a compiler before OTP 25 made the file: those may leave the number of funs out of what an allocation needs.
fn is_old(module: &Module, bytes: &[u8]) -> bool {
    const TAG: &[u8] = b"version\x6b\0";
    let info = module.chunk(bytes, b"CInf").unwrap_or_default();
    let version = info.windows(TAG.len()).position(|w| w == TAG).map(|i| &info[i + TAG.len() + 1..]);
    let numbers = |v: &[u8]| {
        let text: String = v.iter().map(|&b| char::from(b)).take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        text.split('.').map(|n| n.parse().unwrap_or(0)).collect::<Vec<u32>>()
    };
    version.is_some_and(|v| numbers(v) < vec![8, 2])
}

/// Loads and encodes a file; answers what is wrong.
fn roundtrip(path: &Path) -> Result<(), String> {
    let name = path.to_string_lossy();
    let bytes = fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let module = girder_loader::load(&bytes, &name).map_err(|error| error.to_string())?.into_module();

    // Chunk by chunk; compressed files and literals, atoms in the long form, and what old compilers allocate have no single
    // encoding.
    // A size beyond 64 bits is read as the largest number.
    let saturated = module.operands.contains(&Operand::Unsigned(u64::MAX));
    let old = saturated || is_old(&module, &bytes);
    if bytes.starts_with(b"FOR1") {
        let chunks = [
            (chunk_id::CODE, encode::code(&module)),
            (chunk_id::IMPORTS, encode::imports(&module)),
            (chunk_id::EXPORTS, encode::functions(&module.exports)),
            (chunk_id::LOCALS, encode::functions(&module.locals)),
            (chunk_id::LAMBDAS, encode::lambdas(&module)),
            (chunk_id::LINES, encode::lines(&module)),
            (chunk_id::TYPES, encode::types(&module)),
            (chunk_id::RECORDS, encode::records(&module)),
        ];
        for (id, encoded) in chunks {
            let original = module.chunk(&bytes, &id);
            if !(old && id == chunk_id::CODE) && original.is_some_and(|original| original != encoded) {
                return Err(format!("{name}: chunk {} differs", id.escape_ascii()));
            }
        }
    }

    let encoded = encode::file(&module);
    let again = girder_loader::load(&encoded, &name).map_err(|error| format!("encoded: {error}"))?;
    let plain = |module: &Module| Module { md5: [0; 16], chunks: Vec::new(), ..module.clone() };
    // Of a file whose code has another encoding, the places of instructions differ: once encoded, it stays as it is.
    let same = if old { encode::file(&again) == encoded } else { plain(&again) == plain(&module) };
    if !same {
        return Err(format!("{name}: the encoded module differs"));
    }
    Ok(())
}

fn check(roots: &[PathBuf]) -> usize {
    let mut files = Vec::new();
    for root in roots {
        beams_below(root, &mut files);
    }
    let wrong: Vec<String> = files.iter().filter_map(|path| roundtrip(path).err()).collect();
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
    files.len()
}

#[test]
fn fixtures() {
    assert!(check(&[repository().join("otp-fixtures")]) > 0);
}

#[test]
fn installed() {
    let mut roots: Vec<PathBuf> =
        ["/usr/lib/erlang", "/usr/lib/elixir", "/usr/local/lib/erlang"].map(Into::into).into();
    // Beside the trees lie OTP's own suites, whose data hold files that only look like modules.
    roots.extend(["27", "29"].map(|release| repository().join("otp-trees").join(release)));
    roots.extend(std::env::var("GIRDER_BEAM_DIRS").iter().flat_map(std::env::split_paths));
    let count = check(&roots);
    println!("{count} files");
}
