//! `POST /api/auth/otp/resend/`: asks for the code of a challenge once more. The Django project has
//! no such endpoint; it speaks as the others do.

use axum::http::StatusCode;
use phonekey_core::{
    digits,
    flow::{Flows, ResendRequest},
    id::ChallengeId,
};

use super::{
    answer::Answer,
    body::Fields,
    created::{Created, wants_details},
    endpoint::Endpoint,
    field::{self, FieldError, LONGEST_RECEIVER},
};
use crate::language::{Language, Text};

pub(super) async fn answer(
    fields: &Fields,
    flows: &Flows,
    language: &Language,
) -> Result<Answer, Answer> {
    let refuse = |error: FieldError| Answer::field(Endpoint::Resend, error);
    let challenge = field::uuid(fields.get("uuid")).map_err(refuse)?;
    let receiver = field::short_text(fields.get("receiver"), LONGEST_RECEIVER).map_err(refuse)?;
    let request = ResendRequest {
        challenge: ChallengeId::from_uuid(challenge),
        receiver: &receiver,
        channel: field::channel(fields.get("channel")).map_err(refuse)?,
    };
    let started = match flows.resend(request).await {
        Ok(started) => started,
        Err(error) => return Err(Answer::error_of_code(&error, language)),
    };
    let (receiver, message) = (digits::fold(&receiver), language.text(Text::CodeSent));
    let created = Created::of(&started, &receiver, &message, wants_details(fields));
    Ok(Answer::new(StatusCode::OK, &created))
}
