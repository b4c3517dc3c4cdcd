//! From the configuration to running parts.

use std::sync::Arc;

use phonekey_core::ports::store::Store;

use crate::config::database::DatabaseConfig;

/// Opens the database.
///
/// # Errors
/// When it cannot be reached, or its schema is not this version's.
#[expect(
    clippy::unused_async,
    reason = "PostgreSQL's client connects asynchronously"
)]
pub async fn open_store(database: &DatabaseConfig) -> anyhow::Result<Arc<dyn Store>> {
    anyhow::bail!("no store is built in that opens {}", database.url)
}

/// The names of the migrations that the database still needs, in order.
///
/// # Errors
/// When it cannot be reached, or its schema is newer than this version's.
#[expect(
    clippy::unused_async,
    reason = "PostgreSQL's client connects asynchronously"
)]
pub async fn pending_migrations(database: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    anyhow::bail!("no store is built in that opens {}", database.url)
}

/// Brings the database's schema up to this version's, and returns what was done, in order.
///
/// # Errors
/// When it cannot be reached, its schema is newer than this version's, or a migration fails; that
/// one is then undone whole.
#[expect(
    clippy::unused_async,
    reason = "PostgreSQL's client connects asynchronously"
)]
pub async fn migrate(database: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    anyhow::bail!("no store is built in that opens {}", database.url)
}
