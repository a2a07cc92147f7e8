#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| girder_fuzz::vm::etf(bytes));
