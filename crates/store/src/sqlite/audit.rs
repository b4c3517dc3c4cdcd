//! Audit events, committed with the change that they record.

use phonekey_core::{audit::AuditKind, time::Timestamp};
use rusqlite::{Connection, params};

use super::{failure::Failure, row::execute};

pub(super) fn record(db: &Connection, at: Timestamp, event: AuditKind) -> Result<(), Failure> {
    let session = event.session();
    let challenge = event.challenge();
    execute(
        db,
        INSERT,
        params![
            at.as_millis(),
            event.name(),
            event.user().get(),
            session.as_ref().map(|id| id.as_uuid().as_bytes()),
            challenge.as_ref().map(|id| id.as_uuid().as_bytes()),
            event.detail(),
        ],
    )?;
    Ok(())
}

const INSERT: &str = "
insert into audit_events (at, kind, user_id, session_id, challenge_id, detail)
values (?1, ?2, ?3, ?4, ?5, ?6)";
