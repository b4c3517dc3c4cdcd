//! The reader of URLs, within reach of a fuzz target.

use std::error::Error;

use super::url::Target;

/// What is said of the server that a URL names, or of what is wrong with the URL.
#[must_use]
pub fn read(url: &str) -> String {
    match Target::parse(url) {
        Ok(target) => target.name(),
        Err(error) => {
            let source = error.source().map(ToString::to_string);
            format!("{error} {error:?} {}", source.unwrap_or_default())
        }
    }
}
