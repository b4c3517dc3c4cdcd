//! Vonage's signature over a report
//! (<https://developer.vonage.com/en/getting-started/concepts/signing-messages>).

use phonekey_core::secret::Secret;

use super::report::Fields;
use crate::mac::{hmac_sha256, hmac_sha512, is_hex_of};

/// Whether the field `sig` is the HMAC of all others.
///
/// An account may be set to SHA-256 or SHA-512, which the length of a signature tells apart. The
/// older methods, with MD5 and SHA-1, are not taken.
pub(super) fn is_right(fields: &Fields, secret: &Secret) -> bool {
    let Some(given) = fields.get("sig") else {
        return false;
    };
    let signed = signed(fields);
    let (key, parts) = (secret.expose(), [signed.as_bytes()]);
    if given.len() == 128 {
        is_hex_of(given, &hmac_sha512(key, &parts))
    } else {
        is_hex_of(given, &hmac_sha256(key, &parts))
    }
}

/// What is signed: the fields by name, each after `&`, with both signs of a form taken out of their
/// values.
fn signed(fields: &Fields) -> String {
    let mut signed = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "sig") {
        signed.push('&');
        signed.push_str(name);
        signed.push('=');
        signed.push_str(&value.replace(['&', '='], "_"));
    }
    signed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receipt that Vonage's client for Python (`sign_params`) signs just so.
    fn receipt() -> Fields {
        [
            ("msisdn", "447700900123"),
            ("to", "phonekey"),
            ("network-code", "23410"),
            ("messageId", "0A0000001234567B"),
            ("price", "0.03330000"),
            ("status", "delivered"),
            ("scts", "2608110915"),
            ("err-code", "0"),
            ("api-key", "abcd1234"),
            ("client-ref", "a&b=c"),
            ("message-timestamp", "2026-08-11 09:15:04"),
            ("timestamp", "1786439704"),
            ("nonce", "11111111-2222-3333-4444-555555555555"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    const SHA_256: &str = "cb100b4350032b8795b4e48e1f17ecf87ec05bb3e41558e904f9619c8d8b2974";
    const SHA_512: &str = "3e49abab68825255d0d1458081031047a184f4588aba5e791c1241723d1d8fb8\
        775f3bd6a9631299fee55fdb3a3f026e295c32b299a4f9ab02c6876c0784b23b";
    const MD5_HASH: &str = "33d90504fbee6ed289f502cfab53ae20";
    const MD5: &str = "7c13f523852d17f3b5dc80693aa0fc21";
    const SHA_1: &str = "ad664e46fefb58895080719a042e0ea886897585";

    fn is_right(signature: &str) -> bool {
        let mut fields = receipt();
        fields.insert("sig".to_owned(), signature.to_owned());
        super::is_right(&fields, &Secret::new("phonekey-signature-secret"))
    }

    #[test]
    fn fields_are_signed_by_name() {
        assert_eq!(
            signed(&receipt()),
            "&api-key=abcd1234&client-ref=a_b_c&err-code=0\
             &message-timestamp=2026-08-11 09:15:04&messageId=0A0000001234567B\
             &msisdn=447700900123&network-code=23410\
             &nonce=11111111-2222-3333-4444-555555555555&price=0.03330000&scts=2608110915\
             &status=delivered&timestamp=1786439704&to=phonekey"
        );
    }

    #[test]
    fn either_strong_method_is_taken() {
        for signature in [SHA_256, SHA_512] {
            assert!(is_right(signature), "{signature}");
            assert!(is_right(&signature.to_uppercase()), "{signature}");
        }
    }

    #[test]
    fn nothing_else_is() {
        let halves = SHA_512.split_at(64);
        for signature in ["", MD5_HASH, MD5, SHA_1, &SHA_256[..62], halves.0, halves.1] {
            assert!(!is_right(signature), "{signature}");
        }
        assert!(!super::is_right(&receipt(), &Secret::new("")));
    }
}
