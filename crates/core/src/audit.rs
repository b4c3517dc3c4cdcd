//! What is recorded for the operator: a closed list of events.

use crate::{
    id::{ChallengeId, SessionId, UserId},
    session::RevokeReason,
    time::Timestamp,
};

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
}

/// What happened. Committed in the same step as the change that it records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditKind {
    /// A right code opened a session.
    LoggedIn {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
        /// The challenge that was answered.
        challenge: ChallengeId,
    },
    /// A right code was given for a user who may not log in.
    LoginBarred {
        /// Whose.
        user: UserId,
        /// The challenge that was answered.
        challenge: ChallengeId,
    },
    /// A foreign refresh token opened a session.
    SessionAdopted {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// A session was ended early.
    SessionRevoked {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
        /// Why.
        reason: RevokeReason,
    },
    /// An operator changed a user.
    UserChanged {
        /// Whom.
        user: UserId,
        /// How.
        change: UserChange,
    },
}

/// What an operator did to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// Created it.
    Created,
    /// Let it log in again.
    Activated,
    /// Barred it.
    Deactivated,
    /// Deleted it with its sessions.
    Deleted,
    /// Gave it all rights.
    MadeSuperuser,
    /// Took them away.
    UnmadeSuperuser,
}

impl AuditKind {
    /// Its name in the audit table: permanent, for queries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::LoginBarred { .. } => "login_barred",
            Self::SessionAdopted { .. } => "session_adopted",
            Self::SessionRevoked { .. } => "session_revoked",
            Self::UserChanged { change, .. } => match change {
                UserChange::Created => "user_created",
                UserChange::Activated => "user_activated",
                UserChange::Deactivated => "user_deactivated",
                UserChange::Deleted => "user_deleted",
                UserChange::MadeSuperuser => "superuser_granted",
                UserChange::UnmadeSuperuser => "superuser_withdrawn",
            },
        }
    }

    /// The user it is about.
    #[must_use]
    pub const fn user(self) -> UserId {
        match self {
            Self::LoggedIn { user, .. }
            | Self::LoginBarred { user, .. }
            | Self::SessionAdopted { user, .. }
            | Self::SessionRevoked { user, .. }
            | Self::UserChanged { user, .. } => user,
        }
    }

    /// The session it is about.
    #[must_use]
    pub const fn session(self) -> Option<SessionId> {
        match self {
            Self::LoggedIn { session, .. }
            | Self::SessionAdopted { session, .. }
            | Self::SessionRevoked { session, .. } => Some(session),
            Self::LoginBarred { .. } | Self::UserChanged { .. } => None,
        }
    }

    /// The challenge it is about.
    #[must_use]
    pub const fn challenge(self) -> Option<ChallengeId> {
        match self {
            Self::LoggedIn { challenge, .. } | Self::LoginBarred { challenge, .. } => {
                Some(challenge)
            }
            _ => None,
        }
    }

    /// A detail that the name does not tell.
    #[must_use]
    pub const fn detail(self) -> Option<&'static str> {
        match self {
            Self::SessionRevoked { reason, .. } => Some(reason.name()),
            _ => None,
        }
    }
}
