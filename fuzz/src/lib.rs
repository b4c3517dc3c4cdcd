//! What no input may break: for every parser a property that holds of whatever comes.
//!
//! One function a target, each in the file of its name, fed in three ways:
//!
//! - `cargo test -p phonekey-fuzz` feeds it the inputs in `seeds/`, by `seeds.rs`;
//! - `cargo fuzz run NAME` feeds it what libFuzzer makes of them;
//! - `cargo run -p phonekey-fuzz --bin NAME -- FILE…` feeds it files, such as what libFuzzer left.
//!
//! To add a target: a file here, its line in [`TARGETS`], a file in `fuzz_targets/` and its `[[bin]]`,
//! a few inputs in `seeds/NAME/`.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a property that does not hold panics: that is how libFuzzer hears of it"
)]

pub mod body;
pub mod code;
pub mod configuration;
pub mod database;
pub mod language;
pub mod phone;
pub mod reply;
pub mod request;
#[cfg(test)]
mod seeds;
pub mod smpp;
pub mod standing;
pub mod token;

use std::{env, fs, io};

/// Panics when something does not hold of the input.
pub type Property = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Property); 11] = [
    ("body", body::holds),
    ("code", code::holds),
    ("configuration", configuration::holds),
    ("database", database::holds),
    ("language", language::holds),
    ("phone", phone::holds),
    ("reply", reply::holds),
    ("request", request::holds),
    ("smpp", smpp::holds),
    ("standing", standing::holds),
    ("token", token::holds),
];

/// The program of one target: libFuzzer's under `cargo fuzz`, else one that is given files.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::$name::holds(input));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            $crate::replay($crate::$name::holds)
        }
    };
}

/// Feeds a property the files that the command line names.
///
/// # Errors
/// When a file cannot be read.
pub fn replay(property: Property) -> io::Result<()> {
    for file in env::args_os().skip(1) {
        property(&fs::read(file)?);
    }
    Ok(())
}

/// The text that an input begins with.
fn text(input: &[u8]) -> &str {
    let first = input.utf8_chunks().next();
    first.map_or("", |chunk| chunk.valid())
}

/// An input's first line, and what follows it.
fn first_line(input: &[u8]) -> (&str, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (line, rest) = end.map_or((input, &input[..0]), |end| {
        (&input[..end], &input[end + 1..])
    });
    (text(line).trim_end_matches('\r'), rest)
}
