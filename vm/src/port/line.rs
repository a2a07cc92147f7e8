//! [`LineBuffer`]: cuts a port's input into lines, as option `{line, Max}` asks for.
//!
//! A line ends in LF or CR LF. Invariant: a CR is held back until the byte behind it is known; a line longer than the
//! limit is delivered in pieces of exactly that length, the last of them with the line's end, if one follows at once.

/// See the module's head.
pub struct LineBuffer {
    max: usize,
    line: Vec<u8>,
    /// A CR was read and what follows it is not known.
    cr: bool,
}

impl LineBuffer {
    /// Lines of at most `max` bytes.
    pub fn new(max: usize) -> LineBuffer {
        LineBuffer { max, line: Vec::new(), cr: false }
    }
    /// Takes bytes in; `f` gets each line that they complete, with `true`, or piece of one, with `false`.
    pub fn feed(&mut self, bytes: &[u8], mut f: impl FnMut(&[u8], bool)) {
        for &b in bytes {
            if b == b'\n' {
                self.cr = false;
                f(&self.line, true);
                self.line.clear();
                continue;
            }
            if std::mem::take(&mut self.cr) {
                self.push(b'\r', &mut f);
            }
            if b == b'\r' {
                self.cr = true;
            } else {
                self.push(b, &mut f);
            }
        }
    }
    fn push(&mut self, b: u8, f: &mut impl FnMut(&[u8], bool)) {
        if self.line.len() == self.max {
            f(&self.line, false);
            self.line.clear();
        }
        self.line.push(b);
    }
    /// The input has ended: what is left is a piece of a line.
    pub fn flush(&mut self, mut f: impl FnMut(&[u8])) {
        if std::mem::take(&mut self.cr) {
            self.push(b'\r', &mut |piece, _| f(piece));
        }
        if !self.line.is_empty() {
            f(&self.line);
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(max: usize, parts: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let mut b = LineBuffer::new(max);
        for p in parts {
            b.feed(p.as_bytes(), |l, eol| {
                out.push(format!("{}{}", String::from_utf8_lossy(l), if eol { "|" } else { "+" }));
            });
        }
        b.flush(|l| out.push(format!("{}+", String::from_utf8_lossy(l))));
        out
    }

    #[test]
    fn lines_and_pieces() {
        for (max, parts, expected) in [
            (80, &["ab\ncd\r\ne"][..], &["ab|", "cd|", "e+"][..]),
            (80, &["ab\r", "\ncd"], &["ab|", "cd+"]),
            (80, &["a\rb\n"], &["a\rb|"]),
            (2, &["abc\n"], &["ab+", "c|"]),
            (2, &["ab\n"], &["ab|"]),
            (2, &["ab\r\n"], &["ab|"]),
            (2, &["ab\rc\n"], &["ab+", "\rc|"]),
            (2, &["ab", "cd"], &["ab+", "cd+"]),
            (2, &["ab\r"], &["ab+", "\r+"]),
            (3, &["\n\n"], &["|", "|"]),
            (1, &[""], &[]),
        ] {
            assert_eq!(cut(max, parts), expected, "{max} {parts:?}");
        }
    }
}
