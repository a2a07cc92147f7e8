//! Native functions, grouped by OTP module and theme. Each file declares what it defines in a `TABLE`
//! (see [`girder_vm::natives!`]); this file lists the tables.
//!
//! Invariant: every row names a native that [`facts`] knows, with the same kind and releases, and no row twice.

#![forbid(unsafe_code)]

use std::sync::LazyLock;

use girder_vm::native::Native;

pub mod facts;
mod filename;

mod arith;
mod atomics;
pub mod binary;
pub mod bitstring;
mod break_menu;
mod checksum;
mod code;
mod compare;
pub mod convert;
pub mod crash_dump;
mod ddll;
mod debug;
mod dictionary;
pub mod drivers;
mod dtrace;
mod erl_tracer;
mod errors;
mod etf;
pub mod ets;
mod file;
mod funs;
mod hash;
mod internal_state;
pub mod iolist;
mod large;
mod lists;
mod maps;
mod math;
mod memory;
mod memory_info;
mod modules;
mod monitor;
mod msacc;
pub mod node;
pub mod os;
pub mod packet;
mod persistent_term;
mod port;
mod prim_buffer;
mod process;
mod re;
mod records;
mod registry;
pub mod signals;
mod socket;
mod sys;
mod system_flag;
mod system_info;
mod time;
mod trace;
mod tty;
mod tuple;
mod types;
pub mod unicode;
mod wall_time;
mod zlib;
mod zstd;

/// The tables, one a file. Keep the list sorted, one a line.
#[rustfmt::skip]
const TABLES: &[&[Native]] = &[
    arith::TABLE,
    atomics::TABLE,
    binary::TABLE,
    binary::SEARCH,
    bitstring::TABLE,
    checksum::TABLE,
    code::coverage::TABLE,
    code::files::TABLE,
    code::loading::TABLE,
    code::purging::TABLE,
    compare::TABLE,
    convert::atom::TABLE,
    convert::display::TABLE,
    convert::float::TABLE,
    convert::ids::TABLE,
    convert::integer::TABLE,
    erl_tracer::TABLE,
    dtrace::TABLE,
    ddll::TABLE,
    debug::TABLE,
    errors::TABLE,
    etf::TABLE,
    ets::INFO,
    ets::OBJECTS,
    ets::SELECT,
    ets::SPEC,
    ets::TABLES,
    ets::UPDATE,
    ets::WALK,
    funs::TABLE,
    hash::TABLE,
    internal_state::TABLE,
    iolist::TABLE,
    lists::TABLE,
    maps::TABLE,
    math::TABLE,
    memory::TABLE,
    modules::TABLE,
    node::TABLE,
    os::TABLE,
    packet::TABLE,
    persistent_term::TABLE,
    port::OPEN,
    port::TABLE,
    prim_buffer::TABLE,
    re::TABLE,
    records::TABLE,
    signals::TABLE,
    sys::TABLE,
    system_flag::TABLE,
    system_info::TABLE,
    dictionary::TABLE,
    monitor::TABLE,
    process::dirty::TABLE,
    process::flag::TABLE,
    process::info::TABLE,
    process::signal::TABLE,
    process::spawn::TABLE,
    process::system::TABLE,
    registry::TABLE,
    time::calendar::TABLE,
    time::clock::TABLE,
    time::timer::TABLE,
    tty::TABLES[0],
    tty::TABLES[1],
    tuple::TABLE,
    types::TABLE,
    unicode::TABLE,
    wall_time::TABLE,
    zlib::TABLE,
    zstd::TABLE,
];

static ALL: LazyLock<Vec<Native>> = LazyLock::new(|| {
    [TABLES.concat(), file::TABLES.concat(), socket::TABLES.concat(), trace::TABLES.concat()].concat()
});

/// All natives.
pub fn all() -> &'static [Native] {
    &ALL
}

/// The native of this name, in whatever releases it exists.
pub fn find(module: &str, name: &str, arity: u8) -> Option<&'static Native> {
    all().iter().find(|n| n.arity == arity && n.name == name && n.module == module)
}

/// Module of the natives that are Girder's own: what the standalone group leader and its helpers stand on.
pub const OWN_MODULE: &str = "girder_sys";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_native_is_a_fact() {
        for n in all().iter().filter(|n| n.module != OWN_MODULE) {
            let name = format!("{}:{}/{}", n.module, n.name, n.arity);
            let f = facts::find(n.module, n.name, n.arity).unwrap_or_else(|| panic!("OTP has no native {name}"));
            assert_eq!(n.kind, f.kind, "kind of {name}");
            assert_eq!(n.releases, f.releases, "releases of {name}");
        }
    }

    #[test]
    fn no_native_is_declared_twice() {
        let mut seen = HashSet::new();
        for n in all() {
            assert!(seen.insert((n.module, n.name, n.arity)), "{}:{}/{} twice", n.module, n.name, n.arity);
        }
    }

    #[test]
    fn look_up_by_name() {
        assert!(find("erlang", "element", 2).is_some());
        assert!(find("erlang", "element", 3).is_none());
    }
}
