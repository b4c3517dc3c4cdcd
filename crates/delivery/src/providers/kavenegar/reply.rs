//! What Kavenegar's answer means. It repeats the whole text with the code, so nothing of it is logged
//! but numbers.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{Cost, Currency, MessageId, Receipt, SendOutcome, SendRefusal},
    report::{Arrival, Report},
};
use serde::Deserialize;
use tracing::warn;

use crate::{http::Reply, scalar::Scalar};

/// The answer to any method.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "return")]
    verdict: Verdict,
    entries: Option<Entries>,
}

#[derive(Deserialize)]
struct Verdict {
    /// 200, or what is wrong; the HTTP status as well.
    status: u16,
}

/// Kavenegar documents an array for some methods and a single object for others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entries {
    Many(Vec<Entry>),
    One(Entry),
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "messageid")]
    message_id: Option<Scalar>,
    status: Option<Scalar>,
    cost: Option<Scalar>,
}

impl Answer {
    /// `None` where it is no JSON, as the documented `"entries": { null }` is not.
    fn read(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(reply.body.as_deref()?).ok()
    }

    fn into_entry(self) -> Option<Entry> {
        match self.entries? {
            Entries::Many(entries) => entries.into_iter().next(),
            Entries::One(entry) => Some(entry),
        }
    }
}

impl Entry {
    fn state(&self) -> Option<i64> {
        self.status.as_ref()?.integer()
    }

    fn message_id(&self) -> Option<MessageId> {
        self.message_id.as_ref()?.message_id()
    }

    /// What it cost, in rials.
    fn cost(&self) -> Option<Cost> {
        let rials = self.cost.as_ref()?.integer()?;
        Some(Cost {
            micros: rials.checked_mul(1_000_000)?,
            currency: Currency::RIAL,
        })
    }
}

/// What became of the message.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let answer = Answer::read(reply);
    let is_said = answer.is_some();
    let code = answer
        .as_ref()
        .map_or(reply.status.as_u16(), |answer| answer.verdict.status);
    if code == 200 {
        let entry = answer.and_then(Answer::into_entry);
        return match entry.filter(|_| reply.status.is_success()) {
            Some(entry) => taken(&entry, delivery),
            None => SendOutcome::Unknown,
        };
    }
    warn!(delivery.id = %delivery, provider.code = code, "Kavenegar did not take a message");
    match code {
        // Kavenegar means an address that may not use the key; whoever else says so, a rate.
        429 if is_said => SendOutcome::Refused(SendRefusal::BadCredentials),
        code => meaning(code).unwrap_or_else(|| reply.outcome_by_status()),
    }
}

/// What became of a message that has an entry.
fn taken(entry: &Entry, delivery: DeliveryId) -> SendOutcome {
    let Some(message_id) = entry.message_id() else {
        return SendOutcome::Unknown;
    };
    // Any other failure is for a report to tell: the message has gone.
    let refusal = match entry.state() {
        Some(state @ (FAILED | CANCELLED)) => Some((state, SendRefusal::Temporary)),
        Some(state @ BLOCKED) => Some((state, SendRefusal::OptedOut)),
        _ => None,
    };
    if let Some((state, refusal)) = refusal {
        warn!(
            delivery.id = %delivery,
            provider.state = state,
            "Kavenegar took a message and does not send it"
        );
        return SendOutcome::Refused(refusal);
    }
    SendOutcome::Accepted(Receipt {
        message_id: Some(message_id),
        cost: entry.cost(),
    })
}

/// What an error's code means; `None` for one that is not known, and for 402 ("the operation
/// failed") and 5xx, which tell nothing of the message.
fn meaning(code: u16) -> Option<SendOutcome> {
    let refusal = match code {
        // The account, its plan, its addresses and lines; and 501 for one that may only write to
        // its owner.
        401 | 403 | 404 | 405 | 407 | 412 | 416 | 426 | 427 | 501 => SendRefusal::BadCredentials,
        400 | 406 | 414 | 417 | 419 | 424 | 428 | 431 | 432 | 607 => SendRefusal::BadTemplate,
        402 => return Some(SendOutcome::Unknown),
        409 => SendRefusal::Temporary,
        411 => SendRefusal::InvalidNumber,
        413 | 420 | 422 => SendRefusal::RejectedContent,
        418 => SendRefusal::NoCredit,
        451 => SendRefusal::RateLimited,
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

/// What Kavenegar knows of a message; `None` when it knows nothing, as of one that is older than 48
/// hours.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let answer = Answer::read(reply).filter(|answer| answer.verdict.status == 200)?;
    let entry = answer.into_entry().filter(|_| reply.status.is_success())?;
    if entry.message_id()? != *message_id {
        return None;
    }
    let arrival = match entry.state()? {
        UNKNOWN => return None,
        DELIVERED => Some(Arrival::Delivered),
        // That the phone is off or out of reach says nothing of what it can receive.
        FAILED | UNDELIVERED | CANCELLED => Some(Arrival::Undelivered(SendRefusal::Temporary)),
        BLOCKED => Some(Arrival::Undelivered(SendRefusal::OptedOut)),
        // On its way, or of a state that is not known.
        _ => None,
    };
    Some(Report {
        message_id: message_id.clone(),
        arrival,
        cost: None,
    })
}

/// The states of a message that end it.
const FAILED: i64 = 6;
const DELIVERED: i64 = 10;
const UNDELIVERED: i64 = 11;
/// Also of every message of an account in debug mode.
const CANCELLED: i64 = 13;
/// Its receiver wants no messages from such lines.
const BLOCKED: i64 = 14;
/// No message of ours has this name, or it is too old.
const UNKNOWN: i64 = 100;
