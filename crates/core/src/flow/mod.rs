//! The use cases: the only code that orders ports. Each reads the clock once, in its first line.

mod identify;
mod refresh;
mod resend;
mod start;
mod verify;

use std::{sync::Arc, time::Duration};

pub use resend::ResendRequest;
pub use start::{StartRequest, Started};
pub use verify::VerifyRequest;

use crate::{
    challenge::AnswerRules,
    code::{CodeBook, CodeLength},
    keys::KeyRing,
    policy::{NumberPolicy, Policy},
    ports::{delivery::Dispatcher, store::Store},
    random::Random,
    refusal::Refusal,
    standing::Wait,
    time::{Clock, Timestamp},
};

/// What the flows need of the world.
pub struct World {
    /// The state.
    pub store: Arc<dyn Store>,
    /// The senders.
    pub dispatcher: Arc<dyn Dispatcher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The codes.
    pub book: Arc<CodeBook>,
    /// The tokens' keys.
    pub keys: Arc<KeyRing>,
}

/// The use cases of a person who logs in.
pub struct Flows {
    world: World,
    policy: Policy,
    number_policy: Arc<NumberPolicy>,
    answer_rules: Arc<AnswerRules>,
}

impl Flows {
    /// The flows over `world` under `policy`.
    #[must_use]
    pub fn new(world: World, policy: Policy) -> Self {
        let answer_rules = AnswerRules {
            challenge: policy.challenge,
            number: policy.number.clone(),
        };
        Self {
            world,
            number_policy: Arc::new(policy.number.clone()),
            answer_rules: Arc::new(answer_rules),
            policy,
        }
    }

    /// The rules' numbers.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The most digits that a code of this server can have.
    #[must_use]
    pub fn longest_code(&self) -> CodeLength {
        let configured = self.policy.challenge.code_length;
        self.world
            .book
            .longest_test_code()
            .map_or(configured, |longest| longest.max(configured))
    }

    /// The public keys by which others verify access tokens.
    #[must_use]
    pub fn public_keys(&self) -> serde_json::Value {
        self.world.keys.public_keys()
    }
}

fn too_many(wait: Wait, now: Timestamp) -> Refusal {
    let seconds = wait.until.since(now).as_millis().div_ceil(1000).max(1);
    let retry_after = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
    Refusal::TooMany {
        rule: wait.rule,
        retry_after,
    }
}
