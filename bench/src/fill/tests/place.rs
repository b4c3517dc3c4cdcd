//! A database for each test, on each back end.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use phonekey_core::id::{SessionId, UserId};
use phonekey_core::ports::store::Store;
use phonekey_core::time::{Clock, SystemClock};
use phonekey_store::DatabaseUrl;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// A database that is dropped at the end.
pub(super) enum Place {
    Sqlite(TempDir),
    Postgres(Schema),
}

impl Place {
    /// A migrated database on each back end that there is.
    pub(super) async fn each() -> Vec<Self> {
        let mut places = vec![Self::sqlite().await];
        if let Some(schema) = Schema::fresh().await {
            places.push(Self::Postgres(schema).migrated().await);
        }
        places
    }

    /// A migrated database in a file.
    pub(super) async fn sqlite() -> Self {
        Self::empty_folder().migrated().await
    }

    /// A folder for a file that is not made yet.
    pub(super) fn empty_folder() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    async fn migrated(self) -> Self {
        let migrated = phonekey_store::migrate(&self.url(), SystemClock.now()).await;
        migrated.unwrap();
        self
    }

    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("phonekey.db"),
            Self::Postgres(_) => panic!("no file"),
        }
    }

    pub(super) fn url(&self) -> DatabaseUrl {
        match self {
            Self::Sqlite(_) => DatabaseUrl::Sqlite(self.path()),
            Self::Postgres(schema) => schema.url().parse().unwrap(),
        }
    }

    pub(super) async fn store(&self) -> Arc<dyn Store> {
        phonekey_store::open(&self.url(), SystemClock.now())
            .await
            .unwrap()
    }

    /// How many rows a table has.
    pub(super) async fn count(&self, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        match self {
            Self::Sqlite(_) => self.sqlite_row(&sql, |row| row.get(0)),
            Self::Postgres(schema) => schema.row(&sql).await.get(0),
        }
    }

    /// The session that began first.
    pub(super) async fn oldest_session(&self) -> (UserId, SessionId, u32) {
        let sql = "
            select user_id, id, generation
            from sessions
            order by created_at
            limit 1";
        let (user, id, generation): (i64, Uuid, i64) = match self {
            Self::Sqlite(_) => self.sqlite_row(sql, |row| {
                Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?), row.get(2)?))
            }),
            Self::Postgres(schema) => {
                let row = schema.row(sql).await;
                (row.get(0), row.get(1), row.get(2))
            }
        };
        let generation = u32::try_from(generation).unwrap();
        (UserId::new(user), SessionId::from_uuid(id), generation)
    }

    /// Runs one statement.
    pub(super) async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => {
                let db = rusqlite::Connection::open(self.path()).unwrap();
                db.execute_batch(sql).unwrap();
            }
            Self::Postgres(schema) => schema.connect().await.batch_execute(sql).await.unwrap(),
        }
    }

    fn sqlite_row<T>(
        &self,
        sql: &str,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> T {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.query_row(sql, [], read).unwrap()
    }
}

/// A schema of its own on the server that `PHONEKEY_TEST_POSTGRES` names.
pub(super) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// An empty one; `None` where no server is named, which CI does not accept.
    async fn fresh() -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = env::var("PHONEKEY_TEST_POSTGRES") else {
            let in_ci = env::var("CI").is_ok_and(|value| value == "true");
            assert!(!in_ci, "PHONEKEY_TEST_POSTGRES must name a server");
            eprintln!("PHONEKEY_TEST_POSTGRES names no server: PostgreSQL is left out");
            return None;
        };
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        let hour = SystemClock.now().as_seconds() / 3600;
        let name = format!("phonekey_test_{hour}_{}_fill_{count}", std::process::id());
        let schema = Self { server, name };
        schema.on_server("create schema").await;
        Some(schema)
    }

    fn url(&self) -> String {
        let Self { server, name } = self;
        let join = if server.contains('?') { '&' } else { '?' };
        format!("{server}{join}options=-csearch_path%3D{name}")
    }

    async fn connect(&self) -> Client {
        connected(&self.url()).await
    }

    async fn row(&self, sql: &str) -> tokio_postgres::Row {
        self.connect().await.query_one(sql, &[]).await.unwrap()
    }

    async fn on_server(&self, what: &str) {
        let statement = format!("{what} {}", self.name);
        let server = connected(&self.server).await;
        server.batch_execute(&statement).await.unwrap();
    }
}

/// Blocks, on a thread and a runtime of its own: the test's may be gone already.
impl Drop for Schema {
    fn drop(&mut self) {
        let drop = format!(
            "set lock_timeout = '15s'; drop schema {} cascade",
            self.name
        );
        let server = self.server.clone();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async { connected(&server).await.batch_execute(&drop).await })
        });
        // What stays has a name by which the store's tests sweep it away, an hour later.
        let _ = dropping.join();
    }
}

async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
