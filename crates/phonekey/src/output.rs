//! The only place that prints.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

/// Prints a line to the standard output.
///
/// A reader that has gone away (`phonekey user list | head`) is no failure: nobody wants the rest.
pub fn line(text: impl fmt::Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints text that has its own line breaks to the standard output.
pub fn text(text: impl fmt::Display) {
    let _ = write!(io::stdout().lock(), "{text}");
}

/// Prints a line to the standard error output, where no result is.
pub fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a person reads the standard output.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}
