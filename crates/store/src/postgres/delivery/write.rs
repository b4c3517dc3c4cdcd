//! Deliveries into rows.

use phonekey_core::{
    delivery::{
        Delivery, DeliveryState,
        outcome::{MessageId, SendRefusal},
    },
    time::Timestamp,
};
use tokio_postgres::Statement;

use crate::postgres::{failure::Failure, pool::Transaction, row::column};

/// Adds deliveries. One that is there already stays as it is and is missing from the count.
pub(in crate::postgres) const INSERT: &str = "
    insert into deliveries (
        challenge_id, attempt, channel, provider, created_at, state, leased_until, settled_at,
        refusal, provider_message_id, cost_micros, cost_currency, arrival, lost_because,
        reported_at, follow_up_at
    )
    select
        challenge_id, attempt, channel, provider, created_at, state, leased_until, settled_at,
        refusal, provider_message_id, cost_micros, cost_currency, arrival, lost_because,
        reported_at, follow_up_at
    from unnest(
        $1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::bigint[], $6::text[],
        $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::bigint[], $12::text[],
        $13::text[], $14::text[], $15::bigint[], $16::bigint[]
    ) as new (
        challenge_id, attempt, channel, provider, created_at, state, leased_until, settled_at,
        refusal, provider_message_id, cost_micros, cost_currency, arrival, lost_because,
        reported_at, follow_up_at
    )
    on conflict (challenge_id, attempt) do nothing";

/// Adds deliveries; see [`INSERT`].
pub(in crate::postgres) async fn insert_all(
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
    let messages = column(new, |delivery| {
        delivery.receipt.message_id.as_ref().map(MessageId::as_str)
    });
    let costs = column(new, |delivery| {
        delivery.receipt.cost.as_ref().map(|cost| cost.micros)
    });
    let currencies = column(new, |delivery| {
        delivery
            .receipt
            .cost
            .as_ref()
            .map(|cost| cost.currency.code())
    });
    let arrivals = column(new, |delivery| {
        delivery.report.map(|report| report.arrival.name())
    });
    let reasons = column(new, |delivery| {
        delivery
            .report
            .and_then(|report| report.arrival.lost_because())
            .map(SendRefusal::name)
    });
    let reported = column(new, |delivery| {
        delivery.report.map(|report| report.at.as_millis())
    });
    let looks = column(new, |delivery| {
        delivery.follow_up_at.map(Timestamp::as_millis)
    });
    let written = transaction
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
                &arrivals,
                &reasons,
                &reported,
                &looks,
            ],
        )
        .await?;
    Failure::unless_all("deliveries", new.len(), written)
}

/// A delivery's state as its columns have it.
pub(super) struct State {
    pub(super) name: &'static str,
    pub(super) leased_until: Option<i64>,
    pub(super) settled_at: Option<i64>,
    pub(super) refusal: Option<&'static str>,
}

impl State {
    pub(super) fn of(state: DeliveryState) -> Self {
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
