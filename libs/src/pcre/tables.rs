//! Character tables for text in Latin-1: what letters are and how they change case.
//!
//! The layout is PCRE2's: lower case, other case, ten class bit maps, type bits. Invariant: nothing here depends on the
//! locale.

use std::sync::LazyLock;

const CLASSES: usize = 512;
const TYPES: usize = CLASSES + 320;
const LENGTH: usize = TYPES + 256;

fn is_lower(c: u8) -> bool {
    c.is_ascii_lowercase() || matches!(c, 0xaa | 0xb5 | 0xba | 0xdf..=0xf6 | 0xf8..=0xff)
}

fn is_upper(c: u8) -> bool {
    c.is_ascii_uppercase() || matches!(c, 0xc0..=0xd6 | 0xd8..=0xde)
}

fn is_letter(c: u8) -> bool {
    is_lower(c) || is_upper(c)
}

fn is_space(c: u8) -> bool {
    matches!(c, 9..=13 | b' ')
}

fn is_control(c: u8) -> bool {
    matches!(c, 0..=31 | 127..=0x9f)
}

fn is_graphic(c: u8) -> bool {
    !is_control(c) && c != b' '
}

fn is_print(c: u8) -> bool {
    !is_control(c)
}

fn is_word(c: u8) -> bool {
    is_letter(c) || c.is_ascii_digit() || c == b'_'
}

fn is_punctuation(c: u8) -> bool {
    is_graphic(c) && !is_letter(c) && !c.is_ascii_digit()
}

fn lower(c: u8) -> u8 {
    if is_upper(c) { c + 32 } else { c }
}

fn flip(c: u8) -> u8 {
    match c {
        // Lower case without an upper case in Latin-1.
        0xaa | 0xb5 | 0xba | 0xdf | 0xff => c,
        _ if is_upper(c) => c + 32,
        _ if is_lower(c) => c - 32,
        _ => c,
    }
}

fn make() -> [u8; LENGTH] {
    let mut t = [0; LENGTH];
    // In PCRE2's order, 32 bytes each.
    let classes: [fn(u8) -> bool; 10] = [
        is_space,
        |c| c.is_ascii_hexdigit(),
        |c| c.is_ascii_digit(),
        is_upper,
        is_lower,
        is_word,
        is_graphic,
        is_print,
        is_punctuation,
        is_control,
    ];
    for c in 0..=255u8 {
        let i = usize::from(c);
        t[i] = lower(c);
        t[256 + i] = flip(c);
        for (class, is) in classes.iter().enumerate() {
            t[CLASSES + class * 32 + i / 8] |= u8::from(is(c)) << (i % 8);
        }
        let types = [(is_space(c), 1), (is_letter(c), 2), (is_lower(c), 4), (c.is_ascii_digit(), 8), (is_word(c), 16)];
        t[TYPES + i] = types.iter().filter(|(is, _)| *is).map(|(_, bit)| bit).sum();
    }
    t
}

/// The tables; they live for good.
pub(super) static LATIN_1: LazyLock<[u8; LENGTH]> = LazyLock::new(make);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_goes_there_and_back() {
        for c in 0..=255 {
            assert_eq!(flip(flip(c)), c);
            assert_eq!(lower(lower(c)), lower(c));
        }
        assert_eq!((flip(0xe9), lower(0xc9), flip(0xff)), (0xc9, 0xe9, 0xff));
    }
}
