//! Descriptions of terminals: the compiled terminfo entries that the system has in its directories.
//!
//! Invariant: an entry that is damaged is none; every offset in it is checked before it is followed.

use std::path::PathBuf;
use std::sync::LazyLock;

/// One capability: its terminfo name, its termcap code, its full name; in the order of the entries' tables.
pub(super) struct Capability {
    pub(super) name: &'static str,
    pub(super) code: &'static str,
    pub(super) full_name: &'static str,
}

/// All capabilities of standard entries.
pub(super) struct Names {
    pub(super) flags: Vec<Capability>,
    pub(super) numbers: Vec<Capability>,
    pub(super) strings: Vec<Capability>,
}

/// See [`Names`].
pub(super) static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut all = Names { flags: Vec::new(), numbers: Vec::new(), strings: Vec::new() };
    for line in include_str!("../../data/terminfo.tsv").lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (kind, name, code, full_name) = (next(), next(), next(), next());
        let list = match kind {
            "bool" => &mut all.flags,
            "num" => &mut all.numbers,
            _ => &mut all.strings,
        };
        list.push(Capability { name, code, full_name });
    }
    all
});

/// The description of one terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    flags: Vec<bool>,
    numbers: Vec<i32>,
    strings: Vec<Option<Vec<u8>>>,
}

/// First number of an entry with numbers of 16 bits.
const MAGIC_16: u16 = 0o432;
/// First number of an entry with numbers of 32 bits.
const MAGIC_32: u16 = 0o1036;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

impl Entry {
    /// Reads a compiled entry.
    fn parse(bytes: &[u8]) -> Option<Entry> {
        let field = |i: usize| u16_at(bytes, 2 * i).map(usize::from);
        let wide = match u16_at(bytes, 0)? {
            MAGIC_16 => 2,
            MAGIC_32 => 4,
            _ => return None,
        };
        let (names, flags, numbers, strings, table) = (field(1)?, field(2)?, field(3)?, field(4)?, field(5)?);
        let first_flag = 12 + names;
        let mut at = first_flag + flags;
        // Numbers begin at an even place.
        at += at % 2;
        let first_number = at;
        let offsets = first_number + numbers * wide;
        let texts = bytes.get(offsets + 2 * strings..)?.get(..table)?;
        let number = |i: usize| {
            let at = first_number + i * wide;
            match wide {
                2 => u16_at(bytes, at).map(|n| i32::from(n as i16)),
                _ => Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)),
            }
        };
        let text = |i: usize| {
            let at = u16_at(bytes, offsets + 2 * i)?;
            let from = usize::from(at);
            // Numbers below zero: the terminal has no such thing.
            if at >= 0x8000 {
                return Some(None);
            }
            let rest = texts.get(from..)?;
            let end = rest.iter().position(|&b| b == 0)?;
            Some(Some(rest[..end].to_vec()))
        };
        Some(Entry {
            flags: bytes.get(first_flag..first_flag + flags)?.iter().map(|&b| b == 1).collect(),
            numbers: (0..numbers).map(number).collect::<Option<_>>()?,
            strings: (0..strings).map(text).collect::<Option<_>>()?,
        })
    }
    /// The entry of this terminal.
    pub(crate) fn find(terminal: &str) -> Option<Entry> {
        let first = terminal.chars().next()?;
        if terminal.contains('/') || terminal.starts_with('.') {
            return None;
        }
        let files = directories().into_iter().flat_map(|d| {
            [d.join(first.to_string()).join(terminal), d.join(format!("{:x}", u32::from(first))).join(terminal)]
        });
        files.filter_map(|f| std::fs::read(f).ok()).find_map(|bytes| Entry::parse(&bytes))
    }
    /// A flag by termcap code.
    pub(crate) fn flag(&self, code: &[u8]) -> bool {
        let i = NAMES.flags.iter().position(|c| c.code.as_bytes() == code);
        i.and_then(|i| self.flags.get(i)).copied().unwrap_or(false)
    }
    /// A number by termcap code; -1 if the terminal has none.
    pub(super) fn number(&self, code: &[u8]) -> i32 {
        let i = NAMES.numbers.iter().position(|c| c.code.as_bytes() == code);
        i.and_then(|i| self.numbers.get(i)).copied().filter(|&n| n >= 0).unwrap_or(-1)
    }
    /// A string by termcap code.
    pub(crate) fn string(&self, code: &[u8]) -> Option<&[u8]> {
        let i = NAMES.strings.iter().position(|c| c.code.as_bytes() == code)?;
        self.strings.get(i)?.as_deref()
    }
    /// A string by terminfo name; the outer `None`: there is no such name.
    pub(super) fn named_string(&self, name: &[u8]) -> Option<Option<&[u8]>> {
        let i = NAMES.strings.iter().position(|c| c.name.as_bytes() == name)?;
        Some(self.strings.get(i).and_then(|s| s.as_deref()))
    }
}

/// Where entries are, as the terminfo library looks for them.
fn directories() -> Vec<PathBuf> {
    let system = || ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"].map(PathBuf::from);
    let mut all: Vec<PathBuf> = std::env::var_os("TERMINFO").map(PathBuf::from).into_iter().collect();
    all.extend(std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".terminfo")));
    for d in std::env::var_os("TERMINFO_DIRS").iter().flat_map(std::env::split_paths) {
        if d.as_os_str().is_empty() {
            all.extend(system());
        } else {
            all.push(d);
        }
    }
    all.extend(system());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry with flags bw, am = false, true; numbers cols, it = 80, none; strings cbt, bel = none, ^G.
    fn sample(wide: bool) -> Vec<u8> {
        let mut e: Vec<u8> = Vec::new();
        let magic = if wide { MAGIC_32 } else { MAGIC_16 };
        for n in [magic, 4, 2, 2, 2, 2] {
            e.extend(n.to_le_bytes());
        }
        e.extend(b"abc\0");
        e.extend([0, 1]);
        for n in [80i32, -1] {
            if wide { e.extend(n.to_le_bytes()) } else { e.extend((n as i16).to_le_bytes()) }
        }
        e.extend((-1i16).to_le_bytes());
        e.extend(0i16.to_le_bytes());
        e.extend(b"\x07\0");
        e
    }

    #[test]
    fn entries_of_both_widths() {
        for wide in [false, true] {
            let e = Entry::parse(&sample(wide)).expect("a good entry");
            assert_eq!((e.flag(b"am"), e.flag(b"bw"), e.flag(b"xn")), (true, false, false));
            assert_eq!((e.number(b"co"), e.number(b"it"), e.number(b"li")), (80, -1, -1));
            assert_eq!((e.string(b"bl"), e.string(b"bt")), (Some(&b"\x07"[..]), None));
            assert_eq!(e.named_string(b"bel"), Some(Some(&b"\x07"[..])));
            assert_eq!((e.named_string(b"cuu1"), e.named_string(b"nonsense")), (Some(None), None));
        }
    }

    #[test]
    fn damaged_entries_are_none() {
        let good = sample(false);
        for n in 0..good.len() {
            assert_eq!(Entry::parse(&good[..n]), None, "cut at {n}");
        }
        let mut bad = good.clone();
        bad[0] = 0;
        assert_eq!(Entry::parse(&bad), None);
        assert_eq!(Entry::find("../etc/passwd"), None);
        assert_eq!(Entry::find(""), None);
    }
}
