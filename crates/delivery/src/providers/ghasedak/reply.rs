//! What Ghasedak's answer means. It repeats the whole text with the code, so nothing of it is logged
//! but numbers.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    report::{Arrival, Report},
};
use serde::Deserialize;
use serde_json::Value;
use tracing::warn;

use crate::{http::Reply, scalar::Scalar};

/// The answer to any method. Ghasedak documents its names in two cases.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(alias = "IsSuccess")]
    is_success: bool,
    #[serde(alias = "StatusCode")]
    status_code: Option<i64>,
    /// Read once its form matters: a failure may have anything here.
    #[serde(alias = "Data", default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    Items(Vec<Item>),
    Wrapped {
        #[serde(alias = "Items")]
        items: Vec<Item>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(alias = "MessageId")]
    message_id: Option<Scalar>,
    #[serde(alias = "Status")]
    status: Option<Scalar>,
}

impl Answer {
    fn read(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(reply.body.as_deref()?).ok()
    }

    fn into_items(self) -> Vec<Item> {
        match serde_json::from_value(self.data) {
            Ok(Data::Items(items) | Data::Wrapped { items }) => items,
            Err(_) => Vec::new(),
        }
    }
}

impl Item {
    fn message_id(&self) -> Option<MessageId> {
        self.message_id.as_ref()?.message_id()
    }
}

/// What became of the message.
///
/// Its cost is not kept: Ghasedak does not say in which unit it is.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let Some(answer) = Answer::read(reply) else {
        return reply.outcome_by_status();
    };
    if answer.is_success {
        let items = answer.into_items();
        return match items.first().and_then(Item::message_id) {
            Some(id) if reply.status.is_success() => SendOutcome::Accepted(Receipt {
                message_id: Some(id),
                cost: None,
            }),
            _ => SendOutcome::Unknown,
        };
    }
    warn!(
        delivery.id = %delivery,
        provider.code = answer.status_code,
        "Ghasedak did not take a message"
    );
    answer
        .status_code
        .and_then(meaning)
        .unwrap_or_else(|| reply.outcome_by_status())
}

/// What an error's code means; `None` for one that is not known. Ghasedak publishes no list of them;
/// these are known from clients.
fn meaning(code: i64) -> Option<SendOutcome> {
    let refusal = match code {
        // "The operation failed", "a duplicate request" (the first one may be on its way) and "an
        // error" tell nothing of the message.
        402 | 451 | 500 => return Some(SendOutcome::Unknown),
        401 | 406 | 412 | 416 | 426 => SendRefusal::BadCredentials,
        // 429 is a parameter that the template does not have, and no rate.
        400 | 428 | 429 => SendRefusal::BadTemplate,
        413 | 420 | 422 => SendRefusal::RejectedContent,
        418 | 419 => SendRefusal::NoCredit,
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

/// What Ghasedak knows of a message; `None` when it knows nothing.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let answer = Answer::read(reply).filter(|answer| answer.is_success)?;
    let items = answer.into_items();
    let item = items
        .iter()
        .filter(|_| reply.status.is_success())
        .find(|item| item.message_id().as_ref() == Some(message_id))?;
    Some(Report {
        message_id: message_id.clone(),
        arrival: arrival(item.status.as_ref()?.integer()?),
        cost: None,
    })
}

/// What a state means; `None` while the message is on its way, or for a state that is not known.
///
/// Those up to 8 are documented; those from 10 on stand in a client of Ghasedak's own alone.
fn arrival(state: i64) -> Option<Arrival> {
    match state {
        5 | 14 => Some(Arrival::Delivered),
        // It was cancelled, did not reach the phone, or was sent with an error.
        1 | 4 | 6 | 13 | 16 => Some(Arrival::Undelivered(SendRefusal::Temporary)),
        // The number is on a black list: its owner wants no such messages.
        2 | 12 | 15 => Some(Arrival::Undelivered(SendRefusal::OptedOut)),
        7 => {
            warn!(
                provider.state = state,
                "Ghasedak's account is in debug mode and sends nothing"
            );
            Some(Arrival::Undelivered(SendRefusal::Temporary))
        }
        _ => None,
    }
}
