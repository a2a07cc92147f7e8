//! `erlang:decode_packet/3`: finding packets in a stream of bytes. Sockets find theirs with the same functions.

pub mod frame;
mod http;

use girder_vm::atom::am;
use girder_vm::heap::Builder;
use girder_vm::{Ctx, Raise, Term};

use frame::{Framing, Limits, Need};
use http::{Header, Line, Uri};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "decode_packet"/3 => decode_packet_3, Bif;
    }
}

/// What a packet type means: how packets are delimited, and how their content is shown.
struct Type {
    framing: Framing,
    binaries: bool,
}

fn packet_type(t: Term<'_>) -> Option<Type> {
    let plain = |framing| Some(Type { framing, binaries: false });
    if let Some(n) = t.as_small() {
        return match n {
            0 => plain(Framing::Raw),
            1 => plain(Framing::Length1),
            2 => plain(Framing::Length2),
            4 => plain(Framing::Length4),
            _ => None,
        };
    }
    Some(match t.as_atom()?.name() {
        "raw" => return plain(Framing::Raw),
        "asn1" => return plain(Framing::Asn1),
        "sunrm" => return plain(Framing::SunRm),
        "cdr" => return plain(Framing::Cdr),
        "fcgi" => return plain(Framing::Fcgi),
        "line" => return plain(Framing::Line),
        "tpkt" => return plain(Framing::Tpkt),
        "ssl_tls" => return plain(Framing::SslTls),
        "http" => return plain(Framing::HttpLine),
        "httph" => return plain(Framing::HttpHeader),
        "http_bin" => Type { framing: Framing::HttpLine, binaries: true },
        "httph_bin" => Type { framing: Framing::HttpHeader, binaries: true },
        _ => return None,
    })
}

fn limits(options: Term<'_>, framing: Framing) -> Result<Limits, Raise> {
    let mut limits = Limits { max: 0, truncate: 0, delimiter: b'\n' };
    let mut list = options.list_iter();
    for option in list.by_ref() {
        let [name, value] = option.as_tuple_of().ok_or(Raise::Badarg)?;
        let value = value.as_usize().filter(|&v| v <= u32::MAX as usize).ok_or(Raise::Badarg)?;
        if name.is(am::PACKET_SIZE) {
            limits.max = value;
        } else if name.is(am::LINE_LENGTH) {
            limits.truncate = value;
        } else if name.is(am::LINE_DELIMITER) && framing == Framing::Line && value <= 0xff {
            limits.delimiter = value as u8;
        } else {
            return Err(Raise::Badarg);
        }
    }
    if list.tail().is_nil() { Ok(limits) } else { Err(Raise::Badarg) }
}

fn decode_packet_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let Some(kind) = packet_type(a[0]) else { return Err(ctx.badarg_because(Term::atom(am::BADOPT))) };
    let view = a[1].as_bits().ok_or(Raise::Badarg)?;
    let limits = limits(a[2], kind.framing)?;
    // Bits behind the last whole byte stay in the rest.
    let whole = view.slice(0, view.bits / 8 * 8).ok_or(Raise::Badarg)?;
    let bytes = whole.to_bytes().ok_or(Raise::Badarg)?;
    let invalid = || Ok(ctx.tuple(&[Term::atom(am::ERROR), Term::atom(am::INVALID)]));
    let size = match frame::packet_size(kind.framing, &bytes, &limits) {
        Need::Packet(n) if n <= bytes.len() => n,
        Need::Packet(n) => return Ok(ctx.tuple(&[Term::atom(am::MORE), ctx.uint(n as u64)])),
        Need::More => return Ok(ctx.tuple(&[Term::atom(am::MORE), Term::atom(am::UNDEFINED)])),
        Need::Invalid => return invalid(),
    };
    let packet = &bytes[..size];
    let value = match parsed(ctx, kind.framing, kind.binaries, packet, Term::NIL) {
        Some((t, _)) => t,
        None => {
            let body = frame::body(kind.framing, packet);
            ctx.sub_bits(a[1], body.start * 8, body.len() * 8).ok_or(Raise::Badarg)?
        }
    };
    let rest = ctx.sub_bits(a[1], size * 8, view.bits - size * 8).ok_or(Raise::Badarg)?;
    Ok(ctx.tuple(&[Term::atom(am::OK), value, rest]))
}

/// What packets of the types that are taken apart are shown as, and whether header lines follow; `None` for the others,
/// which are shown as they are. `of`: where a TLS record comes from.
pub fn parsed<'s>(
    b: &Builder<'s>,
    framing: Framing,
    binaries: bool,
    packet: &[u8],
    of: Term<'s>,
) -> Option<(Term<'s>, bool)> {
    match framing {
        Framing::HttpLine | Framing::HttpHeader => {
            let header = framing == Framing::HttpHeader;
            let line = http::parse(packet, header);
            let follow = match line {
                Some(Line::EndOfHeaders) => false,
                Some(_) => true,
                None => header,
            };
            Some((http_term(b, line, packet, binaries), follow))
        }
        Framing::SslTls => Some((ssl_term(b, packet, of), false)),
        _ => None,
    }
}

fn ssl_term<'s>(b: &Builder<'s>, packet: &[u8], of: Term<'s>) -> Term<'s> {
    let record = frame::ssl_record(packet);
    let version = b.tuple(&[Term::small(i32::from(record.version[0])), Term::small(i32::from(record.version[1]))]);
    let content = Term::small(i32::from(record.content_type));
    b.tuple(&[Term::atom(am::SSL_TLS), of, content, version, b.binary(&record.fragment)])
}

/// What the packet's line says, as the terms of OTP's `http` packets.
fn http_term<'s>(ctx: &Builder<'s>, line: Option<Line<'_>>, packet: &[u8], binaries: bool) -> Term<'s> {
    let string = |s: &[u8]| if binaries { ctx.binary(s) } else { ctx.byte_list(s) };
    let atom = |s: &str| ctx.atom(s).unwrap_or_else(|_| string(s.as_bytes()));
    let pair = |v: [i32; 2]| ctx.tuple(&[Term::small(v[0]), Term::small(v[1])]);
    match line {
        None => ctx.tuple(&[Term::atom(am::HTTP_ERROR), string(packet)]),
        Some(Line::EndOfHeaders) => Term::atom(am::HTTP_EOH),
        Some(Line::Response { version, status, phrase }) => {
            let t = [Term::atom(am::HTTP_RESPONSE), pair(version), Term::small(status), string(phrase)];
            ctx.tuple(&t)
        }
        Some(Line::Request { method, uri, version }) => {
            let method = http::known_method(method).map_or_else(|| string(method), atom);
            let uri = match uri {
                Uri::Star => Term::atom(am::TIMES),
                Uri::AbsPath(path) => ctx.tuple(&[Term::atom(am::ABS_PATH), string(path)]),
                Uri::Absolute { scheme, host, port, path } => {
                    let port = port.map_or(Term::atom(am::UNDEFINED), Term::small);
                    ctx.tuple(&[Term::atom(am::ABSOLUTE_URI), atom(scheme), string(host), port, string(path)])
                }
                Uri::Scheme(scheme, rest) => ctx.tuple(&[Term::atom(am::SCHEME), string(scheme), string(rest)]),
                Uri::Text(text) => string(text),
            };
            ctx.tuple(&[Term::atom(am::HTTP_REQUEST), method, uri, pair(version)])
        }
        Some(Line::Header(Header { known, name, original, value })) => {
            let (number, name) = match known {
                Some((i, known)) => (i as i32 + 1, atom(known)),
                None => (0, string(&name)),
            };
            let t = [Term::atom(am::HTTP_HEADER), Term::small(number), name, string(original), string(value)];
            ctx.tuple(&t)
        }
    }
}
