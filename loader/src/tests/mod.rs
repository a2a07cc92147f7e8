//! Tests of the crate as a whole: crafted files, one for each way a file can be wrong.

mod asm;
mod chunks;
mod flow;
mod operands;
mod shape;
mod terms;

use crate::{LoadErrorKind, load};

/// What is wrong with a file that must not load.
fn refused(bytes: &[u8]) -> LoadErrorKind {
    match load(bytes, "crafted.beam") {
        Ok(_) => panic!("the file loads"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("crafted.beam: ") && text.contains("byte "), "{text}");
            error.kind().clone()
        }
    }
}

/// The kind of an error by its name: the first word of its debug form.
fn name(kind: &LoadErrorKind) -> String {
    let text = format!("{kind:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
