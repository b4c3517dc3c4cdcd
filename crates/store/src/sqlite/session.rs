//! Steps on sessions.

use async_trait::async_trait;
use phonekey_core::{
    audit::AuditKind,
    id::{SessionId, UserId},
    ports::store::{PresentedToken, RotateOutcome, RotateSession, SessionStore, StoreError},
    session::{self, Revocation, RevokeReason, Rotation, Session, SessionOrigin},
    token::CustomClaims,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore, audit,
    failure::Failure,
    row::{Columns, execute_once, find},
    writer::Step,
};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn rotate_session(&self, step: RotateSession) -> Result<RotateOutcome, StoreError> {
        self.writer.take(step).await
    }
}

impl Step for RotateSession {
    type Outcome = RotateOutcome;

    fn run(self, db: &Connection) -> Result<RotateOutcome, Failure> {
        let (user, now) = (self.user, self.now);
        let (id, generation, adopted) = match self.presented {
            PresentedToken::Own {
                session,
                generation,
            } => (session, generation, None),
            PresentedToken::Foreign(new) => (new.id, 0, Some(new)),
        };
        let (mut session, before) = match find_of_active_user(db, user, id)? {
            Holder::Missing | Holder::Barred => return Ok(RotateOutcome::Ended),
            Holder::Holds(session) => {
                let generation = session.generation;
                (session, generation)
            }
            Holder::HoldsNone => {
                let Some(new) = adopted else {
                    return Ok(RotateOutcome::Ended);
                };
                let session = new.open(user, &self.policy, now);
                insert(db, &session)?;
                let event = AuditKind::SessionAdopted { user, session: id };
                audit::record(db, now, event)?;
                return Ok(RotateOutcome::Granted(Box::new(session)));
            }
        };
        match session::rotate(&mut session, generation, &self.policy, now) {
            Rotation::Ended => Ok(RotateOutcome::Ended),
            Rotation::Repeated => Ok(RotateOutcome::Granted(session)),
            Rotation::Advanced => {
                advance(db, &session, before)?;
                Ok(RotateOutcome::Granted(session))
            }
            Rotation::Replayed => {
                revoke(db, &session)?;
                let reason = RevokeReason::Replay;
                let event = AuditKind::SessionRevoked {
                    user,
                    session: id,
                    reason,
                };
                audit::record(db, now, event)?;
                Ok(RotateOutcome::Replayed)
            }
        }
    }
}

/// A user, as far as one of its sessions is asked for.
enum Holder {
    /// There is no such user.
    Missing,
    /// It may not log in.
    Barred,
    /// It may, but has no such session.
    HoldsNone,
    /// It may, and has this one.
    Holds(Box<Session>),
}

fn find_of_active_user(db: &Connection, user: UserId, id: SessionId) -> Result<Holder, Failure> {
    let parameters = params![user.get(), id.as_uuid().as_bytes()];
    let holder = find(db, "sessions", SELECT, parameters, |columns| {
        let is_active: bool = columns.raw()?;
        if !is_active {
            return Ok(Holder::Barred);
        }
        let Some(id) = columns.raw()? else {
            return Ok(Holder::HoldsNone);
        };
        let id = SessionId::from_uuid(uuid::Uuid::from_bytes(id));
        Ok(Holder::Holds(Box::new(read(columns, user, id)?)))
    })?;
    Ok(holder.unwrap_or(Holder::Missing))
}

fn read(columns: &mut Columns<'_>, user: UserId, id: SessionId) -> Result<Session, Failure> {
    Ok(Session {
        id,
        user,
        origin: columns.parsed(SessionOrigin::from_name)?,
        created_at: columns.time()?,
        generation: columns.raw()?,
        rotated_at: columns.time()?,
        expires_at: columns.time()?,
        retained_until: columns.time()?,
        revoked: match columns.optional_time()? {
            None => {
                columns.skip();
                None
            }
            Some(at) => Some(Revocation {
                at,
                reason: columns.parsed(RevokeReason::from_name)?,
            }),
        },
        claims: columns
            .optional_parsed(CustomClaims::from_json)?
            .unwrap_or_default(),
    })
}

pub(super) fn insert(db: &Connection, session: &Session) -> Result<(), Failure> {
    execute_once(
        db,
        INSERT,
        params![
            session.user.get(),
            session.id.as_uuid().as_bytes(),
            session.origin.name(),
            session.created_at.as_millis(),
            session.generation,
            session.rotated_at.as_millis(),
            session.expires_at.as_millis(),
            session.retained_until.as_millis(),
            session.revoked.map(|revoked| revoked.at.as_millis()),
            session.revoked.map(|revoked| revoked.reason.name()),
            session.claims.to_json(),
        ],
    )
}

fn advance(db: &Connection, session: &Session, before: u32) -> Result<(), Failure> {
    execute_once(
        db,
        ADVANCE,
        params![
            session.user.get(),
            session.id.as_uuid().as_bytes(),
            before,
            session.generation,
            session.rotated_at.as_millis(),
            session.expires_at.as_millis(),
            session.retained_until.as_millis(),
        ],
    )
}

fn revoke(db: &Connection, session: &Session) -> Result<(), Failure> {
    execute_once(
        db,
        REVOKE,
        params![
            session.user.get(),
            session.id.as_uuid().as_bytes(),
            session.revoked.map(|revoked| revoked.at.as_millis()),
            session.revoked.map(|revoked| revoked.reason.name()),
        ],
    )
}

const SELECT: &str = "
select users.is_active, sessions.id, origin, created_at, generation, rotated_at, expires_at,
    retained_until, revoked_at, revoke_reason, claims
from users
left join sessions on sessions.user_id = users.id and sessions.id = ?2
where users.id = ?1";

const INSERT: &str = "
insert into sessions (user_id, id, origin, created_at, generation, rotated_at, expires_at,
    retained_until, revoked_at, revoke_reason, claims)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const ADVANCE: &str = "
update sessions
set generation = ?4, rotated_at = ?5, expires_at = ?6, retained_until = ?7
where user_id = ?1 and id = ?2 and generation = ?3 and revoked_at is null";

const REVOKE: &str = "
update sessions
set revoked_at = ?3, revoke_reason = ?4
where user_id = ?1 and id = ?2 and revoked_at is null";
