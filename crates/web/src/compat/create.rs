//! `POST /api/auth/otp/create/`: asks for a code.

use axum::http::StatusCode;
use phonekey_core::{
    digits,
    flow::{Flows, StartRequest, Started},
    phone::PhoneError,
    refusal::{Error, Refusal},
};
use serde::Serialize;

use super::{
    answer::Answer,
    body::Fields,
    endpoint::Endpoint,
    field::{self, FieldError, Value},
};
use crate::language::{Language, Text};

#[derive(Serialize)]
struct Created<'a> {
    uuid: String,
    receiver: &'a str,
    message: &'a str,
    #[serde(flatten)]
    details: Option<Details>,
}

/// What a caller learns who asked for it with `"details": true`. Callers of the Django project's
/// wire may compare whole bodies, so they get its three fields and no more.
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

pub(super) async fn answer(
    fields: &Fields,
    flows: &Flows,
    language: &Language,
) -> Result<Answer, Answer> {
    let refuse = |error: FieldError| Answer::field(Endpoint::Create, error);
    let receiver = field::text(fields.get("receiver")).map_err(refuse)?;
    let request = StartRequest {
        receiver: &receiver,
        language: language.tag(),
    };
    let started = match flows.start(request).await {
        Ok(started) => started,
        Err(Error::Refused(Refusal::Phone(PhoneError::Invalid | PhoneError::KindRefused(_)))) => {
            return Err(refuse(field::refused_mobile(&receiver)));
        }
        Err(error) => return Err(Answer::error_of_code(&error, language)),
    };
    let wants_details = match fields.get("details") {
        Some(Value::Bool(wanted)) => *wanted,
        Some(Value::Text(text)) => matches!(text.as_str(), "true" | "1"),
        _ => false,
    };
    let created = Created {
        uuid: started.challenge.to_string(),
        receiver: &digits::fold(&receiver),
        message: &language.text(Text::CodeSent),
        details: wants_details.then(|| Details::of(&started)),
    };
    Ok(Answer::new(StatusCode::OK, &created))
}
