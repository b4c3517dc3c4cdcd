//! What create and resend answer: whose code was sent, and for those who ask, for how long.

use phonekey_core::flow::Started;
use serde::Serialize;

use super::{body::Fields, field::Value};

#[derive(Serialize)]
pub(super) struct Created<'a> {
    uuid: String,
    receiver: &'a str,
    message: &'a str,
    #[serde(flatten)]
    details: Option<Details>,
}

impl<'a> Created<'a> {
    pub(super) fn of(
        started: &Started,
        receiver: &'a str,
        message: &'a str,
        details: Wanted,
    ) -> Self {
        Self {
            uuid: started.challenge.to_string(),
            receiver,
            message,
            details: match details {
                Wanted::Yes => Some(Details::of(started)),
                Wanted::No => None,
            },
        }
    }
}

/// Whether a caller asks for more than the Django project's three fields. Callers of that wire may
/// compare whole bodies, so they get those and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// With `"details": true`.
    Yes,
    /// Else.
    No,
}

/// What a caller asks for.
pub(super) fn wants_details(fields: &Fields) -> Wanted {
    let wanted = match fields.get("details") {
        Some(Value::Bool(wanted)) => *wanted,
        Some(Value::Text(text)) => matches!(text.as_str(), "true" | "1"),
        _ => false,
    };
    if wanted { Wanted::Yes } else { Wanted::No }
}

#[derive(Serialize)]
struct Details {
    /// Seconds until the code expires.
    expires_in: u64,
    /// Seconds until another code may be asked for.
    resend_in: u64,
    /// Digits of the code.
    code_length: u8,
}

impl Details {
    fn of(started: &Started) -> Self {
        Self {
            expires_in: started.expires_in.as_secs(),
            resend_in: started
                .resend_in
                .as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX),
            code_length: started.code_length.get(),
        }
    }
}
