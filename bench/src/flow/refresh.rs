//! Measures refresh: each connection exchanges the tokens of a session of its own.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};

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
    let mut workers = Vec::with_capacity(clients.len());
    for mut client in clients {
        let refresh_token = logged_in(&mut client, numbers).await?;
        workers.push(Refreshing {
            client,
            refresh_token,
        });
    }
    let warm = drive(workers, plan.pace, plan.warm_up).await?;
    Ok(drive(warm.workers, plan.pace, plan.lasts).await?.into())
}

struct Refreshing {
    client: Client,
    refresh_token: String,
}

impl Work for Refreshing {
    /// A failed exchange leaves the token as it is: it is tried again, as a client would.
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        let refreshed = self.client.refresh(&self.refresh_token).await;
        let done = clock::now();
        tally.record(Step::Refresh, &refreshed, done - due, done);
        if let Ok(successor) = refreshed {
            self.refresh_token = successor;
        }
        Next::More
    }
}

/// Logs a new number in. Tries again, since some servers fail now and then.
async fn logged_in(client: &mut Client, numbers: &Numbers) -> Result<String> {
    let mut attempts_left = LOGIN_ATTEMPTS;
    loop {
        attempts_left -= 1;
        match attempted_login(client, numbers).await {
            Ok(refresh_token) => return Ok(refresh_token),
            Err(failure) if attempts_left == 0 => bail!("no session could be prepared: {failure}"),
            Err(_) => {}
        }
    }
}

async fn attempted_login(client: &mut Client, numbers: &Numbers) -> Result<String, Failure> {
    let number = numbers.next();
    let challenge = client.create(number).await?;
    let code = client.code(challenge, number).await?;
    client.verify(challenge, number, &code).await
}

const LOGIN_ATTEMPTS: u32 = 5;
