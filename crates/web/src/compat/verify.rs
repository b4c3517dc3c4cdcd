//! `POST /api/auth/otp/verify/`: answers a challenge.

use axum::http::StatusCode;
use phonekey_core::{
    flow::{Flows, VerifyRequest},
    id::ChallengeId,
    token::TokenPair,
};
use serde::Serialize;

use super::{
    answer::Answer,
    body::Fields,
    endpoint::Endpoint,
    field::{self, FieldError, LONGEST_RECEIVER},
};
use crate::language::Language;

#[derive(Serialize)]
pub(super) struct Tokens<'a> {
    access: &'a str,
    refresh: &'a str,
}

impl<'a> From<&'a TokenPair> for Tokens<'a> {
    fn from(tokens: &'a TokenPair) -> Self {
        Self {
            access: &tokens.access,
            refresh: &tokens.refresh,
        }
    }
}

pub(super) async fn answer(
    fields: &Fields,
    flows: &Flows,
    language: &Language,
) -> Result<Answer, Answer> {
    let refuse = |error: FieldError| Answer::field(Endpoint::Verify, error);
    let longest_code = usize::from(flows.longest_code().get());
    // In this order: only the first field that is refused is named.
    let challenge = field::uuid(fields.get("uuid")).map_err(refuse)?;
    let receiver = field::short_text(fields.get("receiver"), LONGEST_RECEIVER).map_err(refuse)?;
    let code = field::short_text(fields.get("code"), longest_code).map_err(refuse)?;
    let request = VerifyRequest {
        challenge: ChallengeId::from_uuid(challenge),
        receiver: &receiver,
        code: &code,
    };
    match flows.verify(request).await {
        Ok(tokens) => Ok(Answer::new(StatusCode::OK, &Tokens::from(&tokens))),
        Err(error) => Err(Answer::error_of_code(&error, language)),
    }
}
