//! The standings of a group's numbers: locked first, judged in memory, written once.

use std::collections::BTreeMap;

use phonekey_core::{
    phone::PhoneNumber, policy::NumberPolicy, standing::Standing, time::Timestamp,
};
use tokio::try_join;
use tokio_postgres::Statement;

use super::{
    failure::Failure,
    pool::Transaction,
    row::{Reader, column},
};

/// Locks rows in the order of their numbers. Every transaction that touches a number's challenges
/// locks its standing before them, so that two of them never wait for each other.
pub(super) const LOCK: &str = "
    select phone, standing, forgettable_at
    from standings
    where phone = any($1)
    order by phone
    for update";

/// Writes locked rows.
pub(super) const UPDATE: &str = "
    update standings as kept
    set standing = new.standing, forgettable_at = new.forgettable_at
    from unnest($1::bigint[], $2::bytea[], $3::bigint[]) as new (phone, standing, forgettable_at)
    where kept.phone = new.phone";

/// Adds rows that were not there to be locked. A row that another transaction added meanwhile is
/// missing from the count.
pub(super) const INSERT: &str = "
    insert into standings (phone, standing, forgettable_at)
    select phone, standing, forgettable_at
    from unnest($1::bigint[], $2::bytea[], $3::bigint[]) as new (phone, standing, forgettable_at)
    order by phone
    on conflict (phone) do nothing";

/// The standings of some numbers, within a transaction that holds their rows.
///
/// A number without a row has the standing of one that never did anything. There is nothing to lock
/// then; the guard of [`INSERT`] finds out if somebody else adds the row first.
#[derive(Default)]
pub(super) struct Standings(BTreeMap<PhoneNumber, Held>);

#[derive(Default)]
struct Held {
    standing: Standing,
    forgettable_at: Timestamp,
    stored: bool,
    changed: bool,
}

impl Standings {
    /// Locks and reads.
    pub(super) async fn lock(
        transaction: &Transaction,
        lock: &Statement,
        mut phones: Vec<PhoneNumber>,
    ) -> Result<Self, Failure> {
        phones.sort_unstable();
        phones.dedup();
        let keys = column(&phones, |phone| phone.to_key());
        let mut standings = BTreeMap::new();
        for row in transaction.read(lock, &[&keys]).await? {
            let row = Reader::new(&row, "standings");
            let held = Held {
                standing: row.read("standing", |bytes| Standing::decode(bytes).ok())?,
                forgettable_at: row.moment("forgettable_at")?,
                stored: true,
                changed: false,
            };
            standings.insert(row.read("phone", PhoneNumber::from_key)?, held);
        }
        Ok(Self(standings))
    }

    /// A number's standing.
    pub(super) fn of(&self, phone: PhoneNumber) -> Standing {
        let held = self.0.get(&phone);
        held.map(|held| held.standing.clone()).unwrap_or_default()
    }

    /// Takes note of a number's new standing.
    pub(super) fn keep(&mut self, phone: PhoneNumber, standing: Standing, policy: &NumberPolicy) {
        let held = self.0.entry(phone).or_default();
        held.forgettable_at = standing.forgettable_at(policy);
        held.standing = standing;
        held.changed = true;
    }

    /// Takes note of a stored standing that changed in a way that lets it be forgotten no later.
    pub(super) fn keep_shorter(&mut self, phone: PhoneNumber, standing: Standing) {
        if let Some(held) = self.0.get_mut(&phone) {
            held.standing = standing;
            held.changed = true;
        }
    }

    /// Writes what changed.
    pub(super) async fn write(
        &self,
        transaction: &Transaction,
        update: &Statement,
        insert: &Statement,
    ) -> Result<(), Failure> {
        let changed = self.0.iter().filter(|(_, held)| held.changed);
        let (stored, added): (Vec<_>, Vec<_>) = changed.partition(|(_, held)| held.stored);
        try_join!(
            biased;
            write(transaction, update, &stored),
            write(transaction, insert, &added),
        )?;
        Ok(())
    }
}

async fn write(
    transaction: &Transaction,
    statement: &Statement,
    rows: &[(&PhoneNumber, &Held)],
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let phones = column(rows, |(phone, _)| phone.to_key());
    let standings = column(rows, |(_, held)| held.standing.encode());
    let forgettable = column(rows, |(_, held)| held.forgettable_at.as_millis());
    let written = transaction
        .write(statement, &[&phones, &standings, &forgettable])
        .await?;
    Failure::unless_all("standings", rows.len(), written)
}
