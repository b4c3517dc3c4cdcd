//! HMAC-SHA-256 (RFC 2104), by which providers and we prove who has written something.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The code of what `parts` are together.
#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether `given` is the code of `parts` in hexadecimal digits of either case, in constant time.
pub(crate) fn is_hex_hmac(given: &str, key: &[u8], parts: &[&[u8]]) -> bool {
    let expected = hex(&hmac_sha256(key, parts));
    let given = given.to_ascii_lowercase();
    subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), given.as_bytes()).into()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    const PUBLISHED: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_published_vector_is_met() {
        let whole = hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"]);
        let parts = hmac_sha256(b"Jefe", &[b"what do ya want ", b"", b"for nothing?"]);

        assert_eq!(hex(&whole), PUBLISHED);
        assert_eq!(whole, parts);
    }

    #[test]
    fn only_the_whole_code_will_do() {
        let is_it = |given: &str| is_hex_hmac(given, b"Jefe", &[b"what do ya want for nothing?"]);

        assert!(is_it(PUBLISHED));
        assert!(is_it(&PUBLISHED.to_uppercase()));
        for other in [
            "",
            &PUBLISHED[..62],
            &format!("{PUBLISHED}00"),
            &PUBLISHED.replace('5', "6"),
        ] {
            assert!(!is_it(other), "{other}");
        }
    }
}
