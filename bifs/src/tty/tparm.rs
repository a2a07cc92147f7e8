//! Strings of a terminal's description with parameters in them: what the terminfo library calls `tparm` and `tputs`.
//!
//! Invariant: a wrong string gives some text, never an error: missing operands are zero.

/// Fills the parameters in.
pub(super) fn expand(text: &[u8], params: &[i64]) -> Vec<u8> {
    let mut e = Expander { text, at: 0, params: params.to_vec(), stack: Vec::new(), vars: [0; 52], out: Vec::new() };
    e.params.resize(9, 0);
    e.run();
    e.out
}

/// The text without its delays, `$<Milliseconds>`.
pub(super) fn without_padding(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, tail)) = rest.split_first() {
        let delay = tail.iter().position(|&c| c == b'>').filter(|&end| {
            b == b'$' && tail[0] == b'<' && end > 1 && tail[1..end].iter().all(|c| b"0123456789.*/".contains(c))
        });
        match delay {
            Some(end) => rest = &tail[end + 1..],
            None => {
                out.push(b);
                rest = tail;
            }
        }
    }
    out
}

struct Expander<'a> {
    text: &'a [u8],
    at: usize,
    params: Vec<i64>,
    stack: Vec<i64>,
    vars: [i64; 52],
    out: Vec<u8>,
}

impl Expander<'_> {
    fn next(&mut self) -> Option<u8> {
        let b = self.text.get(self.at).copied();
        self.at += usize::from(b.is_some());
        b
    }
    fn pop(&mut self) -> i64 {
        self.stack.pop().unwrap_or(0)
    }
    fn run(&mut self) {
        while let Some(b) = self.next() {
            if b == b'%' {
                self.directive();
            } else {
                self.out.push(b);
            }
        }
    }
    fn directive(&mut self) {
        let Some(b) = self.next() else { return };
        match b {
            b'%' => self.out.push(b'%'),
            b'c' => {
                let c = self.pop() as u8;
                self.out.push(c);
            }
            b'p' => {
                let i = self.next().map_or(0, |d| usize::from(d.wrapping_sub(b'1')));
                self.stack.push(self.params.get(i).copied().unwrap_or(0));
            }
            b'P' | b'g' => self.variable(b == b'P'),
            b'\'' => {
                let c = self.next().unwrap_or(0);
                self.next();
                self.stack.push(i64::from(c));
            }
            b'{' => {
                let mut n = 0i64;
                while let Some(d) = self.next().filter(u8::is_ascii_digit) {
                    n = n.saturating_mul(10).saturating_add(i64::from(d - b'0'));
                }
                self.stack.push(n);
            }
            b'i' => {
                self.params[0] = self.params[0].saturating_add(1);
                self.params[1] = self.params[1].saturating_add(1);
            }
            b'+' | b'-' | b'*' | b'/' | b'm' | b'&' | b'|' | b'^' | b'=' | b'<' | b'>' | b'A' | b'O' => {
                self.operator(b)
            }
            b'!' => {
                let v = self.pop();
                self.stack.push(i64::from(v == 0));
            }
            b'~' => {
                let v = self.pop();
                self.stack.push(!v);
            }
            b'?' | b';' => {}
            b't' => {
                if self.pop() == 0 {
                    self.skip(true);
                }
            }
            // The end of the part that was taken: the rest of the condition is left out.
            b'e' => self.skip(false),
            _ => self.number(b),
        }
    }
    fn variable(&mut self, set: bool) {
        let i = match self.next() {
            Some(c @ b'a'..=b'z') => usize::from(c - b'a'),
            Some(c @ b'A'..=b'Z') => usize::from(c - b'A') + 26,
            _ => return,
        };
        if set {
            self.vars[i] = self.pop();
        } else {
            self.stack.push(self.vars[i]);
        }
    }
    fn operator(&mut self, op: u8) {
        let (b, a) = (self.pop(), self.pop());
        self.stack.push(match op {
            b'+' => a.wrapping_add(b),
            b'-' => a.wrapping_sub(b),
            b'*' => a.wrapping_mul(b),
            b'/' => a.checked_div(b).unwrap_or(0),
            b'm' => a.checked_rem(b).unwrap_or(0),
            b'&' => a & b,
            b'|' => a | b,
            b'^' => a ^ b,
            b'=' => i64::from(a == b),
            b'<' => i64::from(a < b),
            b'>' => i64::from(a > b),
            b'A' => i64::from(a != 0 && b != 0),
            _ => i64::from(a != 0 || b != 0),
        });
    }
    /// Goes behind the matching `%e` (if `to_else`) or `%;`.
    fn skip(&mut self, to_else: bool) {
        let mut depth = 0;
        while let Some(b) = self.next() {
            if b != b'%' {
                continue;
            }
            match self.next() {
                Some(b'?') => depth += 1,
                Some(b';') if depth == 0 => return,
                Some(b';') => depth -= 1,
                Some(b'e') if depth == 0 && to_else => return,
                _ => {}
            }
        }
    }
    /// `%[[:]flags][width[.precision]][doxXs]`.
    fn number(&mut self, first: u8) {
        let (mut zero, mut left, mut width, mut b) = (false, false, 0usize, first);
        loop {
            match b {
                b':' | b'#' | b' ' => {}
                b'-' => left = true,
                b'0' if width == 0 => zero = true,
                b'0'..=b'9' => width = (width * 10 + usize::from(b - b'0')).min(255),
                b'.' => {
                    zero = true;
                    width = 0;
                }
                _ => break,
            }
            match self.next() {
                Some(n) => b = n,
                None => return,
            }
        }
        let v = self.pop();
        let text = match b {
            b'd' | b's' => v.to_string(),
            b'o' => format!("{v:o}"),
            b'x' => format!("{v:x}"),
            b'X' => format!("{v:X}"),
            b'l' => "0".to_owned(),
            _ => return,
        };
        let text = match (left, zero) {
            (true, _) => format!("{text:<width$}"),
            (_, true) => format!("{text:0>width$}"),
            _ => format!("{text:>width$}"),
        };
        self.out.extend(text.bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        for (text, params, expected) in [
            ("\x1b[H", &[][..], "\x1b[H"),
            ("\x1b[%i%p1%d;%p2%dH", &[4, 9], "\x1b[5;10H"),
            ("\x1b[%p1%dA", &[3], "\x1b[3A"),
            ("%p1%c", &[65], "A"),
            ("%p1%03d|%p1%3d", &[7], "007|  7"),
            ("%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m", &[3], "33m"),
            ("%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m", &[9], "91m"),
            ("%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m", &[200], "38;5;200m"),
            ("%p1%Pa%ga%ga%+%d", &[21], "42"),
            ("%{1}%{0}%/%d%%", &[], "0%"),
            ("%'a'%d%", &[], "97"),
        ] {
            assert_eq!(String::from_utf8_lossy(&expand(text.as_bytes(), params)), expected, "{text}");
        }
    }

    #[test]
    fn padding() {
        assert_eq!(without_padding(b"a$<5>b$<20/>c$<x>$"), b"abc$<x>$");
    }
}
