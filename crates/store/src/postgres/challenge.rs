//! Steps on challenges.

mod answer;
mod open;

use async_trait::async_trait;
use phonekey_core::{
    challenge::{Challenge, ChallengeState},
    id::ChallengeId,
    phone::PhoneNumber,
    ports::store::{
        AnswerChallenge, AnswerOutcome, ChallengeStore, OpenChallenge, OpenOutcome,
        ResendChallenge, ResendOutcome, StoreError,
    },
};
use tokio_postgres::Statement;

use super::{
    PostgresStore,
    failure::Failure,
    pool::Transaction,
    row::{self, column},
};

#[async_trait]
impl ChallengeStore for PostgresStore {
    async fn open_challenge(&self, step: OpenChallenge) -> Result<OpenOutcome, StoreError> {
        self.opening.take(step).await
    }

    async fn answer_challenge(&self, step: AnswerChallenge) -> Result<AnswerOutcome, StoreError> {
        self.answering.take(step).await
    }

    async fn resend_challenge(&self, step: ResendChallenge) -> Result<ResendOutcome, StoreError> {
        Ok(self.database.take(&step).await?)
    }
}

/// Locks challenges, each only if it is of the number that it is asked for with: so whoever holds
/// a challenge holds its number's standing as well.
pub(super) const LOCK: &str = "
    select
        kept.id, kept.phone, key_version, code_length, language, app_hash, created_at, expires_at,
        wrong_answers, closed_at, close_reason
    from unnest($1::uuid[], $2::bigint[]) as asked (id, phone)
    join challenges as kept on kept.id = asked.id and kept.phone = asked.phone
    order by kept.id
    for update of kept";

/// Writes what has changed in locked challenges that were open.
pub(super) const UPDATE: &str = "
    update challenges as kept
    set
        wrong_answers = new.wrong_answers,
        closed_at = new.closed_at,
        close_reason = new.reason,
        expires_at = new.expires_at
    from unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::text[], $5::bigint[])
        as new (id, wrong_answers, closed_at, reason, expires_at)
    where kept.id = new.id and kept.closed_at is null";

pub(super) async fn lock(
    transaction: &Transaction,
    lock: &Statement,
    mut asked: Vec<(ChallengeId, PhoneNumber)>,
) -> Result<Vec<Challenge>, Failure> {
    asked.sort_unstable();
    asked.dedup();
    let ids = column(&asked, |(id, _)| *id.as_uuid());
    let phones = column(&asked, |(_, phone)| phone.to_key());
    let rows = transaction.read(lock, &[&ids, &phones]).await?;
    let challenges: Result<_, _> = rows.iter().map(row::challenge).collect();
    Ok(challenges?)
}

pub(super) async fn update(
    transaction: &Transaction,
    update: &Statement,
    changed: &[&Challenge],
) -> Result<(), Failure> {
    if changed.is_empty() {
        return Ok(());
    }
    let ids = column(changed, |challenge| *challenge.id.as_uuid());
    let wrong = column(changed, |challenge| i16::from(challenge.wrong_answers));
    let closed = column(changed, |challenge| closed_at(challenge));
    let reasons = column(changed, |challenge| close_reason(challenge));
    let ends = column(changed, |challenge| challenge.expires_at.as_millis());
    let written = transaction
        .write(update, &[&ids, &wrong, &closed, &reasons, &ends])
        .await?;
    Failure::unless_all("challenges", changed.len(), written)
}

fn closed_at(challenge: &Challenge) -> Option<i64> {
    match challenge.state {
        ChallengeState::Open => None,
        ChallengeState::Closed { at, .. } => Some(at.as_millis()),
    }
}

fn close_reason(challenge: &Challenge) -> Option<&'static str> {
    match challenge.state {
        ChallengeState::Open => None,
        ChallengeState::Closed { reason, .. } => Some(reason.name()),
    }
}
