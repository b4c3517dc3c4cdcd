//! What SMS.ir's answer means. A report repeats the whole text with the code, so nothing of it is
//! logged but numbers.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    report::{Arrival, Report},
};
use serde::Deserialize;
use tracing::warn;

use crate::{http::Reply, scalar::Scalar};

/// The answer to any method.
#[derive(Deserialize)]
struct Answer {
    /// 1, or what is wrong.
    status: i64,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    message_id: Option<Scalar>,
    delivery_state: Option<Scalar>,
}

impl Answer {
    fn read(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(reply.body.as_deref()?).ok()
    }
}

/// What became of the message.
///
/// Its cost is counted in messages and not in money, so it is not kept.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let Some(answer) = Answer::read(reply) else {
        return reply.outcome_by_status();
    };
    if answer.status == SUCCESS {
        let id = answer.data.and_then(|data| data.message_id);
        return match id.and_then(|id| id.message_id()) {
            Some(id) if reply.status.is_success() => SendOutcome::Accepted(Receipt {
                message_id: Some(id),
                cost: None,
            }),
            _ => SendOutcome::Unknown,
        };
    }
    warn!(delivery.id = %delivery, provider.code = answer.status, "SMS.ir did not take a message");
    meaning(answer.status).unwrap_or_else(|| reply.outcome_by_status())
}

const SUCCESS: i64 = 1;

/// What an error's code means; `None` for one that is not known.
fn meaning(code: i64) -> Option<SendOutcome> {
    let refusal = match code {
        // "A fault in the system": nothing says when.
        0 => return Some(SendOutcome::Unknown),
        // The key, its addresses, the account, its plan and its lines.
        10..=15 | 101 | 123 => SendRefusal::BadCredentials,
        16 | 105..=110 | 113 | 114 | 116 | 119 | 124 => SendRefusal::BadTemplate,
        20 | 118 => SendRefusal::RateLimited,
        102 => SendRefusal::NoCredit,
        103 | 117 => SendRefusal::RejectedContent,
        104 => SendRefusal::InvalidNumber,
        115 => SendRefusal::OptedOut,
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

/// What SMS.ir knows of a message; `None` when it knows nothing.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let answer = Answer::read(reply).filter(|answer| answer.status == SUCCESS)?;
    let data = answer.data.filter(|_| reply.status.is_success())?;
    if data.message_id?.message_id()? != *message_id {
        return None;
    }
    let state = data.delivery_state.and_then(|state| state.integer());
    let arrival = match state {
        Some(1) => Some(Arrival::Delivered),
        // It did not reach the phone (2) or the operator (4), or failed (6).
        Some(2 | 4 | 6) => Some(Arrival::Undelivered(SendRefusal::Temporary)),
        // The number is on the black list: its owner wants no such messages.
        Some(7) => Some(Arrival::Undelivered(SendRefusal::OptedOut)),
        // On its way (3, 5 or nothing yet), or of a state that is not known (8).
        _ => None,
    };
    Some(Report {
        message_id: message_id.clone(),
        arrival,
        cost: None,
    })
}
