//! Answering a challenge.

use std::sync::Arc;

use super::{Flows, too_many};
use crate::{
    challenge::Answer,
    code::Code,
    id::{ChallengeId, SessionId},
    phone::PhoneNumber,
    ports::store::{AnswerChallenge, AnswerOutcome},
    refusal::{Error, Fault, Refusal},
    session::NewSession,
    token::TokenPair,
    user::Username,
};

/// An answer to a challenge.
#[derive(Clone)]
pub struct VerifyRequest<'a> {
    /// The challenge.
    pub challenge: ChallengeId,
    /// The number that the code was sent to, as it was typed.
    pub receiver: &'a str,
    /// The code, as it was typed.
    pub code: &'a str,
}

/// Draws of a username before giving up; each fails with a chance of users ÷ 62^8.
const USERNAME_DRAWS: u8 = 4;

impl Flows {
    /// Judges an answer; a right one logs its person in, who becomes a user by that if new.
    ///
    /// # Errors
    /// [`Refusal::CodeWrong`] for whatever makes the answer not right, [`Refusal::TooMany`],
    /// [`Refusal::UserInactive`]; faults of the store.
    pub async fn verify(&self, request: VerifyRequest<'_>) -> Result<TokenPair, Error> {
        let now = self.world.clock.now();
        // What cannot be a number or a code is a wrong answer that no guesser learns from.
        let phone = PhoneNumber::parse(request.receiver, &self.policy.phone)
            .map_err(|_| Refusal::CodeWrong)?;
        let code = Code::parse(request.code).ok_or(Refusal::CodeWrong)?;
        let answer = Answer {
            phone,
            code,
            book: Arc::clone(&self.world.book),
        };
        let random = &*self.world.random;

        for _ in 0..USERNAME_DRAWS {
            let step = AnswerChallenge {
                id: request.challenge,
                answer: answer.clone(),
                rules: Arc::clone(&self.answer_rules),
                username: Username::generate(random),
                session: NewSession::after_code(SessionId::generate(random, now)),
                session_policy: self.policy.session,
                now,
            };
            return match self.world.store.answer_challenge(step).await? {
                AnswerOutcome::UsernameTaken => continue,
                AnswerOutcome::LoggedIn(session) => {
                    let (keys, policy) = (&self.world.keys, &self.policy.token);
                    let tokens = TokenPair::mint(&session, keys, policy, random, now);
                    Ok(tokens.map_err(Fault::Signing)?)
                }
                AnswerOutcome::Barred => Err(Refusal::UserInactive.into()),
                AnswerOutcome::Wrong { .. } | AnswerOutcome::Dead => Err(Refusal::CodeWrong.into()),
                AnswerOutcome::Wait(wait) => Err(too_many(wait, now).into()),
            };
        }
        Err(Fault::Usernames(USERNAME_DRAWS).into())
    }
}
