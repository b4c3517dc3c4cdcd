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

use super::{due, due_columns};
use crate::postgres::{
    failure::{Failure, Fault},
    pool::{Database, Step, Transaction},
    row::Reader,
};

const BY_MESSAGE: &str = concat!(
    "
    select ",
    due_columns!(),
    "
    from deliveries as sent
    join challenges as about on about.id = sent.challenge_id
    where sent.provider_message_id = $1 and sent.provider = $2
    order by sent.challenge_id desc, sent.attempt desc
    limit 1
    for update of sent"
);

/// Writes the report of a delivery that this transaction has locked.
const NOTE: &str = "
    update deliveries
    set
        arrival = $3,
        lost_because = $4,
        reported_at = $5,
        cost_micros = $6,
        cost_currency = $7,
        follow_up_at = $8
    where challenge_id = $1 and attempt = $2";

impl Step for NoteReport {
    type Outcome = NoteOutcome;

    async fn take(&self, transaction: &Transaction) -> Result<NoteOutcome, Failure> {
        let [find, note] = transaction.prepare([BY_MESSAGE, NOTE]).await?;
        let (message, provider) = (self.message_id.as_str(), self.provider.as_str());
        let rows = transaction.read(&find, &[&message, &provider]).await?;
        let Some(row) = rows.first() else {
            return Ok(NoteOutcome::Unknown);
        };
        let mut due = due(row)?;
        let delivery = &mut due.delivery;
        let noted = report::note(delivery, self.arrival, self.cost.clone(), self.now);
        if let Err(NothingNew) = noted {
            return Ok(NoteOutcome::Known);
        }
        let cost: Option<&Cost> = delivery.receipt.cost.as_ref();
        let (id, attempt) = (
            delivery.id.challenge.as_uuid(),
            i16::from(delivery.id.attempt),
        );
        let micros = cost.map(|cost| cost.micros);
        let currency = cost.map(|cost| cost.currency.code());
        let (arrival, reason) = (
            self.arrival.name(),
            self.arrival.lost_because().map(SendRefusal::name),
        );
        let at = self.now.as_millis();
        let look = delivery.follow_up_at.map(Timestamp::as_millis);
        let written = transaction
            .write(
                &note,
                &[
                    id, &attempt, &arrival, &reason, &at, &micros, &currency, &look,
                ],
            )
            .await?;
        Failure::unless_all("deliveries", 1, written)?;
        Ok(NoteOutcome::Noted(Box::new(due)))
    }
}

const CONVERSIONS: &str = "
    select
        provider,
        channel,
        phone / $3 as block,
        count(*) as sent,
        count(*) filter (where close_reason = 'answered' and attempt = newest) as verified
    from (
        select
            sent.provider, sent.channel, about.phone, about.close_reason, sent.attempt,
            max(sent.attempt) over (partition by sent.challenge_id) as newest
        from challenges as about
        join deliveries as sent on sent.challenge_id = about.id
        where about.id >= $4 and about.created_at >= $1
            and (about.closed_at is not null or about.expires_at <= $2)
            and sent.state in ('pending', 'accepted', 'unknown')
    ) as message
    group by provider, channel, block
    order by provider, channel, block";

/// See [`DeliveryStore::conversions`](phonekey_core::ports::store::DeliveryStore::conversions).
pub(super) async fn conversions(
    database: &Database,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<BlockConversion>, Fault> {
    let rows = database
        .rows(
            CONVERSIONS,
            &[
                &since.as_millis(),
                &now.as_millis(),
                &NumberBlock::DIVISOR,
                ChallengeId::first_of(since).as_uuid(),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let row = Reader::new(row, "deliveries");
            let count = |name| row.read(name, |count: i64| u64::try_from(count).ok());
            Ok(BlockConversion {
                provider: ProviderName::new(row.column::<&str>("provider")?),
                channel: row.read("channel", Channel::from_name)?,
                block: NumberBlock(row.column("block")?),
                conversion: Conversion {
                    sent: count("sent")?,
                    verified: count("verified")?,
                },
            })
        })
        .collect()
}
