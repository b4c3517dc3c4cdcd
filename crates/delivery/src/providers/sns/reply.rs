//! What SNS's answer means.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
};
use tracing::warn;

use crate::http::Reply;

/// What became of the message.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    let body = reply.body.as_deref().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    if reply.status.is_success() {
        let id = content_of("MessageId", &body).and_then(MessageId::new);
        return id.map_or(SendOutcome::Unknown, |id| {
            SendOutcome::Accepted(Receipt {
                message_id: Some(id),
                cost: None,
            })
        });
    }
    let Some(code) = content_of("Code", &body).filter(|code| is_code(code)) else {
        return reply.outcome_by_status();
    };
    warn!(delivery.id = %delivery, provider.code = code, "SNS did not take a message");
    // The text names the number: it goes no further than this.
    let text = content_of("Message", &body).unwrap_or_default();
    match meaning(code, text) {
        Some(meaning) => meaning,
        None => reply.outcome_by_status(),
    }
}

/// What an error's code means; `None` for one that is not known.
///
/// The codes of `Publish` and those that all actions share
/// (<https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html>).
fn meaning(code: &str, text: &str) -> Option<SendOutcome> {
    let refusal = match code {
        "InvalidParameter"
        | "InvalidParameterValue"
        | "ParameterValueInvalid"
        | "ValidationError"
        | "ValidationException" => of_parameter(text),
        "UserError" => SendRefusal::RejectedContent,
        "OptedOut" => SendRefusal::OptedOut,
        "Throttled" | "Throttling" | "ThrottlingException" => SendRefusal::RateLimited,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "EndpointDisabled"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "NotFound"
        | "OptInRequired"
        | "PlatformApplicationDisabled"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => SendRefusal::BadCredentials,
        code if code.starts_with("KMS") => SendRefusal::BadCredentials,
        "InternalError" | "InternalFailure" | "ServiceUnavailable" => {
            return Some(SendOutcome::Unknown);
        }
        _ => return None,
    };
    Some(SendOutcome::Refused(refusal))
}

/// Why a parameter is refused, by the name that the error's text begins with.
///
/// SNS says that a number `is not valid to publish to` also where its region sends no text messages
/// (aws/aws-sdk-js#1217). We have checked the number, so that another provider may well reach it.
fn of_parameter(text: &str) -> SendRefusal {
    if text.contains("PhoneNumber") {
        SendRefusal::BlockedCountry
    } else if [
        "SenderID",
        "OriginationNumber",
        "MessageAttribute",
        "MaxPrice",
    ]
    .iter()
    .any(|ours| text.contains(ours))
    {
        SendRefusal::BadCredentials
    } else {
        SendRefusal::RejectedContent
    }
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What stands between the first tags of this name. The elements that are looked for have no
/// attributes.
fn content_of<'a>(tag: &str, xml: &'a str) -> Option<&'a str> {
    let (_, after) = xml.split_once(&format!("<{tag}>"))?;
    let (content, _) = after.split_once(&format!("</{tag}>"))?;
    Some(content.trim())
}
