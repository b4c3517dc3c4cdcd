//! Asking for a code.

use std::{sync::Arc, time::Duration};

use super::{Flows, too_many};
use crate::{
    challenge::{Challenge, ChallengeState},
    code::CodeLength,
    delivery::{Channel, Delivery, message::AppHash},
    id::ChallengeId,
    phone::PhoneNumber,
    ports::{
        delivery::DispatchOutcome,
        store::{OpenChallenge, OpenOutcome},
    },
    refusal::{Error, Fault, Refusal},
    route::plan::SendPlan,
    time::Timestamp,
};

/// A request for a code.
#[derive(Clone, Debug)]
pub struct StartRequest<'a> {
    /// The number, as it was typed.
    pub receiver: &'a str,
    /// The languages that the message should be in, best first (BCP 47, such as `fa`).
    pub languages: &'a [&'a str],
    /// How the message should come; by whatever the routes say if `None`.
    pub channel: Option<Channel>,
    /// The app that is to read the code out of the message. One that is not the operator's is passed
    /// over.
    pub app_hash: Option<AppHash>,
}

/// A challenge whose message is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its name.
    pub challenge: ChallengeId,
    /// How long it can be answered.
    pub expires_in: Duration,
    /// How long until another code may be asked for.
    pub resend_in: Duration,
    /// How many digits its code has.
    pub code_length: CodeLength,
}

impl Flows {
    /// Opens a challenge for a number and sends its code. Never looks at users, so its answer is
    /// the same for known and unknown numbers.
    ///
    /// # Errors
    /// [`Refusal::Phone`], [`Refusal::ChannelNotOffered`], [`Refusal::TooMany`],
    /// [`Refusal::NumberUnreachable`]; faults of the store and [`Fault::Delivery`].
    pub async fn start(&self, request: StartRequest<'_>) -> Result<Started, Error> {
        let now = self.world.clock.now();
        let phone = PhoneNumber::parse(request.receiver, &self.policy.phone)?;
        let challenge = self.new_challenge(phone, &request, now);
        let is_test_number = self.world.book.test_number(phone, now).is_some();
        let delivery = if is_test_number {
            None
        } else {
            let plan = self.plan(phone, request.channel, now)?;
            Some(plan.first(challenge.id, now))
        };

        let step = OpenChallenge {
            challenge: challenge.clone(),
            delivery: delivery.clone(),
            policy: Arc::clone(&self.number_policy),
            now,
        };
        let resend_at = match self.world.store.open_challenge(step).await? {
            OpenOutcome::Opened { resend_at } => resend_at,
            OpenOutcome::Wait(wait) => return Err(too_many(wait, now).into()),
        };
        if let Some(delivery) = delivery {
            self.dispatch(&challenge, delivery).await?;
        }
        Ok(Started {
            challenge: challenge.id,
            expires_in: challenge.expires_at.since(now),
            resend_in: resend_at.since(now),
            code_length: challenge.code_length,
        })
    }

    /// The ways to a number.
    pub(super) fn plan(
        &self,
        phone: PhoneNumber,
        channel: Option<Channel>,
        now: Timestamp,
    ) -> Result<SendPlan, Refusal> {
        let plan = self.world.dispatcher.plan(phone, channel, now);
        plan.ok_or(Refusal::ChannelNotOffered)
    }

    /// Sends a message whose delivery is committed. Whoever refuses it last ends its challenge.
    pub(super) async fn dispatch(
        &self,
        challenge: &Challenge,
        delivery: Delivery,
    ) -> Result<(), Error> {
        match self.world.dispatcher.dispatch(challenge, delivery).await {
            DispatchOutcome::Sent => Ok(()),
            DispatchOutcome::NumberRefused(refusal) => {
                Err(Refusal::NumberUnreachable(refusal).into())
            }
            DispatchOutcome::Unavailable(refusal) => Err(Fault::Delivery(refusal).into()),
        }
    }

    fn new_challenge(
        &self,
        phone: PhoneNumber,
        request: &StartRequest<'_>,
        now: Timestamp,
    ) -> Challenge {
        let book = &self.world.book;
        let test_length = book
            .test_number(phone, now)
            .map(|number| number.code.length());
        Challenge {
            id: ChallengeId::generate(&*self.world.random, now),
            phone,
            key_version: book.current_version(),
            code_length: test_length.unwrap_or(self.policy.challenge.code_length),
            language: self.world.dispatcher.language(request.languages, phone),
            app_hash: request
                .app_hash
                .filter(|hash| self.policy.app_hashes.contains(hash)),
            created_at: now,
            expires_at: now.plus(self.policy.challenge.lifetime),
            wrong_answers: 0,
            state: ChallengeState::Open,
        }
    }
}
