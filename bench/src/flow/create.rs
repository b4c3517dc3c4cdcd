//! Measures create: each request for a fresh number.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;

use crate::client::Client;
use crate::clock;
use crate::drive::{Next, Work, drive};
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
        .map(|client| Creating {
            client,
            numbers: Arc::clone(numbers),
        })
        .collect();
    let warm = drive(workers, plan.pace, plan.warm_up).await?;
    Ok(drive(warm.workers, plan.pace, plan.lasts).await?.into())
}

struct Creating {
    client: Client,
    numbers: Arc<Numbers>,
}

impl Work for Creating {
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        let created = self.client.create(self.numbers.next()).await;
        let done = clock::now();
        tally.record(Step::Create, &created, done - due, done);
        Next::More
    }
}
