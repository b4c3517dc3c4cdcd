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
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    failure::Failure,
    row::{Columns, execute, execute_once, list},
    writer::Step,
};

#[async_trait]
impl WatchStore for SqliteStore {
    async fn note_health(&self, step: NoteHealth) -> Result<(), StoreError> {
        self.writer.take(step).await
    }

    async fn health(&self) -> Result<Vec<SeenHealth>, StoreError> {
        let seen = |db: &Connection| list(db, "provider_health", SELECT, [], read);
        self.readers.query(seen).await
    }

    async fn tally(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Figure>, StoreError> {
        let count = move |db: &Connection| tally(db, since, until);
        self.readers.query(count).await
    }
}

impl Step for NoteHealth {
    type Outcome = ();

    fn run(self, db: &Connection) -> Result<(), Failure> {
        for health in &self.providers {
            let (position, trouble) = (health.position, health.last_trouble);
            let refusal = trouble.and_then(|trouble| trouble.refusal);
            execute_once(
                db,
                NOTE,
                params![
                    health.provider.as_str(),
                    self.node.as_str(),
                    position.name(),
                    position.moment().map(Timestamp::as_millis),
                    trouble.map(|trouble| trouble.at.as_millis()),
                    refusal.map(SendRefusal::name),
                    self.now.as_millis(),
                ],
            )?;
        }
        execute(db, FORGET, [self.forget_before.as_millis()])?;
        Ok(())
    }
}

fn read(columns: &mut Columns<'_>) -> Result<SeenHealth, Failure> {
    let provider = ProviderName::new(columns.raw::<String>()?);
    let node = NodeId::from_kept(columns.raw::<String>()?);
    let breaker: String = columns.raw()?;
    let position = Position::from_parts(&breaker, columns.optional_time()?)
        .ok_or_else(|| columns.corrupt("a breaker that its moment does not fit"))?;
    let trouble_at = columns.optional_time()?;
    let refusal = columns.optional_parsed(SendRefusal::from_name)?;
    let last_trouble = trouble_at.map(|at| Trouble { at, refusal });
    Ok(SeenHealth {
        node,
        seen_at: columns.time()?,
        health: ProviderHealth {
            provider,
            position,
            last_trouble,
        },
    })
}

/// Looks up the stretch of the table's key, which is in order of time, in which the messages can be.
fn tally(db: &Connection, since: Timestamp, until: Timestamp) -> Result<Vec<Figure>, Failure> {
    let oldest = ChallengeId::first_of(since.minus(LONGEST_LIFE));
    let end = ChallengeId::first_of(until);
    let parameters = params![
        oldest.as_uuid().as_bytes(),
        end.as_uuid().as_bytes(),
        since.as_millis(),
        until.as_millis(),
    ];
    list(db, "deliveries", TALLY, parameters, |columns| {
        Ok(Figure {
            provider: ProviderName::new(columns.raw::<String>()?),
            fate: columns.parsed(Fate::from_name)?,
            count: columns.raw::<u32>()?.into(),
            cost: match columns.optional_parsed(Currency::from_code)? {
                None => None,
                Some(currency) => Some(Cost {
                    micros: whole(columns.raw()?, columns.raw()?),
                    currency,
                }),
            },
        })
    })
}

/// Millionths, from their sum's two parts. They are added up apart, so that no nonsense that a
/// provider may say of a cost exceeds what SQL can count.
fn whole(units: i64, rest: i64) -> i64 {
    units.saturating_mul(1_000_000).saturating_add(rest)
}

const NOTE: &str = "
insert into provider_health (provider, node, breaker, breaker_moment, trouble_at, refusal, seen_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
on conflict (provider, node) do update
set breaker = ?3, breaker_moment = ?4, trouble_at = ?5, refusal = ?6, seen_at = ?7";

const FORGET: &str = "
delete from provider_health
where seen_at < ?1";

const SELECT: &str = "
select provider, node, breaker, breaker_moment, trouble_at, refusal, seen_at
from provider_health
order by provider, node";

const TALLY: &str = "
select provider, state, count(*), cost_currency, sum(cost_micros / 1000000),
    sum(cost_micros % 1000000)
from deliveries
where challenge_id >= ?1 and challenge_id < ?2 and created_at >= ?3 and created_at < ?4
    and state <> 'dropped'
group by provider, state, cost_currency";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::Tuning;

    #[test]
    fn a_tally_reads_the_stretch_of_the_key_and_not_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phonekey.db");
        drop(SqliteStore::open(&path, &Tuning::default(), Timestamp::default()).unwrap());
        let db = Connection::open(&path).unwrap();
        let mut statement = db.prepare(&format!("explain query plan {TALLY}")).unwrap();

        let rows = statement.query_map(params![[0_u8; 16], [1_u8; 16], 0, 1], |row| row.get(3));
        let plan: Vec<String> = rows.unwrap().map(Result::unwrap).collect();

        let search = "SEARCH deliveries USING PRIMARY KEY (challenge_id>? AND challenge_id<?)";
        assert!(plan.iter().any(|step| step == search), "{plan:?}");
        let walks = plan.iter().any(|step| step.starts_with("SCAN"));
        assert!(!walks, "{plan:?}");
    }

    #[test]
    fn costs_that_make_no_sense_are_added_up_all_the_same() {
        assert_eq!(whole(2, 500_000), 2_500_000);
        assert_eq!(whole(i64::MAX / 2, 1), i64::MAX);
    }
}
