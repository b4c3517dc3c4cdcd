//! What a request asks of the inbox: `to`, `limit`, `since`, `wait`.

use std::time::Duration;

use axum::extract::{Query, rejection::QueryRejection};
use phonekey_core::{
    id::ChallengeId,
    phone::{PhoneError, PhoneNumber, PhonePolicy},
    ports::delivery::InboxMessage,
};
use serde::Deserialize;
use uuid::Uuid;

use super::failure::Failure;

/// The query as it came. A parameter that is empty counts as absent, as a form sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InboxQuery {
    /// A number in any spelling.
    pub(super) to: String,
    limit: String,
    since: String,
    wait: String,
}

/// The messages that are asked for.
#[derive(Debug)]
pub(super) struct Selection {
    /// Those to this number, or to any.
    pub(super) to: Option<PhoneNumber>,
    /// The newest so many.
    pub(super) limit: u16,
    /// Of challenges later than this one alone.
    since: Option<ChallengeId>,
}

impl InboxQuery {
    /// The query of a request.
    pub(super) fn read(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Failure> {
        match query {
            Ok(Query(query)) => Ok(query),
            Err(rejection) => Err(Failure::query(rejection.body_text())),
        }
    }

    /// Which messages it asks for.
    pub(super) fn selection(&self, phone: &PhonePolicy) -> Result<Selection, Failure> {
        Ok(Selection {
            to: self.to(phone)?,
            limit: self.limit()?,
            since: self.since()?,
        })
    }

    /// How long to wait for a code that can be answered; zero unless asked.
    pub(super) fn wait(&self) -> Result<Duration, Failure> {
        let text = self.wait.trim();
        if text.is_empty() {
            return Ok(Duration::ZERO);
        }
        parse_wait(text)
            .filter(|wait| *wait <= LONGEST_WAIT)
            .ok_or_else(|| {
                Failure::query(format!(
                    "wait: `{text}` is no time from 0s to {}s; write it like 5s or 500ms",
                    LONGEST_WAIT.as_secs()
                ))
            })
    }

    fn to(&self, phone: &PhonePolicy) -> Result<Option<PhoneNumber>, Failure> {
        let text = self.to.as_str();
        if text.trim().is_empty() {
            return Ok(None);
        }
        // A `+` that was not escaped reaches us as a space.
        let with_plus = text.strip_prefix(' ').map(|rest| format!("+{rest}"));
        with_plus
            .and_then(|text| PhoneNumber::parse(&text, phone).ok())
            .map_or_else(|| PhoneNumber::parse(text, phone), Ok)
            .map(Some)
            .map_err(|error| {
                let hint = match error {
                    PhoneError::Invalid => "; write it like +989121234567 or in its national form",
                    PhoneError::RegionNotServed(_) | PhoneError::KindRefused(_) => "",
                };
                Failure::query(format!("to: `{}`: {error}{hint}", text.trim()))
            })
    }

    fn limit(&self) -> Result<u16, Failure> {
        let text = self.limit.trim();
        if text.is_empty() {
            return Ok(DEFAULT_LIMIT);
        }
        text.parse()
            .ok()
            .filter(|limit| (1..=HIGHEST_LIMIT).contains(limit))
            .ok_or_else(|| {
                Failure::query(format!(
                    "limit: `{text}` is no number from 1 to {HIGHEST_LIMIT}"
                ))
            })
    }

    fn since(&self) -> Result<Option<ChallengeId>, Failure> {
        let text = self.since.trim();
        if text.is_empty() {
            return Ok(None);
        }
        Uuid::parse_str(text)
            .map(|uuid| Some(ChallengeId::from_uuid(uuid)))
            .map_err(|_| {
                Failure::query(format!(
                    "since: `{text}` is no UUID; give the `uuid` of a message or of a create answer"
                ))
            })
    }
}

impl Selection {
    /// Whether it asks for this message as far as `since` goes. Challenge ids are in order of time,
    /// so the one that is named need not be in the inbox any more.
    pub(super) fn is_new(&self, message: &InboxMessage) -> bool {
        self.since.is_none_or(|since| message.challenge.id > since)
    }
}

/// `5s`, `500ms`, or `5` for seconds.
fn parse_wait(text: &str) -> Option<Duration> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Duration::from_millis);
    }
    let seconds = text.strip_suffix('s').unwrap_or(text);
    seconds.parse().ok().map(Duration::from_secs)
}

const DEFAULT_LIMIT: u16 = 100;
const HIGHEST_LIMIT: u16 = 500;

/// Shorter than the minute after which most proxies and test clients give up.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
