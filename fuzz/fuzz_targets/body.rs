//! Bodies of all types, and the fields in them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (kind, parameters, body) = input;
    let content_type = match kind % 4 {
        0 => "application/json".to_owned(),
        1 => "application/x-www-form-urlencoded".to_owned(),
        2 => format!("multipart/form-data; boundary={parameters}"),
        _ => parameters.to_owned(),
    };
    phonekey_web::compat::fuzzing::read(&content_type, body);
});
