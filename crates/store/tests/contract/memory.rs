//! The contract on the memory store, which is the contract in its plainest form.

use std::sync::Arc;

use async_trait::async_trait;
use phonekey_core::testing::MemoryStore;

use crate::kit::{Audit, Recorded, World};

#[path = "challenge.rs"]
mod challenge;
#[path = "delivery.rs"]
mod delivery;
#[path = "maintenance.rs"]
mod maintenance;
#[path = "messages.rs"]
mod messages;
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

async fn fixture() -> World {
    let store = Arc::new(MemoryStore::default());
    let audit = Box::new(MemoryAudit(Arc::clone(&store)));
    World::new(store, audit, ())
}

struct MemoryAudit(Arc<MemoryStore>);

#[async_trait]
impl Audit for MemoryAudit {
    async fn events(&self) -> Vec<Recorded> {
        let events = self.0.audit_events();
        events.into_iter().map(Recorded::from).collect()
    }
}
