//! How to encode.

use crate::profile::Profile;

/// Options of an encoding, as `term_to_binary/2` has them.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Atoms as UTF-8 even where Latin-1 would do.
    pub utf8_atoms: bool,
    /// Floats as eight bytes, not as text.
    pub binary_floats: bool,
    /// Ports with 64-bit numbers even where 28 bits would do.
    pub long_ports: bool,
    /// Maps sorted by key, whatever their order of iteration.
    pub deterministic: bool,
    /// Compression level 1 to 9; 0: none.
    pub compression: u32,
    /// Only this run of this node shall be able to decode.
    pub local: bool,
}

impl Default for Options {
    /// The profile's defaults.
    fn default() -> Options {
        Options {
            utf8_atoms: Profile::get().utf8_atoms_in_etf(),
            binary_floats: true,
            long_ports: Profile::get().long_ports_in_etf(),
            deterministic: false,
            compression: 0,
            local: false,
        }
    }
}

impl Options {
    /// Level of the option `compressed` without a level.
    pub const DEFAULT_COMPRESSION: u32 = 6;

    /// Sets what `{minor_version, version}` stands for; `None` if there is no such version.
    pub fn minor_version(self, version: i64) -> Option<Options> {
        let (utf8_atoms, binary_floats) = match version {
            0 => (false, false),
            1 => (false, true),
            2 => (true, true),
            _ => return None,
        };
        Some(Options { utf8_atoms, binary_floats, ..self })
    }
}
