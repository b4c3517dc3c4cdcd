//! The store in one SQLite file.
//!
//! - `writer`: one thread owns the writing connection and commits waiting steps in groups, so
//!   that a durable commit costs one fsync per group and not per step.
//! - `readers`: a few read-only connections for whatever changes nothing.
//! - `checkpoint`: copies the write-ahead log into the database beside the writer.
//! - `connection`, `schema`: how a file is opened, and what must be in it.
//! - One file per trait of the contract: `challenge`, `session`, `user`, `delivery`,
//!   `maintenance`, `watch`; with them `row` (a column becomes a value or a fault), `audit` and
//!   `failure`.

mod audit;
mod challenge;
mod checkpoint;
mod connection;
mod delivery;
mod failure;
mod maintenance;
mod readers;
mod row;
pub(crate) mod schema;
mod session;
mod user;
mod watch;
mod writer;

use std::{fmt, path::Path, time::Duration};

use phonekey_core::time::Timestamp;

use self::{maintenance::Walks, readers::Readers, writer::Writer};
use crate::OpenError;

/// Everything in one file. Dropping it waits for the last commit and closes the file.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    walks: Walks,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it (mode 0600, its folder 0700) and migrates it if need
    /// be.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path, tuning: &Tuning, now: Timestamp) -> Result<Self, OpenError> {
        connection::make_file(path)?;
        let mut writing = connection::writing(path, tuning)?;
        schema::migrate(&mut writing, path, now)?;
        Ok(Self {
            readers: Readers::open(path, tuning)?,
            writer: Writer::start(writing, path, tuning)?,
            walks: Walks::default(),
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore(…)")
    }
}

/// How the store waits and what it keeps in memory. The defaults are right; tests wait less long.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long a group of steps waits for another process that is writing, such as the command
    /// line. Default 2 s.
    pub busy_timeout: Duration,
    /// How long a step waits in all, for its place in the queue, its turn and its commit. Default
    /// 5 s: longer than a disk's hiccup, shorter than a client's patience.
    pub patience: Duration,
    /// Steps that may wait for their turn; one more waits for its place. Default 4,096.
    pub queue: usize,
    /// Steps that share a commit. Default 256.
    pub group: usize,
    /// Read-only connections. Default 4.
    pub readers: usize,
    /// Pages of the write-ahead log from which on it is copied into the database. Default 4,000.
    pub checkpoint_pages: u32,
    /// Bytes of a page of a database that is made. Default 4,096.
    pub page_size: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(5),
            queue: 4096,
            group: 256,
            readers: 4,
            checkpoint_pages: 4000,
            page_size: 4096,
        }
    }
}
