//! `POST /api/auth/otp/create/`: asks for a code.

use axum::http::StatusCode;
use phonekey_core::{
    digits,
    flow::{Flows, StartRequest},
    phone::PhoneError,
    refusal::{Error, Refusal},
};

use super::{
    answer::Answer,
    body::Fields,
    created::{Created, wants_details},
    endpoint::Endpoint,
    field::{self, FieldError},
};
use crate::language::{Language, Text};

pub(super) async fn answer(
    fields: &Fields,
    flows: &Flows,
    language: &Language,
    languages: &[&str],
) -> Result<Answer, Answer> {
    let refuse = |error: FieldError| Answer::field(Endpoint::Create, error);
    let receiver = field::text(fields.get("receiver")).map_err(refuse)?;
    let request = StartRequest {
        receiver: &receiver,
        languages,
        channel: field::channel(fields.get("channel")).map_err(refuse)?,
        app_hash: field::app_hash(fields.get("app_hash")),
    };
    let started = match flows.start(request).await {
        Ok(started) => started,
        Err(Error::Refused(Refusal::Phone(PhoneError::Invalid | PhoneError::KindRefused(_)))) => {
            return Err(refuse(field::refused_mobile(&receiver)));
        }
        Err(error) => return Err(Answer::error_of_code(&error, language)),
    };
    let (receiver, message) = (digits::fold(&receiver), language.text(Text::CodeSent));
    let created = Created::of(&started, &receiver, &message, wants_details(fields));
    Ok(Answer::new(StatusCode::OK, &created))
}
