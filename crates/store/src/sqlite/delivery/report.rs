//! What is reported of messages, and what it adds up to.

use phonekey_core::{
    delivery::{
        Channel, ProviderName,
        outcome::{Cost, SendRefusal},
        report::{self, NothingNew},
    },
    id::ChallengeId,
    ports::store::{NoteOutcome, NoteReport},
    route::conversion::{BlockConversion, Conversion, NumberBlock},
    time::Timestamp,
};
use rusqlite::{Connection, params};

use super::row::{due_columns, read_due};
use crate::sqlite::{
    failure::Failure,
    row::{execute_once, find, list},
    writer::Step,
};

impl Step for NoteReport {
    type Outcome = NoteOutcome;

    fn run(self, db: &Connection) -> Result<NoteOutcome, Failure> {
        let parameters = params![self.message_id.as_str(), self.provider.as_str()];
        let Some(mut due) = find(db, "deliveries", SELECT_BY_MESSAGE, parameters, read_due)? else {
            return Ok(NoteOutcome::Unknown);
        };
        let delivery = &mut due.delivery;
        let noted = report::note(delivery, self.arrival, self.cost, self.now);
        if let Err(NothingNew) = noted {
            return Ok(NoteOutcome::Known);
        }
        let cost: Option<&Cost> = delivery.receipt.cost.as_ref();
        execute_once(
            db,
            NOTE,
            params![
                delivery.id.challenge.as_uuid().as_bytes(),
                delivery.id.attempt,
                self.arrival.name(),
                self.arrival.lost_because().map(SendRefusal::name),
                self.now.as_millis(),
                cost.map(|cost| cost.micros),
                cost.map(|cost| cost.currency.code()),
                delivery.follow_up_at.map(Timestamp::as_millis),
            ],
        )?;
        Ok(NoteOutcome::Noted(Box::new(due)))
    }
}

/// See [`DeliveryStore::conversions`](phonekey_core::ports::store::DeliveryStore::conversions).
pub(super) fn conversions(
    db: &Connection,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<BlockConversion>, Failure> {
    let first = ChallengeId::first_of(since);
    let parameters = params![
        since.as_millis(),
        now.as_millis(),
        NumberBlock::DIVISOR,
        first.as_uuid().as_bytes(),
    ];
    list(db, "deliveries", CONVERSIONS, parameters, |columns| {
        Ok(BlockConversion {
            provider: ProviderName::new(columns.raw::<String>()?),
            channel: columns.parsed(Channel::from_name)?,
            block: NumberBlock(columns.raw()?),
            conversion: Conversion {
                sent: columns.raw::<u32>()?.into(),
                verified: columns.raw::<u32>()?.into(),
            },
        })
    })
}

const SELECT_BY_MESSAGE: &str = concat!(
    "
select ",
    due_columns!(),
    "
from deliveries
join challenges on challenges.id = challenge_id
where provider_message_id = ?1 and provider = ?2
order by challenge_id desc, attempt desc
limit 1"
);

const NOTE: &str = "
update deliveries
set arrival = ?3, lost_because = ?4, reported_at = ?5, cost_micros = ?6, cost_currency = ?7,
    follow_up_at = ?8
where challenge_id = ?1 and attempt = ?2";

const CONVERSIONS: &str = "
select provider, channel, phone / ?3 as block, count(*),
    count(*) filter (where close_reason = 'answered' and attempt = newest)
from (
    select provider, channel, phone, close_reason, attempt,
        max(attempt) over (partition by challenge_id) as newest
    from challenges
    join deliveries on challenge_id = challenges.id
    where challenges.id >= ?4 and challenges.created_at >= ?1
        and (closed_at is not null or expires_at <= ?2)
        and state in ('pending', 'accepted', 'unknown')
)
group by provider, channel, block
order by provider, channel, block";
