//! Steps on deliveries.

mod messages;
mod report;
pub(super) mod row;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{DeliveryState, ProviderName, follow_up, outcome::MessageId},
    phone::PhoneNumber,
    ports::store::{
        DeliveryStore, DueDelivery, NoteOutcome, NoteReport, RefuseDelivery, RefuseOutcome,
        SendAgain, SendAgainOutcome, SettleDelivery, StoreError,
    },
    route::conversion::BlockConversion,
    time::Timestamp,
};
use rusqlite::{Connection, params};

use self::row::{StateColumns, due_columns, read_due};
use super::{
    SqliteStore,
    failure::Failure,
    row::{execute, execute_once, list},
    writer::Step,
};

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        self.writer.take(step).await
    }

    async fn refuse_delivery(&self, step: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        self.writer.take(step).await
    }

    async fn send_again(&self, step: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        self.writer.take(step).await
    }

    async fn note_report(&self, step: NoteReport) -> Result<NoteOutcome, StoreError> {
        self.writer.take(step).await
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

    async fn lease_follow_ups(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.writer.take(LeaseFollowUps { now, limit }).await
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

    async fn conversions(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        let count = move |db: &Connection| report::conversions(db, since, now);
        self.readers.query(count).await
    }
}

impl Step for SettleDelivery {
    type Outcome = ();

    /// Settles the delivery if it is pending.
    fn run(self, db: &Connection) -> Result<(), Failure> {
        let columns = StateColumns::of(self.state);
        let cost = self.receipt.cost.as_ref();
        execute(
            db,
            SETTLE,
            params![
                self.id.challenge.as_uuid().as_bytes(),
                self.id.attempt,
                columns.name,
                columns.leased_until,
                columns.settled_at,
                columns.refusal,
                self.receipt.message_id.as_ref().map(MessageId::as_str),
                cost.map(|cost| cost.micros),
                cost.map(|cost| cost.currency.code()),
                self.follow_up_at.map(Timestamp::as_millis),
            ],
        )?;
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

struct LeaseFollowUps {
    now: Timestamp,
    limit: u16,
}

impl Step for LeaseFollowUps {
    type Outcome = Vec<DueDelivery>;

    fn run(self, db: &Connection) -> Result<Vec<DueDelivery>, Failure> {
        let parameters = params![self.now.as_millis(), self.limit];
        let due = list(db, "deliveries", SELECT_FOLLOW_UPS, parameters, read_due)?;
        for DueDelivery {
            delivery,
            challenge,
        } in &due
        {
            let put_off = follow_up::put_off(delivery, challenge, self.now);
            execute_once(
                db,
                PUT_OFF,
                params![
                    delivery.id.challenge.as_uuid().as_bytes(),
                    delivery.id.attempt,
                    put_off.map(Timestamp::as_millis),
                ],
            )?;
        }
        Ok(due)
    }
}

const SETTLE: &str = "
update deliveries
set state = ?3, leased_until = ?4, settled_at = ?5, refusal = ?6, provider_message_id = ?7,
    cost_micros = ?8, cost_currency = ?9, follow_up_at = ?10
where challenge_id = ?1 and attempt = ?2 and state = 'pending'";

const UPDATE_STATE: &str = "
update deliveries
set state = ?3, leased_until = ?4, settled_at = ?5
where challenge_id = ?1 and attempt = ?2 and state = 'pending'";

const PUT_OFF: &str = "
update deliveries
set follow_up_at = ?3
where challenge_id = ?1 and attempt = ?2";

const SELECT_DUE: &str = concat!(
    "
select ",
    due_columns!(),
    "
from deliveries
join challenges on challenges.id = challenge_id
where state = 'pending' and leased_until <= ?1
order by leased_until
limit ?2"
);

const SELECT_FOLLOW_UPS: &str = concat!(
    "
select ",
    due_columns!(),
    "
from deliveries
join challenges on challenges.id = challenge_id
where follow_up_at <= ?1
order by follow_up_at, challenge_id, attempt
limit ?2"
);

const SELECT_RECENT: &str = concat!(
    "
select ",
    due_columns!(),
    "
from deliveries
join challenges on challenges.id = challenge_id
where provider = ?1 and (?2 is null or phone = ?2)
order by challenge_id desc, attempt desc
limit ?3"
);
