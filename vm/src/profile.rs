//! The release profile: what programs can observe that differs between OTP 25, 27 and 29.
//!
//! Invariant: fixed once, before the first module is loaded; hot handlers never test it.

use std::sync::OnceLock;

use crate::native::Releases;

/// The release whose behaviour the VM shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Profile {
    /// 25, 27 or 29 (others: the nearest of these below).
    pub release: u8,
}

static PROFILE: OnceLock<Profile> = OnceLock::new();

impl Profile {
    /// The profile for an OTP release number.
    pub fn for_release(n: u32) -> Profile {
        Profile {
            release: if n >= 28 {
                29
            } else if n >= 26 {
                27
            } else {
                25
            },
        }
    }
    /// Fixes the profile; `false` if another one was fixed before.
    pub fn fix(self) -> bool {
        *PROFILE.get_or_init(|| self) == self
    }
    /// The profile in force (25 if none was fixed).
    pub fn get() -> Profile {
        *PROFILE.get_or_init(|| Profile { release: 25 })
    }
    /// Its bit in a native's releases.
    pub fn releases(self) -> Releases {
        match self.release {
            25 => Releases::R25,
            27 => Releases::R27,
            _ => Releases::R29,
        }
    }
    /// A failing `X + 1` or `X - 1` shows no entry for the operator in its stack trace (25).
    pub fn adding_constants_is_anonymous(self) -> bool {
        self.release < 26
    }
    /// `binary:part/3` takes the whole bytes of bitstrings too (25).
    pub fn parts_of_bitstrings(self) -> bool {
        self.release < 26
    }
    /// Negating a value known to be a float turns 0.0 into 0.0 (25), not into -0.0.
    pub fn negation_loses_zero_sign(self) -> bool {
        self.release < 26
    }
    /// `erlang:fun_info(F, pid)` answers init (27 and later), not who made the fun.
    pub fn funs_belong_to_init(self) -> bool {
        self.release >= 27
    }
    /// `binary:referenced_byte_size/1` counts bits where a binary is on the heap (26 and 27).
    pub fn referenced_heap_bits(self) -> bool {
        self.release == 27
    }
    /// `0.0 =:= -0.0` (true up to 26).
    pub fn zeros_are_identical(self) -> bool {
        self.release < 27
    }
    /// Small maps keep atom keys in order of atom index (26 and later), else in term order.
    pub fn small_maps_by_atom_index(self) -> bool {
        self.release >= 27
    }
    /// Lists made of a large map run backwards to its iterators (up to 27).
    pub fn large_maps_list_backwards(self) -> bool {
        self.release < 28
    }
    /// `return_to` is told of exceptions that are caught further out than in the caller (27 and later).
    pub fn far_handlers_are_returned_to(self) -> bool {
        self.release >= 27
    }
    /// `maps:iterator/2` with an order exists (26 and later).
    pub fn maps_have_ordered_iterators(self) -> bool {
        self.release >= 27
    }
    /// Every bitstring whose bytes are off the heap is a `sub_binary` to `erts_internal:term_type/1`, and every other a
    /// `heap_binary`, whole bytes or not (27 and later).
    pub fn all_views_are_sub_binaries(self) -> bool {
        self.release >= 27
    }
    /// Strings and atoms name files that ports can be opened to (up to 26).
    pub fn ports_to_files(self) -> bool {
        self.release < 27
    }
    /// A map in the key of a pattern for tables matches maps with more keys also where nothing else in the key is open (27
    /// and later); else such a key is looked up as it is.
    pub fn maps_in_keys_are_open(self) -> bool {
        self.release >= 27
    }
    /// `binary` refuses bad patterns for empty subjects, and no copies of a bitstring that is no binary (27 and later).
    pub fn unused_binary_arguments_count(self) -> bool {
        self.release >= 27
    }
    /// The checksum of zlib's dictionaries is a C `int` (up to 26).
    pub fn dictionary_checksums_are_signed(self) -> bool {
        self.release < 27
    }
    /// Ports are encoded with 64-bit numbers (26 and later).
    pub fn long_ports_in_etf(self) -> bool {
        self.release >= 27
    }
    /// `term_to_binary/2` knows the option `local` (26 and later).
    pub fn local_encoding(self) -> bool {
        self.release >= 27
    }
    /// Atoms are encoded as UTF-8 in the external term format.
    pub fn utf8_atoms_in_etf(self) -> bool {
        self.release >= 27
    }
    /// Default limit of processes.
    pub fn process_limit(self) -> usize {
        if self.release < 27 { 262_144 } else { 1_048_576 }
    }
    /// Bits of a local pid's data word.
    pub fn pid_bits(self) -> u32 {
        if self.release < 27 { 28 } else { 60 }
    }
}
