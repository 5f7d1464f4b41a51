//! Fuzzes the parser of the `Authorization` header.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = dash_auth_fuzz::basic(input);
});
