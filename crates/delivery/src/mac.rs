//! HMAC (RFC 2104), by which providers and we prove who has written something.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac, digest::Output};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// The code of what `parts` are together, by SHA-256.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    hmac::<Hmac<Sha256>>(key, parts).into()
}

/// The code of what `parts` are together, by SHA-384.
pub(crate) fn hmac_sha384(key: &[u8], parts: &[&[u8]]) -> [u8; 48] {
    hmac::<Hmac<Sha384>>(key, parts).into()
}

/// The code of what `parts` are together, by SHA-512.
pub(crate) fn hmac_sha512(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    hmac::<Hmac<Sha512>>(key, parts).into()
}

/// The code of what `parts` are together, by SHA-1: for providers that know nothing newer. What is
/// wrong with SHA-1 does not touch HMAC (RFC 6194, section 3.3).
pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    hmac::<Hmac<Sha1>>(key, parts).into()
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
fn hmac<M: KeyInit + Mac>(key: &[u8], parts: &[&[u8]]) -> Output<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes()
}

/// Whether `given` is this code in base64, with its padding, in constant time.
pub(crate) fn is_base64_of(given: &str, code: &[u8]) -> bool {
    let expected = STANDARD.encode(code);
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// Whether `given` is the code of `parts` by SHA-256 in hexadecimal digits, in constant time.
pub(crate) fn is_hex_hmac(given: &str, key: &[u8], parts: &[&[u8]]) -> bool {
    is_hex_of(given, &hmac_sha256(key, parts))
}

/// Whether `given` is these bytes in hexadecimal digits of either case, in constant time.
pub(crate) fn is_hex_of(given: &str, bytes: &[u8]) -> bool {
    let given = given.to_ascii_lowercase();
    hex(bytes).as_bytes().ct_eq(given.as_bytes()).into()
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
    /// The same by SHA-384.
    const PUBLISHED_384: &str = "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47\
        e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649";
    /// The same by SHA-512.
    const PUBLISHED_512: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
        9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    /// RFC 2202, section 3, test case 2.
    const PUBLISHED_SHA1: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";

    #[test]
    fn the_published_vectors_are_met() {
        let whole = hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"]);
        let parts = hmac_sha256(b"Jefe", &[b"what do ya want ", b"", b"for nothing?"]);
        let by_sha1 = hmac_sha1(b"Jefe", &[b"what do ya want ", b"for nothing?"]);

        assert_eq!(hex(&whole), PUBLISHED);
        assert_eq!(whole, parts);
        assert_eq!(hex(&by_sha1), PUBLISHED_SHA1);
        let long = hmac_sha384(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(&long), PUBLISHED_384);
        let longer = hmac_sha512(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(&longer), PUBLISHED_512);
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

    #[test]
    fn base64_is_compared_as_it_is_written() {
        let is_it = |given: &str| is_base64_of(given, b"\xff\xfe\xfd\xfc");

        assert!(is_it("//79/A=="));
        for other in ["", "//79/A", "//79/A=", "__79_A==", "//79/B==", " //79/A=="] {
            assert!(!is_it(other), "{other}");
        }
    }
}
