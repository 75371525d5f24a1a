//! Fuzzes the target `wire` of `foldback::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foldback::fuzz::run("wire", bytes));
