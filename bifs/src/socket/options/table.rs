//! Options of the system: their names, numbers and shapes, level by level.
//!
//! Invariant: an option's number is unique in its level.

use girder_vm::Releases;

/// What the value of an option looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// `true` or `false`.
    Bool,
    /// A number.
    Int,
    /// A number that cannot be set.
    IntRead,
    /// The name of a network interface.
    Device,
    /// A domain, which cannot be set.
    Domain,
    /// `#{onoff, linger}` or `abort`.
    Linger,
    /// A protocol, which cannot be set.
    Protocol,
    /// A type, which cannot be set.
    Kind,
    /// A multicast group and an interface, by addresses.
    Membership,
    /// A multicast group, an interface and a source.
    Source,
    /// A multicast group, an interface and many sources.
    Filter,
    /// What is done about the largest packet of a path.
    Discovery,
    /// An interface, by address.
    Interface,
    /// A type of service.
    Tos,
    /// Control data.
    PacketOptions,
    /// A domain that the socket is turned into.
    AddressForm,
    /// A multicast group and an interface, by index.
    Membership6,
    /// A number of hops or `default`.
    Hops,
    /// The name of an algorithm.
    Congestion,
}

/// An option.
pub(in super::super) struct Row {
    pub(in super::super) name: &'static str,
    pub(in super::super) number: i32,
    pub(super) shape: Shape,
    /// Releases that know its name.
    pub(in super::super) listed: Releases,
    /// Releases that know what to do about it.
    pub(in super::super) works: Releases,
}

/// A level with what it has, and names that mean nothing on this system.
pub(in super::super) struct Level {
    pub(in super::super) name: &'static str,
    pub(in super::super) number: i32,
    pub(in super::super) rows: &'static [Row],
    pub(in super::super) absent: &'static [(&'static str, Releases)],
}

const fn row(name: &'static str, number: i32, shape: Shape) -> Row {
    partly(name, number, shape, Releases::ALL, Releases::ALL)
}

const fn partly(name: &'static str, number: i32, shape: Shape, listed: Releases, works: Releases) -> Row {
    Row { name, number, shape, listed, works }
}

const SOCKET: &[Row] = &[
    row("acceptconn", 30, Shape::Bool),
    row("bindtodevice", 25, Shape::Device),
    row("broadcast", 6, Shape::Bool),
    row("debug", 1, Shape::Int),
    row("domain", 39, Shape::Domain),
    row("dontroute", 5, Shape::Bool),
    row("keepalive", 9, Shape::Bool),
    row("linger", 13, Shape::Linger),
    row("oobinline", 10, Shape::Bool),
    row("passcred", 16, Shape::Bool),
    row("peek_off", 42, Shape::Int),
    row("priority", 12, Shape::Int),
    row("protocol", 38, Shape::Protocol),
    row("rcvbuf", 8, Shape::Int),
    row("rcvlowat", 18, Shape::Int),
    row("reuseaddr", 2, Shape::Bool),
    row("reuseport", 15, Shape::Bool),
    row("sndbuf", 7, Shape::Int),
    row("sndlowat", 19, Shape::Int),
    row("timestamp", 29, Shape::Bool),
    partly("timestampns", 35, Shape::Bool, Releases::R29, Releases::R29),
    row("type", 3, Shape::Kind),
];

const SOCKET_ABSENT: &[(&str, Releases)] = &[
    ("acceptfilter", Releases::ALL),
    ("busy_poll", Releases::ALL),
    ("error", Releases::ALL),
    ("mark", Releases::ALL),
    ("peercred", Releases::ALL),
    ("rcvbufforce", Releases::ALL),
    ("rcvtimeo", Releases::ALL),
    ("rxq_ovfl", Releases::ALL),
    ("setfib", Releases::ALL),
    ("sndbufforce", Releases::ALL),
    ("sndtimeo", Releases::ALL),
    ("bsp_state", Releases::SINCE_27),
    ("exclusiveaddruse", Releases::SINCE_27),
    ("max_msg_size", Releases::SINCE_27),
    ("maxdg", Releases::SINCE_27),
];

const IP: &[Row] = &[
    row("add_membership", 35, Shape::Membership),
    row("add_source_membership", 39, Shape::Source),
    row("block_source", 38, Shape::Source),
    row("drop_membership", 36, Shape::Membership),
    row("drop_source_membership", 40, Shape::Source),
    row("freebind", 15, Shape::Bool),
    row("hdrincl", 3, Shape::Bool),
    row("minttl", 21, Shape::Int),
    row("msfilter", 41, Shape::Filter),
    row("mtu", 14, Shape::IntRead),
    row("mtu_discover", 10, Shape::Discovery),
    row("multicast_all", 49, Shape::Bool),
    row("multicast_if", 32, Shape::Interface),
    row("multicast_loop", 34, Shape::Bool),
    row("multicast_ttl", 33, Shape::Int),
    row("nodefrag", 22, Shape::Bool),
    row("pktinfo", 8, Shape::Bool),
    row("pktoptions", 9, Shape::PacketOptions),
    row("recverr", 11, Shape::Bool),
    row("recvopts", 6, Shape::Bool),
    row("recvorigdstaddr", 20, Shape::Bool),
    row("recvtos", 13, Shape::Bool),
    row("recvttl", 12, Shape::Bool),
    row("retopts", 7, Shape::Bool),
    row("router_alert", 5, Shape::Int),
    row("tos", 1, Shape::Tos),
    row("transparent", 19, Shape::Bool),
    row("ttl", 2, Shape::Int),
    row("unblock_source", 37, Shape::Source),
];

const IP_ABSENT: &[(&str, Releases)] = &[
    ("dontfrag", Releases::ALL),
    ("options", Releases::ALL),
    ("recvdstaddr", Releases::ALL),
    ("recvif", Releases::ALL),
    ("sendsrcaddr", Releases::ALL),
];

const IPV6: &[Row] = &[
    row("add_membership", 20, Shape::Membership6),
    row("addrform", 1, Shape::AddressForm),
    row("authhdr", 10, Shape::Bool),
    row("drop_membership", 21, Shape::Membership6),
    row("dstopts", 59, Shape::Bool),
    row("flowinfo", 11, Shape::Bool),
    row("hoplimit", 52, Shape::Bool),
    row("hopopts", 54, Shape::Bool),
    row("mtu", 24, Shape::Int),
    row("mtu_discover", 23, Shape::Discovery),
    row("multicast_hops", 18, Shape::Hops),
    row("multicast_if", 17, Shape::Int),
    row("multicast_loop", 19, Shape::Bool),
    row("recverr", 25, Shape::Bool),
    row("recvhoplimit", 51, Shape::Bool),
    row("recvpktinfo", 49, Shape::Bool),
    row("recvtclass", 66, Shape::Bool),
    row("router_alert", 22, Shape::Int),
    row("rthdr", 57, Shape::Bool),
    row("tclass", 67, Shape::Int),
    row("unicast_hops", 16, Shape::Hops),
    row("v6only", 26, Shape::Bool),
];

const IPV6_ABSENT: &[(&str, Releases)] = &[
    ("auth_level", Releases::ALL),
    ("checksum", Releases::ALL),
    ("esp_network_level", Releases::ALL),
    ("esp_trans_level", Releases::ALL),
    ("faith", Releases::ALL),
    ("ipcomp_level", Releases::ALL),
    ("join_group", Releases::ALL),
    ("leave_group", Releases::ALL),
    ("pktoptions", Releases::ALL),
    ("portrange", Releases::ALL),
    ("use_min_mtu", Releases::ALL),
];

const SCTP: &[Row] = &[
    row("autoclose", 4, Shape::Int),
    row("disable_fragments", 8, Shape::Bool),
    row("maxseg", 13, Shape::Int),
    row("nodelay", 3, Shape::Bool),
];

const SCTP_ABSENT: &[(&str, Releases)] = &[
    ("rtoinfo", Releases::ALL),
    ("initmsg", Releases::ALL),
    ("events", Releases::ALL),
    ("associnfo", Releases::ALL),
    ("adaptation_layer", Releases::R29),
    ("default_send_param", Releases::R29),
    ("get_assoc_stats", Releases::R29),
    ("partial_delivery", Releases::R29),
    ("adaption_layer", Releases::UNTIL_27),
    ("default_send_params", Releases::UNTIL_27),
    ("partial_delivery_point", Releases::UNTIL_27),
    ("auth_active_key", Releases::ALL),
    ("auth_chunk", Releases::ALL),
    ("auth_delete_key", Releases::ALL),
    ("auth_key", Releases::ALL),
    ("context", Releases::ALL),
    ("delayed_ack_time", Releases::ALL),
    ("explicit_eor", Releases::ALL),
    ("fragment_interleave", Releases::ALL),
    ("get_peer_addr_info", Releases::ALL),
    ("hmac_ident", Releases::ALL),
    ("i_want_mapped_v4_addr", Releases::ALL),
    ("local_auth_chunks", Releases::ALL),
    ("maxburst", Releases::ALL),
    ("peer_addr_params", Releases::ALL),
    ("peer_auth_chunks", Releases::ALL),
    ("primary_addr", Releases::ALL),
    ("reset_streams", Releases::ALL),
    ("set_peer_primary_addr", Releases::ALL),
    ("status", Releases::ALL),
    ("use_ext_recvinfo", Releases::ALL),
];

const TCP: &[Row] = &[
    row("congestion", 13, Shape::Congestion),
    row("cork", 3, Shape::Bool),
    partly("keepcnt", 6, Shape::Int, Releases::ALL, Releases::SINCE_27),
    partly("keepidle", 4, Shape::Int, Releases::ALL, Releases::SINCE_27),
    partly("keepintvl", 5, Shape::Int, Releases::ALL, Releases::SINCE_27),
    row("maxseg", 2, Shape::Int),
    row("nodelay", 1, Shape::Bool),
    partly("user_timeout", 18, Shape::Int, Releases::ALL, Releases::R29),
];

const TCP_ABSENT: &[(&str, Releases)] = &[
    ("info", Releases::ALL),
    ("md5sig", Releases::ALL),
    ("noopt", Releases::ALL),
    ("nopush", Releases::ALL),
    ("syncnt", Releases::ALL),
];

const UDP: &[Row] = &[row("cork", 1, Shape::Bool)];

const UDP_ABSENT: &[(&str, Releases)] = &[];

/// The levels.
pub(in super::super) const LEVELS: [Level; 6] = [
    Level { name: "socket", number: 1, rows: SOCKET, absent: SOCKET_ABSENT },
    Level { name: "ip", number: 0, rows: IP, absent: IP_ABSENT },
    Level { name: "ipv6", number: 41, rows: IPV6, absent: IPV6_ABSENT },
    Level { name: "sctp", number: 132, rows: SCTP, absent: SCTP_ABSENT },
    Level { name: "tcp", number: 6, rows: TCP, absent: TCP_ABSENT },
    Level { name: "udp", number: 17, rows: UDP, absent: UDP_ABSENT },
];
