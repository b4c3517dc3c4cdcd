//! What a webhook's answer means.

use phonekey_core::delivery::outcome::{
    Cost, Currency, MessageId, Receipt, SendOutcome, SendRefusal,
};
use reqwest::StatusCode;
use serde::Deserialize;
use tracing::warn;

use crate::http::Reply;

/// What the receiver says in JSON.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Verdict {
    Accepted {
        message_id: Option<String>,
        cost: Option<StatedCost>,
    },
    Refused {
        /// The name of a [`SendRefusal`].
        reason: Option<String>,
    },
}

#[derive(Deserialize)]
struct StatedCost {
    micros: i64,
    currency: String,
}

/// What became of the message.
///
/// A refusal in JSON counts whatever the status; an acceptance only with a status of success. A
/// success that cannot be understood tells nothing: the message may have gone.
pub(super) fn outcome(reply: &Reply) -> SendOutcome {
    let body = reply.body.as_deref().map(<[u8]>::trim_ascii);
    let verdict = body.and_then(|body| serde_json::from_slice(body).ok());
    match verdict {
        Some(Verdict::Refused { reason }) => SendOutcome::Refused(refusal(reason.as_deref())),
        Some(Verdict::Accepted { message_id, cost }) if reply.status.is_success() => {
            SendOutcome::Accepted(Receipt {
                message_id: message_id.and_then(MessageId::new),
                cost: cost.and_then(StatedCost::checked),
            })
        }
        None if reply.status.is_success() && body.is_some_and(<[u8]>::is_empty) => {
            SendOutcome::Accepted(Receipt::default())
        }
        _ => by_status(reply.status),
    }
}

fn refusal(reason: Option<&str>) -> SendRefusal {
    reason.and_then(SendRefusal::from_name).unwrap_or_else(|| {
        warn!(
            "the webhook refused for a reason that there is not; known: {}",
            SendRefusal::ALL.map(SendRefusal::name).join(", ")
        );
        SendRefusal::Temporary
    })
}

/// What an answer without a readable verdict means.
///
/// 504 is a time-out by another name: a gateway gave up on a receiver that may have taken the
/// message. Every other 5xx is the receiver's own failure.
fn by_status(status: StatusCode) -> SendOutcome {
    let refusal = match status {
        StatusCode::TOO_MANY_REQUESTS => SendRefusal::RateLimited,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => SendRefusal::BadCredentials,
        StatusCode::REQUEST_TIMEOUT => SendRefusal::Temporary,
        StatusCode::GATEWAY_TIMEOUT => return SendOutcome::Unknown,
        status if status.is_client_error() => SendRefusal::RejectedContent,
        status if status.is_success() => {
            warn!(
                http.status = status.as_u16(),
                "the webhook's answer is neither empty nor a verdict in JSON"
            );
            return SendOutcome::Unknown;
        }
        status if status.is_redirection() => {
            warn!(
                http.status = status.as_u16(),
                "the webhook redirects, which is not followed; configure the URL it points to"
            );
            SendRefusal::Temporary
        }
        _ => SendRefusal::Temporary,
    };
    SendOutcome::Refused(refusal)
}

impl StatedCost {
    /// The cost, if its currency can be one.
    fn checked(self) -> Option<Cost> {
        Some(Cost {
            micros: self.micros,
            currency: Currency::from_code(&self.currency)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> SendOutcome {
        outcome(&Reply {
            status: StatusCode::from_u16(status).unwrap(),
            body: Some(body.as_bytes().to_vec()),
        })
    }

    fn cut_off(status: u16) -> SendOutcome {
        outcome(&Reply {
            status: StatusCode::from_u16(status).unwrap(),
            body: None,
        })
    }

    fn accepted() -> SendOutcome {
        SendOutcome::Accepted(Receipt::default())
    }

    #[test]
    fn an_empty_success_and_an_acceptance_are_acceptances() {
        assert_eq!(answer(200, ""), accepted());
        assert_eq!(answer(204, ""), accepted());
        assert_eq!(answer(202, "\n"), accepted());
        assert_eq!(answer(200, r#"{"status":"accepted"}"#), accepted());
        assert_eq!(
            answer(
                200,
                r#"{"status":"accepted","message_id":"m-1","cost":{"micros":7500,"currency":"USD"},"more":1}"#
            ),
            SendOutcome::Accepted(Receipt {
                message_id: MessageId::new("m-1"),
                cost: Some(Cost {
                    micros: 7500,
                    currency: Currency::from_code("USD").unwrap()
                }),
            })
        );
    }

    #[test]
    fn what_no_row_should_keep_is_left_out() {
        let id = "x\\u0000";
        let body = format!(
            r#"{{"status":"accepted","message_id":"{id}","cost":{{"micros":1,"currency":"dollars"}}}}"#
        );

        assert_eq!(answer(200, &body), accepted());
    }

    #[test]
    fn every_refusal_has_its_name_and_counts_whatever_the_status() {
        for refusal in SendRefusal::ALL {
            let body = format!(r#"{{"status":"refused","reason":"{}"}}"#, refusal.name());
            for status in [200, 422, 503] {
                assert_eq!(answer(status, &body), SendOutcome::Refused(refusal));
            }
        }
    }

    #[test]
    fn a_refusal_for_an_unknown_reason_is_a_refusal_still() {
        let temporary = SendOutcome::Refused(SendRefusal::Temporary);

        assert_eq!(
            answer(200, r#"{"status":"refused","reason":"mood"}"#),
            temporary
        );
        assert_eq!(answer(200, r#"{"status":"refused"}"#), temporary);
    }

    #[test]
    fn a_status_speaks_for_itself() {
        let cases = [
            (301, SendRefusal::Temporary),
            (400, SendRefusal::RejectedContent),
            (401, SendRefusal::BadCredentials),
            (403, SendRefusal::BadCredentials),
            (404, SendRefusal::RejectedContent),
            (408, SendRefusal::Temporary),
            (422, SendRefusal::RejectedContent),
            (429, SendRefusal::RateLimited),
            (500, SendRefusal::Temporary),
            (503, SendRefusal::Temporary),
        ];
        for (status, refusal) in cases {
            let refused = SendOutcome::Refused(refusal);
            assert_eq!(answer(status, "<html>"), refused, "{status}");
            assert_eq!(cut_off(status), refused, "{status}");
            assert_eq!(answer(status, r#"{"status":"accepted"}"#), refused);
        }
    }

    #[test]
    fn what_cannot_be_understood_may_have_gone() {
        for body in ["ok", "{}", "[]", "{\"status\":\"maybe\"}", "{\"status\":"] {
            assert_eq!(answer(200, body), SendOutcome::Unknown, "{body}");
        }
        assert_eq!(cut_off(200), SendOutcome::Unknown);
        assert_eq!(cut_off(504), SendOutcome::Unknown);
    }
}
