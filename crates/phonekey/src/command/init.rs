//! `phonekey init`.

use base64::{Engine, engine::general_purpose::STANDARD};
use phonekey_core::random::{self, Random};

/// A new Ed25519 private key in PEM.
///
/// The key is 32 random bytes (RFC 8032 §5.1.5) and PKCS #8 puts a fixed head before them (RFC
/// 8410 §7), so no library is needed to make one. The first version of PKCS #8 is the one from
/// which a public key can be exported (`DEPENDENCIES.md`, traps).
#[must_use]
pub fn ed25519_pem(random: &dyn Random) -> String {
    let mut document = ED25519_HEAD.to_vec();
    document.extend(random::bytes::<32>(random));
    let body = STANDARD.encode(document);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

/// DER of `PrivateKeyInfo`: version 0, algorithm id-Ed25519, and the head of an octet string that
/// holds an octet string of 32 bytes.
const ED25519_HEAD: [u8; 16] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
