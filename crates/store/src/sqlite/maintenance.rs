//! Steps that keep the store in order.
//!
//! A purge looks for rows on a reader and deletes them by a step of the writer, so that looking
//! holds up nobody. No index serves it: challenges and audit events lie in order of time, so the
//! oldest are found at the head; standings and sessions are walked bit by bit, each purge going on
//! where the one before stopped.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use phonekey_core::ports::store::{MaintenanceStore, Purge, Purged, StoreError};
use rusqlite::{Connection, Params, params};

use super::{
    SqliteStore,
    failure::Failure,
    row::{execute, execute_once, list},
    writer::Step,
};

/// Rows that one purge looks at, of each kind, for each row that it may delete.
const ROWS_SEEN_PER_DELETED: u16 = 20;

/// Where the walks over tables stopped.
#[derive(Debug, Default)]
pub(super) struct Walks(Mutex<Positions>);

/// The last row seen; the walk goes on behind it.
#[derive(Clone, Copy, Debug)]
struct Positions {
    standing: i64,
    session: SessionKey,
}

/// Before the first row.
impl Default for Positions {
    fn default() -> Self {
        Self {
            standing: i64::MIN,
            session: (i64::MIN, [0; 16]),
        }
    }
}

impl Walks {
    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MaintenanceStore for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.writer.take(Touch).await
    }

    async fn purge(&self, step: Purge) -> Result<Purged, StoreError> {
        let from = *self.walks.positions();
        let (found, to) = self.readers.query(move |db| look(db, &step, from)).await?;
        let purged = self.writer.take(found).await?;
        *self.walks.positions() = to;
        Ok(purged)
    }
}

/// Writes a row and writes it back: a disk that is full or read-only is found out now, and not by
/// the next person who logs in. SQLite spares the disk a row that is written as it is already.
struct Touch;

impl Step for Touch {
    type Outcome = ();

    fn run(self, db: &Connection) -> Result<(), Failure> {
        execute_once(db, TOUCH, [1])?;
        execute_once(db, TOUCH, [-1])
    }
}

/// What a purge found. Each row is judged again when it goes: it may have changed since.
struct Sweep {
    challenges: Vec<ChallengeKey>,
    sessions: Vec<SessionKey>,
    standings: Vec<i64>,
    audit_events: Vec<i64>,
    limits: Limits,
}

type ChallengeKey = [u8; 16];
type SessionKey = (i64, [u8; 16]);

/// The moments before which rows may go.
#[derive(Clone, Copy)]
struct Limits {
    challenges: i64,
    audit_events: i64,
    now: i64,
}

impl Limits {
    fn of(purge: &Purge) -> Self {
        let before = |retention| purge.now.minus(retention).as_millis();
        Self {
            challenges: before(purge.challenge_retention),
            audit_events: before(purge.audit_retention),
            now: purge.now.as_millis(),
        }
    }
}

impl Step for Sweep {
    type Outcome = Purged;

    fn run(self, db: &Connection) -> Result<Purged, Failure> {
        let limits = self.limits;
        let mut purged = Purged::default();
        for id in self.challenges {
            purged.challenges += delete(db, DELETE_CHALLENGE, params![limits.challenges, id])?;
        }
        for (user, id) in self.sessions {
            purged.sessions += delete(db, DELETE_SESSION, params![limits.now, user, id])?;
        }
        for phone in self.standings {
            purged.standings += delete(db, DELETE_STANDING, params![limits.now, phone])?;
        }
        for id in self.audit_events {
            purged.audit_events += delete(db, DELETE_EVENT, params![limits.audit_events, id])?;
        }
        Ok(purged)
    }
}

fn delete(db: &Connection, sql: &str, params: impl Params) -> Result<u64, Failure> {
    Ok(execute(db, sql, params)? as u64)
}

/// Finds what may be deleted, and where the walks stopped.
fn look(db: &Connection, purge: &Purge, from: Positions) -> Result<(Sweep, Positions), Failure> {
    let limits = Limits::of(purge);
    let batch = purge.batch.max(1);
    let rows = rows_seen(batch);

    let parameters = params![limits.challenges, rows, batch];
    let challenges = list(db, "challenges", OLD_CHALLENGES, parameters, |columns| {
        columns.raw()
    })?;
    let parameters = params![limits.audit_events, rows, batch];
    let audit_events = list(db, "audit_events", OLD_EVENTS, parameters, |columns| {
        columns.raw()
    })?;

    let parameters = params![limits.now, from.standing, rows];
    let seen = list(db, "standings", STANDINGS, parameters, |columns| {
        Ok((columns.raw()?, columns.raw()?))
    })?;
    let (standings, standing) = stride(seen, batch);
    let parameters = params![limits.now, from.session.0, from.session.1, rows];
    let seen = list(db, "sessions", SESSIONS, parameters, |columns| {
        Ok(((columns.raw()?, columns.raw()?), columns.raw()?))
    })?;
    let (sessions, session) = stride(seen, batch);

    let start = Positions::default();
    let to = Positions {
        standing: standing.unwrap_or(start.standing),
        session: session.unwrap_or(start.session),
    };
    let sweep = Sweep {
        challenges,
        sessions,
        standings,
        audit_events,
        limits,
    };
    Ok((sweep, to))
}

fn rows_seen(batch: u16) -> u32 {
    u32::from(batch) * u32::from(ROWS_SEEN_PER_DELETED)
}

/// Of the rows seen (each a key and whether it may go), those to be deleted, at most `batch`; and
/// the key that the walk stopped at, `None` when it came to the end of the table.
fn stride<K: Copy>(seen: Vec<(K, bool)>, batch: u16) -> (Vec<K>, Option<K>) {
    let at_end = seen.len() < rows_seen(batch) as usize;
    let mut doomed = Vec::new();
    let mut last = None;
    for (key, may_go) in seen {
        if doomed.len() == usize::from(batch) {
            return (doomed, last);
        }
        last = Some(key);
        if may_go {
            doomed.push(key);
        }
    }
    (doomed, if at_end { None } else { last })
}

const TOUCH: &str = "
update schema_migrations
set applied_at = applied_at + ?1
where name = (select min(name) from schema_migrations)";

const OLD_CHALLENGES: &str = "
select id
from (select id, expires_at from challenges order by id limit ?2)
where expires_at < ?1
limit ?3";

const OLD_EVENTS: &str = "
select id
from (select id, at from audit_events order by id limit ?2)
where at < ?1
limit ?3";

const STANDINGS: &str = "
select phone, forgettable_at < ?1
from standings
where phone > ?2
order by phone
limit ?3";

const SESSIONS: &str = "
select user_id, id, retained_until < ?1
from sessions
where (user_id, id) > (?2, ?3)
order by user_id, id
limit ?4";

const DELETE_CHALLENGE: &str = "
delete from challenges
where expires_at < ?1 and id = ?2";

const DELETE_SESSION: &str = "
delete from sessions
where retained_until < ?1 and user_id = ?2 and id = ?3";

const DELETE_STANDING: &str = "
delete from standings
where forgettable_at < ?1 and phone = ?2";

const DELETE_EVENT: &str = "
delete from audit_events
where at < ?1 and id = ?2";

#[cfg(test)]
mod tests {
    use std::fs;

    use phonekey_core::time::Timestamp;

    use super::*;
    use crate::sqlite::Tuning;

    #[tokio::test]
    async fn a_check_reaches_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phonekey.db");
        let store = SqliteStore::open(&path, &Tuning::default(), Timestamp::default()).unwrap();
        let log = path.with_extension("db-wal");
        let length = || fs::metadata(&log).unwrap().len();
        let before = length();

        store.check().await.unwrap();

        assert!(length() > before);
    }
}
