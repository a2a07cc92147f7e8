//! Packet modes of stream sockets: how packets are found in what comes in, and what goes in front of what is sent.
//!
//! Invariant: where packets begin and end is for the parser of `erlang:decode_packet/3` to say; a packet that is larger
//! than the options allow is wrong before room is made for it.

use girder_vm::Term;
use girder_vm::heap::Builder;

use crate::packet::frame::{self, Framing, Limits, Need};
use crate::packet::parsed;

use super::options::Options;

/// A packet mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    framing: Framing,
    /// Texts of HTTP are binaries.
    binaries: bool,
    /// Begins with header lines.
    headers: bool,
}

/// The mode of a number of the protocol.
const KINDS: [Kind; 15] = [
    plain(Framing::Raw),
    plain(Framing::Length1),
    plain(Framing::Length2),
    plain(Framing::Length4),
    plain(Framing::Asn1),
    plain(Framing::SunRm),
    plain(Framing::Cdr),
    plain(Framing::Fcgi),
    plain(Framing::Line),
    plain(Framing::Tpkt),
    http(false, false),
    http(false, true),
    plain(Framing::SslTls),
    http(true, false),
    http(true, true),
];

const fn plain(framing: Framing) -> Kind {
    Kind { framing, binaries: false, headers: false }
}

const fn http(binaries: bool, headers: bool) -> Kind {
    Kind { framing: Framing::HttpLine, binaries, headers }
}

/// What is known of the first packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum First {
    /// It is there, of so many bytes.
    Whole(usize),
    /// So many bytes are missing.
    Missing(usize),
    /// More are needed to tell.
    Unknown,
    /// It is wrong, or too large.
    Wrong,
}

impl Kind {
    /// The mode that the options ask for; what they name and is none counts as raw.
    pub(super) fn of(o: &Options) -> Kind {
        usize::try_from(o.packet).ok().and_then(|n| KINDS.get(n)).copied().unwrap_or(KINDS[0])
    }
    fn framing(self, in_headers: bool) -> Framing {
        match self.framing {
            Framing::HttpLine if in_headers || self.headers => Framing::HttpHeader,
            f => f,
        }
    }
    /// Bytes of the length in front of what is sent.
    pub(super) fn prefix(self, len: usize) -> Vec<u8> {
        let n = match self.framing {
            Framing::Length1 => 1,
            Framing::Length2 => 2,
            Framing::Length4 => 4,
            _ => 0,
        };
        (len as u32).to_be_bytes()[4 - n..].to_vec()
    }
    /// Whether a length may be asked for.
    pub(super) fn is_raw(self) -> bool {
        self.framing == Framing::Raw
    }
    /// Looks for the first packet; `room`: bytes that the buffer holds at most.
    pub(super) fn first(self, o: &Options, in_headers: bool, bytes: &[u8], room: usize) -> First {
        let limits = Limits { max: o.packet_size, truncate: room, delimiter: o.delimiter };
        match frame::packet_size(self.framing(in_headers), bytes, &limits) {
            Need::Packet(n) if n <= bytes.len() => First::Whole(n),
            Need::Packet(n) => First::Missing(n - bytes.len()),
            Need::More => First::Unknown,
            Need::Invalid => First::Wrong,
        }
    }
    /// The part of a packet that is delivered.
    pub(super) fn body(self, packet: &[u8]) -> std::ops::Range<usize> {
        frame::body(self.framing, packet)
    }
    /// Whether packets are delivered as terms of their own; with what is delivered instead of `tcp` by active sockets.
    pub(super) fn is_parsed(self) -> bool {
        matches!(self.framing, Framing::HttpLine | Framing::SslTls)
    }
    /// TLS records name their socket themselves.
    pub(super) fn is_record(self) -> bool {
        self.framing == Framing::SslTls
    }
    /// The term of a packet, and whether header lines follow.
    pub(super) fn term<'s>(
        self,
        b: &Builder<'s>,
        in_headers: bool,
        packet: &[u8],
        socket: Term<'s>,
    ) -> Option<(Term<'s>, bool)> {
        parsed(b, self.framing(in_headers), self.binaries, packet, socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_lines() {
        let with = |packet, packet_size| {
            let mut o = Options::default();
            (o.packet, o.packet_size) = (packet, packet_size);
            o
        };
        let kind = |n| Kind::of(&with(n, 0));
        assert_eq!(kind(0).prefix(300), []);
        assert_eq!(kind(2).prefix(300), [1, 44]);
        assert_eq!(kind(3).prefix(300), [0, 0, 1, 44]);
        assert_eq!(kind(99), kind(0));
        let o = Options::default();
        assert_eq!(kind(2).first(&o, false, &[0, 3, 1], 100), First::Missing(2));
        assert_eq!(kind(2).first(&o, false, &[0], 100), First::Unknown);
        assert_eq!(kind(8).first(&o, false, b"ab\ncd", 100), First::Whole(3));
        assert_eq!(kind(8).first(&o, false, b"abcdefgh", 4), First::Whole(4));
        assert_eq!(kind(10).first(&o, true, b"a: b\r\n", 100), First::Unknown);
        assert_eq!(kind(10).first(&o, false, b"a: b\r\n", 100), First::Whole(6));
        assert_eq!(kind(11).first(&o, false, b"a: b\r\n", 100), First::Unknown);
        let small = with(0, 2);
        assert_eq!(kind(2).first(&small, false, &[0, 3, 1], 100), First::Wrong);
    }
}
