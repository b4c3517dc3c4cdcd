//! The keys that sign tokens: one algorithm a key, chosen by us and never by a token's header.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{
    DecodingKey, EncodingKey, crypto,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;
use uuid::Uuid;

use crate::{
    code::keyed,
    id::SessionId,
    secret::{MasterSecret, Secret},
};

/// How access tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA-256 with a shared secret, as SimpleJWT does by default.
    #[default]
    #[serde(rename = "HS256")]
    Hs256,
    /// Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSA with PKCS #1 v1.5 padding, for verifiers that know nothing better.
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// Its name in a JWT's header (RFC 7518 §3.1, RFC 8037 §3.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    const fn jose(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// A key that cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The PEM text is no private key for the algorithm.
    #[error("the text is no private key in PEM (PKCS #8) for {algorithm}", algorithm = .algorithm.name())]
    Unreadable {
        /// The algorithm it was meant for.
        algorithm: Algorithm,
        /// What the reader found.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// The key was read but does not sign.
    #[error("the key does not sign with {algorithm}", algorithm = .algorithm.name())]
    Unusable {
        /// The algorithm it was meant for.
        algorithm: Algorithm,
        /// What the signer said.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
}

/// One key: signs and verifies with its own algorithm alone.
pub struct SigningKey {
    algorithm: Algorithm,
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// Its public half, for keys that have one.
    public: Option<Jwk>,
    /// The header of each token of this key, encoded.
    header: String,
}

impl SigningKey {
    /// A shared secret for HS256, used as its bytes stand (as PyJWT does with `SECRET_KEY`).
    #[must_use]
    pub fn hs256(secret: &Secret) -> Self {
        Self {
            algorithm: Algorithm::Hs256,
            encoding: EncodingKey::from_secret(secret.expose()),
            decoding: DecodingKey::from_secret(secret.expose()),
            public: None,
            header: encode_header(r#"{"alg":"HS256","typ":"JWT"}"#),
        }
    }

    /// A private key in PEM (PKCS #8). Its `kid` is its thumbprint (RFC 7638).
    ///
    /// # Errors
    /// [`KeyError`] when the text is no such key, or the key does not sign.
    pub fn from_pem(algorithm: Algorithm, pem: &Secret) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable { algorithm, source };
        let unusable = |source| KeyError::Unusable { algorithm, source };
        let encoding = match algorithm {
            Algorithm::Hs256 => return Ok(Self::hs256(pem)),
            Algorithm::EdDsa => EncodingKey::from_ed_pem(pem.expose()),
            Algorithm::Es256 => EncodingKey::from_ec_pem(pem.expose()),
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem.expose()),
        }
        .map_err(unreadable)?;
        let mut public = Jwk::from_encoding_key(&encoding, algorithm.jose()).map_err(unusable)?;
        let kid = public
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(unusable)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let decoding = DecodingKey::from_jwk(&public).map_err(unusable)?;
        let header = json!({"alg": algorithm.name(), "typ": "JWT", "kid": kid}).to_string();
        let key = Self {
            algorithm,
            encoding,
            decoding,
            public: Some(public),
            header: encode_header(&header),
        };
        key.sign("{}").map_err(unusable)?;
        Ok(key)
    }

    /// A token with these claims, which must be a JSON object.
    fn sign(&self, claims: &str) -> Result<String, jsonwebtoken::errors::Error> {
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = crypto::sign(token.as_bytes(), &self.encoding, self.algorithm.jose())?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }

    /// The claims of a token that this key signed, as JSON text; `None` for any other token.
    fn verify(&self, token: &str) -> Option<Vec<u8>> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        if header != self.header && !self.accepts_header(header) {
            return None;
        }
        // SimpleJWT reads a padded signature, so clients may hold one.
        let signature = signature.trim_end_matches('=');
        let algorithm = self.algorithm.jose();
        let genuine = crypto::verify(signature, message.as_bytes(), &self.decoding, algorithm);
        if !genuine.unwrap_or(false) {
            return None;
        }
        URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()
    }

    /// A header of another writer (another order, a `kid`) that names this key's algorithm. One
    /// that asks for an extension is refused, since none is understood here (RFC 7515 §4.1.11).
    fn accepts_header(&self, header: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(header.trim_end_matches('='))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .is_some_and(|header| {
                header.get("alg").and_then(Value::as_str) == Some(self.algorithm.name())
                    && header.get("crit").is_none()
            })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm.name())
    }
}

fn encode_header(header: &str) -> String {
    URL_SAFE_NO_PAD.encode(header)
}

/// The keys of refresh tokens under one master secret.
#[derive(Debug)]
pub struct RefreshKeys {
    signing: SigningKey,
    ids: RefreshIds,
}

impl RefreshKeys {
    /// Tokens signed with HS256 and `secret`; their `jti` follow from `master`.
    #[must_use]
    pub fn new(secret: &Secret, master: &MasterSecret) -> Self {
        Self {
            signing: SigningKey::hs256(secret),
            ids: RefreshIds(keyed(&*master.refresh_key())),
        }
    }
}

struct RefreshIds(Hmac<Sha256>);

impl RefreshIds {
    /// `HMAC(refresh_key, sid ‖ generation)` in the form of a version-4 UUID, 32 hex digits.
    fn of(&self, session: SessionId, generation: u32) -> String {
        let mut mac = self.0.clone();
        mac.update(session.as_uuid().as_bytes());
        mac.update(&generation.to_be_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        bare_hex(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl fmt::Debug for RefreshIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshIds(…)")
    }
}

/// All keys of the tokens.
pub struct KeyRing {
    access: SigningKey,
    refresh: RefreshKeys,
    previous: Vec<RefreshKeys>,
}

impl KeyRing {
    /// `access` signs access tokens, `refresh` refresh tokens: HS256 whatever `access` is, since
    /// nobody but us verifies them. Those from before a change of the master secret are known by
    /// `previous`, and renewed under the present one.
    #[must_use]
    pub fn new(access: SigningKey, refresh: RefreshKeys, previous: Vec<RefreshKeys>) -> Self {
        Self {
            access,
            refresh,
            previous,
        }
    }

    pub(crate) fn sign_access(&self, claims: &str) -> Result<String, SigningFailed> {
        self.access.sign(claims).map_err(SigningFailed)
    }

    pub(crate) fn sign_refresh(&self, claims: &str) -> Result<String, SigningFailed> {
        self.refresh.signing.sign(claims).map_err(SigningFailed)
    }

    pub(crate) fn verify_access(&self, token: &str) -> Option<Vec<u8>> {
        let present = self.access.verify(token);
        // HS256 access tokens share the secret of the refresh tokens, so they outlive its change as
        // well. A key pair has no part in the master secret.
        let previous = || match self.access.algorithm {
            Algorithm::Hs256 => self.verify_previous(token),
            Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Rs256 => None,
        };
        present.or_else(previous)
    }

    pub(crate) fn verify_refresh(&self, token: &str) -> Option<Vec<u8>> {
        let present = self.refresh.signing.verify(token);
        present.or_else(|| self.verify_previous(token))
    }

    fn verify_previous(&self, token: &str) -> Option<Vec<u8>> {
        self.previous
            .iter()
            .find_map(|keys| keys.signing.verify(token))
    }

    /// The `jti` of a session's refresh token.
    pub(crate) fn refresh_id(&self, session: SessionId, generation: u32) -> String {
        self.refresh.ids.of(session, generation)
    }

    /// Whether `jti` is that of a session's refresh token, in constant time.
    pub(crate) fn is_refresh_id(&self, jti: &str, session: SessionId, generation: u32) -> bool {
        std::iter::once(&self.refresh)
            .chain(&self.previous)
            .any(|keys| {
                let known = keys.ids.of(session, generation);
                known.as_bytes().ct_eq(jti.as_bytes()).into()
            })
    }

    /// The public keys by which others verify access tokens (RFC 7517 §5); empty for HS256.
    #[must_use]
    pub fn public_keys(&self) -> Value {
        let keys = JwkSet {
            keys: self.access.public.iter().cloned().collect(),
        };
        serde_json::to_value(keys).unwrap_or_else(|_| json!({"keys": []}))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing(access: {:?})", self.access)
    }
}

/// A UUID as the tokens' `jti` has it: 32 hex digits, lower case, no dashes.
pub(crate) fn bare_hex(uuid: Uuid) -> String {
    uuid.as_simple().to_string()
}

/// A key that signed at start and does no longer.
#[derive(Debug, Error)]
#[error("a token could not be signed")]
pub struct SigningFailed(#[source] jsonwebtoken::errors::Error);
