//! Fills a database to the size that it has in production, so that a server can be measured on it.
//!
//! Rows are those of real logins ([`history`]), written past the server, since that would take
//! days. A fill is one transaction: ended early, by Ctrl-C, a crash or the power, it leaves the
//! database as it was, and can simply be started again.

mod columns;
pub(crate) mod count;
mod filling;
mod history;
mod postgres;
mod progress;
mod random;
mod sqlite;
mod timeline;

use anyhow::{Result, ensure};
use phonekey_core::time::{Clock, SystemClock, Timestamp};
use phonekey_store::DatabaseUrl;
use serde::Serialize;

use crate::cli::Fill;
use crate::fill::{
    filling::Filling, history::History, postgres::PostgresFilling, progress::Progress,
    sqlite::SqliteFilling, timeline::Extent,
};

/// What was filled. This is the JSON of `--json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Filled {
    /// The database, without a password.
    pub(crate) database: String,
    /// Rows of users.
    pub(crate) users: u64,
    /// Rows of challenges; as many of deliveries and of audit events.
    pub(crate) challenges: u64,
    /// Rows of sessions.
    pub(crate) sessions: u64,
    /// Rows of standings: the numbers that logged in within the last day.
    pub(crate) standings: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The size of the whole database afterwards.
    pub(crate) size_bytes: u64,
}

/// Fills the database.
pub(crate) async fn run(arguments: &Fill) -> Result<Filled> {
    let database = &arguments.database;
    let extent = Extent {
        users: arguments.users.0,
        logins: arguments.challenges.0,
        sessions: arguments.sessions.0,
        spread: arguments.spread.0,
    };
    extent.check()?;
    let pending = phonekey_store::pending_migrations(database).await?;
    ensure!(
        pending.is_empty(),
        "{database} is not there or needs migrations ({}): run `phonekey migrate`",
        pending.join(", ")
    );

    let adding = arguments.adding();
    let now = SystemClock.now();
    let mut progress = Progress::of(2 * extent.users + extent.logins);
    let filled = match database {
        DatabaseUrl::Sqlite(path) => {
            let filling = SqliteFilling::begin(path)?;
            fill(filling, extent, adding, now, &mut progress).await
        }
        DatabaseUrl::Postgres(url) => {
            let filling = PostgresFilling::begin(url).await?;
            fill(filling, extent, adding, now, &mut progress).await
        }
    };
    progress.end();
    let Rows {
        standings,
        size_bytes,
    } = filled?;
    Ok(Filled {
        database: database.to_string(),
        users: extent.users,
        challenges: extent.logins,
        sessions: extent.sessions,
        standings,
        seconds: progress.elapsed().as_secs_f64(),
        size_bytes,
    })
}

/// Whether there may be users already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adding {
    /// A database with users is refused: it may be a real one.
    ToNothing,
    /// What is there stays.
    ToWhatIsThere,
}

/// What only shows when it is done.
struct Rows {
    standings: u64,
    size_bytes: u64,
}

async fn fill(
    mut filling: impl Filling,
    extent: Extent,
    adding: Adding,
    now: Timestamp,
    progress: &mut Progress,
) -> Result<Rows> {
    ensure!(
        adding == Adding::ToWhatIsThere || !filling.has_users().await?,
        "the database has users: --add keeps them and fills up beside them"
    );
    let first_user = filling.next_user_id().await?;
    let history = History::new(extent, first_user, now)?;

    for batch in batches(extent.users) {
        let parts = batch.end - batch.start;
        let users: Result<Vec<_>> = batch.map(|index| history.user(index)).collect();
        filling.put_users(&mut users?, history.random()).await?;
        progress.advance("users", parts);
    }
    for batch in batches(extent.logins) {
        let parts = batch.end - batch.start;
        let logins: Result<Vec<_>> = batch.map(|index| history.login(index)).collect();
        filling.put_logins(&logins?).await?;
        progress.advance("challenges, deliveries, audit events, sessions", parts);
    }
    let mut standings = 0;
    for batch in batches(extent.users) {
        let parts = batch.end - batch.start;
        let numbers = batch.map(|index| history.remembered(index));
        let numbers: Result<Vec<_>> = numbers.filter_map(Result::transpose).collect();
        let numbers = numbers?;
        filling.put_remembered(&numbers).await?;
        standings += numbers.len() as u64;
        progress.advance("standings", parts);
    }

    progress.begin("writing it all to the disk");
    let last_user = first_user.saturating_add_unsigned(extent.users.saturating_sub(1));
    Ok(Rows {
        standings,
        size_bytes: filling.finish(last_user).await?,
    })
}

/// The integers below `count`, some thousands at a time: what is in memory at once.
fn batches(count: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    let starts = (0..count).step_by(BATCH);
    starts.map(move |start| start..count.min(start + BATCH as u64))
}

const BATCH: usize = 20_000;

#[cfg(test)]
mod tests;
