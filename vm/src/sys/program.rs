//! This program, as the system started it.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The file that was executed, by the name that it was executed under: a link is not followed, and what the caller
/// calls the program does not count.
pub fn executed_file() -> Option<PathBuf> {
    // SAFETY: asking is harmless; the answer is 0 or the address of a text that lives as long as the process.
    let name = unsafe {
        let at = libc::getauxval(libc::AT_EXECFN);
        (at != 0).then(|| CStr::from_ptr(std::ptr::with_exposed_provenance(at as usize)))
    };
    name.map(|n| PathBuf::from(OsStr::from_bytes(n.to_bytes())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_test_was_executed_from_a_file() {
        let file = super::executed_file().expect("the system tells");
        assert_eq!(file.file_name(), std::env::current_exe().expect("there is one").file_name());
    }
}
