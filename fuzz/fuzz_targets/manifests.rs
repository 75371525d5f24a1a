//! Fuzzes the target `manifests` of `foldback::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foldback::fuzz::run("manifests", bytes));
