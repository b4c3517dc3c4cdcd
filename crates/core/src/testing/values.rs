//! Values that tests begin with.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    challenge::{Challenge, ChallengeState},
    code::{CodeLength, KeyVersion},
    delivery::{Channel, ProviderName},
    id::ChallengeId,
    phone::PhoneNumber,
    route::{Handling, Hop, plan::SendPlan},
    time::Timestamp,
};

/// A way that a node carries: text messages by a provider of this name.
#[must_use]
pub fn hop(provider: &str) -> Hop {
    Hop {
        provider: ProviderName::new(provider),
        channel: Channel::Sms,
        handling: Handling::Carried,
    }
}

/// A plan over providers of these names, each message being its node's for half a minute.
///
/// # Panics
/// Without a provider.
#[must_use]
#[expect(clippy::expect_used, reason = "for tests alone")]
pub fn plan(providers: &[&str]) -> SendPlan {
    let hops = providers.iter().map(|provider| hop(provider));
    SendPlan::new(hops, Duration::from_secs(30)).expect("a plan has a way")
}

/// A challenge of the number +98 912 123 4567, open for two minutes from 1,800,000,000 seconds after
/// the epoch on.
///
/// # Panics
/// Never: that is a number.
#[must_use]
#[expect(clippy::expect_used, reason = "for tests alone")]
pub fn challenge() -> Challenge {
    let now = Timestamp::from_seconds(1_800_000_000);
    Challenge {
        id: ChallengeId::from_uuid(Uuid::from_u128(7)),
        phone: PhoneNumber::from_e164("+989121234567").expect("it is a number"),
        key_version: KeyVersion(1),
        code_length: CodeLength::COMPATIBLE,
        language: "fa".to_owned(),
        app_hash: None,
        created_at: now,
        expires_at: now.plus(Duration::from_mins(2)),
        wrong_answers: 0,
        state: ChallengeState::Open,
    }
}
