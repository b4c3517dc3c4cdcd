//! The tokens on the wire: SimpleJWT's claims and checks, with `sub`, `sid` and `iss` added.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    id::{SessionId, UserId},
    keys::{KeyRing, SigningFailed, bare_hex},
    policy::{CLOCK_SKEW, TokenPolicy},
    random::{self, Random},
    session::Session,
    time::Timestamp,
};

/// Claims of the operator's own that an adopted token brought along: all but those that we write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomClaims(Option<Box<Map<String, Value>>>);

/// The claims that we write, so that no token of another server can set them.
const OWN_CLAIMS: [&str; 10] = [
    "token_type",
    "exp",
    "iat",
    "nbf",
    "jti",
    "user_id",
    "sub",
    "sid",
    "iss",
    "gen",
];

impl CustomClaims {
    /// What is left of `claims` without our own.
    #[must_use]
    pub fn of(mut claims: Map<String, Value>) -> Self {
        claims.retain(|name, _| !OWN_CLAIMS.contains(&name.as_str()));
        Self((!claims.is_empty()).then(|| Box::new(claims)))
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` when it is no JSON object.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self::of)
    }

    /// The claims as a JSON object; `None` when there are none.
    #[must_use]
    pub fn to_json(&self) -> Option<String> {
        self.0
            .as_ref()
            .and_then(|claims| serde_json::to_string(claims).ok())
    }

    fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|claims| claims.iter())
    }
}

/// What a token is for; the claim `token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Shown to back ends.
    Access,
    /// Shown to us, for new tokens.
    Refresh,
}

impl TokenType {
    /// Its value on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// An access token and the refresh token that renews it.
#[derive(Clone)]
pub struct TokenPair {
    /// For back ends.
    pub access: String,
    /// For us.
    pub refresh: String,
}

impl TokenPair {
    /// The tokens of a session's present generation. The refresh token follows from the session
    /// alone, so it is the same each time; the access token is a new one.
    ///
    /// # Errors
    /// [`SigningFailed`].
    pub fn mint(
        session: &Session,
        keys: &KeyRing,
        policy: &TokenPolicy,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Self, SigningFailed> {
        let access = Claims {
            token_type: TokenType::Access,
            issued_at: now,
            expires_at: now.floor_to_second().plus(policy.access_lifetime),
            jti: bare_hex(uuid::Builder::from_random_bytes(random::bytes(random)).into_uuid()),
            session,
            issuer: &policy.issuer,
        };
        let refresh = Claims {
            token_type: TokenType::Refresh,
            issued_at: session.rotated_at,
            expires_at: session.expires_at,
            jti: keys.refresh_id(session.id, session.generation),
            session,
            issuer: &policy.issuer,
        };
        Ok(Self {
            access: keys.sign_access(&access.to_json())?,
            refresh: keys.sign_refresh(&refresh.to_json())?,
        })
    }
}

/// The claims of one token, written in SimpleJWT's order and then ours.
struct Claims<'a> {
    token_type: TokenType,
    issued_at: Timestamp,
    expires_at: Timestamp,
    jti: String,
    session: &'a Session,
    issuer: &'a str,
}

impl Claims<'_> {
    fn to_json(&self) -> String {
        // Serialising strings, integers and JSON values into memory cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token_type", self.token_type.name())?;
        map.serialize_entry("exp", &self.expires_at.as_seconds())?;
        map.serialize_entry("iat", &self.issued_at.as_seconds())?;
        map.serialize_entry("jti", &self.jti)?;
        map.serialize_entry("user_id", &self.session.user)?;
        map.serialize_entry("sub", &self.session.user.to_string())?;
        map.serialize_entry("sid", &self.session.id)?;
        map.serialize_entry("iss", self.issuer)?;
        if self.token_type == TokenType::Refresh {
            map.serialize_entry("gen", &self.session.generation)?;
        }
        for (name, value) in self.session.claims.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Why a token is refused, in SimpleJWT's distinctions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not ours, not in force, or with claims that make no sense.
    #[error("Token is invalid or expired")]
    Invalid,
    /// No claim `exp`.
    #[error("Token has no 'exp' claim")]
    NoExpiry,
    /// No claim `jti`.
    #[error("Token has no id")]
    NoId,
    /// No claim `token_type`.
    #[error("Token has no type")]
    NoType,
    /// A token for something else.
    #[error("Token has wrong type")]
    WrongType,
    /// An access token that names no user.
    #[error("Token contained no recognizable user identification")]
    NoUser,
}

/// A refresh token that is genuine and in force.
#[derive(Clone, Debug, PartialEq)]
pub enum RefreshToken {
    /// One of a session of ours.
    Own {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
        /// Which of its tokens.
        generation: u32,
    },
    /// One that another server minted with the same key.
    Foreign {
        /// Whose.
        user: UserId,
        /// Its name.
        jti: String,
        /// When it expires.
        expires_at: Timestamp,
        /// The claims to be carried over.
        claims: CustomClaims,
    },
}

impl RefreshToken {
    /// Reads a refresh token from the wire.
    ///
    /// # Errors
    /// [`TokenError`], never [`TokenError::NoUser`]: to SimpleJWT's clients such a token is invalid.
    pub fn read(text: &str, keys: &KeyRing, now: Timestamp) -> Result<Self, TokenError> {
        let payload = keys.verify_refresh(text).ok_or(TokenError::Invalid)?;
        let claims = in_force(&payload, TokenType::Refresh, now)?;
        let user = user_of(&claims).ok_or(TokenError::Invalid)?;
        let jti = claims
            .get("jti")
            .and_then(Value::as_str)
            .ok_or(TokenError::Invalid)?;
        if !claims.contains_key("sid") {
            let expires_at = claims
                .get("exp")
                .and_then(date)
                .ok_or(TokenError::Invalid)?;
            let jti = jti.to_owned();
            return Ok(Self::Foreign {
                user,
                jti,
                expires_at,
                claims: CustomClaims::of(claims),
            });
        }
        let session = claims.get("sid").and_then(Value::as_str);
        let session = session
            .and_then(|text| Uuid::parse_str(text).ok())
            .map(SessionId::from_uuid);
        let generation = claims.get("gen").and_then(Value::as_u64);
        let generation = generation.and_then(|generation| u32::try_from(generation).ok());
        match (session, generation) {
            (Some(session), Some(generation)) if keys.is_refresh_id(jti, session, generation) => {
                Ok(Self::Own {
                    user,
                    session,
                    generation,
                })
            }
            _ => Err(TokenError::Invalid),
        }
    }
}

/// Whose access token this is, if it is genuine and in force.
///
/// # Errors
/// [`TokenError`].
pub fn read_access(text: &str, keys: &KeyRing, now: Timestamp) -> Result<UserId, TokenError> {
    let payload = keys.verify_access(text).ok_or(TokenError::Invalid)?;
    let claims = in_force(&payload, TokenType::Access, now)?;
    if !claims.contains_key("user_id") {
        return Err(TokenError::NoUser);
    }
    user_of(&claims).ok_or(TokenError::Invalid)
}

/// Checks claims as if they had been signed: for the fuzz target alone.
#[doc(hidden)]
pub fn fuzz_claims(payload: &[u8], now: Timestamp) {
    for kind in [TokenType::Access, TokenType::Refresh] {
        if let Ok(claims) = in_force(payload, kind, now) {
            let _ = (user_of(&claims), CustomClaims::of(claims).to_json());
        }
    }
}

/// The claims of a genuine token, checked in SimpleJWT's order: what PyJWT finds invalid, then what
/// SimpleJWT finds missing or wrong.
fn in_force(
    payload: &[u8],
    expected: TokenType,
    now: Timestamp,
) -> Result<Map<String, Value>, TokenError> {
    let claims: Map<String, Value> =
        serde_json::from_slice(payload).map_err(|_| TokenError::Invalid)?;
    let latest = now.plus(CLOCK_SKEW);
    let begun = |name| {
        claims
            .get(name)
            .is_none_or(|at| date(at).is_some_and(|at| at <= latest))
    };
    let text = |name| claims.get(name).is_none_or(Value::is_string);
    let unexpired = claims
        .get("exp")
        .is_none_or(|at| date(at).is_some_and(|at| at > now));
    if !(begun("iat") && begun("nbf") && text("jti") && text("sub") && unexpired) {
        return Err(TokenError::Invalid);
    }
    if !claims.contains_key("exp") {
        return Err(TokenError::NoExpiry);
    }
    if !claims.contains_key("jti") {
        return Err(TokenError::NoId);
    }
    match claims.get("token_type") {
        None => Err(TokenError::NoType),
        Some(found) if found.as_str() == Some(expected.name()) => Ok(claims),
        Some(_) => Err(TokenError::WrongType),
    }
}

/// A date as RFC 7519 §2 has it (whole or fractional seconds), before the year 10000.
fn date(value: &Value) -> Option<Timestamp> {
    const END_OF_9999: f64 = 253_402_300_800.0;
    let seconds = value.as_f64()?;
    if !(0.0..END_OF_9999).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above; the fraction is dropped"
    )]
    Some(Timestamp::from_seconds(seconds as i64))
}

/// The user that a token names: an integer, or its decimal text as SimpleJWT writes it since 5.4.
fn user_of(claims: &Map<String, Value>) -> Option<UserId> {
    let number = match claims.get("user_id")? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()?
        }
        _ => return None,
    };
    Some(UserId::new(number))
}

#[cfg(test)]
mod tests;
