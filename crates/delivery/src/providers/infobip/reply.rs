//! What Infobip's answer means.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
};
use serde::Deserialize;
use tracing::warn;

use super::fate::{Fate, Status};
use crate::http::Reply;

#[derive(Deserialize)]
struct Answer {
    messages: Vec<Taken>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    message_id: Option<String>,
    status: Status,
}

/// What is wrong with a request. An older form of it, and that of gateways, has other names: there
/// the HTTP status alone tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    error_code: String,
    #[serde(default)]
    violations: Vec<Violation>,
}

#[derive(Deserialize)]
struct Violation {
    /// Such as `messages[0].destinations[0].to`.
    property: String,
}

/// What became of the message with this name. Infobip tells its cost in a report.
pub(super) fn outcome(reply: &Reply, id: &str, delivery: DeliveryId) -> SendOutcome {
    if reply.status.is_client_error() {
        return refused(reply, delivery);
    }
    let body = reply.body.as_deref().filter(|_| reply.status.is_success());
    let answer: Option<Answer> = body.and_then(|body| serde_json::from_slice(body).ok());
    let first = answer.and_then(|answer| answer.messages.into_iter().next());
    let Some(Taken { message_id, status }) = first else {
        return reply.outcome_by_status();
    };
    match status.fate(None) {
        Fate::Pending | Fate::Delivered => {
            let id = MessageId::new(message_id.unwrap_or_else(|| id.to_owned()));
            id.map_or(SendOutcome::Unknown, |id| {
                SendOutcome::Accepted(Receipt {
                    message_id: Some(id),
                    cost: None,
                })
            })
        }
        Fate::Lost(refusal) => {
            warn!(
                delivery.id = %delivery,
                provider.code = status.id,
                "Infobip did not take a message"
            );
            SendOutcome::Refused(refusal)
        }
        Fate::Unclear => SendOutcome::Unknown,
    }
}

fn refused(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let body = reply.body.as_deref().unwrap_or_default();
    let Ok(Refused {
        error_code,
        violations,
    }) = serde_json::from_slice(body)
    else {
        return reply.outcome_by_status();
    };
    if is_code(&error_code) {
        warn!(
            delivery.id = %delivery,
            provider.code = error_code,
            "Infobip did not take a message"
        );
    }
    let outcome = reply.outcome_by_status();
    if outcome != SendOutcome::Refused(SendRefusal::RejectedContent) {
        return outcome;
    }
    let names = |field| {
        let mut properties = violations.iter().map(|violation| &violation.property);
        properties.any(|property| property.rsplit('.').next() == Some(field))
    };
    let refusal = if names("to") {
        SendRefusal::InvalidNumber
    } else if names("sender") {
        SendRefusal::BadCredentials
    } else {
        SendRefusal::RejectedContent
    };
    SendOutcome::Refused(refusal)
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
