//! What MessageBird's answer means. It repeats the text of the message, so nothing of it is logged
//! but numbers.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{Cost, MessageId, Receipt, SendOutcome, SendRefusal},
    report::{Arrival, Report},
};
use serde::Deserialize;
use tracing::warn;

use super::fate;
use crate::{http::Reply, scalar::Scalar};

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Refused { errors: Vec<Error> },
    Taken(Message),
}

#[derive(Deserialize)]
struct Error {
    code: i64,
    /// Which parameter it is about.
    parameter: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    recipients: Recipients,
}

#[derive(Deserialize)]
struct Recipients {
    /// We name one.
    items: [Recipient; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    status: String,
    status_reason: Option<String>,
    price: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    amount: Option<Scalar>,
    currency: Option<String>,
}

impl Answer {
    fn read(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(reply.body.as_deref()?).ok()
    }
}

impl Recipient {
    fn arrival(&self) -> Option<Arrival> {
        fate::arrival(&self.status, self.status_reason.as_deref())
    }

    fn cost(&self) -> Option<Cost> {
        let price = self.price.as_ref()?;
        fate::cost(price.amount.as_ref()?, price.currency.as_deref()?)
    }
}

/// What became of the message.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let may_tell = reply.status.is_success() || reply.status.is_client_error();
    match Answer::read(reply).filter(|_| may_tell) {
        Some(Answer::Refused { errors }) => refused(reply, &errors, delivery),
        Some(Answer::Taken(message)) if reply.status.is_success() => taken(message),
        _ => reply.outcome_by_status(),
    }
}

fn taken(message: Message) -> SendOutcome {
    let [recipient] = &message.recipients.items;
    if let Some(Arrival::Undelivered(refusal)) = recipient.arrival() {
        return SendOutcome::Refused(refusal);
    }
    let cost = recipient.cost();
    MessageId::new(message.id).map_or(SendOutcome::Unknown, |id| {
        SendOutcome::Accepted(Receipt {
            message_id: Some(id),
            cost,
        })
    })
}

/// What the first of the errors means that is known.
fn refused(reply: &Reply, errors: &[Error], delivery: DeliveryId) -> SendOutcome {
    for error in errors {
        warn!(
            delivery.id = %delivery,
            provider.code = error.code,
            "MessageBird did not take a message"
        );
    }
    let known = errors.iter().find_map(meaning);
    known.unwrap_or_else(|| reply.outcome_by_status())
}

/// What an error means; `None` for one that is not known.
fn meaning(error: &Error) -> Option<SendOutcome> {
    let refusal = match error.code {
        // "An internal error": nothing says when.
        99 => return Some(SendOutcome::Unknown),
        // The key, or a path that there is not.
        2 | 20 | 98 => SendRefusal::BadCredentials,
        // Missing, and invalid.
        9 | 10 => match error.parameter.as_deref() {
            Some("recipient" | "recipients") => SendRefusal::InvalidNumber,
            Some("originator" | "reportUrl") => SendRefusal::BadCredentials,
            _ => SendRefusal::RejectedContent,
        },
        21 => SendRefusal::RejectedContent,
        25 => SendRefusal::NoCredit,
        101 => SendRefusal::Temporary,
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

/// What MessageBird knows of a message; `None` when it does not tell.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let Some(Answer::Taken(message)) = Answer::read(reply).filter(|_| reply.status.is_success())
    else {
        return None;
    };
    let [recipient] = &message.recipients.items;
    Some(Report {
        message_id: message_id.clone(),
        arrival: recipient.arrival(),
        cost: recipient.cost(),
    })
}
