//! Lines of HTTP messages: request and status lines, headers.
//!
//! As lenient as OTP's parser: what it accepts here is what `gen_tcp` users with `{packet, http}` rely on.

use girder_vm::Profile;

/// A line taken apart.
pub enum Line<'a> {
    /// `Method Uri HTTP/x.y`; version 0.9 if none is given.
    Request { method: &'a [u8], uri: Uri<'a>, version: [i32; 2] },
    /// `HTTP/x.y Status Phrase`.
    Response { version: [i32; 2], status: i32, phrase: &'a [u8] },
    /// `Name: value`.
    Header(Header<'a>),
    /// The empty line.
    EndOfHeaders,
}

/// A request's URI.
pub enum Uri<'a> {
    Star,
    AbsPath(&'a [u8]),
    Absolute { scheme: &'static str, host: &'a [u8], port: Option<i32>, path: &'a [u8] },
    Scheme(&'a [u8], &'a [u8]),
    Text(&'a [u8]),
}

/// A header.
pub struct Header<'a> {
    /// Number and name of a well-known one.
    pub known: Option<(usize, &'static str)>,
    /// The name with case adjusted, as far as names of normal length go.
    pub name: std::borrow::Cow<'a, [u8]>,
    /// The name as it stands.
    pub original: &'a [u8],
    /// The value.
    pub value: &'a [u8],
}

/// Longer header names keep their case.
const MAX_NAME: usize = 50;

const METHODS: [&str; 7] = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE"];

/// Headers that are shown as atoms; their place is their number.
const HEADERS: [&str; 52] = [
    "Cache-Control",
    "Connection",
    "Date",
    "Pragma",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "From",
    "Host",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "User-Agent",
    "Age",
    "Location",
    "Proxy-Authenticate",
    "Public",
    "Retry-After",
    "Server",
    "Vary",
    "Warning",
    "Www-Authenticate",
    "Allow",
    "Content-Base",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Md5",
    "Content-Range",
    "Content-Type",
    "Etag",
    "Expires",
    "Last-Modified",
    "Accept-Ranges",
    "Set-Cookie",
    "Set-Cookie2",
    "X-Forwarded-For",
    "Cookie",
    "Keep-Alive",
    "Proxy-Connection",
];

/// The method as an atom's name, if it is a well-known one.
pub fn known_method(method: &[u8]) -> Option<&'static str> {
    METHODS.into_iter().find(|m| m.as_bytes() == method)
}

fn is_space(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

fn is_separator(b: u8) -> bool {
    b <= b' ' || b >= 0x80 || b"()<>@,;:\\\"/[]?={}".contains(&b)
}

/// Splits at the end of the leading bytes that `f` accepts.
fn span(s: &[u8], f: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    s.split_at(s.iter().take_while(|&&b| f(b)).count())
}

fn skip_spaces(s: &[u8]) -> &[u8] {
    span(s, is_space).1
}

/// Leading decimal digits as a number (which wraps around, as OTP's does) and what follows.
fn number(s: &[u8]) -> Option<(i32, &[u8])> {
    let (digits, rest) = span(s, |b| b.is_ascii_digit());
    let n = digits.iter().fold(0i32, |n, b| n.wrapping_mul(10).wrapping_add(i32::from(b - b'0')));
    (!digits.is_empty()).then_some((n, rest))
}

/// `x.y`.
fn version(s: &[u8]) -> Option<([i32; 2], &[u8])> {
    let (major, rest) = number(s)?;
    let (minor, rest) = number(rest.strip_prefix(b".")?)?;
    Some(([major, minor], rest))
}

/// Takes a packet apart; `None` for what is no line of its kind.
pub fn parse(packet: &[u8], header: bool) -> Option<Line<'_>> {
    let n = packet.len();
    let line =
        if n >= 2 && packet[n - 2] == b'\r' { &packet[..n - 2] } else { packet.strip_suffix(b"\n").unwrap_or(packet) };
    if header {
        parse_header(line)
    } else if let Some(rest) = line.strip_prefix(b"HTTP/") {
        parse_response(rest)
    } else {
        parse_request(line)
    }
}

fn parse_response(rest: &[u8]) -> Option<Line<'_>> {
    let (version, rest) = version(rest)?;
    let after = skip_spaces(rest);
    if after.len() == rest.len() {
        return None;
    }
    let (status, rest) = number(after).unwrap_or((0, after));
    let phrase = skip_spaces(rest);
    if phrase.len() == rest.len() && !phrase.is_empty() {
        return None;
    }
    Some(Line::Response { version, status, phrase })
}

fn parse_request(line: &[u8]) -> Option<Line<'_>> {
    let (method, rest) = span(line, |b| !is_separator(b));
    if method.is_empty() || !rest.first().is_some_and(|&b| is_space(b)) {
        return None;
    }
    let (uri, rest) = span(skip_spaces(rest), |b| !is_space(b));
    if uri.is_empty() {
        return None;
    }
    let rest = skip_spaces(rest);
    let version = if rest.is_empty() {
        [0, 9]
    } else if rest.len() < 8 {
        return None;
    } else {
        version(rest.strip_prefix(b"HTTP/")?)?.0
    };
    Some(Line::Request { method, uri: parse_uri(uri), version })
}

fn parse_uri(uri: &[u8]) -> Uri<'_> {
    let after = |scheme: &str| {
        let n = scheme.len();
        (uri.len() >= n && uri[..n].eq_ignore_ascii_case(scheme.as_bytes())).then(|| &uri[n..])
    };
    if uri == b"*" {
        Uri::Star
    } else if uri.len() <= 1 || uri[0] == b'/' {
        Uri::AbsPath(uri)
    } else if let Some(rest) = after("http://") {
        absolute("http", rest)
    } else if let Some(rest) = after("https://") {
        absolute("https", rest)
    } else if let Some(at) = memchr::memchr(b':', uri) {
        Uri::Scheme(&uri[..at], &uri[at + 1..])
    } else {
        Uri::Text(uri)
    }
}

fn absolute<'a>(scheme: &'static str, rest: &'a [u8]) -> Uri<'a> {
    let (place, path) = match memchr::memchr(b'/', rest) {
        Some(at) => rest.split_at(at),
        None => (rest, &b"/"[..]),
    };
    // Newer releases know of IPv6 addresses in brackets, with colons of their own.
    let bracketed = place.first() == Some(&b'[') && Profile::get().release >= 27;
    let address = if bracketed { memchr::memchr(b']', place).map(|at| at + 1) } else { None };
    let (host, rest) = place.split_at(address.or_else(|| memchr::memchr(b':', place)).unwrap_or(place.len()));
    let port = rest.strip_prefix(b":").and_then(number).filter(|(n, rest)| rest.is_empty() && *n != 0).map(|(n, _)| n);
    Uri::Absolute { scheme, host, port, path }
}

fn parse_header(line: &[u8]) -> Option<Line<'_>> {
    if line.is_empty() {
        return Some(Line::EndOfHeaders);
    }
    let (original, rest) = span(line, |b| !is_separator(b));
    let value = skip_spaces(rest.strip_prefix(b":")?);
    if original.len() > MAX_NAME {
        return Some(Line::Header(Header { known: None, name: original.into(), original, value }));
    }
    let mut upper = true;
    let name: Vec<u8> = original
        .iter()
        .map(|&b| {
            let c = if upper { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
            upper = !upper && b == b'-';
            c
        })
        .collect();
    let known = HEADERS.into_iter().enumerate().find(|(_, h)| h.as_bytes() == name);
    Some(Line::Header(Header { known, name: name.into(), original, value }))
}
