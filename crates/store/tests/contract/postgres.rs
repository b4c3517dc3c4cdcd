//! The contract on PostgreSQL: a schema of its own on the server that `PHONEKEY_TEST_POSTGRES` names.

use std::sync::Arc;

use async_trait::async_trait;
use phonekey_core::time::Timestamp;
use tokio_postgres::Client;

use crate::{
    kit::{Audit, Recorded, World},
    server::{self, Schema},
};

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
const CASES: u32 = 24;

async fn fixture() -> World {
    let schema = Schema::fresh().await;
    schema.migrate().await;
    let audit = PostgresAudit(server::connect(&schema.url()).await);
    World::new(Arc::new(schema.store().await), Box::new(audit), schema)
}

struct PostgresAudit(Client);

#[async_trait]
impl Audit for PostgresAudit {
    async fn events(&self) -> Vec<Recorded> {
        let sql = "
            select at, kind, user_id, session_id, challenge_id, detail
            from audit_events
            order by id";
        let rows = self.0.query(sql, &[]).await.unwrap();
        rows.iter()
            .map(|row| Recorded {
                at: Timestamp::from_millis(row.get(0)),
                kind: row.get(1),
                user: row.get(2),
                session: row.get(3),
                challenge: row.get(4),
                detail: row.get(5),
            })
            .collect()
    }
}
