//! A number's standing, as the databases keep it.

use phonekey_core::standing::Standing;

/// What can be read is written again to the byte.
pub fn holds(input: &[u8]) {
    if let Ok(standing) = Standing::decode(input) {
        assert_eq!(standing.encode(), input);
    }
}
