//! `Authorization: Token …`, which create and verify check though they need none.

use axum::http::{HeaderMap, header};
use phonekey_core::flow::Flows;

use super::answer::Answer;
use crate::language::Language;

/// Refuses a request whose `Authorization` header carries an access token that is no good. Other
/// schemes are not ours to judge.
pub(super) async fn check(
    headers: &HeaderMap,
    flows: &Flows,
    language: &Language,
) -> Result<(), Answer> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(());
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let mut words = value.split_ascii_whitespace();
    if words.next() != Some("Token") {
        return Ok(());
    }
    let (Some(token), None) = (words.next(), words.next()) else {
        return Err(Answer::bad_authorization());
    };
    match flows.identify(token).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Answer::unauthorized(&error, language)),
    }
}
