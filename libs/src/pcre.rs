//! Regular expressions by PCRE2: compiled patterns and single matches.
//!
//! Invariants: a [`Code`] owns its compiled pattern, which nobody changes any more, so threads may share it; a match
//! has its own working memory. Every offset that is shown lies in the subject.

mod tables;

use std::ptr::{NonNull, null_mut};

use pcre2_sys as sys;

/// How a pattern is compiled. `bits` are PCRE2's own option bits ([`option`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct CompileOptions {
    /// Option bits.
    pub bits: u32,
    /// What ends a line; `None`: a line feed.
    pub newline: Option<Newline>,
    /// What `\R` matches is CR, LF and CRLF only; `Some(false)`: any Unicode line end.
    pub bsr_anycrlf: Option<bool>,
    /// Letters are those of Latin-1, not of ASCII.
    pub latin_1: bool,
}

/// What ends a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
#[allow(missing_docs)]
pub enum Newline {
    Cr = sys::PCRE2_NEWLINE_CR,
    Lf = sys::PCRE2_NEWLINE_LF,
    CrLf = sys::PCRE2_NEWLINE_CRLF,
    Any = sys::PCRE2_NEWLINE_ANY,
    AnyCrLf = sys::PCRE2_NEWLINE_ANYCRLF,
    Nul = sys::PCRE2_NEWLINE_NUL,
}

impl Newline {
    /// All of them.
    pub const ALL: [Newline; 6] =
        [Newline::Cr, Newline::Lf, Newline::CrLf, Newline::Any, Newline::AnyCrLf, Newline::Nul];
}

/// Option bits.
#[allow(missing_docs)]
pub mod option {
    pub use pcre2_sys::{
        PCRE2_ANCHORED as ANCHORED, PCRE2_CASELESS as CASELESS, PCRE2_DOLLAR_ENDONLY as DOLLAR_ENDONLY,
        PCRE2_DOTALL as DOTALL, PCRE2_DUPNAMES as DUPNAMES, PCRE2_EXTENDED as EXTENDED, PCRE2_FIRSTLINE as FIRSTLINE,
        PCRE2_MULTILINE as MULTILINE, PCRE2_NEVER_UTF as NEVER_UTF, PCRE2_NO_AUTO_CAPTURE as NO_AUTO_CAPTURE,
        PCRE2_NO_START_OPTIMIZE as NO_START_OPTIMIZE, PCRE2_NOTBOL as NOTBOL, PCRE2_NOTEMPTY as NOTEMPTY,
        PCRE2_NOTEMPTY_ATSTART as NOTEMPTY_ATSTART, PCRE2_NOTEOL as NOTEOL, PCRE2_UCP as UCP,
        PCRE2_UNGREEDY as UNGREEDY, PCRE2_UTF as UTF,
    };
}

/// Why a pattern does not compile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompileError {
    /// PCRE2's error number.
    pub code: i32,
    /// Bytes of the pattern up to where the error was seen.
    pub offset: usize,
    /// PCRE2's words.
    pub message: String,
}

/// A compiled pattern.
pub struct Code {
    raw: NonNull<sys::pcre2_code_8>,
    captures: usize,
    names: Vec<(Vec<u8>, usize)>,
    options: u32,
    newline: u32,
}

// SAFETY: a compiled pattern is not changed after `Code::compile`; PCRE2 documents that threads may share it. The JIT
// compiler, which would change it, is not used.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

/// How to match.
#[derive(Clone, Copy, Debug, Default)]
pub struct MatchOptions {
    /// Option bits.
    pub bits: u32,
    /// Where to start.
    pub offset: usize,
    /// Most steps of backtracking; `None`: PCRE2's default.
    pub match_limit: Option<u32>,
    /// Most levels of backtracking; `None`: PCRE2's default.
    pub depth_limit: Option<u32>,
    /// Where a match starts at the latest.
    pub start_limit: Option<usize>,
}

/// What to match.
#[derive(Clone, Copy)]
pub enum Subject<'s> {
    /// Bytes; a pattern in UTF-8 has them checked at each match.
    Bytes(&'s [u8]),
    /// A text, known to be UTF-8.
    Text(&'s str),
}

impl<'s> Subject<'s> {
    /// The bytes.
    pub fn bytes(self) -> &'s [u8] {
        match self {
            Subject::Bytes(bytes) => bytes,
            Subject::Text(text) => text.as_bytes(),
        }
    }
    fn text(self) -> Option<&'s str> {
        match self {
            // Quicker than PCRE2's own check.
            Subject::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Subject::Text(text) => Some(text),
        }
    }
}

/// What became of a match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Start and end of the whole and of the groups up to the last that took part; a group that did not is `None`.
    Match(Vec<Option<(usize, usize)>>),
    /// No match.
    NoMatch,
    /// The limit of steps was reached.
    MatchLimit,
    /// The limit of levels, or of memory, was reached.
    DepthLimit,
    /// Subject or offset are no valid UTF-8.
    BadUtf,
    /// The offset lies behind the subject.
    BadOffset,
    /// Something else, by PCRE2's number.
    Other(i32),
}

/// Memory, in KiB, that backtracking may take.
const HEAP_LIMIT: u32 = 256 * 1024;

impl Code {
    /// Compiles a pattern.
    pub fn compile(pattern: &[u8], o: &CompileOptions) -> Result<Code, CompileError> {
        let (mut code, mut offset) = (0, 0);
        // So that matches can be bounded by `MatchOptions::start_limit`.
        let mut bits = o.bits | sys::PCRE2_USE_OFFSET_LIMIT;
        // PCRE2 10.45 derives the bytes that a match in UTF-8 may start with wrongly from tables of one's own.
        if o.latin_1 && bits & option::UTF != 0 && pattern.windows(2).any(|w| matches!(w, b"\\w" | b"\\W")) {
            bits |= option::NO_START_OPTIMIZE;
        }
        // SAFETY: the context is ours and freed below; the pattern and the tables, which live for good, are readable
        // for the lengths given; the out parameters are valid.
        let raw = unsafe {
            let context = sys::pcre2_compile_context_create_8(null_mut());
            if !context.is_null() {
                if o.latin_1 {
                    sys::pcre2_set_character_tables_8(context, tables::LATIN_1.as_ptr());
                }
                if let Some(n) = o.newline {
                    sys::pcre2_set_newline_8(context, n as u32);
                }
                if let Some(anycrlf) = o.bsr_anycrlf {
                    let value = if anycrlf { sys::PCRE2_BSR_ANYCRLF } else { sys::PCRE2_BSR_UNICODE };
                    sys::pcre2_set_bsr_8(context, value);
                }
            }
            let raw = sys::pcre2_compile_8(pattern.as_ptr(), pattern.len(), bits, &mut code, &mut offset, context);
            sys::pcre2_compile_context_free_8(context);
            raw
        };
        match NonNull::new(raw) {
            Some(raw) => Ok(Code::complete(raw)),
            None => Err(CompileError { code, offset, message: message(code) }),
        }
    }
    fn complete(raw: NonNull<sys::pcre2_code_8>) -> Code {
        let mut c = Code { raw, captures: 0, names: Vec::new(), options: 0, newline: 0 };
        c.captures = c.info(sys::PCRE2_INFO_CAPTURECOUNT) as usize;
        c.options = c.info(sys::PCRE2_INFO_ALLOPTIONS);
        c.newline = c.info(sys::PCRE2_INFO_NEWLINE);
        let (count, size) = (c.info(sys::PCRE2_INFO_NAMECOUNT), c.info(sys::PCRE2_INFO_NAMEENTRYSIZE));
        let mut table: *const u8 = std::ptr::null();
        // SAFETY: the code is valid, and this item is a pointer to bytes.
        unsafe { sys::pcre2_pattern_info_8(raw.as_ptr(), sys::PCRE2_INFO_NAMETABLE, (&raw mut table).cast()) };
        if count > 0 && !table.is_null() {
            // SAFETY: the name table has `count` entries of `size` bytes and lives as long as the code.
            let table = unsafe { std::slice::from_raw_parts(table, count as usize * size as usize) };
            c.names = table
                .chunks_exact(size as usize)
                .map(|e| {
                    let name = e[2..].iter().copied().take_while(|&b| b != 0).collect();
                    (name, usize::from(e[0]) << 8 | usize::from(e[1]))
                })
                .collect();
        }
        c
    }
    /// An item of information that is a 32-bit number.
    fn info(&self, what: u32) -> u32 {
        let mut n: u32 = 0;
        // SAFETY: the code is valid, and all items asked for through here are 32-bit numbers.
        unsafe { sys::pcre2_pattern_info_8(self.raw.as_ptr(), what, (&raw mut n).cast()) };
        n
    }
    /// Number of capturing groups.
    pub fn captures(&self) -> usize {
        self.captures
    }
    /// Names of groups with their numbers, by name; a name may have several numbers.
    pub fn names(&self) -> &[(Vec<u8>, usize)] {
        &self.names
    }
    /// Whether names may stand for several groups.
    pub fn has_duplicate_names(&self) -> bool {
        self.options & option::DUPNAMES != 0
    }
    /// Whether pattern and subjects are in UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.options & option::UTF != 0
    }
    /// Whether CRLF is one line end.
    pub fn uses_crlf(&self) -> bool {
        matches!(self.newline, sys::PCRE2_NEWLINE_CRLF | sys::PCRE2_NEWLINE_ANY | sys::PCRE2_NEWLINE_ANYCRLF)
    }
    /// Matches.
    pub fn run(&self, subject: Subject<'_>, o: &MatchOptions) -> Outcome {
        if o.offset > subject.bytes().len() {
            return Outcome::BadOffset;
        }
        let mut bits = o.bits & !sys::PCRE2_NO_UTF_CHECK;
        if self.is_utf8() {
            match subject.text() {
                Some(text) if text.is_char_boundary(o.offset) => bits |= sys::PCRE2_NO_UTF_CHECK,
                _ => return Outcome::BadUtf,
            }
        }
        let subject = subject.bytes();
        // SAFETY: data and context are ours and freed below; the subject is readable for its length, and checked to be
        // UTF-8 where the pattern takes it for that; the vector of offsets belongs to the data and has as many pairs as
        // the match answers at most.
        unsafe {
            let data = sys::pcre2_match_data_create_from_pattern_8(self.raw.as_ptr(), null_mut());
            let context = sys::pcre2_match_context_create_8(null_mut());
            if data.is_null() || context.is_null() {
                sys::pcre2_match_data_free_8(data);
                sys::pcre2_match_context_free_8(context);
                return Outcome::Other(sys::PCRE2_ERROR_NOMEMORY);
            }
            sys::pcre2_set_heap_limit_8(context, HEAP_LIMIT);
            if let Some(n) = o.match_limit {
                sys::pcre2_set_match_limit_8(context, n);
            }
            if let Some(n) = o.start_limit {
                sys::pcre2_set_offset_limit_8(context, n);
            }
            if let Some(n) = o.depth_limit {
                sys::pcre2_set_depth_limit_8(context, n);
            }
            let (text, length) = (subject.as_ptr(), subject.len());
            let rc = sys::pcre2_match_8(self.raw.as_ptr(), text, length, o.offset, bits, data, context);
            let outcome = match rc {
                1.. => {
                    let vector = std::slice::from_raw_parts(sys::pcre2_get_ovector_pointer_8(data), rc as usize * 2);
                    let pair = |&[start, end]: &[usize; 2]| {
                        // With `\K` in a look-ahead a match may end before it starts.
                        (start <= length && end <= length).then_some((start, end.max(start)))
                    };
                    Outcome::Match(vector.as_chunks().0.iter().map(pair).collect())
                }
                sys::PCRE2_ERROR_NOMATCH => Outcome::NoMatch,
                sys::PCRE2_ERROR_MATCHLIMIT => Outcome::MatchLimit,
                sys::PCRE2_ERROR_DEPTHLIMIT | sys::PCRE2_ERROR_HEAPLIMIT => Outcome::DepthLimit,
                sys::PCRE2_ERROR_BADOFFSET => Outcome::BadOffset,
                sys::PCRE2_ERROR_UTF8_ERR21..=sys::PCRE2_ERROR_UTF8_ERR1 | sys::PCRE2_ERROR_BADUTFOFFSET => {
                    Outcome::BadUtf
                }
                other => Outcome::Other(other),
            };
            sys::pcre2_match_data_free_8(data);
            sys::pcre2_match_context_free_8(context);
            outcome
        }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: the code is ours, and nobody matches with it any more.
        unsafe { sys::pcre2_code_free_8(self.raw.as_ptr()) }
    }
}

/// PCRE2's words for an error.
fn message(code: i32) -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer is writable for the length given.
    let n = unsafe { sys::pcre2_get_error_message_8(code, buffer.as_mut_ptr(), buffer.len()) };
    let n = usize::try_from(n).unwrap_or(0).min(buffer.len());
    String::from_utf8_lossy(&buffer[..n]).into_owned()
}

/// PCRE2's version with its date.
pub fn version() -> String {
    let mut buffer = [0u8; 64];
    // SAFETY: the documentation bounds this text by 24 bytes.
    let n = unsafe { sys::pcre2_config_8(sys::PCRE2_CONFIG_VERSION, buffer.as_mut_ptr().cast()) };
    let n = usize::try_from(n).unwrap_or(1).clamp(1, buffer.len()) - 1;
    String::from_utf8_lossy(&buffer[..n]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(pattern: &str, bits: u32) -> Code {
        Code::compile(pattern.as_bytes(), &CompileOptions { bits, ..Default::default() }).expect("compiles")
    }

    #[test]
    fn groups_and_names() {
        let c = compile("(?<a>x)|(?<b>y)(z)?", 0);
        assert_eq!((c.captures(), c.names().len()), (3, 2));
        assert_eq!(
            c.run(Subject::Bytes(b"-y"), &MatchOptions::default()),
            Outcome::Match(vec![Some((1, 2)), None, Some((1, 2))])
        );
        assert_eq!(c.run(Subject::Bytes(b"-"), &MatchOptions::default()), Outcome::NoMatch);
    }

    #[test]
    fn limits() {
        let c = compile("(a+)+$", 0);
        let few = MatchOptions { match_limit: Some(1000), ..Default::default() };
        assert_eq!(c.run(Subject::Bytes(b"aaaaaaaaaaaaaaaaaaaaaaaaab"), &few), Outcome::MatchLimit);
        let early = MatchOptions { start_limit: Some(2), ..Default::default() };
        assert_eq!(c.run(Subject::Bytes(b"bbaa"), &early), Outcome::Match(vec![Some((2, 4)), Some((2, 4))]));
        assert_eq!(c.run(Subject::Bytes(b"bbbaa"), &early), Outcome::NoMatch);
        assert_eq!(c.run(Subject::Bytes(b""), &MatchOptions { offset: 9, ..Default::default() }), Outcome::BadOffset);
        assert_eq!(compile("x", option::UTF).run(Subject::Bytes(b"\xff"), &MatchOptions::default()), Outcome::BadUtf);
    }

    #[test]
    fn latin_1_letters() {
        for (latin_1, outcome) in [(true, Outcome::Match(vec![Some((0, 1))])), (false, Outcome::NoMatch)] {
            for (pattern, subject) in [(&b"\\w"[..], b"\xe9"), (b"\xe9", b"\xc9")] {
                let o = CompileOptions { bits: option::CASELESS, latin_1, ..Default::default() };
                let c = Code::compile(pattern, &o).expect("compiles");
                assert_eq!(c.run(Subject::Bytes(subject), &MatchOptions::default()), outcome);
            }
        }
    }

    #[test]
    fn errors_have_places() {
        let e = Code::compile(b"a(b", &CompileOptions::default()).err().expect("an error");
        assert_eq!((e.offset, e.message.as_str()), (3, "missing closing parenthesis"));
        assert!(version().starts_with("10."));
    }
}
