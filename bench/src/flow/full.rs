//! Measures whole logins, and each of their requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::client::Client;
use crate::clock;
use crate::drive::{Next, Work, drive};
use crate::failure::Failure;
use crate::flow::{Outcome, Plan};
use crate::numbers::Numbers;
use crate::tally::{SharedTally, Step};

pub(super) async fn run(
    plan: &Plan,
    clients: Vec<Client>,
    numbers: &Arc<Numbers>,
) -> Result<Outcome> {
    let workers = clients
        .into_iter()
        .map(|client| LoggingIn {
            client,
            numbers: Arc::clone(numbers),
        })
        .collect();
    let warm = drive(workers, plan.pace, plan.warm_up).await?;
    Ok(drive(warm.workers, plan.pace, plan.lasts).await?.into())
}

struct LoggingIn {
    client: Client,
    numbers: Arc<Numbers>,
}

impl Work for LoggingIn {
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        let reading_took = self.login(due, tally).await;
        let done = clock::now();
        let latency =
            (done - due).saturating_sub(*reading_took.as_ref().unwrap_or(&Duration::ZERO));
        tally.record(Step::Login, &reading_took, latency, done);
        Next::More
    }
}

impl LoggingIn {
    /// One login; returns how long its code was looked for, which is no time of the server's.
    async fn login(&mut self, due: Instant, tally: &SharedTally) -> Result<Duration, Failure> {
        let number = self.numbers.next();

        let created = self.client.create(number).await;
        let reading_began = clock::now();
        tally.record(Step::Create, &created, reading_began - due, reading_began);
        let challenge = created?;

        let code = self.client.code(challenge, number).await?;
        let verify_began = clock::now();

        let verified = self.client.verify(challenge, number, &code).await;
        let refresh_began = clock::now();
        tally.record(
            Step::Verify,
            &verified,
            refresh_began - verify_began,
            refresh_began,
        );
        let refresh_token = verified?;

        let refreshed = self.client.refresh(&refresh_token).await;
        let done = clock::now();
        tally.record(Step::Refresh, &refreshed, done - refresh_began, done);
        refreshed?;

        Ok(verify_began - reading_began)
    }
}
