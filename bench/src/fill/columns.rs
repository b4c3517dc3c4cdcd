//! Values as columns, the same in both dialects.

use phonekey_core::{
    challenge::{Challenge, ChallengeState},
    delivery::{Delivery, DeliveryState},
    session::Session,
};

/// The columns `closed_at` and `close_reason` of a challenge.
pub(super) fn closing(challenge: &Challenge) -> (Option<i64>, Option<&'static str>) {
    match challenge.state {
        ChallengeState::Open => (None, None),
        ChallengeState::Closed { at, reason } => (Some(at.as_millis()), Some(reason.name())),
    }
}

/// The column `settled_at` of a delivery that a provider took.
pub(super) fn settled_at(delivery: &Delivery) -> Option<i64> {
    match delivery.state {
        DeliveryState::Accepted { at } => Some(at.as_millis()),
        _ => None,
    }
}

/// The columns `revoked_at` and `revoke_reason` of a session.
pub(super) fn revocation(session: &Session) -> (Option<i64>, Option<&'static str>) {
    let revoked = session.revoked;
    (
        revoked.map(|revoked| revoked.at.as_millis()),
        revoked.map(|revoked| revoked.reason.name()),
    )
}
