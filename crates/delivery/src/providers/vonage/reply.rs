//! What Vonage's answer means (<https://developer.vonage.com/en/api-errors/sms>). Its HTTP status is
//! 200 whatever it says.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{Cost, Currency, MessageId, Receipt, SendOutcome, SendRefusal},
};
use serde::Deserialize;
use tracing::warn;

use crate::{http::Reply, scalar::Scalar};

#[derive(Deserialize)]
struct Answer {
    /// One for each segment of the message, in order.
    messages: Vec<Segment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Segment {
    /// 0 if it was taken, else what is wrong.
    status: Scalar,
    message_id: Option<String>,
    message_price: Option<Scalar>,
}

impl Segment {
    fn is_taken(&self) -> bool {
        self.status.integer() == Some(TAKEN)
    }
}

const TAKEN: i64 = 0;

/// What became of the message, for an account that is charged in this currency.
///
/// A message of several segments has a name for each. The first one stands for all: reports on the
/// others are about no message of ours.
pub(super) fn outcome(
    reply: &Reply,
    delivery: DeliveryId,
    currency: Option<Currency>,
) -> SendOutcome {
    let body = reply.body.as_deref().filter(|_| reply.status.is_success());
    let answer: Option<Answer> = body.and_then(|body| serde_json::from_slice(body).ok());
    let segments = answer.map(|answer| answer.messages).unwrap_or_default();
    let Some(first) = segments.first() else {
        return reply.outcome_by_status();
    };
    if let Some(refused) = segments.iter().find(|segment| !segment.is_taken()) {
        warn!(
            delivery.id = %delivery,
            provider.code = refused.status.integer(),
            segments = segments.len(),
            "Vonage did not take all of a message"
        );
    }
    match first.status.integer() {
        Some(TAKEN) => {
            let id = first.message_id.clone().and_then(MessageId::new);
            id.map_or(SendOutcome::Unknown, |id| {
                SendOutcome::Accepted(Receipt {
                    message_id: Some(id),
                    cost: currency.and_then(|currency| cost(&segments, currency)),
                })
            })
        }
        Some(code) => meaning(code),
        None => SendOutcome::Unknown,
    }
}

/// What all segments cost together; `None` if it is not said of each.
fn cost(segments: &[Segment], currency: Currency) -> Option<Cost> {
    let taken = segments.iter().filter(|segment| segment.is_taken());
    let mut micros: i64 = 0;
    for segment in taken {
        micros = micros.checked_add(segment.message_price.as_ref()?.micros()?)?;
    }
    Some(Cost { micros, currency })
}

/// What is wrong.
fn meaning(code: i64) -> SendOutcome {
    let refusal = match code {
        // "An internal error": nothing says when.
        5 => return SendOutcome::Unknown,
        1 | 10 => SendRefusal::RateLimited,
        // A parameter is missing or wrong, and we have checked the number; the text is too long; the
        // network's code is not known, of which we name none.
        2 | 3 | 12 | 22 => SendRefusal::RejectedContent,
        // The key, the account, its sender and its settings: 23 is a callback that Vonage does not
        // take, 29 a trial account.
        4 | 8 | 11 | 14 | 23 | 29 | 32 => SendRefusal::BadCredentials,
        // "Unable to process this message, for example, an unrecognized number prefix": we have
        // checked the number, so that another provider may well reach it. 15 is a sender that the
        // destination does not allow: no reason to send nowhere else.
        6 | 15 => SendRefusal::BlockedCountry,
        7 => SendRefusal::OptedOut,
        9 => SendRefusal::NoCredit,
        33 => SendRefusal::InvalidNumber,
        // Whatever is not 0 was not taken.
        _ => SendRefusal::Temporary,
    };
    SendOutcome::Refused(refusal)
}
