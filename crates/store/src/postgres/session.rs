//! Steps on sessions.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use phonekey_core::{
    audit::{AuditEvent, AuditKind},
    id::{SessionId, UserId},
    ports::store::{PresentedToken, RotateOutcome, RotateSession, SessionStore, StoreError},
    session::{self, RevokeReason, Rotation, Session},
};
use tokio::try_join;
use tokio_postgres::Statement;

use super::{
    PostgresStore, audit,
    failure::Failure,
    group::Grouped,
    pool::{Transaction, Values},
    row::{self, Reader, column},
};

#[async_trait]
impl SessionStore for PostgresStore {
    async fn rotate_session(&self, step: RotateSession) -> Result<RotateOutcome, StoreError> {
        self.rotating.take(step).await
    }
}

/// Keeps users from being deleted while a session is added to them.
const KEEP_USERS: &str = "
    select id
    from users
    where id = any($1)
    order by id
    for key share";

const LOCK: &str = "
    select
        kept.user_id, kept.id, origin, created_at, generation, rotated_at, expires_at,
        retained_until, revoked_at, revoke_reason, claims
    from unnest($1::bigint[], $2::uuid[]) as asked (user_id, id)
    join sessions as kept on kept.user_id = asked.user_id and kept.id = asked.id
    order by kept.user_id, kept.id
    for update of kept";

/// Read once the sessions are locked, so a session that was waited for is judged by what its user
/// may do then.
const ACTIVE_USERS: &str = "
    select id
    from users
    where id = any($1) and is_active";

/// Writes locked sessions that were not revoked.
const UPDATE: &str = "
    update sessions as kept
    set
        generation = new.generation,
        rotated_at = new.rotated_at,
        expires_at = new.expires_at,
        retained_until = new.retained_until,
        revoked_at = new.revoked_at,
        revoke_reason = new.revoke_reason
    from unnest(
        $1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::text[]
    ) as new (
        user_id, id, generation, rotated_at, expires_at, retained_until, revoked_at, revoke_reason
    )
    where kept.user_id = new.user_id and kept.id = new.id and kept.revoked_at is null";

/// Adds sessions. One that another transaction adopted meanwhile is missing from the count.
pub(super) const INSERT: &str = "
    insert into sessions (
        user_id, id, origin, created_at, generation, rotated_at, expires_at, retained_until,
        revoked_at, revoke_reason, claims
    )
    select
        user_id, id, origin, created_at, generation, rotated_at, expires_at, retained_until,
        revoked_at, revoke_reason, claims
    from unnest(
        $1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[]
    ) as new (
        user_id, id, origin, created_at, generation, rotated_at, expires_at, retained_until,
        revoked_at, revoke_reason, claims
    )
    on conflict (user_id, id) do nothing";

impl Grouped for RotateSession {
    type Outcome = RotateOutcome;

    async fn take_all(
        steps: &[&Self],
        transaction: &Transaction,
    ) -> Result<Vec<RotateOutcome>, Failure> {
        let [keep, lock, active, update, insert, record] = transaction
            .prepare([
                KEEP_USERS,
                LOCK,
                ACTIVE_USERS,
                UPDATE,
                INSERT,
                audit::INSERT,
            ])
            .await?;
        let mut desk = Desk::look_up(transaction, [&keep, &lock, &active], steps).await?;
        let outcomes = column(steps, |step| desk.rotate(step));

        let (adopted, rotated) = desk.changed();
        try_join!(
            biased;
            update_all(transaction, &update, &rotated),
            insert_all(transaction, &insert, &adopted),
            audit::record(transaction, &record, &desk.events),
        )?;
        Ok(outcomes)
    }
}

/// The sessions of a group, locked, and what becomes of them.
struct Desk {
    active: HashSet<UserId>,
    sessions: BTreeMap<(UserId, SessionId), Held>,
    events: Vec<AuditEvent>,
}

struct Held {
    session: Session,
    stored: bool,
    changed: bool,
}

impl Desk {
    async fn look_up(
        transaction: &Transaction,
        [keep, lock, active]: [&Statement; 3],
        steps: &[&RotateSession],
    ) -> Result<Self, Failure> {
        let users = column(steps, |step| step.user.get());
        let ids = column(steps, |step| *presented_session(step).as_uuid());
        let adopting: Vec<i64> = steps
            .iter()
            .filter(|step| matches!(step.presented, PresentedToken::Foreign(_)))
            .map(|step| step.user.get())
            .collect();
        let asked: Values<'_> = &[&users, &ids];
        let asked_users: Values<'_> = &[&users];
        let ((), locked, active) = try_join!(
            biased;
            keep_users(transaction, keep, &adopting),
            transaction.read(lock, asked),
            transaction.read(active, asked_users),
        )?;
        let mut sessions = BTreeMap::new();
        for row in &locked {
            let session = row::session(row)?;
            let held = Held {
                session,
                stored: true,
                changed: false,
            };
            sessions.insert((held.session.user, held.session.id), held);
        }
        let active: Result<_, _> = active
            .iter()
            .map(|row| Reader::new(row, "users").column("id").map(UserId::new))
            .collect();
        Ok(Self {
            active: active?,
            sessions,
            events: Vec::new(),
        })
    }

    fn rotate(&mut self, step: &RotateSession) -> RotateOutcome {
        let (user, now) = (step.user, step.now);
        if !self.active.contains(&user) {
            return RotateOutcome::Ended;
        }
        let id = presented_session(step);
        let Some(held) = self.sessions.get_mut(&(user, id)) else {
            let PresentedToken::Foreign(new) = &step.presented else {
                return RotateOutcome::Ended;
            };
            let session = new.clone().open(user, &step.policy, now);
            let held = Held {
                session: session.clone(),
                stored: false,
                changed: true,
            };
            self.sessions.insert((user, id), held);
            let kind = AuditKind::SessionAdopted { user, session: id };
            self.events.push(AuditEvent { at: now, kind });
            return RotateOutcome::Granted(Box::new(session));
        };
        let generation = match step.presented {
            PresentedToken::Own { generation, .. } => generation,
            PresentedToken::Foreign(_) => 0,
        };
        match session::rotate(&mut held.session, generation, &step.policy, now) {
            Rotation::Ended => RotateOutcome::Ended,
            Rotation::Repeated => RotateOutcome::Granted(Box::new(held.session.clone())),
            Rotation::Advanced => {
                held.changed = true;
                RotateOutcome::Granted(Box::new(held.session.clone()))
            }
            Rotation::Replayed => {
                held.changed = true;
                let kind = AuditKind::SessionRevoked {
                    user,
                    session: id,
                    reason: RevokeReason::Replay,
                };
                self.events.push(AuditEvent { at: now, kind });
                RotateOutcome::Replayed
            }
        }
    }

    /// What is to be inserted, and what to be updated, in the order of locks.
    fn changed(&self) -> (Vec<&Session>, Vec<&Session>) {
        let changed = self.sessions.values().filter(|held| held.changed);
        let (rotated, adopted): (Vec<&Held>, Vec<&Held>) = changed.partition(|held| held.stored);
        (
            column(adopted, |held| &held.session),
            column(rotated, |held| &held.session),
        )
    }
}

fn presented_session(step: &RotateSession) -> SessionId {
    match &step.presented {
        PresentedToken::Own { session, .. } => *session,
        PresentedToken::Foreign(new) => new.id,
    }
}

async fn keep_users(
    transaction: &Transaction,
    keep: &Statement,
    users: &[i64],
) -> Result<(), Failure> {
    if !users.is_empty() {
        transaction.read(keep, &[&users]).await?;
    }
    Ok(())
}

async fn update_all(
    transaction: &Transaction,
    update: &Statement,
    rotated: &[&Session],
) -> Result<(), Failure> {
    if rotated.is_empty() {
        return Ok(());
    }
    let users = column(rotated, |session| session.user.get());
    let ids = column(rotated, |session| *session.id.as_uuid());
    let generations = column(rotated, |session| i64::from(session.generation));
    let rotations = column(rotated, |session| session.rotated_at.as_millis());
    let expiries = column(rotated, |session| session.expires_at.as_millis());
    let retentions = column(rotated, |session| session.retained_until.as_millis());
    let revocations = column(rotated, |session| revoked_at(session));
    let reasons = column(rotated, |session| revoke_reason(session));
    let written = transaction
        .write(
            update,
            &[
                &users,
                &ids,
                &generations,
                &rotations,
                &expiries,
                &retentions,
                &revocations,
                &reasons,
            ],
        )
        .await?;
    Failure::unless_all("sessions", rotated.len(), written)
}

/// Adds sessions whose users the transaction holds.
pub(super) async fn insert_all(
    transaction: &Transaction,
    insert: &Statement,
    new: &[&Session],
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let users = column(new, |session| session.user.get());
    let ids = column(new, |session| *session.id.as_uuid());
    let origins = column(new, |session| session.origin.name());
    let created = column(new, |session| session.created_at.as_millis());
    let generations = column(new, |session| i64::from(session.generation));
    let rotations = column(new, |session| session.rotated_at.as_millis());
    let expiries = column(new, |session| session.expires_at.as_millis());
    let retentions = column(new, |session| session.retained_until.as_millis());
    let revocations = column(new, |session| revoked_at(session));
    let reasons = column(new, |session| revoke_reason(session));
    let claims = column(new, |session| session.claims.to_json());
    let written = transaction
        .write(
            insert,
            &[
                &users,
                &ids,
                &origins,
                &created,
                &generations,
                &rotations,
                &expiries,
                &retentions,
                &revocations,
                &reasons,
                &claims,
            ],
        )
        .await?;
    Failure::unless_all("sessions", new.len(), written)
}

fn revoked_at(session: &Session) -> Option<i64> {
    session.revoked.map(|revocation| revocation.at.as_millis())
}

fn revoke_reason(session: &Session) -> Option<&'static str> {
    session.revoked.map(|revocation| revocation.reason.name())
}
