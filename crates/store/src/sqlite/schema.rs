//! The migrations of SQLite, and how they are applied.

use std::path::Path;

use phonekey_core::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{Tuning, connection};
use crate::{
    OpenError,
    migrate::{self, Migration},
};

const MIGRATIONS: [Migration; 3] = [
    Migration {
        name: "0001_initial",
        sql: include_str!("../../migrations/sqlite/0001_initial.sql"),
    },
    Migration {
        name: "0002_delivery_reports",
        sql: include_str!("../../migrations/sqlite/0002_delivery_reports.sql"),
    },
    Migration {
        name: "0003_provider_health",
        sql: include_str!("../../migrations/sqlite/0003_provider_health.sql"),
    },
];

const CREATE_SCHEMA_MIGRATIONS: &str = "
create table schema_migrations (
    name text primary key,
    applied_at integer not null
) strict";

/// The names of the migrations that the file needs; all of them if there is no file.
pub(crate) fn pending(path: &Path) -> Result<Vec<&'static str>, OpenError> {
    if !path.exists() {
        return Ok(names(&MIGRATIONS.iter().collect::<Vec<_>>()));
    }
    let db = connection::reading(path, &Tuning::default())?;
    let applied = applied(&db, path)?.unwrap_or_default();
    Ok(names(&migrate::plan(&MIGRATIONS, &applied)?))
}

/// Makes the file if need be and migrates it.
pub(crate) fn migrate_file(path: &Path, now: Timestamp) -> Result<Vec<&'static str>, OpenError> {
    connection::make_file(path)?;
    let mut db = connection::writing(path, &Tuning::default())?;
    migrate(&mut db, path, now)
}

/// Applies what is pending, in one transaction: all of it or nothing, and once only if two
/// processes start together.
pub(super) fn migrate(
    db: &mut Connection,
    path: &Path,
    now: Timestamp,
) -> Result<Vec<&'static str>, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    // Nothing is locked when there is nothing to do.
    if let Some(applied) = applied(db, path)?
        && migrate::plan(&MIGRATIONS, &applied)?.is_empty()
    {
        return Ok(Vec::new());
    }
    let transaction = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let applied = applied(&transaction, path)?;
    if applied.is_none() {
        transaction
            .execute_batch(CREATE_SCHEMA_MIGRATIONS)
            .map_err(failed)?;
    }
    let applied = applied.unwrap_or_default();
    let plan = migrate::plan(&MIGRATIONS, &applied)?;
    for migration in &plan {
        apply(&transaction, migration, now).map_err(failed)?;
        tracing::info!(migration = migration.name, "migrated the database");
    }
    transaction.commit().map_err(failed)?;
    Ok(names(&plan))
}

fn apply(db: &Connection, migration: &Migration, now: Timestamp) -> rusqlite::Result<()> {
    db.execute_batch(migration.sql)?;
    db.execute(
        "insert into schema_migrations (name, applied_at) values (?1, ?2)",
        params![migration.name, now.as_millis()],
    )?;
    Ok(())
}

/// The names of the migrations that the database has seen; `None` for an empty one.
fn applied(db: &Connection, path: &Path) -> Result<Option<Vec<String>>, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let (tables, ours): (i64, bool) = db
        .query_row(
            "
            select count(*), coalesce(max(name = 'schema_migrations'), 0)
            from sqlite_schema
            where type = 'table'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(failed)?;
    if !ours {
        let path = path.to_owned();
        return if tables == 0 {
            Ok(None)
        } else {
            Err(OpenError::Foreign { path })
        };
    }
    let names = || {
        let mut statement = db.prepare("select name from schema_migrations order by name")?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect::<rusqlite::Result<Vec<String>>>()
    };
    names().map(Some).map_err(failed)
}

fn names(migrations: &[&Migration]) -> Vec<&'static str> {
    migrations.iter().map(|migration| migration.name).collect()
}
