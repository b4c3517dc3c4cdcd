//! Configuration files.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    phonekey::config::fuzzing::read(text);
});
