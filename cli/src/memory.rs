//! What the allocator does with memory that has become free.
//!
//! While OTP boots, ten threads read a hundred modules, each through buffers that are of no use afterwards. mimalloc keeps
//! what is free for a while, which is right for programs and makes a boot's peak a third larger: so for as long as a boot
//! takes, free memory goes back at once. Afterwards it is kept for five seconds, where mimalloc has one: heaps come and go
//! as processes collect, and a page that is given back and taken again costs a page fault, some 2 us. Invariant: a setting
//! that the environment makes (`MIMALLOC_PURGE_DELAY` ...) holds.

use std::time::Duration;

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// How long a boot takes, at most.
const BOOT: Duration = Duration::from_millis(150);

/// An option of the allocator; the crate has no names for these two.
struct Choice {
    number: mi_option_t,
    name: &'static str,
    /// Its value while OTP boots.
    booting: std::ffi::c_long,
    /// Its value from then on.
    running: std::ffi::c_long,
}

const CHOICES: [Choice; 2] = [
    // Milliseconds until free memory is given back.
    Choice { number: 15, name: "MIMALLOC_PURGE_DELAY", booting: 0, running: 5000 },
    // Allocations after which a thread looks for pages of its own that are free.
    Choice { number: 34, name: "MIMALLOC_GENERIC_COLLECT", booting: 100, running: 10_000 },
];

impl Choice {
    #[cfg(test)]
    fn get(&self) -> std::ffi::c_long {
        // SAFETY: any number may be asked for.
        unsafe { libmimalloc_sys::mi_option_get(self.number) }
    }
    fn set(&self, value: std::ffi::c_long) {
        // SAFETY: the number is one of an option, which takes any value; the allocator reads it whenever it is needed, in
        // one load.
        unsafe { mi_option_set(self.number, value) }
    }
}

/// Keeps a boot's peak small. A thread that ends soon sets what is right for a running system.
pub fn spare_while_booting() {
    let chosen = || CHOICES.iter().filter(|c| std::env::var_os(c.name).is_none());
    let free: Vec<_> = chosen().collect();
    let booted = move || {
        std::thread::sleep(BOOT);
        free.into_iter().for_each(|c| c.set(c.running));
    };
    // Without a thread for it, everything stays as it is.
    if std::thread::Builder::new().name("memory".to_owned()).stack_size(64 << 10).spawn(booted).is_ok() {
        chosen().for_each(|c| c.set(c.booting));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_options() {
        // Defaults that no other option has.
        for (c, default) in CHOICES.iter().zip([1000, 10_000]) {
            assert_eq!(c.get(), default, "{}", c.name);
            c.set(default + 1);
            assert_eq!(c.get(), default + 1, "{}", c.name);
            c.set(default);
        }
    }
}
