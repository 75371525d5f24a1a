//! Fuzzes the target `workspace_file` of `foldback::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foldback::fuzz::run("workspace_file", bytes));
