//! The store on a PostgreSQL server, or a cluster that speaks its language.
//!
//! - [`url`], [`tls`], [`pool`]: how a server is reached, and what a transaction is. Everything
//!   waits for a bounded time, and a step is tried again only while nothing was committed.
//! - [`group`]: steps of one kind that wait at the same time share a transaction, whose statements
//!   work on arrays.
//! - [`schema`]: what must be in the database.
//! - One file per trait of the contract: [`challenge`], [`session`], [`user`], [`delivery`],
//!   [`maintenance`], [`watch`]; with them [`standing`] and [`audit`], which several of them write, [`row`] (a
//!   row becomes a value or a fault) and [`failure`].
//!
//! # Locks
//! A step locks what it decides on, lets the core decide and writes that, under READ COMMITTED. Rows
//! are locked in one order, so that no two steps wait for each other: standings by number, then
//! challenges by id, deliveries by id, users, then sessions by user and id. Where there is no row to
//! lock, or none is locked for the reads of guessers to stay cheap, the write has a guard; a step
//! whose guard fails lost a race, and is taken again from the start.

mod audit;
mod challenge;
mod delivery;
mod failure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod group;
mod maintenance;
mod pool;
mod row;
mod schema;
mod session;
mod standing;
mod tls;
mod url;
mod user;
mod watch;

use std::fmt;

use phonekey_core::{
    ports::store::{AnswerChallenge, OpenChallenge, RotateSession, SettleDelivery},
    time::Timestamp,
};

use self::{group::Group, maintenance::Walk, pool::Database, schema::SchemaError, url::Target};
use crate::OpenError;

/// Everything on one server.
pub struct PostgresStore {
    database: Database,
    opening: Group<OpenChallenge>,
    answering: Group<AnswerChallenge>,
    rotating: Group<RotateSession>,
    settling: Group<SettleDelivery>,
    session_walk: Walk,
    standing_walk: Walk,
}

impl PostgresStore {
    /// Connects to the server at `url`, whose schema must be up to date. Must be called within a
    /// Tokio runtime, and is of no use in another one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let server = Server::at(url)?;
        let pending = server.told(schema::pending(&server.database).await)?;
        if !pending.is_empty() {
            return Err(OpenError::Pending {
                migrations: pending,
            });
        }
        let database = server.database;
        Ok(Self {
            opening: Group::new(database.clone()),
            answering: Group::new(database.clone()),
            rotating: Group::new(database.clone()),
            settling: Group::new(database.clone()),
            session_walk: Walk::over_sessions(),
            standing_walk: Walk::over_standings(),
            database,
        })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore(…)")
    }
}

/// The names of the migrations that the database at `url` needs.
pub(crate) async fn pending_migrations(url: &str) -> Result<Vec<&'static str>, OpenError> {
    let server = Server::at(url)?;
    server.told(schema::pending(&server.database).await)
}

/// Migrates the database at `url`; returns the names of what it applied.
pub(crate) async fn migrate(url: &str, now: Timestamp) -> Result<Vec<&'static str>, OpenError> {
    let server = Server::at(url)?;
    server.told(schema::migrate(&server.database, now).await)
}

/// A server, with a name for messages.
struct Server {
    database: Database,
    name: String,
}

impl Server {
    fn at(url: &str) -> Result<Self, OpenError> {
        let target = Target::parse(url).map_err(|error| OpenError::Database {
            database: "postgres://…".to_owned(),
            source: error.into(),
        })?;
        let name = target.name();
        match Database::new(target) {
            Ok(database) => Ok(Self { database, name }),
            Err(source) => Err(OpenError::Database {
                database: name,
                source,
            }),
        }
    }

    fn told<T>(&self, outcome: Result<T, SchemaError>) -> Result<T, OpenError> {
        outcome.map_err(|error| match error {
            SchemaError::Newer(newer) => newer.into(),
            SchemaError::Server(complaint) => OpenError::Database {
                database: self.name.clone(),
                source: complaint.into(),
            },
        })
    }
}
