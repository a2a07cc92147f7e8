//! What the releases say of a bad pattern, by PCRE2's error numbers: up to 27 in the words of PCRE 8.
//!
//! The table also has how far their places are from those of the PCRE2 that is built in, since PCRE 8 and the PCRE2 of
//! later releases point behind some items that ours points at. Where they differ by more, our place stands.

use girder_libs::pcre::CompileError;

/// Number, PCRE 8's text (none: PCRE2's), and what to add to the offset: for PCRE 8, for later PCRE2.
const TEXTS: &[(i32, Option<&str>, usize, usize)] = &[
    (107, Some("invalid escape sequence in character class"), 0, 0),
    (108, None, 0, 1),
    (109, Some("nothing to repeat"), 0, 1),
    (111, Some("unrecognized character after (? or (?-"), 0, 1),
    (114, Some("missing )"), 0, 0),
    (115, None, 1, 0),
    (118, Some("missing ) after comment"), 0, 0),
    (122, Some("unmatched parentheses"), 0, 1),
    (124, Some("malformed number or name after (?("), 0, 0),
    (125, Some("lookbehind assertion is not fixed length"), 0, 0),
    (127, Some("DEFINE group contains more than one branch"), 0, 0),
    (130, Some("unknown POSIX class name"), 0, 0),
    (134, Some("character value in \\x{} or \\o{} is too large"), 0, 0),
    (137, Some("PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u"), 0, 0),
    (138, Some("number after (?C is > 255"), 0, 0),
    (142, Some("syntax error in subpattern name (missing terminator)"), 0, 0),
    (144, Some("group name must start with a non-digit"), 0, 1),
    (147, Some("unknown property name after \\P or \\p"), 0, 0),
    (164, None, 0, 1),
    (167, None, 0, 1),
    (169, None, 0, 0),
];

fn row(code: i32) -> Option<&'static (i32, Option<&'static str>, usize, usize)> {
    TEXTS.iter().find(|r| r.0 == code)
}

/// Text and offset, as releases with PCRE2 have them.
pub(super) fn of_pcre2(e: &CompileError) -> (&str, usize) {
    (&e.message, e.offset + row(e.code).map_or(0, |r| r.3))
}

const AFTER_QUESTION: &str = "unrecognized character after (? or (?-";
const AFTER_P: &str = "unrecognized character after (?P";
const AFTER_ANGLE: &str = "unrecognized character after (?<";

/// Text and offset, as releases with PCRE 8 have them.
pub(super) fn of_pcre8<'e>(pattern: &[u8], e: &'e CompileError) -> (&'e str, usize) {
    let before = pattern.get(..e.offset).unwrap_or(pattern);
    // An opening that ends with the pattern is not yet a group to PCRE 8.
    if e.code == 114 && e.offset == pattern.len() {
        let letters = before.iter().rev().take_while(|b| b.is_ascii_alphabetic() || **b == b'-').count();
        if before.ends_with(b"(?P") {
            return (AFTER_P, e.offset);
        }
        if before[..before.len() - letters].ends_with(b"(?") {
            return (AFTER_QUESTION, e.offset);
        }
    }
    if e.code == 143 {
        return ("two named subpatterns have the same name", e.offset.saturating_sub(1));
    }
    if e.code == 162 && before.ends_with(b"(?<") {
        return (AFTER_ANGLE, e.offset);
    }
    match row(e.code) {
        Some((_, text, add, _)) => (text.unwrap_or(&e.message), e.offset + add),
        None => (&e.message, e.offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use girder_libs::pcre::{Code, CompileOptions};

    #[test]
    fn as_otp_25_has_it() {
        let cases = [
            ("(", "missing )", 1),
            ("a)", "unmatched parentheses", 1),
            ("*", "nothing to repeat", 0),
            ("(?", AFTER_QUESTION, 2),
            ("(?i", AFTER_QUESTION, 3),
            ("(?P", AFTER_P, 3),
            ("[a", "missing terminating ] for character class", 2),
            ("[z-a]", "range out of order in character class", 3),
            ("(?<a>x)(?<a>y)", "two named subpatterns have the same name", 11),
            ("\\", "\\ at end of pattern", 1),
        ];
        for (pattern, text, offset) in cases {
            let e = Code::compile(pattern.as_bytes(), &CompileOptions::default()).err().expect("an error");
            assert_eq!(of_pcre8(pattern.as_bytes(), &e), (text, offset), "{pattern}");
        }
    }
}
