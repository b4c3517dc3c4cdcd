//! The reader of answers, within reach of a fuzz target.

use phonekey_core::delivery::outcome::SendOutcome;
use reqwest::StatusCode;

use super::reply;
use crate::http::Reply;

/// What an answer means; `None` for a status that there cannot be.
#[must_use]
pub fn read(status: u16, body: &[u8]) -> Option<SendOutcome> {
    let status = StatusCode::from_u16(status).ok()?;
    let body = Some(body.to_vec());
    Some(reply::outcome(&Reply { status, body }))
}
