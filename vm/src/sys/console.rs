//! What the VM itself writes to standard error.
//!
//! Lines end in CR LF, as those of OTP's emulator do: a terminal that is in raw mode needs both.

use std::io::Write;

/// Writes `text` at once. Nobody can be told of an error.
pub fn print(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.replace('\n', "\r\n").as_bytes());
}
