//! Asking for a code once more.

use std::sync::Arc;

use super::{Flows, Started, too_many};
use crate::{
    delivery::Channel,
    id::ChallengeId,
    phone::PhoneNumber,
    ports::store::{MessageTerms, ResendChallenge, ResendOutcome},
    refusal::{Error, Refusal},
};

/// A request for the code of a challenge once more.
#[derive(Clone, Debug)]
pub struct ResendRequest<'a> {
    /// The challenge.
    pub challenge: ChallengeId,
    /// The number that its code was sent to, as it was typed.
    pub receiver: &'a str,
    /// How the message should come; by whatever the routes say if `None`.
    pub channel: Option<Channel>,
}

impl Flows {
    /// Sends the same code again, by the next way. Wrong answers stay counted, and the challenge
    /// lives for another minute at least.
    ///
    /// # Errors
    /// [`Refusal::ChallengeEnded`] for whatever makes the challenge none that this number can
    /// answer, [`Refusal::MessagesSpent`], [`Refusal::ChannelNotOffered`], [`Refusal::TooMany`],
    /// [`Refusal::NumberUnreachable`]; faults of the store and
    /// [`Fault::Delivery`](crate::refusal::Fault::Delivery).
    pub async fn resend(&self, request: ResendRequest<'_>) -> Result<Started, Error> {
        let now = self.world.clock.now();
        // What cannot be a number has no challenge; nobody learns more than that.
        let phone = PhoneNumber::parse(request.receiver, &self.policy.phone)
            .map_err(|_| Refusal::ChallengeEnded)?;
        let step = ResendChallenge {
            id: request.challenge,
            phone,
            terms: MessageTerms {
                plan: self.plan(phone, request.channel, now)?,
                messages: self.policy.messages,
                number: Arc::clone(&self.number_policy),
            },
            now,
        };
        let (challenge, delivery, resend_at) = match self.world.store.resend_challenge(step).await?
        {
            ResendOutcome::Resent {
                challenge,
                delivery,
                resend_at,
            } => (challenge, delivery, resend_at),
            ResendOutcome::Wait(wait) => return Err(too_many(wait, now).into()),
            ResendOutcome::Spent => return Err(Refusal::MessagesSpent.into()),
            ResendOutcome::Dead => return Err(Refusal::ChallengeEnded.into()),
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
}
