//! Opening challenges.

use phonekey_core::{
    challenge::{self, Challenge},
    delivery::{Delivery, message::AppHash},
    ports::store::{OpenChallenge, OpenOutcome},
};
use tokio::try_join;
use tokio_postgres::Statement;

use super::{close_reason, closed_at};
use crate::postgres::{
    delivery,
    failure::Failure,
    group::Grouped,
    pool::Transaction,
    row::column,
    standing::{self, Standings},
};

const INSERT: &str = "
    insert into challenges (
        id, phone, key_version, code_length, language, app_hash, created_at, expires_at,
        wrong_answers, closed_at, close_reason
    )
    select
        id, phone, key_version, code_length, language, app_hash, created_at, expires_at,
        wrong_answers, closed_at, close_reason
    from unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::text[],
        $7::bigint[], $8::bigint[], $9::smallint[], $10::bigint[], $11::text[]
    ) as new (
        id, phone, key_version, code_length, language, app_hash, created_at, expires_at,
        wrong_answers, closed_at, close_reason
    )";

impl Grouped for OpenChallenge {
    type Outcome = OpenOutcome;

    async fn take_all(
        steps: &[&Self],
        transaction: &Transaction,
    ) -> Result<Vec<OpenOutcome>, Failure> {
        let [lock, update, add, insert, deliver] = transaction
            .prepare([
                standing::LOCK,
                standing::UPDATE,
                standing::INSERT,
                INSERT,
                delivery::write::INSERT,
            ])
            .await?;
        let phones = column(steps, |step| step.challenge.phone);
        let mut standings = Standings::lock(transaction, &lock, phones).await?;

        let mut opened = Vec::new();
        let mut outcomes = Vec::with_capacity(steps.len());
        for step in steps {
            let phone = step.challenge.phone;
            let mut standing = standings.of(phone);
            let judged = challenge::open(&step.challenge, &mut standing, &step.policy, step.now);
            outcomes.push(match judged {
                Err(wait) => OpenOutcome::Wait(wait),
                Ok(resend_at) => {
                    standings.keep(phone, standing, &step.policy);
                    opened.push(step);
                    OpenOutcome::Opened { resend_at }
                }
            });
        }

        let challenges = column(&opened, |step| &step.challenge);
        let deliveries: Vec<&Delivery> = opened
            .iter()
            .filter_map(|step| step.delivery.as_ref())
            .collect();
        try_join!(
            biased;
            standings.write(transaction, &update, &add),
            insert_all(transaction, &insert, &challenges),
            delivery::write::insert_all(transaction, &deliver, &deliveries),
        )?;
        Ok(outcomes)
    }
}

async fn insert_all(
    transaction: &Transaction,
    insert: &Statement,
    new: &[&Challenge],
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let ids = column(new, |challenge| *challenge.id.as_uuid());
    let phones = column(new, |challenge| challenge.phone.to_key());
    let key_versions = column(new, |challenge| challenge.key_version.0);
    let lengths = column(new, |challenge| i16::from(challenge.code_length.get()));
    let languages = column(new, |challenge| challenge.language.as_str());
    let hashes = column(new, |challenge| {
        challenge.app_hash.as_ref().map(AppHash::as_str)
    });
    let created = column(new, |challenge| challenge.created_at.as_millis());
    let expires = column(new, |challenge| challenge.expires_at.as_millis());
    let wrong = column(new, |challenge| i16::from(challenge.wrong_answers));
    let closed = column(new, |challenge| closed_at(challenge));
    let reasons = column(new, |challenge| close_reason(challenge));
    transaction
        .write(
            insert,
            &[
                &ids,
                &phones,
                &key_versions,
                &lengths,
                &languages,
                &hashes,
                &created,
                &expires,
                &wrong,
                &closed,
                &reasons,
            ],
        )
        .await?;
    Ok(())
}
