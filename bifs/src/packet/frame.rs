//! Where packets end, by type: length prefixes, lines, and protocols that carry a length of their own.

use std::ops::Range;

use memchr::memchr;

/// How packets are delimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// Whatever is there.
    Raw,
    /// One byte of length.
    Length1,
    /// Two bytes of length.
    Length2,
    /// Four bytes of length.
    Length4,
    /// Sun RPC record marking.
    SunRm,
    /// ASN.1 BER.
    Asn1,
    /// CORBA GIOP.
    Cdr,
    /// FastCGI.
    Fcgi,
    /// RFC 1006.
    Tpkt,
    /// TLS records, and SSL 2 client hellos.
    SslTls,
    /// Ended by a delimiter.
    Line,
    /// First line of an HTTP message.
    HttpLine,
    /// Header line of an HTTP message; may be continued.
    HttpHeader,
}

/// The options that bound packets; 0 = no bound.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `packet_size`.
    pub max: usize,
    /// `line_length`: longer lines are cut.
    pub truncate: usize,
    /// `line_delimiter`.
    pub delimiter: u8,
}

/// What [`packet_size`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The packet has so many bytes; not all need be there.
    Packet(usize),
    /// More bytes are needed to tell.
    More,
    /// No packet can begin like this.
    Invalid,
}

fn be(bytes: &[u8]) -> i64 {
    bytes.iter().fold(0, |n, &b| n << 8 | i64::from(b))
}

/// A packet with a header of `header` bytes that announces `content` more.
fn announced(header: usize, content: i64, limits: &Limits) -> Need {
    let total = header as i64 + content;
    // Sizes are 31-bit numbers, as in OTP.
    if content < 0 || total > i64::from(i32::MAX) || (limits.max != 0 && content > limits.max as i64) {
        Need::Invalid
    } else {
        Need::Packet(total as usize)
    }
}

/// Size of the first packet in `bytes`.
pub fn packet_size(framing: Framing, bytes: &[u8], limits: &Limits) -> Need {
    let n = bytes.len();
    let header = match framing {
        Framing::Raw => return if n == 0 { Need::More } else { Need::Packet(n) },
        Framing::Line => return line_size(bytes, limits),
        Framing::HttpLine | Framing::HttpHeader => return http_size(framing == Framing::HttpHeader, bytes, limits),
        Framing::Asn1 => return asn1_size(bytes, limits),
        Framing::Length1 => 1,
        Framing::Length2 => 2,
        Framing::Length4 | Framing::SunRm | Framing::Tpkt => 4,
        Framing::Cdr => 12,
        Framing::Fcgi => 8,
        Framing::SslTls => 5,
    };
    if n < header {
        return Need::More;
    }
    let content = match framing {
        Framing::SunRm => be(&bytes[..4]) & 0x7fff_ffff,
        Framing::Tpkt if bytes[0] == 3 => be(&bytes[2..4]) - 4,
        Framing::Cdr if bytes.starts_with(b"GIOP") => {
            let mut size = [bytes[8], bytes[9], bytes[10], bytes[11]];
            if bytes[6] & 1 == 1 {
                size.reverse();
            }
            be(&size)
        }
        Framing::Fcgi if bytes[0] == 1 => be(&bytes[4..6]) + i64::from(bytes[6]),
        Framing::Tpkt | Framing::Cdr | Framing::Fcgi => return Need::Invalid,
        Framing::SslTls if is_ssl2_hello(bytes) => (be(&bytes[..2]) & 0x7fff) - 3,
        Framing::SslTls => be(&bytes[3..5]),
        _ => be(&bytes[..header]),
    };
    announced(header, content, limits)
}

fn line_size(bytes: &[u8], limits: &Limits) -> Need {
    let n = bytes.len();
    match memchr(limits.delimiter, bytes) {
        None if limits.max != 0 && n > limits.max => Need::Invalid,
        None if limits.truncate != 0 && n >= limits.truncate => Need::Packet(limits.truncate),
        None => Need::More,
        Some(at) if limits.max != 0 && at + 1 > limits.max => Need::Invalid,
        Some(at) if limits.truncate != 0 && at + 1 > limits.truncate => Need::Packet(limits.truncate),
        Some(at) => Need::Packet(at + 1),
    }
}

fn http_size(header: bool, bytes: &[u8], limits: &Limits) -> Need {
    let n = bytes.len();
    if bytes == b"\n" || bytes == b"\r\n" {
        return Need::Packet(n);
    }
    let max = if limits.max != 0 { limits.max } else { limits.truncate };
    let mut from = 0;
    loop {
        let Some(at) = memchr(b'\n', &bytes[from..]) else {
            return if max != 0 && n >= max { Need::Invalid } else { Need::More };
        };
        let size = from + at + 1;
        let folded = header && size < n && size > 2 && matches!(bytes[size], b' ' | b'\t');
        if folded {
            from = size;
        } else if max != 0 && size > max {
            return Need::Invalid;
        } else if header && size == n && size > 0 {
            // The next byte tells whether the line goes on.
            return Need::More;
        } else {
            return Need::Packet(size);
        }
    }
}

fn asn1_size(bytes: &[u8], limits: &Limits) -> Need {
    let [tag, rest @ ..] = bytes else { return Need::More };
    let mut rest = rest;
    if bytes.len() < 2 {
        return Need::More;
    }
    if tag & 0x1f == 0x1f {
        let long = rest.iter().take_while(|&&b| b & 0x80 != 0).count();
        rest = &rest[long..];
        if rest.len() < 2 {
            return Need::More;
        }
        rest = &rest[1..];
    }
    let [length, rest @ ..] = rest else { return Need::More };
    let mut header = bytes.len() - rest.len();
    let mut content = i64::from(length & 0x7f);
    if length & 0x80 != 0 {
        let count = usize::from(length & 0x7f);
        if rest.len() < count {
            return Need::More;
        }
        if count > 4 {
            return Need::Invalid;
        }
        content = be(&rest[..count]);
        header += count;
    }
    announced(header, content, limits)
}

/// The part of a packet that is shown.
pub fn body(framing: Framing, packet: &[u8]) -> Range<usize> {
    match framing {
        Framing::Length1 => 1..packet.len(),
        Framing::Length2 => 2..packet.len(),
        Framing::Length4 => 4..packet.len(),
        Framing::Fcgi => 0..packet.len() - usize::from(packet[6]),
        _ => 0..packet.len(),
    }
}

fn is_ssl2_hello(bytes: &[u8]) -> bool {
    bytes[0] & 0x80 != 0 && bytes[2] == 1
}

/// A TLS record.
#[derive(PartialEq, Eq, Debug)]
pub struct SslRecord {
    /// Content type; 22 (handshake) for an SSL 2 client hello.
    pub content_type: u8,
    /// Major and minor version.
    pub version: [u8; 2],
    /// Its content; for an SSL 2 client hello made to look like a handshake message.
    pub fragment: Vec<u8>,
}

/// Takes a packet of type [`Framing::SslTls`] apart.
pub fn ssl_record(packet: &[u8]) -> SslRecord {
    if !is_ssl2_hello(packet) {
        return SslRecord { content_type: packet[0], version: [packet[1], packet[2]], fragment: packet[5..].to_vec() };
    }
    let content = &packet[3..];
    let mut fragment = vec![1];
    fragment.extend_from_slice(&(content.len() as u32).to_be_bytes()[1..]);
    fragment.extend_from_slice(content);
    SslRecord { content_type: 22, version: [packet[3], packet[4]], fragment }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_by_type() {
        let none = Limits { max: 0, truncate: 0, delimiter: b'\n' };
        let max = |n| Limits { max: n, ..none };
        let cut = |n| Limits { truncate: n, ..none };
        let cases: &[(Framing, &[u8], Limits, Need)] = &[
            (Framing::Raw, b"", none, Need::More),
            (Framing::Raw, b"abc", none, Need::Packet(3)),
            (Framing::Length1, &[3, 1, 2], none, Need::Packet(4)),
            (Framing::Length2, &[1], none, Need::More),
            (Framing::Length2, &[1, 0], max(255), Need::Invalid),
            (Framing::Length4, &[0, 0, 0, 2], max(2), Need::Packet(6)),
            (Framing::Length4, &[0x7f, 0xff, 0xff, 0xff], none, Need::Invalid),
            (Framing::SunRm, &[0x80, 0, 0, 2], none, Need::Packet(6)),
            (Framing::Asn1, &[0x30], none, Need::More),
            (Framing::Asn1, &[0x30, 5], none, Need::Packet(7)),
            (Framing::Asn1, &[0x3f, 0x81, 1, 0x82, 1, 0], none, Need::Packet(262)),
            (Framing::Asn1, &[0x30, 0x85, 1, 2, 3, 4, 5], none, Need::Invalid),
            (Framing::Cdr, b"GIOP\x01\x00\x01\x00\x02\x00\x00\x00", none, Need::Packet(14)),
            (Framing::Cdr, b"GIOQ\x01\x00\x01\x00\x02\x00\x00\x00", none, Need::Invalid),
            (Framing::Fcgi, &[1, 1, 0, 1, 0, 4, 3, 0], none, Need::Packet(15)),
            (Framing::Tpkt, &[3, 0, 0, 9], none, Need::Packet(9)),
            (Framing::Tpkt, &[3, 0, 0, 2], none, Need::Invalid),
            (Framing::SslTls, &[22, 3, 1, 0, 4], none, Need::Packet(9)),
            (Framing::SslTls, &[0x80, 9, 1, 3, 0], none, Need::Packet(11)),
            (Framing::Line, b"ab\ncd", none, Need::Packet(3)),
            (Framing::Line, b"abcd", none, Need::More),
            (Framing::Line, b"abcd\n", cut(2), Need::Packet(2)),
            (Framing::Line, b"abcd", cut(4), Need::Packet(4)),
            (Framing::Line, b"abcd\n", max(4), Need::Invalid),
            (Framing::HttpLine, b"\r\n", none, Need::Packet(2)),
            (Framing::HttpLine, b"a\r\n", none, Need::Packet(3)),
            (Framing::HttpHeader, b"a: b\r\n", none, Need::More),
            (Framing::HttpHeader, b"a: b\r\nc", none, Need::Packet(6)),
            (Framing::HttpHeader, b"a: b\r\n c\r\nd", none, Need::Packet(10)),
            (Framing::HttpLine, b"abcd", cut(4), Need::Invalid),
        ];
        for (framing, bytes, limits, want) in cases {
            assert_eq!(packet_size(*framing, bytes, limits), *want, "{framing:?} {bytes:?}");
        }
    }

    #[test]
    fn an_ssl2_hello_becomes_a_handshake() {
        let record = ssl_record(&[0x80, 5, 1, 3, 0]);
        assert_eq!(record, SslRecord { content_type: 22, version: [3, 0], fragment: vec![1, 0, 0, 2, 3, 0] });
    }
}
