//! Audit events, written in the transaction of what they record.

use phonekey_core::audit::AuditEvent;
use tokio_postgres::Statement;

use super::{failure::Failure, pool::Transaction, row::column};

/// Adds events.
pub(super) const INSERT: &str = "
    insert into audit_events (at, kind, user_id, session_id, challenge_id, detail)
    select at, kind, user_id, session_id, challenge_id, detail
    from unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[])
        as new (at, kind, user_id, session_id, challenge_id, detail)";

/// Records `events`.
pub(super) async fn record(
    transaction: &Transaction,
    insert: &Statement,
    events: &[AuditEvent],
) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let moments = column(events, |event| event.at.as_millis());
    let kinds = column(events, |event| event.kind.name());
    let users = column(events, |event| event.kind.user().get());
    let sessions = column(events, |event| event.kind.session().map(|id| *id.as_uuid()));
    let challenges = column(events, |event| {
        event.kind.challenge().map(|id| *id.as_uuid())
    });
    let details = column(events, |event| event.kind.detail());
    transaction
        .write(
            insert,
            &[&moments, &kinds, &users, &sessions, &challenges, &details],
        )
        .await?;
    Ok(())
}
