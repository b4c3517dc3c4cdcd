//! `POST /api/auth/otp/refresh/`: renews tokens.

use axum::http::StatusCode;
use phonekey_core::flow::Flows;

use super::{
    answer::Answer,
    body::Fields,
    endpoint::Endpoint,
    field::{self, FieldError},
    verify::Tokens,
};

pub(super) async fn answer(fields: &Fields, flows: &Flows) -> Result<Answer, Answer> {
    let refuse = |error: FieldError| Answer::field(Endpoint::Refresh, error);
    let token = field::text(fields.get("refresh"))
        .and_then(field::without_nul)
        .map_err(refuse)?;
    match flows.refresh(&token).await {
        Ok(tokens) => Ok(Answer::new(StatusCode::OK, &Tokens::from(&tokens))),
        Err(error) => Err(Answer::error_of_token(&error)),
    }
}
