//! What Plivo's answer means. It says in words what is wrong, without a code, and names the number:
//! nothing of the words is logged.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    report::Report,
};
use reqwest::StatusCode;
use serde::Deserialize;
use tracing::warn;

use super::report::{arrival, cost};
use crate::{http::Reply, scalar::Scalar};

/// One number was asked for, so there is one message.
#[derive(Deserialize)]
struct Taken {
    message_uuid: [String; 1],
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

/// A message as Plivo describes it.
#[derive(Deserialize)]
struct Resource {
    message_uuid: String,
    message_state: String,
    error_code: Option<Scalar>,
    total_amount: Option<Scalar>,
}

/// What became of the message.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let body = reply.body.as_deref().unwrap_or_default();
    if reply.status.is_success() {
        let id = serde_json::from_slice(body).ok();
        let id = id.and_then(|Taken { message_uuid: [id] }| MessageId::new(id));
        return id.map_or(SendOutcome::Unknown, |id| {
            SendOutcome::Accepted(Receipt {
                message_id: Some(id),
                cost: None,
            })
        });
    }
    let status = reply.status;
    warn!(
        delivery.id = %delivery,
        provider.code = status.as_u16(),
        "Plivo did not take a message"
    );
    let failure = serde_json::from_slice(body).ok();
    let refusal = failure
        .filter(|_| status.is_client_error())
        .and_then(|Failure { error }| refusal(status, &error.to_ascii_lowercase()));
    refusal.map_or_else(|| reply.outcome_by_status(), SendOutcome::Refused)
}

/// What a refusal means; `None` where the status tells it.
fn refusal(status: StatusCode, words: &str) -> Option<SendRefusal> {
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["insufficient credit"]) {
        return Some(SendRefusal::NoCredit);
    }
    match status {
        StatusCode::PAYMENT_REQUIRED => Some(SendRefusal::NoCredit),
        // Plivo says so of countries that are not switched on.
        StatusCode::FORBIDDEN => Some(SendRefusal::BlockedCountry),
        StatusCode::NOT_FOUND => Some(SendRefusal::BadCredentials),
        StatusCode::BAD_REQUEST if says(&["src", "source", "sender", "powerpack"]) => {
            Some(SendRefusal::BadCredentials)
        }
        StatusCode::BAD_REQUEST if says(&["dst", "valid phone number"]) => {
            Some(SendRefusal::InvalidNumber)
        }
        _ => None,
    }
}

/// What Plivo knows of a message; `None` when it does not tell.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let body = reply.body.as_deref().filter(|_| reply.status.is_success());
    let message: Resource = serde_json::from_slice(body?).ok()?;
    if message.message_uuid != message_id.as_str() {
        return None;
    }
    let code = message.error_code.as_ref().map(Scalar::as_str);
    Some(Report {
        message_id: message_id.clone(),
        arrival: arrival(&message.message_state, code),
        cost: message.total_amount.and_then(|it| cost(it.as_str())),
    })
}
