//! Sessions: one row and one counter, and every rule about refreshing them.

use sha2::{Digest, Sha256};

use crate::{
    id::{SessionId, UserId},
    policy::SessionPolicy,
    time::Timestamp,
    token::CustomClaims,
};

/// A login that goes on until it expires or is revoked.
///
/// No token and no digest of one is in it: the refresh token of a generation can be written again
/// from these fields, byte for byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its name; the tokens' `sid`.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// How it began.
    pub origin: SessionOrigin,
    /// When it began.
    pub created_at: Timestamp,
    /// Which refresh token is the newest: 0 for the one handed out at login.
    pub generation: u32,
    /// When that token was issued; in whole seconds, its `iat`.
    pub rotated_at: Timestamp,
    /// When that token expires, a whole second; its `exp`.
    pub expires_at: Timestamp,
    /// Its row stays at least until then, so that an adopted token cannot be adopted twice.
    pub retained_until: Timestamp,
    /// Set when it was ended early.
    pub revoked: Option<Revocation>,
    /// Claims of the operator's own that an adopted token brought along.
    pub claims: CustomClaims,
}

/// How a session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionOrigin {
    /// With a right code.
    Code,
    /// With a refresh token of the server that phonekey replaced.
    Adopted,
}

impl SessionOrigin {
    /// Its name in databases, pages and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Adopted => "adopted",
        }
    }

    /// The origin with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Code, Self::Adopted]
            .into_iter()
            .find(|origin| origin.name() == name)
    }
}

/// When and why a session was ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevokeReason,
}

/// Why a session was ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeReason {
    /// A replaced refresh token was presented: two parties hold this session.
    Replay,
    /// An operator ended it.
    Operator,
}

impl RevokeReason {
    /// Its name in databases, pages and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Operator => "operator",
        }
    }

    /// The reason with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Replay, Self::Operator]
            .into_iter()
            .find(|reason| reason.name() == name)
    }
}

/// A session about to be opened, before its user is known.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its name.
    pub id: SessionId,
    /// How it begins.
    pub origin: SessionOrigin,
    /// Claims of an adopted token.
    pub claims: CustomClaims,
    /// Which refresh token is handed out first: 0, or 1 when the adopted token counts as 0.
    pub generation: u32,
    /// See [`Session::retained_until`]; the session's own end if that is later.
    pub retained_until: Timestamp,
}

impl NewSession {
    /// A session that begins with a right code.
    #[must_use]
    pub fn after_code(id: SessionId) -> Self {
        Self {
            id,
            origin: SessionOrigin::Code,
            claims: CustomClaims::default(),
            generation: 0,
            retained_until: Timestamp::default(),
        }
    }

    /// A session that takes over a refresh token of the server that phonekey replaced.
    ///
    /// Its name follows from the token's `jti`, so that the same token presented again finds it.
    #[must_use]
    pub fn adopting(jti: &str, expires_at: Timestamp, claims: CustomClaims) -> Self {
        Self {
            id: adopted_id(jti),
            origin: SessionOrigin::Adopted,
            claims,
            generation: 1,
            retained_until: expires_at,
        }
    }

    /// The session, opened for `user` at `now`.
    #[must_use]
    pub fn open(self, user: UserId, policy: &SessionPolicy, now: Timestamp) -> Session {
        let created_at = now;
        let expires_at = refresh_expiry(created_at, policy, now);
        Session {
            id: self.id,
            user,
            origin: self.origin,
            created_at,
            generation: self.generation,
            rotated_at: now,
            expires_at,
            retained_until: self.retained_until.max(expires_at),
            revoked: None,
            claims: self.claims,
        }
    }
}

/// A UUIDv8 (RFC 9562 §5.8) from the SHA-256 of the foreign token's `jti`, whatever text that is.
fn adopted_id(jti: &str) -> SessionId {
    let digest = Sha256::new()
        .chain_update(b"phonekey/adopted-session/v1")
        .chain_update(jti)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    SessionId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn refresh_expiry(created_at: Timestamp, policy: &SessionPolicy, now: Timestamp) -> Timestamp {
    let idle_end = now.floor_to_second().plus(policy.refresh_lifetime);
    match policy.absolute_lifetime {
        Some(lifetime) => idle_end.min(created_at.floor_to_second().plus(lifetime)),
        None => idle_end,
    }
}

/// What a presented refresh token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is the newest: the session moved on to its successor.
    Advanced,
    /// It was replaced a moment ago: the same successor again, since its first reply may have been
    /// lost.
    Repeated,
    /// It was replaced before: two parties hold this session, so it is revoked.
    Replayed,
    /// The session is over, or never was: revoked, expired, or a generation not reached yet.
    Ended,
}

/// Decides what the refresh token of `generation` is worth, and notes it in the session.
///
/// The note must be committed before anyone learns the outcome. Reads no clock and stores nothing.
pub fn rotate(
    session: &mut Session,
    generation: u32,
    policy: &SessionPolicy,
    now: Timestamp,
) -> Rotation {
    if session.revoked.is_some() || now >= session.expires_at || generation > session.generation {
        return Rotation::Ended;
    }
    if generation == session.generation {
        session.generation += 1;
        session.rotated_at = now;
        session.expires_at = refresh_expiry(session.created_at, policy, now);
        session.retained_until = session.retained_until.max(session.expires_at);
        return Rotation::Advanced;
    }
    let predecessor = generation + 1 == session.generation;
    if predecessor && now < session.rotated_at.plus(policy.refresh_grace) {
        return Rotation::Repeated;
    }
    session.revoked = Some(Revocation {
        at: now,
        reason: RevokeReason::Replay,
    });
    Rotation::Replayed
}

#[cfg(test)]
mod tests;
