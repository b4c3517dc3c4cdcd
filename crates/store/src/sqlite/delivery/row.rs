//! Deliveries as the table keeps them.

use phonekey_core::{
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, ProviderName,
        outcome::{Cost, Currency, MessageId, Receipt, SendRefusal},
        report::{Arrival, DeliveryReport},
    },
    id::ChallengeId,
    ports::store::DueDelivery,
    time::Timestamp,
};
use rusqlite::{Connection, params};

use crate::sqlite::{
    challenge,
    failure::Failure,
    row::{Columns, execute_once},
};

/// The columns of a delivery, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "challenge_id, attempt, channel, provider, deliveries.created_at, state, leased_until,
    settled_at, refusal, provider_message_id, cost_micros, cost_currency, arrival, lost_because,
    reported_at, follow_up_at"
    };
}

/// Those columns and then the challenge's, in the order in which [`read_due`] takes them.
macro_rules! due_columns {
    () => {
        concat!(
            $crate::sqlite::delivery::row::columns!(),
            ",
    challenges.id, phone, key_version, code_length, language, app_hash, challenges.created_at,
    expires_at, wrong_answers, closed_at, close_reason"
        )
    };
}

pub(super) use {columns, due_columns};

/// A state as the table keeps it.
pub(super) struct StateColumns {
    pub(super) name: &'static str,
    pub(super) leased_until: Option<i64>,
    pub(super) settled_at: Option<i64>,
    pub(super) refusal: Option<&'static str>,
}

impl StateColumns {
    pub(super) fn of(state: DeliveryState) -> Self {
        let (leased_until, settled_at, refusal) = match state {
            DeliveryState::Pending { leased_until } => (Some(leased_until), None, None),
            DeliveryState::Refused { at, reason } => (None, Some(at), Some(reason.name())),
            DeliveryState::Accepted { at }
            | DeliveryState::Unknown { at }
            | DeliveryState::Dropped { at } => (None, Some(at), None),
        };
        Self {
            name: state.name(),
            leased_until: leased_until.map(Timestamp::as_millis),
            settled_at: settled_at.map(Timestamp::as_millis),
            refusal,
        }
    }
}

pub(super) fn read_due(columns: &mut Columns<'_>) -> Result<DueDelivery, Failure> {
    Ok(DueDelivery {
        delivery: read(columns)?,
        challenge: challenge::read(columns)?,
    })
}

pub(super) fn read(columns: &mut Columns<'_>) -> Result<Delivery, Failure> {
    Ok(Delivery {
        id: DeliveryId {
            challenge: ChallengeId::from_uuid(columns.uuid()?),
            attempt: columns.raw()?,
        },
        channel: columns.parsed(Channel::from_name)?,
        provider: ProviderName::new(columns.raw::<String>()?),
        created_at: columns.time()?,
        state: read_state(columns)?,
        receipt: Receipt {
            message_id: columns.optional_parsed(|text| MessageId::new(text))?,
            cost: match columns.raw()? {
                None => {
                    columns.skip();
                    None
                }
                Some(micros) => Some(Cost {
                    micros,
                    currency: columns.parsed(Currency::from_code)?,
                }),
            },
        },
        report: read_report(columns)?,
        follow_up_at: columns.optional_time()?,
    })
}

fn read_report(columns: &mut Columns<'_>) -> Result<Option<DeliveryReport>, Failure> {
    let arrival: Option<String> = columns.raw()?;
    let lost_because = columns.optional_parsed(SendRefusal::from_name)?;
    let reported_at = columns.optional_time()?;
    let arrival = match (arrival.as_deref(), lost_because) {
        (None, None) => None,
        (Some("delivered"), None) => Some(Arrival::Delivered),
        (Some("undelivered"), Some(reason)) => Some(Arrival::Undelivered(reason)),
        _ => return Err(columns.corrupt("a report that its other columns do not fit")),
    };
    match (arrival, reported_at) {
        (None, None) => Ok(None),
        (Some(arrival), Some(at)) => Ok(Some(DeliveryReport { at, arrival })),
        _ => Err(columns.corrupt("a report without its time, or a time without it")),
    }
}

fn read_state(columns: &mut Columns<'_>) -> Result<DeliveryState, Failure> {
    let name: String = columns.raw()?;
    let leased_until = columns.optional_time()?;
    let settled_at = columns.optional_time()?;
    let refusal = columns.optional_parsed(SendRefusal::from_name)?;
    match (name.as_str(), leased_until, settled_at, refusal) {
        ("pending", Some(leased_until), None, None) => Ok(DeliveryState::Pending { leased_until }),
        ("accepted", None, Some(at), None) => Ok(DeliveryState::Accepted { at }),
        ("refused", None, Some(at), Some(reason)) => Ok(DeliveryState::Refused { at, reason }),
        ("unknown", None, Some(at), None) => Ok(DeliveryState::Unknown { at }),
        ("dropped", None, Some(at), None) => Ok(DeliveryState::Dropped { at }),
        _ => Err(columns.corrupt("a state that its other columns do not fit")),
    }
}

/// Writes a delivery that was not there.
pub(in crate::sqlite) fn insert(db: &Connection, delivery: &Delivery) -> Result<(), Failure> {
    let columns = StateColumns::of(delivery.state);
    let receipt = &delivery.receipt;
    execute_once(
        db,
        INSERT,
        params![
            delivery.id.challenge.as_uuid().as_bytes(),
            delivery.id.attempt,
            delivery.channel.name(),
            delivery.provider.as_str(),
            delivery.created_at.as_millis(),
            columns.name,
            columns.leased_until,
            columns.settled_at,
            columns.refusal,
            receipt.message_id.as_ref().map(MessageId::as_str),
            receipt.cost.as_ref().map(|cost| cost.micros),
            receipt.cost.as_ref().map(|cost| cost.currency.code()),
            delivery.report.map(|report| report.arrival.name()),
            delivery
                .report
                .and_then(|report| report.arrival.lost_because())
                .map(SendRefusal::name),
            delivery.report.map(|report| report.at.as_millis()),
            delivery.follow_up_at.map(Timestamp::as_millis),
        ],
    )
}

const INSERT: &str = "
insert into deliveries (challenge_id, attempt, channel, provider, created_at, state, leased_until,
    settled_at, refusal, provider_message_id, cost_micros, cost_currency, arrival, lost_because,
    reported_at, follow_up_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
