//! MessageBird's signature over a request, a JWT in a header of its own
//! (<https://developers.messagebird.com/docs/verify-http-requests>).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use phonekey_core::{ports::report::RawReport, secret::Secret, time::Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

use crate::{
    mac::{hmac_sha256, hmac_sha384, hmac_sha512, is_hex_of},
    provider::BadReport,
};

/// How far MessageBird's clock may be from ours, as in its own clients. A token is good for a
/// minute.
const LEEWAY: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
}

/// What a token may be signed with; any other is an unreadable header.
#[derive(Clone, Copy, Deserialize)]
enum Algorithm {
    #[serde(rename = "HS256")]
    Sha256,
    #[serde(rename = "HS384")]
    Sha384,
    #[serde(rename = "HS512")]
    Sha512,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nbf: i64,
    exp: i64,
    /// The hash of the URL that is called, with its query as it stands.
    url_hash: String,
    /// The hash of the body, if there is one.
    payload_hash: Option<String>,
}

/// Whether MessageBird has made this request, to this server, at about `now`.
pub(super) fn check(
    report: &RawReport,
    public_url: &str,
    key: &Secret,
    now: Timestamp,
) -> Result<(), BadReport> {
    let token = report.header("messagebird-signature-jwt");
    let claims = token.and_then(|token| claims(token, key));
    let claims = claims.ok_or(BadReport::Forged)?;
    let url = format!("{public_url}{}", report.path_and_query);
    if claims.iss == "MessageBird"
        && claims.are_timely(now)
        && is_hash_of(&claims.url_hash, url.as_bytes())
        && claims.fit_body(&report.body)
    {
        Ok(())
    } else {
        Err(BadReport::Forged)
    }
}

/// What a token says; `None` if it was not signed by this key.
fn claims(token: &str, key: &Secret) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let Header { alg } = decode(header)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let (key, parts) = (key.expose(), [signed.as_bytes()]);
    let is_right = match alg {
        Algorithm::Sha256 => hmac_sha256(key, &parts).ct_eq(&signature),
        Algorithm::Sha384 => hmac_sha384(key, &parts).ct_eq(&signature),
        Algorithm::Sha512 => hmac_sha512(key, &parts).ct_eq(&signature),
    };
    if is_right.into() {
        decode(claims)
    } else {
        None
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl Claims {
    fn are_timely(&self, now: Timestamp) -> bool {
        let (begin, end) = (
            Timestamp::from_seconds(self.nbf).minus(LEEWAY),
            Timestamp::from_seconds(self.exp).plus(LEEWAY),
        );
        (begin..=end).contains(&now)
    }

    fn fit_body(&self, body: &[u8]) -> bool {
        match &self.payload_hash {
            Some(hash) => !body.is_empty() && is_hash_of(hash, body),
            None => body.is_empty(),
        }
    }
}

fn is_hash_of(given: &str, bytes: &[u8]) -> bool {
    is_hex_of(given, &Sha256::digest(bytes))
}
