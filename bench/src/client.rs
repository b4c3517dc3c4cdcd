//! One client of the target: a connection and the requests of a login.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::clock;
use crate::codes::Codes;
use crate::failure::Failure;
use crate::http::Connection;
use crate::http::answer::Answer;
use crate::numbers::Number;
use crate::site::Site;
use crate::wire::{Created, Requests, Tokens};

/// One client of the target. Each of its methods is one request, but for [`Client::code`].
pub(crate) struct Client {
    site: Arc<Site>,
    connection: Connection,
    requests: Requests,
}

impl Client {
    pub(crate) fn of(site: &Arc<Site>) -> Self {
        Self {
            site: Arc::clone(site),
            connection: Connection::new(site.address),
            requests: Requests::to(&site.url),
        }
    }

    /// Asks for a code; returns the challenge.
    pub(crate) async fn create(&mut self, number: Number) -> Result<Uuid, Failure> {
        let answer = self.connection.send(self.requests.create(number)).await?;
        let created: Created = right(&answer)?;
        Ok(created.uuid)
    }

    /// Answers a challenge; returns the refresh token.
    pub(crate) async fn verify(
        &mut self,
        challenge: Uuid,
        number: Number,
        code: &str,
    ) -> Result<String, Failure> {
        let answer = self
            .connection
            .send(self.requests.verify(challenge, number, code))
            .await?;
        refresh_token(&answer)
    }

    /// Exchanges a refresh token; returns its successor.
    pub(crate) async fn refresh(&mut self, token: &str) -> Result<String, Failure> {
        let answer = self.connection.send(self.requests.refresh(token)).await?;
        refresh_token(&answer)
    }

    /// Reads the code of a challenge where the site's codes are, waiting until it is there.
    pub(crate) async fn code(
        &mut self,
        challenge: Uuid,
        number: Number,
    ) -> Result<String, Failure> {
        let site = Arc::clone(&self.site);
        let begun = clock::now();
        loop {
            if let Some(code) = site.codes.take(challenge).map_err(Failure::code)? {
                return Ok(code);
            }
            if begun.elapsed() > CODE_TIMEOUT {
                return Err(Failure::NoCode(
                    "the code did not arrive in time".to_owned(),
                ));
            }
            if site.codes.are_in_inbox() {
                self.read_inbox(&site.codes, Some(number)).await?;
                if let Some(code) = site.codes.take(challenge).map_err(Failure::code)? {
                    return Ok(code);
                }
            }
            pause().await;
        }
    }

    /// Reads as many codes as one answer of the inbox brings. Spares a request for each.
    pub(crate) async fn gather_codes(&mut self) -> Result<(), Failure> {
        let site = Arc::clone(&self.site);
        if site.codes.are_in_inbox() {
            self.read_inbox(&site.codes, None).await?;
        }
        Ok(())
    }

    async fn read_inbox(&mut self, codes: &Codes, number: Option<Number>) -> Result<(), Failure> {
        let answer = self.connection.send(self.requests.inbox(number)).await?;
        if answer.status != 200 {
            return Err(Failure::NoCode(format!(
                "the inbox answers {}",
                answer.status
            )));
        }
        codes.remember_inbox(answer.body).map_err(Failure::code)?;
        Ok(())
    }
}

/// Reads a right answer; one with another status, or not of the form it must have, is a failure.
fn right<'a, T: serde::Deserialize<'a>>(answer: &Answer<'a>) -> Result<T, Failure> {
    if !(200..300).contains(&answer.status) {
        return Err(Failure::status(answer.status, answer.body));
    }
    serde_json::from_slice(answer.body).map_err(|error| Failure::Malformed(error.to_string()))
}

fn refresh_token(answer: &Answer<'_>) -> Result<String, Failure> {
    let tokens: Tokens<'_> = right(answer)?;
    if tokens.access.is_empty() || tokens.refresh.is_empty() {
        return Err(Failure::Malformed("an empty token".to_owned()));
    }
    Ok(tokens.refresh.into_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file and a database tell nobody that they changed"
)]
async fn pause() {
    tokio::time::sleep(CODE_INTERVAL).await;
}

const CODE_TIMEOUT: Duration = Duration::from_secs(6);
const CODE_INTERVAL: Duration = Duration::from_millis(2);
