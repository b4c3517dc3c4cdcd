//! A message as the page and its events show it.

use std::time::Duration;

use askama::Template;
use phonekey_core::{
    challenge::{Challenge, ChallengeState, CloseReason},
    ports::delivery::InboxMessage,
    time::Timestamp,
};

/// What has become of a message's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeState {
    /// It can be given.
    Open,
    /// It was not given in time.
    Expired,
    /// Its challenge ended otherwise.
    Closed { at: Timestamp, reason: CloseReason },
}

impl CodeState {
    /// The state of this challenge's code at `now`.
    pub(super) fn of(challenge: &Challenge, now: Timestamp) -> Self {
        match challenge.state {
            ChallengeState::Closed { at, reason } => Self::Closed { at, reason },
            ChallengeState::Open if challenge.is_live(now) => Self::Open,
            ChallengeState::Open => Self::Expired,
        }
    }

    /// Its name on the page and in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Closed { reason, .. } => reason.name(),
        }
    }

    /// What that means, for who does not know the word.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Open => "can be answered",
            Self::Expired => "not answered in time",
            Self::Closed { reason, .. } => match reason {
                CloseReason::Answered => "the right code was given",
                CloseReason::Superseded => "another code of this number was given",
                CloseReason::Exhausted => "too many wrong answers",
                CloseReason::Undeliverable => "no provider would carry it",
            },
        }
    }
}

/// A message as HTML: within the page, and alone as an event.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessageView {
    id: String,
    uuid: String,
    to: String,
    text: String,
    language: String,
    code: String,
    state: CodeState,
    wrong_answers: u8,
    sent_at: Moment,
    /// When its challenge ended; none while it is open.
    ended_at: Option<Moment>,
    expires_at: Timestamp,
    lifetime: Duration,
    left: Duration,
}

impl MessageView {
    /// `message` as it stands at `now`.
    pub(super) fn new(message: InboxMessage, now: Timestamp) -> Self {
        let challenge = message.challenge;
        let state = CodeState::of(&challenge, now);
        let ended_at = match state {
            CodeState::Open => None,
            CodeState::Expired => Some(challenge.expires_at),
            CodeState::Closed { at, .. } => Some(at),
        };
        Self {
            id: format!("message-{}-{}", challenge.id, message.delivery.attempt),
            uuid: challenge.id.to_string(),
            to: challenge.phone.e164(),
            text: message.text,
            state,
            code: message.code,
            wrong_answers: challenge.wrong_answers,
            sent_at: Moment::new(message.sent_at),
            ended_at: ended_at.map(Moment::new),
            expires_at: challenge.expires_at,
            lifetime: challenge.expires_at.since(challenge.created_at),
            left: challenge.expires_at.since(now),
            language: challenge.language,
        }
    }

    /// What it looks like, as far as a change of it is news.
    pub(super) const fn look(&self) -> Look {
        (self.state.name(), self.wrong_answers)
    }

    fn is_open(&self) -> bool {
        self.state == CodeState::Open
    }

    fn time_left(&self) -> String {
        minutes_and_seconds(self.left)
    }
}

/// What tells one look of a message from another, besides time.
pub(super) type Look = (&'static str, u8);

/// A duration as `1:05`, rounded up as a countdown is, so that it reads `0:00` only when over.
fn minutes_and_seconds(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A moment as a page shows it.
struct Moment {
    /// RFC 3339, for the script.
    exact: String,
    /// To the second and in UTC, for a page without one.
    text: String,
}

impl Moment {
    fn new(moment: Timestamp) -> Self {
        let to_the_second = moment.floor_to_second().to_string();
        Self {
            exact: moment.to_string(),
            text: to_the_second.replace('T', " ").replace('Z', " UTC"),
        }
    }
}
