//! Natives of module `prim_net`: names and addresses of hosts, services and interfaces.
//!
//! What asks the resolver may take long and runs as a dirty scheduler.

use std::ffi::CString;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use girder_vm::sched::Dirty;
use girder_vm::sys::socket::interfaces::{self, Interface};
use girder_vm::sys::socket::resolve::{self, Failure};
use girder_vm::sys::socket::{self as sys, Address};
use girder_vm::{Ctx, Profile, Raise, Term, am};

use super::arguments::{field, latin1, name_of, record};
use super::supports::INTERFACE_FLAGS;
use super::{Answer, address, atom, error, failed, ok};

girder_vm::natives! { pub TABLE:
    "prim_net" {
        "nif_command"/1 => command_1, Nif;
        "nif_get_adapters_addresses"/1 => windows_1, Nif;
        "nif_get_if_entry"/1 => windows_1, Nif;
        "nif_get_interface_info"/1 => windows_1, Nif;
        "nif_get_ip_address_table"/1 => windows_1, Nif;
        "nif_getaddrinfo"/3 => getaddrinfo_3, Nif;
        "nif_gethostname"/0 => gethostname_0, Nif;
        "nif_getifaddrs"/1 => getifaddrs_1, Nif;
        "nif_getnameinfo"/2 => getnameinfo_2, Nif;
        "nif_getservbyname"/2 => getservbyname_2, Nif, SINCE_27;
        "nif_getservbyport"/2 => getservbyport_2, Nif, SINCE_27;
        "nif_if_index2name"/1 => if_index2name_1, Nif;
        "nif_if_name2index"/1 => if_name2index_1, Nif;
        "nif_if_names"/0 => if_names_0, Nif;
        "nif_info"/0 => info_0, Nif;
    }
}

static DEBUG: AtomicBool = AtomicBool::new(false);

/// Only Windows has these.
fn windows_1<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Err(Raise::Notsup)
}

fn info_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let mut all = vec![("debug", Term::bool(DEBUG.load(Ordering::Relaxed)))];
    if Profile::get().release >= 28 {
        all.push(("netns", Term::bool(false)));
    }
    Ok(record(ctx, &all))
}

/// `{debug, Boolean}`.
fn command_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let einval = error(ctx, am::EINVAL.into());
    let Some([tag, on]) = a[0].as_tuple_of() else { return Ok(einval) };
    match on.as_bool() {
        Some(on) if name_of(tag) == Some("debug") => {
            DEBUG.store(on, Ordering::Relaxed);
            Ok(am::OK.into())
        }
        _ => Ok(einval),
    }
}

fn gethostname_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(ok(ctx, ctx.byte_list(rustix::system::uname().nodename().to_bytes())))
}

/// `{error, Why}` as the resolver puts it; what `name` does not know is `einval`.
fn unresolved<'s>(ctx: &Ctx<'s>, f: &Failure, system: impl FnOnce(&io::Error) -> Term<'s>) -> Term<'s> {
    match f {
        Failure::System(e) => system(e),
        Failure::Resolver(n) => {
            let why = match Failure::name(*n) {
                Some("memory") => "emem".into(),
                Some(name) => format!("e{name}"),
                None => "einval".into(),
            };
            error(ctx, atom(&why))
        }
    }
}

/// Bits of `getnameinfo`'s flags.
fn name_flags(t: Term<'_>) -> Option<i32> {
    if t.is(am::UNDEFINED) {
        return Some(0);
    }
    if !t.is_list() {
        return None;
    }
    let mut all = 0;
    for flag in t.list_iter() {
        all |= match name_of(flag)? {
            "namereqd" => resolve::NI_NAMEREQD,
            "dgram" => resolve::NI_DGRAM,
            "nofqdn" => resolve::NI_NOFQDN,
            "numerichost" => resolve::NI_NUMERICHOST,
            "numericserv" => resolve::NI_NUMERICSERV,
            // Names that are not of ASCII are shown as they are.
            "idn" => 32,
            _ => return None,
        };
    }
    Some(all)
}

fn getnameinfo_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let Some(of) = address::decode(a[0]) else { return Ok(error(ctx, am::EINVAL.into())) };
    let flags = name_flags(a[1]).ok_or(Raise::Badarg)?;
    Ok(match ctx.dirty(Dirty::Io, || resolve::name_of(&of, flags)) {
        Ok((host, service)) => {
            let names = [("host", ctx.byte_list(&host)), ("service", ctx.byte_list(&service))];
            ok(ctx, record(ctx, &names))
        }
        Err(f) => unresolved(ctx, &f, |e| failed(ctx, e)),
    })
}

/// A string for the C library, or nothing.
fn optional(t: Term<'_>) -> Result<Option<CString>, Raise> {
    if t.is(am::UNDEFINED) {
        return Ok(None);
    }
    latin1(t).and_then(|s| CString::new(s).ok()).map(Some).ok_or(Raise::Badarg)
}

fn getaddrinfo_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (host, service) = (optional(a[0])?, optional(a[1])?);
    if host.is_none() && service.is_none() {
        return Err(Raise::Badarg);
    }
    let kind = if Profile::get().release < 26 { "type" } else { "socktype" };
    Ok(match ctx.dirty(Dirty::Io, || resolve::addresses(host.as_ref(), service.as_ref())) {
        Ok(found) => {
            let all: Vec<_> = found
                .iter()
                .map(|f| {
                    record(
                        ctx,
                        &[
                            ("family", address::domain_term(f.family)),
                            (kind, address::kind_term(f.kind)),
                            ("protocol", ctx.int(f.protocol.into())),
                            ("addr", shown(ctx, f.address.as_ref())),
                        ],
                    )
                })
                .collect();
            ok(ctx, ctx.list(&all))
        }
        Err(f) => unresolved(ctx, &f, |_| error(ctx, atom("esystem"))),
    })
}

fn shown<'s>(ctx: &Ctx<'s>, a: Option<&Address>) -> Term<'s> {
    a.map_or(am::UNDEFINED.into(), |a| address::encode(ctx, a))
}

/// Flags that addresses of interfaces come with.
const DYNAMIC: i32 = 0x8000;
const ALL_MULTICAST: i32 = 0x200;

fn interface<'s>(ctx: &Ctx<'s>, i: &Interface) -> Term<'s> {
    let bits = i.flags as i32;
    let told = INTERFACE_FLAGS
        .iter()
        .filter(|(_, bit, _)| bits & bit != 0 && (1..=DYNAMIC).contains(bit) && *bit != ALL_MULTICAST);
    let mut all = vec![
        ("name", ctx.byte_list(&i.name)),
        ("flags", ctx.list_from(told.map(|(name, ..)| atom(name)).collect::<Vec<_>>())),
    ];
    let mut put = |key, a: Option<&Address>| all.extend(a.map(|a| (key, address::encode(ctx, a))));
    put("addr", i.address.as_ref());
    put("netmask", i.netmask.as_ref());
    if bits & interfaces::IFF_POINTOPOINT != 0 {
        put("dstaddr", i.other.as_ref());
    } else if bits & interfaces::IFF_BROADCAST != 0 {
        put("broadaddr", i.other.as_ref());
    }
    record(ctx, &all)
}

fn getifaddrs_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if !a[0].is_map() {
        return Err(Raise::Badarg);
    }
    let all = match field(a[0], "netns") {
        None => interfaces::all(),
        Some(path) => {
            use std::os::unix::ffi::OsStringExt;
            let path = std::ffi::OsString::from_vec(latin1(path).ok_or(Raise::Badarg)?);
            sys::in_namespace(path.as_ref(), interfaces::all).flatten()
        }
    };
    Ok(match all {
        Ok(all) => {
            let all: Vec<_> = all.iter().map(|i| interface(ctx, i)).collect();
            ok(ctx, ctx.list(&all))
        }
        Err(e) => failed(ctx, &e),
    })
}

fn if_names_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(match resolve::interface_names() {
        Ok(all) => {
            let all: Vec<_> =
                all.iter().map(|(n, name)| ctx.tuple(&[ctx.uint((*n).into()), ctx.byte_list(name)])).collect();
            ok(ctx, ctx.list(&all))
        }
        Err(e) => failed(ctx, &e),
    })
}

fn if_index2name_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let index = a[0].as_u64().and_then(|n| u32::try_from(n).ok()).ok_or(Raise::Badarg)?;
    Ok(match resolve::name_of_interface(index) {
        Ok(name) => ok(ctx, ctx.byte_list(&name)),
        Err(_) => error(ctx, atom("enxio")),
    })
}

fn if_name2index_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    /// Bytes of the longest name of an interface, with the zero at its end and one more.
    const ROOM: usize = 17;
    let name = latin1(a[0]).filter(|s| s.len() < ROOM).and_then(|s| CString::new(s).ok());
    let Some(name) = name else { return Ok(error(ctx, am::EINVAL.into())) };
    Ok(match resolve::index_of_interface(&name) {
        Ok(n) => ok(ctx, ctx.uint(n.into())),
        Err(e) => failed(ctx, &e),
    })
}

/// The name of a protocol; nothing for any.
fn service_protocol(t: Term<'_>) -> Result<Option<CString>, Raise> {
    match name_of(t) {
        Some("any") => Ok(None),
        Some(name) => CString::new(name).map(Some).map_err(|_| Raise::Badarg),
        None => optional(t),
    }
}

fn getservbyname_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (name, protocol) = (optional(a[0])?.ok_or(Raise::Badarg)?, service_protocol(a[1])?);
    Ok(match ctx.dirty(Dirty::Io, || resolve::service_port(&name, protocol.as_ref())) {
        Some(port) => ok(ctx, Term::small(i32::from(port))),
        None => error(ctx, am::EINVAL.into()),
    })
}

fn getservbyport_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let protocol = service_protocol(a[1])?;
    // The system looks at the lowest 16 bits.
    let port = a[0].as_i64().ok_or(Raise::Badarg)? as u16;
    Ok(match ctx.dirty(Dirty::Io, || resolve::service_name(port, protocol.as_ref())) {
        Some(name) => ok(ctx, ctx.byte_list(&name)),
        None => error(ctx, am::EINVAL.into()),
    })
}
