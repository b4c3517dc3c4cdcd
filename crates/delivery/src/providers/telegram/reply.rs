//! What Telegram Gateway's answer means.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
};
use serde::Deserialize;
use tracing::warn;

use super::report::RequestStatus;
use crate::http::Reply;

/// The answer to any method.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    result: Option<RequestStatus>,
    error: Option<String>,
}

/// What became of the message.
///
/// Telegram says what is wrong in the body, and its own samples have that come with status 200.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let Some(answer) = answer(reply) else {
        return reply.outcome_by_status();
    };
    if answer.ok {
        let id = answer.result.map(|result| result.request_id);
        return match id.and_then(MessageId::new) {
            // What it cost is not said in any currency.
            Some(id) if reply.status.is_success() => SendOutcome::Accepted(Receipt {
                message_id: Some(id),
                cost: None,
            }),
            _ => SendOutcome::Unknown,
        };
    }
    let Some(error) = answer.error.filter(|error| is_name(error)) else {
        return reply.outcome_by_status();
    };
    warn!(delivery.id = %delivery, provider.code = error, "Telegram did not take a message");
    meaning(&error).unwrap_or_else(|| {
        if reply.status.is_success() {
            SendOutcome::Refused(SendRefusal::Temporary)
        } else {
            reply.outcome_by_status()
        }
    })
}

/// What Telegram knows of a message; `None` when it does not tell.
pub(super) fn status(reply: &Reply) -> Option<RequestStatus> {
    let answer = answer(reply).filter(|answer| answer.ok && reply.status.is_success())?;
    answer.result
}

fn answer(reply: &Reply) -> Option<Answer> {
    let may_tell = reply.status.is_success() || reply.status.is_client_error();
    let body = reply.body.as_deref().filter(|_| may_tell)?;
    serde_json::from_slice(body).ok()
}

/// What an error means; `None` for one that is not known. Telegram publishes no list of them: only
/// `ACCESS_TOKEN_INVALID` stands in its documentation, the others are known from clients.
fn meaning(error: &str) -> Option<SendOutcome> {
    let refusal = match error {
        "ACCESS_TOKEN_INVALID" | "ACCESS_TOKEN_REQUIRED" | "UNKNOWN_METHOD" => {
            SendRefusal::BadCredentials
        }
        "PHONE_NUMBER_INVALID" => SendRefusal::InvalidNumber,
        // Nobody has it on Telegram, or wants no messages there.
        "PHONE_NUMBER_NOT_FOUND" | "PHONE_NUMBER_NOT_AVAILABLE" => SendRefusal::CannotReceive,
        "BALANCE_NOT_ENOUGH" => SendRefusal::NoCredit,
        "CALLBACK_URL_INVALID"
        | "CODE_INVALID"
        | "CODE_LENGTH_INVALID"
        | "CODE_LENGTH_REQUIRED"
        | "PAYLOAD_INVALID"
        | "SENDER_NOT_OWNED"
        | "SENDER_NOT_VERIFIED"
        | "SENDER_USERNAME_INVALID"
        | "TTL_INVALID" => SendRefusal::BadTemplate,
        // It says so of what it has sent, or of what we never ask for.
        "MESSAGE_ALREADY_SENT" | "PHONE_NUMBER_MISMATCH" => return Some(SendOutcome::Unknown),
        error if error.contains("FLOOD_WAIT") => SendRefusal::RateLimited,
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_part)
}
