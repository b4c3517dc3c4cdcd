//! The migrations of PostgreSQL, and how they are applied.

use phonekey_core::time::Timestamp;
use thiserror::Error;
use tokio_postgres::{IsolationLevel, Row};

use super::{
    failure::{Complaint, Fault},
    pool::{Connection, Database},
    row::Reader,
};
use crate::migrate::{self, Migration, NewerSchema};

const MIGRATIONS: [Migration; 3] = [
    Migration {
        name: "0001_initial",
        sql: include_str!("../../migrations/postgres/0001_initial.sql"),
    },
    Migration {
        name: "0002_delivery_reports",
        sql: include_str!("../../migrations/postgres/0002_delivery_reports.sql"),
    },
    Migration {
        name: "0003_provider_health",
        sql: include_str!("../../migrations/postgres/0003_provider_health.sql"),
    },
];

const IS_MIGRATED: &str = "
    select to_regclass('schema_migrations') is not null as is_there";

const CREATE_SCHEMA_MIGRATIONS: &str = "
    create table if not exists schema_migrations (
        name text primary key,
        applied_at bigint not null
    )";

const APPLIED: &str = "
    select name
    from schema_migrations
    order by name";

const NOTE: &str = "
    insert into schema_migrations (name, applied_at)
    values ($1, $2)";

/// One who migrates takes as long as it needs, and whoever comes second waits; the number means
/// nothing but phonekey's migrations.
const TAKE_TURNS: &str = "
    set local statement_timeout = 0;
    set local idle_in_transaction_session_timeout = 0;
    select pg_advisory_xact_lock(8097110110971)";

/// The names of the migrations that the database needs. Changes nothing.
pub(super) async fn pending(database: &Database) -> Result<Vec<&'static str>, SchemaError> {
    let rows = database.rows(IS_MIGRATED, &[]).await?;
    let is_migrated = match rows.first() {
        Some(row) => Reader::new(row, "schema_migrations").column("is_there")?,
        None => false,
    };
    let applied = if is_migrated {
        names(&database.rows(APPLIED, &[]).await?)?
    } else {
        Vec::new()
    };
    let plan = migrate::plan(&MIGRATIONS, &applied)?;
    Ok(plan.into_iter().map(|migration| migration.name).collect())
}

/// Applies what is pending, each migration in a transaction of its own: all of it or nothing, and
/// once only if two nodes migrate together. Returns the names of what it applied.
pub(super) async fn migrate(
    database: &Database,
    now: Timestamp,
) -> Result<Vec<&'static str>, SchemaError> {
    let mut connection = database.connection().await?;
    let mut applied = Vec::new();
    let all_applied = loop {
        match apply_next(&mut connection, now).await {
            Ok(Some(name)) => applied.push(name),
            Ok(None) => break Ok(applied),
            Err(error) => break Err(error),
        }
    };
    connection.discard();
    all_applied
}

async fn apply_next(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Option<&'static str>, SchemaError> {
    let transaction = connection
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .await?;
    transaction.batch_execute(TAKE_TURNS).await?;
    transaction.batch_execute(CREATE_SCHEMA_MIGRATIONS).await?;
    let applied = names(&transaction.query(APPLIED, &[]).await?)?;
    let Some(next) = migrate::plan(&MIGRATIONS, &applied)?.into_iter().next() else {
        return Ok(None);
    };
    transaction.batch_execute(next.sql).await?;
    transaction
        .execute(NOTE, &[&next.name, &now.as_millis()])
        .await?;
    transaction.commit().await?;
    tracing::info!(migration = next.name, "migrated the database");
    Ok(Some(next.name))
}

fn names(rows: &[Row]) -> Result<Vec<String>, Fault> {
    let names = rows
        .iter()
        .map(|row| Reader::new(row, "schema_migrations").column("name"));
    names.collect()
}

/// Why the schema is unknown or stays as it is.
#[derive(Debug, Error)]
pub(super) enum SchemaError {
    /// See [`NewerSchema`].
    #[error(transparent)]
    Newer(#[from] NewerSchema),
    /// The server does not answer, or refuses.
    #[error(transparent)]
    Server(#[from] Complaint),
}

impl From<tokio_postgres::Error> for SchemaError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(Complaint::from(&error))
    }
}

impl From<Fault> for SchemaError {
    fn from(fault: Fault) -> Self {
        Self::Server(fault.into_complaint())
    }
}
