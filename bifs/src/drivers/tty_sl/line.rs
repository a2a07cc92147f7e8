//! [`Line`]: the line that a terminal shows, and what to send so that it shows what it should.
//!
//! Invariant: the cursor stands at the item `at`; the terminal shows the items, from column 0 of a row on, wrapped at
//! its width. One item is what programs count as a character.

use unicode_width::UnicodeWidthChar;

/// What moves the terminal's cursor.
pub(super) struct Keys {
    pub(super) up: Vec<u8>,
    pub(super) down: Vec<u8>,
    pub(super) left: Vec<u8>,
    pub(super) right: Vec<u8>,
    /// The cursor stays at the end of a full row until something follows.
    pub(super) sticky_margin: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Item {
    /// Shown as it is.
    Char(char),
    /// So many blanks for a tab.
    Tab(usize),
    /// The begin of an escape sequence, shown by the terminal as whatever it means.
    Escape,
    /// Shown as `^` and a letter.
    Control(u8),
    /// Shown as a number, where the terminal has no such character.
    Number(u32),
}

/// See the module's head.
pub(super) struct Line {
    items: Vec<Item>,
    at: usize,
    pub(super) columns: usize,
    pub(super) utf8: bool,
    keys: Keys,
    out: Vec<u8>,
}

/// Longest line; a longer one is broken.
const MAX: usize = 1 << 16;

impl Line {
    pub(super) fn new(keys: Keys, columns: usize, utf8: bool) -> Line {
        Line { items: Vec::new(), at: 0, columns: columns.max(1), utf8, keys, out: Vec::new() }
    }
    /// What is to be sent to the terminal.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
    pub(super) fn beep(&mut self) {
        self.out.push(7);
    }
    /// Writes over what is at the cursor.
    pub(super) fn put(&mut self, text: &[u8]) {
        if self.at > MAX {
            self.newline(b'\n', 0);
        }
        let from = self.add(text, false);
        self.show(from, self.at);
    }
    /// Writes in front of what is at the cursor.
    pub(super) fn insert(&mut self, text: &[u8]) {
        let from = self.add(text, true);
        let end = self.items.len();
        self.show(from, end);
        self.go(end, self.at);
    }
    /// Moves the cursor by so many items.
    pub(super) fn go_by(&mut self, n: isize) {
        let to = self.at.saturating_add_signed(n).min(self.items.len());
        self.go(self.at, to);
        self.at = to;
    }
    /// Deletes so many items behind the cursor, or before it.
    pub(super) fn delete(&mut self, n: isize) {
        let other = self.at.saturating_add_signed(n).min(self.items.len());
        let (from, to) = (self.at.min(other), self.at.max(other));
        if from == to {
            return;
        }
        self.go(self.at, from);
        let width = self.column(to) - self.column(from);
        self.items.drain(from..to);
        self.at = from;
        let end = self.items.len();
        self.show(from, end);
        self.out.extend(std::iter::repeat_n(b' ', width));
        let behind = self.column(end) + width;
        if self.keys.sticky_margin && behind.is_multiple_of(self.columns) {
            self.out.push(b' ');
            self.repeat(1, |k| &k.left);
        }
        self.move_columns(behind, self.column(from));
    }
    /// Puts the items of a text at the cursor, which goes behind them; gives where they begin on the line as it is then.
    fn add(&mut self, text: &[u8], insert: bool) -> usize {
        let mut from = self.at;
        let mut rest = text;
        while !rest.is_empty() {
            let c = next_char(&mut rest);
            let item = match c {
                '\n' | '\r' => {
                    self.show_before_newline(from, self.at);
                    self.newline(c as u8, self.at);
                    from = 0;
                    continue;
                }
                '\t' => Item::Tab(8 - self.column(self.at) % 8),
                '\x1b' => Item::Escape,
                '\0'..='\x1f' | '\x7f' => Item::Control(c as u8),
                ' '..='~' => Item::Char(c),
                _ if self.utf8 || c > '\u{9f}' && u32::from(c) < 0x100 => Item::Char(c),
                _ => Item::Number(u32::from(c)),
            };
            if insert || self.at == self.items.len() {
                self.items.insert(self.at, item);
            } else {
                self.items[self.at] = item;
            }
            self.at += 1;
        }
        from
    }
    /// What is before the cursor is done; the rest begins a row of its own.
    fn newline(&mut self, c: u8, done: usize) {
        self.out.push(b'\r');
        if c == b'\n' {
            self.out.push(b'\n');
        }
        self.items.drain(..done.min(self.items.len()));
        if done == 0 {
            self.items.clear();
        }
        self.at = 0;
    }
    /// Writes items; the cursor is behind them then.
    fn show(&mut self, from: usize, to: usize) {
        self.show_before_newline(from, to);
        let column = self.column(to);
        if self.keys.sticky_margin && from < to && column != 0 && column.is_multiple_of(self.columns) {
            // Something must follow for the cursor to be on the next row: what is there already, or a blank.
            match self.items.get(to).copied() {
                Some(item) => self.write(item),
                None => self.out.push(b' '),
            }
            self.repeat(1, |k| &k.left);
        }
    }
    fn show_before_newline(&mut self, from: usize, to: usize) {
        for i in from..to.min(self.items.len()) {
            self.write(self.items[i]);
        }
    }
    fn write(&mut self, item: Item) {
        match item {
            Item::Char(c) if self.utf8 => self.out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            Item::Char(c) => self.out.push(c as u8),
            Item::Tab(n) => self.out.extend(std::iter::repeat_n(b' ', n)),
            Item::Escape => self.out.push(0x1b),
            Item::Control(0x7f) => self.out.extend(b"^?"),
            Item::Control(c) => self.out.extend([b'^', c | 0x40]),
            Item::Number(n) => self.out.extend(number(n).bytes()),
        }
    }
    /// The column of an item on an endless row.
    fn column(&self, to: usize) -> usize {
        let (mut i, mut column) = (0, 0);
        let to = to.min(self.items.len());
        while i < to {
            match self.items[i] {
                Item::Escape => {
                    i += self.escape_length(i);
                    continue;
                }
                Item::Char(c) => column += if self.utf8 { c.width().unwrap_or(0) } else { 1 },
                Item::Tab(n) => column += n,
                Item::Control(_) => column += 2,
                Item::Number(n) => column += number(n).len(),
            }
            i += 1;
        }
        column
    }
    /// Items of the escape sequence that begins here.
    fn escape_length(&self, from: usize) -> usize {
        match self.items.get(from + 1) {
            None => 1,
            Some(Item::Char('[')) => {
                let parameters =
                    self.items[from + 2..].iter().take_while(|i| matches!(i, Item::Char(';' | '0'..='9'))).count();
                parameters + 3
            }
            Some(_) => 2,
        }
    }
    fn go(&mut self, from: usize, to: usize) {
        self.move_columns(self.column(from), self.column(to));
    }
    fn move_columns(&mut self, from: usize, to: usize) {
        let (r0, c0, r1, c1) = (from / self.columns, from % self.columns, to / self.columns, to % self.columns);
        if r1 > r0 {
            self.repeat(r1 - r0, |k| &k.down);
        } else {
            self.repeat(r0 - r1, |k| &k.up);
        }
        if c1 > c0 {
            self.repeat(c1 - c0, |k| &k.right);
        } else {
            self.repeat(c0 - c1, |k| &k.left);
        }
    }
    fn repeat(&mut self, n: usize, key: impl Fn(&Keys) -> &Vec<u8>) {
        for _ in 0..n {
            self.out.extend_from_slice(key(&self.keys));
        }
    }
}

fn number(n: u32) -> String {
    if n < 0o1000 { format!("\\{n:03o}") } else { format!("\\x{{{n:X}}}") }
}

/// The next character of UTF-8; a byte that is none stands for itself.
fn next_char(bytes: &mut &[u8]) -> char {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let whole = bytes.get(..length).and_then(|b| std::str::from_utf8(b).ok()).and_then(|s| s.chars().next());
    let (c, used) = whole.map_or((char::from(bytes[0]), 1), |c| (c, length));
    *bytes = &bytes[used..];
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(columns: usize, utf8: bool) -> Line {
        let key = |s: &str| s.as_bytes().to_vec();
        let keys = Keys { up: key("U"), down: key("D"), left: key("L"), right: key("R"), sticky_margin: true };
        Line::new(keys, columns, utf8)
    }

    #[test]
    fn editing() {
        type Step = fn(&mut Line);
        for (steps, expected) in [
            (&[(|l| l.put(b"abc")) as Step][..], "abc"),
            (&[|l| l.put(b"ab\ncd"), |l| l.go_by(-9)], "ab\r\ncdLL"),
            (&[|l| l.put(b"abc"), |l| l.go_by(-2), |l| l.insert(b"X")], "abcLLXbcLL"),
            (&[|l| l.put(b"abc"), |l| l.go_by(-2), |l| l.delete(1)], "abcLLc LL"),
            (&[|l| l.put(b"abc"), |l| l.delete(-1)], "abcL L"),
            (&[|l| l.put(b"abc"), |l| l.go_by(-3), |l| l.put(b"x")], "abcLLLx"),
            (&[|l| l.put(b"a\x01"), |l| l.delete(-1)], "a^ALL  LL"),
            (&[|l| l.put(b"a\tb"), |l| l.go_by(-1), |l| l.go_by(-1)], "a       bLLLLLLLL"),
            (&[|l| l.put(b"\x1b[31mab"), |l| l.go_by(-2)], "\x1b[31mabLL"),
            (&[|l| l.beep()], "\x07"),
        ] {
            let mut l = line(80, true);
            steps.iter().for_each(|s| s(&mut l));
            assert_eq!(String::from_utf8_lossy(&l.take_output()), expected);
        }
    }

    #[test]
    fn rows_wrap() {
        let mut l = line(4, true);
        l.put(b"abcd");
        assert_eq!(l.take_output(), b"abcd L");
        l.put(b"ef");
        l.go_by(-5);
        assert_eq!(l.take_output(), b"efUL");
        l.go_by(5);
        assert_eq!(l.take_output(), b"DR");
    }

    #[test]
    fn characters_that_the_terminal_lacks() {
        let mut l = line(80, false);
        l.put("é\u{3bb}\u{81}".as_bytes());
        assert_eq!(l.take_output(), b"\xe9\\x{3BB}\\201");
        let mut l = line(80, true);
        l.put("日\u{3bb}".as_bytes());
        l.go_by(-2);
        assert_eq!(String::from_utf8_lossy(&l.take_output()), "日\u{3bb}LLL");
        l.put(b"\xff");
        assert_eq!(String::from_utf8_lossy(&l.take_output()), "\u{ff}");
    }
}
