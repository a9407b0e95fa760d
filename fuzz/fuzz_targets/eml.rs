#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ragops_fuzz::binary(ragops_formats::Format::Eml, bytes));
