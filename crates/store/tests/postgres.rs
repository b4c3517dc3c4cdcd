//! What is particular to PostgreSQL: several nodes on one database, and a server that fails.

#![cfg(postgres_server)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, also where they are helpers of tests"
)]

#[path = "postgres/faults.rs"]
mod faults;
#[path = "postgres/interleaving.rs"]
mod interleaving;
#[expect(dead_code, reason = "the contract's cases use the rest")]
#[path = "contract/kit.rs"]
mod kit;
#[path = "postgres/nodes.rs"]
mod nodes;
#[path = "postgres/outage.rs"]
mod outage;
#[path = "postgres/proxy.rs"]
mod proxy;
mod server;
#[path = "postgres/tls.rs"]
mod tls;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    kit::{Audit, Recorded, World},
    server::Schema,
};

/// A migrated schema with a store in it; the schema is in the world's keeping.
async fn world() -> (World, String) {
    let schema = Schema::fresh().await;
    schema.migrate().await;
    let url = schema.url();
    let store = Arc::new(schema.store().await);
    (World::new(store, Box::new(NoAudit), schema), url)
}

/// These tests read the audit table themselves, if at all.
struct NoAudit;

#[async_trait]
impl Audit for NoAudit {
    async fn events(&self) -> Vec<Recorded> {
        Vec::new()
    }
}
