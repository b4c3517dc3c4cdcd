//! Steps that keep the store in order.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use phonekey_core::{
    ports::store::{MaintenanceStore, Purge, Purged, StoreError},
    time::Timestamp,
};

use super::{
    PostgresStore,
    failure::{Failure, Fault},
    pool::{Database, Step, Transaction},
    row::Reader,
};

#[async_trait]
impl MaintenanceStore for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.database.rows(TAKES_WRITES, &[]).await?;
        Ok(())
    }

    async fn purge(&self, step: Purge) -> Result<Purged, StoreError> {
        let oldest = |sql, retention| DeleteOldest {
            sql,
            before: step.now.minus(retention),
            most: step.batch,
        };
        let challenges = oldest(DELETE_CHALLENGES, step.challenge_retention);
        let audit_events = oldest(DELETE_AUDIT_EVENTS, step.audit_retention);
        Ok(Purged {
            challenges: self.database.take(&challenges).await?,
            sessions: self.session_walk.advance(&self.database, step).await?,
            standings: self.standing_walk.advance(&self.database, step).await?,
            audit_events: self.database.take(&audit_events).await?,
        })
    }
}

/// A server that takes no writes refuses a row lock as well, and a lock leaves nothing behind.
const TAKES_WRITES: &str = "
    select name
    from schema_migrations
    order by name
    limit 1
    for key share";

/// Deletes the rows at the old end of a table whose keys are in order of time, so that no index of
/// the times themselves is needed.
struct DeleteOldest {
    sql: &'static str,
    before: Timestamp,
    most: u16,
}

const DELETE_CHALLENGES: &str = "
    with oldest as materialized (
        select id
        from challenges
        order by id
        limit $2
    ), doomed as materialized (
        select kept.id
        from oldest
        join challenges as kept on kept.id = oldest.id
        where kept.expires_at < $1
        order by kept.id
        for update of kept skip locked
    ), carried as (
        delete from deliveries as kept
        using doomed
        where kept.challenge_id = doomed.id
    )
    delete from challenges as kept
    using doomed
    where kept.id = doomed.id";

const DELETE_AUDIT_EVENTS: &str = "
    with oldest as materialized (
        select id
        from audit_events
        order by id
        limit $2
    ), doomed as materialized (
        select kept.id
        from oldest
        join audit_events as kept on kept.id = oldest.id
        where kept.at < $1
        order by kept.id
        for update of kept skip locked
    )
    delete from audit_events as kept
    using doomed
    where kept.id = doomed.id";

impl Step for DeleteOldest {
    type Outcome = u64;

    async fn take(&self, transaction: &Transaction) -> Result<u64, Failure> {
        let [delete] = transaction.prepare([self.sql]).await?;
        let most = i64::from(self.most);
        transaction
            .write(&delete, &[&self.before.as_millis(), &most])
            .await
    }
}

/// Walks through a table whose keys are in no order of time, a stretch at each purge, and deletes
/// what nobody can ask for any more.
///
/// An index of the times would be found faster, but every refresh and every code would have to move
/// its row in it.
pub(super) struct Walk {
    /// Finds the key that is `$2` rows behind `$1`.
    end: &'static str,
    /// Deletes what is older than `$3` among the keys behind `$1` up to `$2`.
    delete: &'static str,
    /// The last key of the stretch before.
    position: AtomicI64,
}

/// Stretches that one purge looks at; it stops sooner once it has deleted a batch.
const STRETCHES: usize = 64;

impl Walk {
    pub(super) const fn over_sessions() -> Self {
        Self {
            end: "
                select user_id as key
                from sessions
                where user_id > $1
                order by user_id
                offset $2
                limit 1",
            delete: "
                with doomed as materialized (
                    select user_id, id
                    from sessions
                    where user_id > $1 and user_id <= $2 and retained_until < $3
                    order by user_id, id
                    for update skip locked
                )
                delete from sessions as kept
                using doomed
                where kept.user_id = doomed.user_id and kept.id = doomed.id",
            position: AtomicI64::new(i64::MIN),
        }
    }

    pub(super) const fn over_standings() -> Self {
        Self {
            end: "
                select phone as key
                from standings
                where phone > $1
                order by phone
                offset $2
                limit 1",
            delete: "
                with doomed as materialized (
                    select phone
                    from standings
                    where phone > $1 and phone <= $2 and forgettable_at < $3
                    order by phone
                    for update skip locked
                )
                delete from standings as kept
                using doomed
                where kept.phone = doomed.phone",
            position: AtomicI64::new(i64::MIN),
        }
    }

    /// Goes on from where the last purge stopped, at most once around the table.
    async fn advance(&self, database: &Database, purge: Purge) -> Result<u64, Fault> {
        let start = self.position.load(Ordering::Relaxed);
        let (mut position, mut deleted, mut wrapped) = (start, 0, false);
        for _ in 0..STRETCHES {
            let stretch = Stretch {
                walk: self,
                after: position,
                rows: purge.batch,
                now: purge.now,
            };
            let (end, count) = database.take(&stretch).await?;
            deleted += count;
            wrapped |= end.is_none();
            position = end.unwrap_or(i64::MIN);
            let around = wrapped && position >= start;
            if around || deleted >= u64::from(purge.batch) {
                break;
            }
        }
        self.position.store(position, Ordering::Relaxed);
        Ok(deleted)
    }
}

struct Stretch<'s> {
    walk: &'s Walk,
    after: i64,
    rows: u16,
    now: Timestamp,
}

impl Step for Stretch<'_> {
    /// Its last key, if the table does not end before; and how many rows were deleted.
    type Outcome = (Option<i64>, u64);

    async fn take(&self, transaction: &Transaction) -> Result<Self::Outcome, Failure> {
        let [end, delete] = transaction
            .prepare([self.walk.end, self.walk.delete])
            .await?;
        let rows = i64::from(self.rows);
        let found = transaction.read(&end, &[&self.after, &rows]).await?;
        let end: Option<i64> = match found.first() {
            Some(row) => Some(Reader::new(row, "keys").column("key")?),
            None => None,
        };
        let up_to = end.unwrap_or(i64::MAX);
        let deleted = transaction
            .write(&delete, &[&self.after, &up_to, &self.now.as_millis()])
            .await?;
        Ok((end, deleted))
    }
}
