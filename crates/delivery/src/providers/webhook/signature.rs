//! The signature of Standard Webhooks: `v1,` and the base64 of HMAC-SHA-256 over
//! `id.timestamp.body`.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use phonekey_core::secret::Secret;
use thiserror::Error;

use crate::mac::hmac_sha256;

/// What webhooks are signed with.
#[derive(Clone)]
pub struct WebhookSecret(Secret);

impl WebhookSecret {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks, "Signature scheme").
    ///
    /// # Errors
    /// [`InvalidWebhookSecret`], which names the shortcoming and never the value.
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let encoded = text
            .trim()
            .strip_prefix("whsec_")
            .ok_or(InvalidWebhookSecret::Prefix)?;
        let key = BASE64_STANDARD
            .decode(encoded)
            .map(Secret::new)
            .map_err(|_| InvalidWebhookSecret::Encoding)?;
        match key.expose().len() {
            24..=64 => Ok(Self(key)),
            bytes => Err(InvalidWebhookSecret::Length(bytes)),
        }
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let head = format!("{id}.{timestamp}.");
        let code = hmac_sha256(self.0.expose(), &[head.as_bytes(), body]);
        format!("v1,{}", BASE64_STANDARD.encode(code))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The header `webhook-signature`: one signature for each secret, separated by spaces, so that a
/// receiver may know any of them.
pub(super) fn of_all(secrets: &[WebhookSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(id, timestamp, body))
        .collect();
    signatures.join(" ")
}

/// A text that is no webhook secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidWebhookSecret {
    /// It does not begin as it should.
    #[error("a webhook secret begins with whsec_ (try: echo \"whsec_$(openssl rand -base64 32)\")")]
    Prefix,
    /// The rest is no base64.
    #[error("after whsec_ a webhook secret is base64, with its padding")]
    Encoding,
    /// Too short to be safe, or too long to be one.
    #[error("a webhook secret has 24 to 64 bytes after decoding, not {0}")]
    Length(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The test vector that the libraries of Standard Webhooks share.
    #[test]
    fn the_published_vector_is_met() {
        let secret = WebhookSecret::parse(PUBLISHED).unwrap();

        let signature = of_all(
            &[secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn during_a_change_of_secret_there_is_a_signature_for_each() {
        let secrets = [
            WebhookSecret::parse(PUBLISHED).unwrap(),
            WebhookSecret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").unwrap(),
        ];

        let both = of_all(&secrets, "id", 1, b"{}");

        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(first, of_all(&secrets[..1], "id", 1, b"{}"));
        assert_eq!(second, of_all(&secrets[1..], "id", 1, b"{}"));
    }

    #[test]
    fn a_secret_that_is_none_is_told_why() {
        let verdict = |text: &str| WebhookSecret::parse(text).err();

        assert_eq!(verdict("MfKQ9r8G"), Some(InvalidWebhookSecret::Prefix));
        assert_eq!(verdict("whsec_***"), Some(InvalidWebhookSecret::Encoding));
        assert_eq!(
            verdict("whsec_MfKQ9r8G"),
            Some(InvalidWebhookSecret::Length(6))
        );
        assert_eq!(verdict(PUBLISHED), None);
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = WebhookSecret::parse(PUBLISHED).unwrap();

        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    }
}
