//! What MeliPayamak's answer means. Its HTTP status is 200 whatever it says, and nothing of it is
//! logged but numbers.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    report::{Arrival, Report},
};
use serde::Deserialize;
use tracing::warn;

use crate::{http::Reply, scalar::Scalar};

/// The answer to any method: an object, or the bare value of one, as older methods give it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Whole(Whole),
    Bare(Scalar),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Whole {
    /// A message's name, its state, or what is wrong.
    value: Option<Scalar>,
    /// 1, 0 where something is wrong, or what is wrong.
    ret_status: i64,
    /// What is wrong, in words.
    str_ret_status: Option<String>,
}

/// What an answer to a message says.
enum Verdict {
    Taken(MessageId),
    Wrong(i64),
    Unclear,
}

impl Answer {
    fn read(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(reply.body.as_deref()?).ok()
    }

    /// The descriptions differ in which of the two fields says what is wrong, so either may.
    fn verdict(&self) -> Verdict {
        let (value, status) = match self {
            Self::Whole(whole) => (whole.value.as_ref(), whole.ret_status),
            Self::Bare(value) => (Some(value), SUCCESS),
        };
        if !matches!(status, SUCCESS | FAILURE) {
            return Verdict::Wrong(status);
        }
        match value.and_then(Scalar::integer) {
            Some(code) if code < FIRST_ID => Verdict::Wrong(code),
            Some(_) if status == SUCCESS => value
                .and_then(Scalar::message_id)
                .map_or(Verdict::Unclear, Verdict::Taken),
            _ => Verdict::Unclear,
        }
    }

    /// Code 35 is a receiver on the black list, or this: a name or key that is wrong.
    fn is_invalid_data(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.str_ret_status.as_deref() == Some("InvalidData"),
            Self::Bare(_) => false,
        }
    }
}

const SUCCESS: i64 = 1;
const FAILURE: i64 = 0;

/// Below this a value is the code of an error. The names of messages have 15 digits and more.
const FIRST_ID: i64 = 1_000_000;

/// What became of the message.
///
/// MeliPayamak does not say what it cost.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let Some(answer) = Answer::read(reply) else {
        return reply.outcome_by_status();
    };
    let code = match answer.verdict() {
        Verdict::Wrong(code) => code,
        Verdict::Taken(id) if reply.status.is_success() => {
            return SendOutcome::Accepted(Receipt {
                message_id: Some(id),
                cost: None,
            });
        }
        Verdict::Taken(_) | Verdict::Unclear => return reply.outcome_by_status(),
    };
    warn!(delivery.id = %delivery, provider.code = code, "MeliPayamak did not take a message");
    if code == 35 && answer.is_invalid_data() {
        return SendOutcome::Refused(SendRefusal::BadCredentials);
    }
    meaning(code).unwrap_or_else(|| reply.outcome_by_status())
}

/// What an error's code means; `None` for one that is not known.
fn meaning(code: i64) -> Option<SendOutcome> {
    let refusal = match code {
        // "An internal error": nothing says when.
        -6 => return Some(SendOutcome::Unknown),
        // The name, the key and its addresses, the account and its lines. The descriptions write
        // the last ones with and without their sign.
        -7 | -3 | -1 | 0 | 5 | 8 | 9 | 10 | 12 | 108..=111 | -111..=-108 => {
            SendRefusal::BadCredentials
        }
        -5 | -4 | -2 | 17 | 21 | 22 => SendRefusal::BadTemplate,
        2 => SendRefusal::NoCredit,
        3 | 4 | 19 => SendRefusal::RateLimited,
        // Not at this hour, not while the system is being changed, and "not sent".
        -9 | -8 | 6 | 11 => SendRefusal::Temporary,
        -10 | 7 | 14 | 15 => SendRefusal::RejectedContent,
        16 | 18 => SendRefusal::InvalidNumber,
        35 => SendRefusal::OptedOut,
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

/// What MeliPayamak knows of a message; `None` when it knows nothing.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let Some(Answer::Whole(answer)) = Answer::read(reply).filter(|_| reply.status.is_success())
    else {
        return None;
    };
    let state = answer.value.filter(|_| answer.ret_status == SUCCESS)?;
    Some(Report {
        message_id: message_id.clone(),
        arrival: arrival(state.integer().filter(|state| *state >= 0)?),
        cost: None,
    })
}

/// What a state means; `None` while the message is on its way (0, 8, 200, 400), or for a state that
/// is not known (100 among them).
fn arrival(state: i64) -> Option<Arrival> {
    let refusal = match state {
        1 => return Some(Arrival::Delivered),
        // It did not reach the phone (2) or the operator (16), or failed there.
        2 | 3 | 5 | 16 => SendRefusal::Temporary,
        // The number is on the black list: its owner wants no such messages.
        35 => SendRefusal::OptedOut,
        300 | 500 => SendRefusal::RejectedContent,
        _ => return None,
    };
    Some(Arrival::Undelivered(refusal))
}
