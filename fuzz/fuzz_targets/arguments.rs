#![no_main]

#[path = "../arguments.rs"]
mod arguments;

libfuzzer_sys::fuzz_target!(|data: &[u8]| arguments::arguments(data));
