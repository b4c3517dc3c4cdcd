//! What the Cloud API's answer means.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
};
use serde::Deserialize;
use tracing::warn;

use super::error::CloudError;
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Failed { error: CloudError },
    Taken { messages: [TakenMessage; 1] },
}

#[derive(Deserialize)]
struct TakenMessage {
    id: String,
    message_status: Option<String>,
}

/// What became of the message.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let body = reply.body.as_deref().unwrap_or_default();
    match serde_json::from_slice(body) {
        Ok(Answer::Failed { error }) => {
            warn!(
                delivery.id = %delivery,
                provider.code = error.code,
                "WhatsApp did not take a message"
            );
            error.meaning().unwrap_or_else(|| of_unknown_code(reply))
        }
        Ok(Answer::Taken {
            messages: [message],
        }) if reply.status.is_success() => taken(message),
        _ => reply.outcome_by_status(),
    }
}

/// Most codes are about templates; those that are not yet known will be as well.
fn of_unknown_code(reply: &Reply) -> SendOutcome {
    match reply.outcome_by_status() {
        SendOutcome::Refused(SendRefusal::RejectedContent) => {
            SendOutcome::Refused(SendRefusal::BadTemplate)
        }
        outcome => outcome,
    }
}

fn taken(message: TakenMessage) -> SendOutcome {
    // Meta does not send by a template whose quality it finds too low.
    if message.message_status.as_deref() == Some("paused") {
        return SendOutcome::Refused(SendRefusal::BadTemplate);
    }
    MessageId::new(message.id).map_or(SendOutcome::Unknown, |id| {
        SendOutcome::Accepted(Receipt {
            message_id: Some(id),
            cost: None,
        })
    })
}
