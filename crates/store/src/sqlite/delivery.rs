//! Steps on deliveries.

use async_trait::async_trait;
use phonekey_core::{
    delivery::{Channel, Cost, Delivery, DeliveryId, DeliveryState, ProviderName, SendRefusal},
    id::ChallengeId,
    phone::PhoneNumber,
    ports::store::{DeliveryStore, DueDelivery, SettleDelivery, StoreError},
    time::Timestamp,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore, challenge,
    failure::Failure,
    row::{Columns, execute, execute_once, list},
    writer::Step,
};

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        self.writer.take(step).await
    }

    async fn fail_over(&self, step: SettleDelivery, next: Delivery) -> Result<(), StoreError> {
        self.writer.take(FailOver { step, next }).await
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let step = Lease {
            now,
            leased_until,
            limit,
        };
        self.writer.take(step).await
    }

    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let provider = provider.clone();
        let recent = move |db: &Connection| {
            let parameters = params![provider.as_str(), phone.map(PhoneNumber::to_key), limit];
            list(db, "deliveries", SELECT_RECENT, parameters, read_due)
        };
        self.readers.query(recent).await
    }
}

impl Step for SettleDelivery {
    type Outcome = ();

    fn run(self, db: &Connection) -> Result<(), Failure> {
        settle(db, &self)
    }
}

struct FailOver {
    step: SettleDelivery,
    next: Delivery,
}

impl Step for FailOver {
    type Outcome = ();

    fn run(self, db: &Connection) -> Result<(), Failure> {
        settle(db, &self.step)?;
        write(db, INSERT_IF_NEW, &self.next)?;
        Ok(())
    }
}

struct Lease {
    now: Timestamp,
    leased_until: Timestamp,
    limit: u16,
}

impl Step for Lease {
    type Outcome = Vec<DueDelivery>;

    fn run(self, db: &Connection) -> Result<Vec<DueDelivery>, Failure> {
        let parameters = params![self.now.as_millis(), self.limit];
        let mut due = list(db, "deliveries", SELECT_DUE, parameters, read_due)?;
        for DueDelivery {
            delivery,
            challenge,
        } in &mut due
        {
            delivery.state = if challenge.is_live(self.now) {
                DeliveryState::Pending {
                    leased_until: self.leased_until,
                }
            } else {
                DeliveryState::Dropped { at: self.now }
            };
            let columns = StateColumns::of(delivery.state);
            execute_once(
                db,
                UPDATE_STATE,
                params![
                    delivery.id.challenge.as_uuid().as_bytes(),
                    delivery.id.attempt,
                    columns.name,
                    columns.leased_until,
                    columns.settled_at,
                ],
            )?;
        }
        due.retain(|due| matches!(due.delivery.state, DeliveryState::Pending { .. }));
        Ok(due)
    }
}

/// Settles a delivery if it is pending.
fn settle(db: &Connection, step: &SettleDelivery) -> Result<(), Failure> {
    let columns = StateColumns::of(step.state);
    let cost = step.receipt.cost.as_ref();
    execute(
        db,
        SETTLE,
        params![
            step.id.challenge.as_uuid().as_bytes(),
            step.id.attempt,
            columns.name,
            columns.leased_until,
            columns.settled_at,
            columns.refusal,
            step.receipt.message_id,
            cost.map(|cost| cost.micros),
            cost.map(|cost| &cost.currency),
        ],
    )?;
    Ok(())
}

/// Writes the first delivery of a challenge that the same step opens.
pub(super) fn insert(db: &Connection, delivery: &Delivery) -> Result<(), Failure> {
    match write(db, INSERT, delivery)? {
        1 => Ok(()),
        changed => Err(rusqlite::Error::StatementChangedRows(changed).into()),
    }
}

fn write(db: &Connection, sql: &str, delivery: &Delivery) -> Result<usize, Failure> {
    let columns = StateColumns::of(delivery.state);
    let cost = delivery.cost.as_ref();
    execute(
        db,
        sql,
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
            delivery.provider_message_id,
            cost.map(|cost| cost.micros),
            cost.map(|cost| &cost.currency),
        ],
    )
}

/// A state as the table keeps it.
struct StateColumns {
    name: &'static str,
    leased_until: Option<i64>,
    settled_at: Option<i64>,
    refusal: Option<&'static str>,
}

impl StateColumns {
    fn of(state: DeliveryState) -> Self {
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

fn read_due(columns: &mut Columns<'_>) -> Result<DueDelivery, Failure> {
    Ok(DueDelivery {
        delivery: read(columns)?,
        challenge: challenge::read(columns)?,
    })
}

fn read(columns: &mut Columns<'_>) -> Result<Delivery, Failure> {
    Ok(Delivery {
        id: DeliveryId {
            challenge: ChallengeId::from_uuid(columns.uuid()?),
            attempt: columns.raw()?,
        },
        channel: columns.parsed(Channel::from_name)?,
        provider: ProviderName::new(columns.raw::<String>()?),
        created_at: columns.time()?,
        state: read_state(columns)?,
        provider_message_id: columns.raw()?,
        cost: match columns.raw()? {
            None => {
                columns.skip();
                None
            }
            Some(micros) => Some(Cost {
                micros,
                currency: columns.raw()?,
            }),
        },
    })
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

const INSERT: &str = "
insert into deliveries (challenge_id, attempt, channel, provider, created_at, state, leased_until,
    settled_at, refusal, provider_message_id, cost_micros, cost_currency)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const INSERT_IF_NEW: &str = "
insert into deliveries (challenge_id, attempt, channel, provider, created_at, state, leased_until,
    settled_at, refusal, provider_message_id, cost_micros, cost_currency)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
on conflict do nothing";

const SETTLE: &str = "
update deliveries
set state = ?3, leased_until = ?4, settled_at = ?5, refusal = ?6, provider_message_id = ?7,
    cost_micros = ?8, cost_currency = ?9
where challenge_id = ?1 and attempt = ?2 and state = 'pending'";

const UPDATE_STATE: &str = "
update deliveries
set state = ?3, leased_until = ?4, settled_at = ?5
where challenge_id = ?1 and attempt = ?2 and state = 'pending'";

const SELECT_DUE: &str = "
select challenge_id, attempt, channel, provider, deliveries.created_at, state, leased_until,
    settled_at, refusal, provider_message_id, cost_micros, cost_currency,
    challenges.id, phone, key_version, code_length, language, challenges.created_at, expires_at,
    wrong_answers, closed_at, close_reason
from deliveries
join challenges on challenges.id = challenge_id
where state = 'pending' and leased_until <= ?1
order by leased_until
limit ?2";

const SELECT_RECENT: &str = "
select challenge_id, attempt, channel, provider, deliveries.created_at, state, leased_until,
    settled_at, refusal, provider_message_id, cost_micros, cost_currency,
    challenges.id, phone, key_version, code_length, language, challenges.created_at, expires_at,
    wrong_answers, closed_at, close_reason
from deliveries
join challenges on challenges.id = challenge_id
where provider = ?1 and (?2 is null or phone = ?2)
order by challenge_id desc, attempt desc
limit ?3";
