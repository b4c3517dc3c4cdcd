//! Steps for whoever watches how providers do.

use async_trait::async_trait;
use phonekey_core::{
    challenge::messages::LONGEST_LIFE,
    delivery::{
        ProviderName,
        outcome::{Cost, Currency, SendRefusal},
    },
    id::ChallengeId,
    ports::store::{NoteHealth, StoreError, WatchStore},
    route::{
        breaker::Position,
        watch::{Fate, Figure, NodeId, ProviderHealth, SeenHealth, Trouble},
    },
    time::Timestamp,
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    failure::{Failure, Fault},
    pool::{Step, Transaction},
    row::{Reader, column},
};

#[async_trait]
impl WatchStore for PostgresStore {
    async fn note_health(&self, step: NoteHealth) -> Result<(), StoreError> {
        Ok(self.database.take(&step).await?)
    }

    async fn health(&self) -> Result<Vec<SeenHealth>, StoreError> {
        let rows = self.database.rows(SELECT, &[]).await?;
        let seen: Result<_, Fault> = rows.iter().map(seen).collect();
        Ok(seen?)
    }

    async fn tally(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Figure>, StoreError> {
        let oldest = ChallengeId::first_of(since.minus(LONGEST_LIFE));
        let end = ChallengeId::first_of(until);
        let (since, until) = (since.as_millis(), until.as_millis());
        let rows = self
            .database
            .rows(TALLY, &[oldest.as_uuid(), end.as_uuid(), &since, &until])
            .await?;
        let figures: Result<_, Fault> = rows.iter().map(figure).collect();
        Ok(figures?)
    }
}

impl Step for NoteHealth {
    type Outcome = ();

    async fn take(&self, transaction: &Transaction) -> Result<(), Failure> {
        let [note, forget] = transaction.prepare([NOTE, FORGET]).await?;
        let troubles = column(&self.providers, |health| health.last_trouble);
        let providers = column(&self.providers, |health| health.provider.as_str());
        let breakers = column(&self.providers, |health| health.position.name());
        let breaker_moments = column(&self.providers, |health| {
            health.position.moment().map(Timestamp::as_millis)
        });
        let moments_of_trouble = column(&troubles, |trouble| {
            trouble.map(|trouble| trouble.at.as_millis())
        });
        let refusals = column(&troubles, |trouble| {
            let refusal = trouble.and_then(|trouble| trouble.refusal);
            refusal.map(SendRefusal::name)
        });
        let written = transaction
            .write(
                &note,
                &[
                    &self.node.as_str(),
                    &self.now.as_millis(),
                    &providers,
                    &breakers,
                    &breaker_moments,
                    &moments_of_trouble,
                    &refusals,
                ],
            )
            .await?;
        Failure::unless_all("provider_health", self.providers.len(), written)?;
        let before = self.forget_before.as_millis();
        transaction.write(&forget, &[&before]).await?;
        Ok(())
    }
}

fn seen(row: &Row) -> Result<SeenHealth, Fault> {
    let row = Reader::new(row, "provider_health");
    let moment: Option<i64> = row.column("breaker_moment")?;
    let moment = moment.map(Timestamp::from_millis);
    let trouble_at: Option<i64> = row.column("trouble_at")?;
    let last_trouble = match trouble_at {
        None => None,
        Some(at) => Some(Trouble {
            at: Timestamp::from_millis(at),
            refusal: row.optional("refusal", SendRefusal::from_name)?,
        }),
    };
    Ok(SeenHealth {
        node: NodeId::from_kept(row.column::<&str>("node")?),
        seen_at: row.moment("seen_at")?,
        health: ProviderHealth {
            provider: ProviderName::new(row.column::<&str>("provider")?),
            position: row.read("breaker", |name: &str| Position::from_parts(name, moment))?,
            last_trouble,
        },
    })
}

fn figure(row: &Row) -> Result<Figure, Fault> {
    let row = Reader::new(row, "deliveries");
    let currency = row.optional("cost_currency", Currency::from_code)?;
    let cost = match currency {
        None => None,
        Some(currency) => {
            let (units, rest): (i64, i64) = (row.column("cost_units")?, row.column("cost_rest")?);
            Some(Cost {
                micros: units.saturating_mul(1_000_000).saturating_add(rest),
                currency,
            })
        }
    };
    Ok(Figure {
        provider: ProviderName::new(row.column::<&str>("provider")?),
        fate: row.read("state", Fate::from_name)?,
        count: row.read("sent", |count: i64| u64::try_from(count).ok())?,
        cost,
    })
}

/// A node writes its own rows alone.
const NOTE: &str = "
    insert into provider_health
        (provider, node, breaker, breaker_moment, trouble_at, refusal, seen_at)
    select new.provider, $1, new.breaker, new.breaker_moment, new.trouble_at, new.refusal, $2
    from unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
        as new (provider, breaker, breaker_moment, trouble_at, refusal)
    order by new.provider
    on conflict (provider, node) do update
    set
        breaker = excluded.breaker,
        breaker_moment = excluded.breaker_moment,
        trouble_at = excluded.trouble_at,
        refusal = excluded.refusal,
        seen_at = excluded.seen_at";

/// It waits for no other node's rows: one that is being written is in use.
const FORGET: &str = "
    with doomed as materialized (
        select provider, node
        from provider_health
        where seen_at < $1
        for update skip locked
    )
    delete from provider_health as kept
    using doomed
    where kept.provider = doomed.provider and kept.node = doomed.node";

const SELECT: &str = "
    select provider, node, breaker, breaker_moment, trouble_at, refusal, seen_at
    from provider_health";

/// The stretch of the table's key, which is in order of time, in which the messages can be. Costs
/// are added up in two parts, so that no nonsense that a provider may say of one exceeds what a
/// column can hold.
const TALLY: &str = "
    select
        provider,
        state,
        count(*) as sent,
        cost_currency,
        sum(cost_micros / 1000000)::bigint as cost_units,
        sum(cost_micros % 1000000)::bigint as cost_rest
    from deliveries
    where challenge_id >= $1 and challenge_id < $2 and created_at >= $3 and created_at < $4
        and state <> 'dropped'
    group by provider, state, cost_currency";
