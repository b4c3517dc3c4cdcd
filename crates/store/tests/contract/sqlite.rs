//! The contract on SQLite: a file in a folder of its own, with the real writer and readers.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use phonekey_core::time::Timestamp;
use phonekey_store::sqlite::{SqliteStore, Tuning};
use rusqlite::Connection;
use uuid::Uuid;

use crate::kit::{Audit, Recorded, World};

#[path = "challenge.rs"]
mod challenge;
#[path = "delivery.rs"]
mod delivery;
#[path = "maintenance.rs"]
mod maintenance;
#[path = "messages.rs"]
mod messages;
#[path = "model.rs"]
mod model;
#[path = "races.rs"]
mod races;
#[path = "reports.rs"]
mod reports;
#[path = "session.rs"]
mod session;
#[path = "user.rs"]
mod user;
#[path = "watch.rs"]
mod watch;

/// Histories of the model test.
const CASES: u32 = 64;

async fn fixture() -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phonekey.db");
    let store = SqliteStore::open(&path, &Tuning::default(), Timestamp::default()).unwrap();
    World::new(Arc::new(store), Box::new(SqliteAudit(path)), folder)
}

struct SqliteAudit(PathBuf);

#[async_trait]
impl Audit for SqliteAudit {
    async fn events(&self) -> Vec<Recorded> {
        let db = Connection::open(&self.0).unwrap();
        let sql = "
            select at, kind, user_id, session_id, challenge_id, detail
            from audit_events
            order by id";
        let mut statement = db.prepare(sql).unwrap();
        let events = statement.query_map([], |row| {
            Ok(Recorded {
                at: Timestamp::from_millis(row.get(0)?),
                kind: row.get(1)?,
                user: row.get(2)?,
                session: row.get::<_, Option<[u8; 16]>>(3)?.map(Uuid::from_bytes),
                challenge: row.get::<_, Option<[u8; 16]>>(4)?.map(Uuid::from_bytes),
                detail: row.get(5)?,
            })
        });
        events.unwrap().collect::<Result<_, _>>().unwrap()
    }
}
