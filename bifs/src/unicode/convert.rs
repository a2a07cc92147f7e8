//! Character data (lists of characters, binaries and such lists) to UTF-8 bytes.
//!
//! Conversion stops at the first thing that is no character and gives back all that is left from there on, as data of
//! the same shape. A character may be cut in two by the end of a binary and go on in the next one; bytes that wait for
//! the rest of their character are the *leftover*.

use std::borrow::Cow;

use girder_vm::bits::matching::decode_utf8;
use girder_vm::{Ctx, Raise, Term};

use super::{Encoding, STEPS_PER_REDUCTION};

/// How a conversion ended.
pub enum Converted<'s> {
    /// Nothing is left.
    All,
    /// At something that is no character; what is left.
    Error(Term<'s>),
    /// In the middle of a last character; its bytes.
    Incomplete(Term<'s>),
}

/// `Badarg` unless `t` is made of integers, binaries and lists of such only. Data behind an integer that is too large
/// for any character is not looked at: the conversion will not get there.
pub fn check(t: Term<'_>) -> Result<(), Raise> {
    let ok = |t: Term<'_>| t.as_binary().map(|_| ()).ok_or(Raise::Badarg);
    let mut stack = Vec::new();
    let mut rest = t;
    loop {
        while let Some((head, tail)) = rest.as_cons() {
            rest = tail;
            if head.is_cons() {
                stack.push(tail);
                rest = head;
            } else if head.as_big().is_some() {
                return Ok(());
            } else if !head.is_small() && !head.is_nil() {
                ok(head)?;
            }
        }
        if !rest.is_nil() {
            ok(rest)?;
        }
        match stack.pop() {
            Some(t) => rest = t,
            None => return Ok(()),
        }
    }
}

/// Whether `t` is a binary of 7-bit bytes.
pub fn is_latin1_ascii(t: Term<'_>) -> bool {
    t.as_bits().and_then(|v| v.as_bytes()).is_some_and(<[u8]>::is_ascii)
}

/// Bytes of a character from its first one, if that can begin a character.
fn length_by_lead(lead: u8) -> Option<usize> {
    match lead {
        0..0x80 => Some(1),
        0xc0..0xe0 => Some(2),
        0xe0..0xf0 => Some(3),
        0xf0..0xf8 => Some(4),
        _ => None,
    }
}

/// The beginning of a character that waits for more bytes.
#[derive(Default)]
struct Leftover {
    bytes: [u8; 4],
    len: usize,
}

impl Leftover {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    /// Whether more bytes could make it a character, as far as OTP looks.
    fn may_be_completed(&self) -> bool {
        let continues = |b: &u8| b & 0xc0 == 0x80;
        match self.bytes() {
            [0xc0..0xe0, ..] => true,
            [0xe0..0xf8, rest @ ..] => rest.iter().all(continues),
            _ => false,
        }
    }
}

/// Where the conversion of one binary stopped.
enum Stopped {
    AtEnd,
    /// At this byte, which begins no character.
    At(usize),
}

/// Appends a UTF-8 binary's characters.
fn utf8_binary(bytes: &[u8], out: &mut Vec<u8>, leftover: &mut Leftover) -> Stopped {
    let mut from = 0;
    if leftover.len > 0 {
        let need = length_by_lead(leftover.bytes[0]).unwrap_or(1);
        let missing = need - leftover.len;
        let (here, all) = (missing.min(bytes.len()), leftover.len + missing.min(bytes.len()));
        let mut joined = leftover.bytes;
        joined[leftover.len..all].copy_from_slice(&bytes[..here]);
        if here < missing {
            *leftover = Leftover { bytes: joined, len: all };
            return Stopped::AtEnd;
        }
        if decode_utf8(&joined[..need]).is_none() {
            return Stopped::At(0);
        }
        out.extend_from_slice(&joined[..need]);
        leftover.len = 0;
        from = missing;
    }
    let rest = &bytes[from..];
    let valid = match std::str::from_utf8(rest) {
        Ok(_) => rest.len(),
        Err(e) => e.valid_up_to(),
    };
    out.extend_from_slice(&rest[..valid]);
    match &rest[valid..] {
        [] => Stopped::AtEnd,
        cut @ [lead, ..] if length_by_lead(*lead).is_some_and(|n| n > cut.len()) => {
            leftover.bytes[..cut.len()].copy_from_slice(cut);
            leftover.len = cut.len();
            Stopped::AtEnd
        }
        _ => Stopped::At(from + valid),
    }
}

/// Appends a binary's characters.
fn binary(bytes: &[u8], encoding: Encoding, out: &mut Vec<u8>, leftover: &mut Leftover) -> Stopped {
    match encoding {
        Encoding::Utf8 => utf8_binary(bytes, out, leftover),
        Encoding::Latin1 => {
            out.reserve(bytes.len());
            for &b in bytes {
                push_char(u32::from(b), out);
            }
            Stopped::AtEnd
        }
    }
}

fn push_char(c: u32, out: &mut Vec<u8>) -> bool {
    if c < 0x80 {
        out.push(c as u8);
        return true;
    }
    let Some(c) = char::from_u32(c) else { return false };
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    true
}

/// Appends the UTF-8 of data that [`check`] has passed.
pub fn convert<'s>(ctx: &Ctx<'s>, data: Term<'s>, encoding: Encoding, out: &mut Vec<u8>) -> Converted<'s> {
    let mut leftover = Leftover::default();
    let mut cells = 0;
    let rest = walk(ctx, data, encoding, out, &mut leftover, &mut cells);
    ctx.charge((cells + out.len() / 8) / STEPS_PER_REDUCTION);
    let waiting = || ctx.binary(leftover.bytes());
    match rest {
        Some(rest) if leftover.len > 0 => Converted::Error(ctx.list(&[waiting(), rest])),
        Some(rest) => Converted::Error(rest),
        None if leftover.len == 0 => Converted::All,
        None if leftover.may_be_completed() => Converted::Incomplete(waiting()),
        None => Converted::Error(waiting()),
    }
}

/// Does the work of [`convert`]; what is left if it stopped at no character.
fn walk<'s>(
    ctx: &Ctx<'s>,
    data: Term<'s>,
    encoding: Encoding,
    out: &mut Vec<u8>,
    leftover: &mut Leftover,
    cells: &mut usize,
) -> Option<Term<'s>> {
    let mut stack: Vec<Term<'s>> = Vec::new();
    let mut rest = data;
    // What is left of a binary whose conversion stopped at a byte.
    let cut = |t: Term<'s>, at: usize| {
        let v = t.as_bits()?;
        ctx.sub_bits(t, at * 8, v.bits - at * 8)
    };
    let bytes_of = |t: Term<'s>| t.as_bits().and_then(|v| v.to_bytes()).unwrap_or(Cow::Borrowed(&[]));
    let stopped = 'stopped: loop {
        while let Some((head, tail)) = rest.as_cons() {
            *cells += 1;
            if let Some(i) = head.as_small() {
                let limit = if encoding == Encoding::Latin1 { 0xff } else { 0x10_ffff };
                let char = u32::try_from(i).ok().filter(|&c| c <= limit && leftover.len == 0);
                if !char.is_some_and(|c| push_char(c, out)) {
                    break 'stopped rest;
                }
                rest = tail;
            } else if head.is_cons() {
                stack.push(tail);
                rest = head;
            } else if head.is_nil() {
                rest = tail;
            } else if head.as_bits().is_some() {
                match binary(&bytes_of(head), encoding, out, leftover) {
                    Stopped::AtEnd => rest = tail,
                    Stopped::At(at) => break 'stopped ctx.cons(cut(head, at).unwrap_or(head), tail),
                }
            } else {
                break 'stopped rest;
            }
        }
        if rest.as_bits().is_some() {
            if let Stopped::At(at) = binary(&bytes_of(rest), encoding, out, leftover) {
                break 'stopped cut(rest, at).unwrap_or(rest);
            }
        } else if !rest.is_nil() {
            break 'stopped rest;
        }
        match stack.pop() {
            Some(t) => rest = t,
            None => return None,
        }
    };
    // Around what is left of the innermost list stand the rests of the lists that hold it.
    Some(stack.into_iter().rev().fold(stopped, |inner, outer| ctx.cons(inner, outer)))
}

/// The characters of valid UTF-8 as a list.
pub fn chars<'s>(ctx: &Ctx<'s>, utf8: &[u8]) -> Term<'s> {
    if utf8.is_ascii() {
        return ctx.byte_list(utf8);
    }
    match std::str::from_utf8(utf8) {
        Ok(s) => ctx.string(s),
        Err(_) => Term::NIL,
    }
}
