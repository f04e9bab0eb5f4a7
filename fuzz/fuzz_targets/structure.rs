#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| cert_assistant_fuzz::structure::run(data));
