//! Steps on deliveries.

use std::collections::HashSet;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{Delivery, DeliveryId, DeliveryState, ProviderName},
    phone::PhoneNumber,
    ports::store::{DeliveryStore, DueDelivery, SettleDelivery, StoreError},
    time::Timestamp,
};
use tokio::try_join;
use tokio_postgres::Statement;

use super::{
    PostgresStore,
    failure::Failure,
    group::Grouped,
    pool::{Step, Transaction},
    row::{self, column},
};

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        let (settled, next) = (step, None);
        self.settling.take(Settle { settled, next }).await
    }

    async fn fail_over(&self, step: SettleDelivery, next: Delivery) -> Result<(), StoreError> {
        let (settled, next) = (step, Some(next));
        self.settling.take(Settle { settled, next }).await
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
        let mut recent = Vec::with_capacity(rows.len());
        for row in &rows {
            recent.push(DueDelivery {
                delivery: row::delivery(row)?,
                challenge: row::challenge(row)?,
            });
        }
        Ok(recent)
    }
}

/// The table is read backwards along its key, which is in order of time.
const RECENT: &str = "
    select
        sent.challenge_id, sent.attempt, sent.channel, sent.provider, sent.created_at as due_at,
        sent.state, sent.leased_until, sent.settled_at, sent.refusal, sent.provider_message_id,
        sent.cost_micros, sent.cost_currency,
        about.id, about.phone, about.key_version, about.code_length, about.language,
        about.created_at, about.expires_at, about.wrong_answers, about.closed_at,
        about.close_reason
    from deliveries as sent
    join challenges as about on about.id = sent.challenge_id
    where sent.provider = $1 and ($2::bigint is null or about.phone = $2)
    order by sent.challenge_id desc, sent.attempt desc
    limit $3";

/// Adds deliveries; one that is there already stays as it is.
pub(super) const INSERT: &str = "
    insert into deliveries (
        challenge_id, attempt, channel, provider, created_at, state, leased_until, settled_at,
        refusal, provider_message_id, cost_micros, cost_currency
    )
    select
        challenge_id, attempt, channel, provider, created_at, state, leased_until, settled_at,
        refusal, provider_message_id, cost_micros, cost_currency
    from unnest(
        $1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::bigint[], $6::text[],
        $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::bigint[], $12::text[]
    ) as new (
        challenge_id, attempt, channel, provider, created_at, state, leased_until, settled_at,
        refusal, provider_message_id, cost_micros, cost_currency
    )
    on conflict (challenge_id, attempt) do nothing";

/// Adds deliveries; see [`INSERT`].
pub(super) async fn insert_all(
    transaction: &Transaction,
    insert: &Statement,
    new: &[&Delivery],
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let challenges = column(new, |delivery| *delivery.id.challenge.as_uuid());
    let attempts = column(new, |delivery| i16::from(delivery.id.attempt));
    let channels = column(new, |delivery| delivery.channel.name());
    let providers = column(new, |delivery| delivery.provider.as_str());
    let created = column(new, |delivery| delivery.created_at.as_millis());
    let states = column(new, |delivery| State::of(delivery.state));
    let names = column(&states, |state| state.name);
    let leases = column(&states, |state| state.leased_until);
    let settled = column(&states, |state| state.settled_at);
    let refusals = column(&states, |state| state.refusal);
    let messages = column(new, |delivery| delivery.provider_message_id.as_deref());
    let costs = column(new, |delivery| {
        delivery.cost.as_ref().map(|cost| cost.micros)
    });
    let currencies = column(new, |delivery| {
        delivery.cost.as_ref().map(|cost| cost.currency.as_str())
    });
    transaction
        .write(
            insert,
            &[
                &challenges,
                &attempts,
                &channels,
                &providers,
                &created,
                &names,
                &leases,
                &settled,
                &refusals,
                &messages,
                &costs,
                &currencies,
            ],
        )
        .await?;
    Ok(())
}

/// A delivery's state as its columns have it.
struct State {
    name: &'static str,
    leased_until: Option<i64>,
    settled_at: Option<i64>,
    refusal: Option<&'static str>,
}

impl State {
    fn of(state: DeliveryState) -> Self {
        let (leased_until, settled_at, refusal) = match state {
            DeliveryState::Pending { leased_until } => (Some(leased_until), None, None),
            DeliveryState::Accepted { at }
            | DeliveryState::Unknown { at }
            | DeliveryState::Dropped { at } => (None, Some(at), None),
            DeliveryState::Refused { at, reason } => (None, Some(at), Some(reason.name())),
        };
        Self {
            name: state.name(),
            leased_until: leased_until.map(Timestamp::as_millis),
            settled_at: settled_at.map(Timestamp::as_millis),
            refusal,
        }
    }
}

/// Settles a delivery, and perhaps adds the attempt that follows it.
pub(super) struct Settle {
    settled: SettleDelivery,
    next: Option<Delivery>,
}

/// Locks pending deliveries in the order of their keys, and writes what became of them.
const SETTLE: &str = "
    with settled as materialized (
        select
            new.challenge_id, new.attempt, new.state, new.leased_until, new.settled_at,
            new.refusal, new.provider_message_id, new.cost_micros, new.cost_currency
        from unnest(
            $1::uuid[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[],
            $7::text[], $8::bigint[], $9::text[]
        ) as new (
            challenge_id, attempt, state, leased_until, settled_at, refusal, provider_message_id,
            cost_micros, cost_currency
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
        cost_currency = settled.cost_currency
    from settled
    where kept.challenge_id = settled.challenge_id and kept.attempt = settled.attempt";

impl Grouped for Settle {
    type Outcome = ();

    async fn take_all(steps: &[&Self], transaction: &Transaction) -> Result<Vec<()>, Failure> {
        let [settle, insert] = transaction.prepare([SETTLE, INSERT]).await?;
        let mut seen = HashSet::new();
        // The first who settles a delivery settles it.
        let settled: Vec<&SettleDelivery> = steps
            .iter()
            .map(|step| &step.settled)
            .filter(|settled| seen.insert(settled.id))
            .collect();
        let next: Vec<&Delivery> = steps.iter().filter_map(|step| step.next.as_ref()).collect();
        try_join!(
            biased;
            settle_all(transaction, &settle, &settled),
            insert_all(transaction, &insert, &next),
        )?;
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
    let messages = column(steps, |step| step.receipt.message_id.as_deref());
    let costs = column(steps, |step| {
        step.receipt.cost.as_ref().map(|cost| cost.micros)
    });
    let currencies = column(steps, |step| {
        step.receipt
            .cost
            .as_ref()
            .map(|cost| cost.currency.as_str())
    });
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
            ],
        )
        .await?;
    Ok(())
}

/// Takes over deliveries that nobody holds.
struct Lease {
    now: Timestamp,
    leased_until: Timestamp,
    limit: u16,
}

/// Two nodes that look at the same time get different rows. A delivery whose challenge is gone comes
/// with nulls.
const DUE: &str = "
    select
        sent.challenge_id, sent.attempt, sent.channel, sent.provider, sent.created_at as due_at,
        sent.state, sent.leased_until, sent.settled_at, sent.refusal, sent.provider_message_id,
        sent.cost_micros, sent.cost_currency,
        about.id, about.phone, about.key_version, about.code_length, about.language,
        about.created_at, about.expires_at, about.wrong_answers, about.closed_at,
        about.close_reason
    from deliveries as sent
    left join challenges as about on about.id = sent.challenge_id
    where sent.state = 'pending' and sent.leased_until <= $1
    order by sent.challenge_id, sent.attempt
    limit $2
    for update of sent skip locked";

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
