//! The PostgreSQL server that tests run on, and a schema of it for each of them.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use phonekey_core::time::{Clock, SystemClock, Timestamp};
use phonekey_store::{DatabaseUrl, postgres::PostgresStore};
use tokio_postgres::{Client, NoTls};

/// An empty schema of its own, dropped at the end.
pub(crate) struct Schema(String);

impl Schema {
    /// Makes one, and drops those that crashed runs left behind an hour ago or more.
    pub(crate) async fn fresh() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let hour = SystemClock.now().as_seconds() / 3600;
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        let schema = Self(format!("{PREFIX}{hour}_{}_{count}", process::id()));
        let server = connect(&server()).await;
        if count == 0 {
            sweep(&server, hour).await;
        }
        let create = format!("create schema {}", schema.0);
        server.batch_execute(&create).await.unwrap();
        schema
    }

    /// The server, as seen from within this schema.
    pub(crate) fn url(&self) -> String {
        let server = server();
        let join = if server.contains('?') { '&' } else { '?' };
        format!("{server}{join}options=-csearch_path%3D{}", self.0)
    }

    /// Migrates the schema.
    pub(crate) async fn migrate(&self) {
        let url: DatabaseUrl = self.url().parse().unwrap();
        phonekey_store::migrate(&url, Timestamp::default())
            .await
            .unwrap();
    }

    /// A store in the migrated schema.
    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url()).await.unwrap()
    }
}

/// Blocks, on a thread and a runtime of its own: the test's may be gone already.
impl Drop for Schema {
    fn drop(&mut self) {
        let drop = format!("set lock_timeout = '15s'; drop schema {} cascade", self.0);
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async { connect(&server()).await.batch_execute(&drop).await })
        });
        // What stays is swept by a later run.
        let _ = dropping.join();
    }
}

const PREFIX: &str = "phonekey_test_";

/// The server's URL. Nothing here was compiled without one, see `build.rs`; so it must be there.
pub(crate) fn server() -> String {
    env::var("PHONEKEY_TEST_POSTGRES").unwrap()
}

/// A connection of the driver's own.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn sweep(server: &Client, hour: i64) {
    let all = "select nspname::text from pg_namespace where starts_with(nspname::text, $1)";
    for row in server.query(all, &[&PREFIX]).await.unwrap() {
        let name: String = row.get(0);
        let made_at = name[PREFIX.len()..].split('_').next().unwrap_or_default();
        if made_at.parse().is_ok_and(|made_at: i64| made_at < hour - 1) {
            // Another run may be sweeping as well.
            let drop = format!("drop schema if exists {name} cascade");
            let _ = server.batch_execute(&drop).await;
        }
    }
}
