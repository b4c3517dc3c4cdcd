//! Bodies of requests: the `Content-Type` in the first line, the body after it.

use phonekey_web::compat::fuzzing;

use crate::first_line;

/// Reads it, and each of its fields in every way.
pub fn holds(input: &[u8]) {
    let (content_type, body) = first_line(input);
    fuzzing::read(content_type, body);
}
