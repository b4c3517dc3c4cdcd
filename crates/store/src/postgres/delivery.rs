//! Steps on deliveries.

mod messages;
mod report;
pub(super) mod write;

use std::collections::HashSet;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{DeliveryId, DeliveryState, ProviderName, follow_up, outcome::MessageId},
    phone::PhoneNumber,
    ports::store::{
        DeliveryStore, DueDelivery, NoteOutcome, NoteReport, RefuseDelivery, RefuseOutcome,
        SendAgain, SendAgainOutcome, SettleDelivery, StoreError,
    },
    route::conversion::BlockConversion,
    time::Timestamp,
};
use tokio_postgres::{Row, Statement};

use self::write::State;
use super::{
    PostgresStore,
    failure::{Failure, Fault},
    group::Grouped,
    pool::{Step, Transaction},
    row::{self, column},
};

/// The columns of `deliveries as sent`, as [`row::delivery`] names them.
macro_rules! columns {
    () => {
        "
        sent.challenge_id, sent.attempt, sent.channel, sent.provider, sent.created_at as due_at,
        sent.state, sent.leased_until, sent.settled_at, sent.refusal, sent.provider_message_id,
        sent.cost_micros, sent.cost_currency, sent.arrival, sent.lost_because, sent.reported_at,
        sent.follow_up_at"
    };
}

/// Those, and the columns of `challenges as about`.
macro_rules! due_columns {
    () => {
        concat!(
            $crate::postgres::delivery::columns!(),
            ",
        about.id, about.phone, about.key_version, about.code_length, about.language,
        about.app_hash, about.created_at, about.expires_at, about.wrong_answers, about.closed_at,
        about.close_reason"
        )
    };
}

use {columns, due_columns};

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        self.settling.take(step).await
    }

    async fn refuse_delivery(&self, step: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        Ok(self.database.take(&step).await?)
    }

    async fn send_again(&self, step: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        Ok(self.database.take(&step).await?)
    }

    async fn note_report(&self, step: NoteReport) -> Result<NoteOutcome, StoreError> {
        Ok(self.database.take(&step).await?)
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let lease = Lease {
            now,
            leased_until,
            limit,
        };
        Ok(self.database.take(&lease).await?)
    }

    async fn lease_follow_ups(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        Ok(self.database.take(&LeaseFollowUps { now, limit }).await?)
    }

    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let provider = provider.as_str();
        let phone = phone.map(PhoneNumber::to_key);
        let rows = self
            .database
            .rows(RECENT, &[&provider, &phone, &i64::from(limit)])
            .await?;
        let recent: Result<_, Fault> = rows.iter().map(due).collect();
        Ok(recent?)
    }

    async fn conversions(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        Ok(report::conversions(&self.database, since, now).await?)
    }
}

fn due(row: &Row) -> Result<DueDelivery, Fault> {
    Ok(DueDelivery {
        delivery: row::delivery(row)?,
        challenge: row::challenge(row)?,
    })
}

/// The table is read backwards along its key, which is in order of time.
const RECENT: &str = concat!(
    "
    select ",
    due_columns!(),
    "
    from deliveries as sent
    join challenges as about on about.id = sent.challenge_id
    where sent.provider = $1 and ($2::bigint is null or about.phone = $2)
    order by sent.challenge_id desc, sent.attempt desc
    limit $3"
);

/// Takes over deliveries that nobody holds.
struct Lease {
    now: Timestamp,
    leased_until: Timestamp,
    limit: u16,
}

/// Two nodes that look at the same time get different rows. A delivery whose challenge is gone comes
/// with nulls.
const DUE: &str = concat!(
    "
    select ",
    due_columns!(),
    "
    from deliveries as sent
    left join challenges as about on about.id = sent.challenge_id
    where sent.state = 'pending' and sent.leased_until <= $1
    order by sent.challenge_id, sent.attempt
    limit $2
    for update of sent skip locked"
);

/// Writes the state of deliveries that this transaction has locked.
const TAKE_OVER: &str = "
    update deliveries as kept
    set state = new.state, leased_until = new.leased_until, settled_at = new.settled_at
    from unnest($1::uuid[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[])
        as new (challenge_id, attempt, state, leased_until, settled_at)
    where kept.challenge_id = new.challenge_id and kept.attempt = new.attempt";

impl Step for Lease {
    type Outcome = Vec<DueDelivery>;

    async fn take(&self, transaction: &Transaction) -> Result<Vec<DueDelivery>, Failure> {
        let [due, take_over] = transaction.prepare([DUE, TAKE_OVER]).await?;
        let limit = i64::from(self.limit);
        let rows = transaction
            .read(&due, &[&self.now.as_millis(), &limit])
            .await?;
        let mut touched: Vec<(DeliveryId, State)> = Vec::with_capacity(rows.len());
        let mut leased = Vec::new();
        for row in &rows {
            let mut delivery = row::delivery(row)?;
            let is_orphan = row.try_get::<_, Option<uuid::Uuid>>("id")?.is_none();
            let challenge = if is_orphan {
                None
            } else {
                Some(row::challenge(row)?)
            };
            let live = challenge.filter(|challenge| challenge.is_live(self.now));
            delivery.state = match live {
                Some(_) => DeliveryState::Pending {
                    leased_until: self.leased_until,
                },
                None => DeliveryState::Dropped { at: self.now },
            };
            touched.push((delivery.id, State::of(delivery.state)));
            leased.extend(live.map(|challenge| DueDelivery {
                delivery,
                challenge,
            }));
        }
        if touched.is_empty() {
            return Ok(leased);
        }
        let challenges = column(&touched, |(id, _)| *id.challenge.as_uuid());
        let attempts = column(&touched, |(id, _)| i16::from(id.attempt));
        let names = column(&touched, |(_, state)| state.name);
        let ends = column(&touched, |(_, state)| state.leased_until);
        let settled = column(&touched, |(_, state)| state.settled_at);
        let written = transaction
            .write(
                &take_over,
                &[&challenges, &attempts, &names, &ends, &settled],
            )
            .await?;
        Failure::unless_all("deliveries", touched.len(), written)?;
        Ok(leased)
    }
}

/// Takes settled deliveries that are to be looked after.
struct LeaseFollowUps {
    now: Timestamp,
    limit: u16,
}

/// See [`DUE`]; a delivery whose challenge is gone is gone as well.
const FOLLOW_UPS: &str = concat!(
    "
    select ",
    due_columns!(),
    "
    from deliveries as sent
    join challenges as about on about.id = sent.challenge_id
    where sent.follow_up_at <= $1
    order by sent.follow_up_at, sent.challenge_id, sent.attempt
    limit $2
    for update of sent skip locked"
);

/// Writes when deliveries that this transaction has locked are to be looked after.
const PUT_OFF: &str = "
    update deliveries as kept
    set follow_up_at = new.follow_up_at
    from unnest($1::uuid[], $2::smallint[], $3::bigint[])
        as new (challenge_id, attempt, follow_up_at)
    where kept.challenge_id = new.challenge_id and kept.attempt = new.attempt";

impl Step for LeaseFollowUps {
    type Outcome = Vec<DueDelivery>;

    async fn take(&self, transaction: &Transaction) -> Result<Vec<DueDelivery>, Failure> {
        let [find, put_off] = transaction.prepare([FOLLOW_UPS, PUT_OFF]).await?;
        let limit = i64::from(self.limit);
        let rows = transaction
            .read(&find, &[&self.now.as_millis(), &limit])
            .await?;
        let leased: Result<Vec<DueDelivery>, Fault> = rows.iter().map(due).collect();
        let leased = leased?;
        if leased.is_empty() {
            return Ok(leased);
        }
        let challenges = column(&leased, |due| *due.delivery.id.challenge.as_uuid());
        let attempts = column(&leased, |due| i16::from(due.delivery.id.attempt));
        let looks = column(&leased, |due| {
            let look = follow_up::put_off(&due.delivery, &due.challenge, self.now);
            look.map(Timestamp::as_millis)
        });
        let written = transaction
            .write(&put_off, &[&challenges, &attempts, &looks])
            .await?;
        Failure::unless_all("deliveries", leased.len(), written)?;
        Ok(leased)
    }
}

/// Locks pending deliveries in the order of their keys, and writes what became of them.
const SETTLE: &str = "
    with settled as materialized (
        select
            new.challenge_id, new.attempt, new.state, new.leased_until, new.settled_at,
            new.refusal, new.provider_message_id, new.cost_micros, new.cost_currency,
            new.follow_up_at
        from unnest(
            $1::uuid[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[],
            $7::text[], $8::bigint[], $9::text[], $10::bigint[]
        ) as new (
            challenge_id, attempt, state, leased_until, settled_at, refusal, provider_message_id,
            cost_micros, cost_currency, follow_up_at
        )
        join deliveries as kept
            on kept.challenge_id = new.challenge_id and kept.attempt = new.attempt
        where kept.state = 'pending'
        order by new.challenge_id, new.attempt
        for update of kept
    )
    update deliveries as kept
    set
        state = settled.state,
        leased_until = settled.leased_until,
        settled_at = settled.settled_at,
        refusal = settled.refusal,
        provider_message_id = settled.provider_message_id,
        cost_micros = settled.cost_micros,
        cost_currency = settled.cost_currency,
        follow_up_at = settled.follow_up_at
    from settled
    where kept.challenge_id = settled.challenge_id and kept.attempt = settled.attempt";

impl Grouped for SettleDelivery {
    type Outcome = ();

    async fn take_all(steps: &[&Self], transaction: &Transaction) -> Result<Vec<()>, Failure> {
        let [settle] = transaction.prepare([SETTLE]).await?;
        let mut seen = HashSet::new();
        // The first who settles a delivery settles it.
        let firsts = steps.iter().filter(|step| seen.insert(step.id));
        let firsts: Vec<&Self> = firsts.copied().collect();
        settle_all(transaction, &settle, &firsts).await?;
        Ok(vec![(); steps.len()])
    }
}

async fn settle_all(
    transaction: &Transaction,
    settle: &Statement,
    steps: &[&SettleDelivery],
) -> Result<(), Failure> {
    let challenges = column(steps, |step| *step.id.challenge.as_uuid());
    let attempts = column(steps, |step| i16::from(step.id.attempt));
    let states = column(steps, |step| State::of(step.state));
    let names = column(&states, |state| state.name);
    let leases = column(&states, |state| state.leased_until);
    let settled = column(&states, |state| state.settled_at);
    let refusals = column(&states, |state| state.refusal);
    let messages = column(steps, |step| {
        step.receipt.message_id.as_ref().map(MessageId::as_str)
    });
    let costs = column(steps, |step| {
        step.receipt.cost.as_ref().map(|cost| cost.micros)
    });
    let currencies = column(steps, |step| {
        step.receipt.cost.as_ref().map(|cost| cost.currency.code())
    });
    let looks = column(steps, |step| step.follow_up_at.map(Timestamp::as_millis));
    transaction
        .write(
            settle,
            &[
                &challenges,
                &attempts,
                &names,
                &leases,
                &settled,
                &refusals,
                &messages,
                &costs,
                &currencies,
                &looks,
            ],
        )
        .await?;
    Ok(())
}
