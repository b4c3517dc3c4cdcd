//! Steps for whoever watches how providers do.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    delivery::{
        ProviderName,
        outcome::{Cost, Currency},
    },
    ports::store::{NoteHealth, StoreError, WatchStore},
    route::watch::{Fate, Figure, SeenHealth},
    time::Timestamp,
};

#[async_trait]
impl WatchStore for MemoryStore {
    async fn note_health(&self, step: NoteHealth) -> Result<(), StoreError> {
        let mut state = self.state();
        for health in step.providers {
            let key = (health.provider.clone(), step.node.clone());
            let seen = SeenHealth {
                node: step.node.clone(),
                seen_at: step.now,
                health,
            };
            state.health.insert(key, seen);
        }
        let is_kept = |seen: &SeenHealth| seen.seen_at >= step.forget_before;
        state.health.retain(|_, seen| is_kept(seen));
        Ok(())
    }

    async fn health(&self) -> Result<Vec<SeenHealth>, StoreError> {
        Ok(self.state().health.values().cloned().collect())
    }

    async fn tally(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Figure>, StoreError> {
        let state = self.state();
        let mut sums: BTreeMap<(ProviderName, &str, Option<Currency>), (Fate, u64, i64)> =
            BTreeMap::new();
        let due = state
            .deliveries
            .values()
            .filter(|delivery| (since..until).contains(&delivery.created_at));
        for delivery in due {
            let Some(fate) = Fate::of(delivery.state) else {
                continue;
            };
            let cost = delivery.receipt.cost.as_ref();
            let currency = cost.map(|cost| cost.currency);
            let key = (delivery.provider.clone(), fate.name(), currency);
            let (_, count, micros) = sums.entry(key).or_insert((fate, 0, 0));
            *count += 1;
            *micros = micros.saturating_add(cost.map_or(0, |cost| cost.micros));
        }
        let figures = sums.into_iter();
        let figures = figures.map(|((provider, _, currency), (fate, count, micros))| Figure {
            provider,
            fate,
            count,
            cost: currency.map(|currency| Cost { micros, currency }),
        });
        Ok(figures.collect())
    }
}
