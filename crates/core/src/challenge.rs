//! Challenges: one code sent to one number, and every rule about answering it.

pub mod messages;

use std::sync::Arc;

use crate::{
    code::{Code, CodeBook, CodeLength, CodeSubject, KeyVersion},
    delivery::message::AppHash,
    id::ChallengeId,
    phone::PhoneNumber,
    policy::{ChallengePolicy, NumberPolicy},
    standing::{Standing, Wait},
    time::Timestamp,
};

/// A code that was sent and may be answered. The code itself is in no field: see
/// [`CodeBook`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Its name; the wire's `uuid`.
    pub id: ChallengeId,
    /// The number that the code went to.
    pub phone: PhoneNumber,
    /// The secret that the code is derived from.
    pub key_version: KeyVersion,
    /// Digits of its code.
    pub code_length: CodeLength,
    /// The language that its messages are written in (BCP 47, such as `fa`).
    pub language: String,
    /// The app that is to read the code out of its messages, if the caller named one.
    pub app_hash: Option<AppHash>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// From then on no answer is right.
    pub expires_at: Timestamp,
    /// Wrong answers so far.
    pub wrong_answers: u8,
    /// Whether it can be answered.
    pub state: ChallengeState,
}

/// Whether a challenge can be answered, and if not, since when and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeState {
    /// It can, until it expires.
    Open,
    /// It cannot.
    Closed {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: CloseReason,
    },
}

/// Why a challenge can no longer be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Its right code was given.
    Answered,
    /// Another challenge of the same number was answered.
    Superseded,
    /// Too many wrong answers.
    Exhausted,
    /// No provider would carry its message.
    Undeliverable,
}

impl CloseReason {
    /// All reasons, for the stores' mapping.
    pub const ALL: [Self; 4] = [
        Self::Answered,
        Self::Superseded,
        Self::Exhausted,
        Self::Undeliverable,
    ];

    /// Its name in databases, pages and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Superseded => "superseded",
            Self::Exhausted => "exhausted",
            Self::Undeliverable => "undeliverable",
        }
    }

    /// The reason with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Challenge {
    /// What its code depends on.
    #[must_use]
    pub fn code_subject(&self) -> CodeSubject {
        CodeSubject {
            challenge: self.id,
            phone: self.phone,
            key_version: self.key_version,
            length: self.code_length,
            created_at: self.created_at,
        }
    }

    /// Whether an answer could still be right at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == ChallengeState::Open && now < self.expires_at
    }

    /// Closes it, unless it is closed already.
    pub fn close(&mut self, reason: CloseReason, now: Timestamp) {
        if self.state == ChallengeState::Open {
            self.state = ChallengeState::Closed { at: now, reason };
        }
    }
}

/// Decides whether `challenge` may be opened, and notes it in the number's `standing` if so.
///
/// Returns when the next code may be asked for.
///
/// # Errors
/// [`Wait`]; the standing is unchanged then.
pub fn open(
    challenge: &Challenge,
    standing: &mut Standing,
    policy: &NumberPolicy,
    now: Timestamp,
) -> Result<Timestamp, Wait> {
    standing.may_open(policy, now)?;
    standing.opened(challenge, policy, now);
    Ok(standing.resend_at(policy, now))
}

/// An answer to a challenge, with what is needed to judge it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The number that the caller says the code was sent to.
    pub phone: PhoneNumber,
    /// The code that the caller gives.
    pub code: Code,
    /// Knows the right code.
    pub book: Arc<CodeBook>,
}

/// What an answer is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right code, in time, for the first time. The named challenges of the same number end
    /// with it.
    Right {
        /// Other challenges to be closed as [`CloseReason::Superseded`].
        siblings: Vec<ChallengeId>,
    },
    /// Another code; `left` more answers are heard.
    Wrong {
        /// Answers left for this challenge.
        left: u8,
    },
    /// Nothing was compared, so nothing was learned: no such challenge for this number, or one that
    /// has expired or is closed, or whose code no secret can tell any more.
    Dead,
    /// Nothing was compared: the number has used up its wrong answers.
    Wait(Wait),
}

/// Decides what `answer` is worth, and notes it in the challenge and in the number's standing.
///
/// The order is part of the contract: a dead challenge is dead whatever the answer, so that a late
/// guess learns nothing; the number's budget comes before the comparison. Both notes must be
/// committed before anyone learns the verdict. Reads no clock and stores nothing.
pub fn judge(
    answer: &Answer,
    challenge: &mut Challenge,
    standing: &mut Standing,
    rules: &AnswerRules,
    now: Timestamp,
) -> Verdict {
    if challenge.phone != answer.phone || !challenge.is_live(now) {
        return Verdict::Dead;
    }
    // A challenge from before a change of the master secret that is no longer configured.
    let Some(right) = answer.book.code(&challenge.code_subject()) else {
        return Verdict::Dead;
    };
    if let Err(wait) = standing.may_answer(&rules.number, now) {
        return Verdict::Wait(wait);
    }
    if right.matches(&answer.code) {
        challenge.close(CloseReason::Answered, now);
        return Verdict::Right {
            siblings: standing.logged_in(challenge),
        };
    }
    challenge.wrong_answers = challenge.wrong_answers.saturating_add(1);
    standing.answered_wrong(&rules.number, now);
    let left = rules
        .challenge
        .wrong_answers
        .saturating_sub(challenge.wrong_answers);
    if left == 0 {
        challenge.close(CloseReason::Exhausted, now);
        standing.closed(challenge.id);
    }
    Verdict::Wrong { left }
}

/// The numbers that [`judge`] goes by.
#[derive(Clone, Debug)]
pub struct AnswerRules {
    /// Of one challenge.
    pub challenge: ChallengePolicy,
    /// Of one number.
    pub number: NumberPolicy,
}

#[cfg(test)]
mod tests;
