//! Bytes as the code of a module that is good otherwise, so that the checker is reached at once.
#![no_main]

use girder_loader::load;
use libfuzzer_sys::fuzz_target;

/// A module of ours with every chunk.
const MODULE: &[u8] = include_bytes!("../../otp-fixtures/erlang/ebin-27/bits_match.beam");
/// Name, size, then the header that precedes the instructions: its own size and five words.
const HEADER: usize = 8 + 4 + 16;

fuzz_target!(|bytes: &[u8]| {
    let at = MODULE.windows(4).position(|name| name == b"Code").expect("a code chunk");
    let size = u32::from_be_bytes(MODULE[at + 4..at + 8].try_into().expect("four bytes")) as usize;
    let end = at + 8 + size.next_multiple_of(4);
    let code_size = HEADER - 8 + bytes.len();
    let mut file = MODULE[..at + 4].to_vec();
    file.extend((code_size as u32).to_be_bytes());
    file.extend(&MODULE[at + 8..at + HEADER]);
    file.extend(bytes);
    file.resize(file.len().next_multiple_of(4), 0);
    file.extend(&MODULE[end..]);
    let form = (file.len() - 8) as u32;
    file[4..8].copy_from_slice(&form.to_be_bytes());
    let _ = load(&file, "fuzz.beam");
});
