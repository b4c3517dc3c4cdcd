//! The readers of bodies and fields, within reach of a fuzz target.

use bytes::Bytes;

use super::{
    body::{Parsed, parse},
    field,
    negotiation::negotiate,
};

/// Reads a body, and each of its fields in every way.
pub fn read(content_type: &str, body: &[u8]) {
    let _ = negotiate(Some(content_type), Some(content_type));
    let parsed = parse(Some(content_type), Bytes::copy_from_slice(body));
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else {
        return;
    };
    if let Ok(Parsed::Fields(fields)) = runtime.block_on(parsed) {
        for value in fields.values() {
            let _ = field::uuid(Some(value));
            let _ = field::short_text(Some(value), 64);
        }
    }
}
