//! The fuzzer. `cargo xtask fuzz` builds it with coverage and runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| seawall_policy_fuzz::judge(data));
