//! Giving up a challenge that no provider would carry.

use phonekey_core::{
    challenge::{self, ChallengeState},
    id::ChallengeId,
    phone::PhoneNumber,
    time::Timestamp,
};

use crate::postgres::{
    failure::Failure,
    pool::{Step, Transaction},
    row::Reader,
    standing::{self, Standings},
};

pub(super) struct GiveUp {
    pub(super) id: ChallengeId,
    pub(super) now: Timestamp,
}

/// Read without a lock: a challenge keeps its number for life.
const PHONE: &str = "
    select phone
    from challenges
    where id = $1";

impl Step for GiveUp {
    type Outcome = ();

    async fn take(&self, transaction: &Transaction) -> Result<(), Failure> {
        let [
            phone,
            lock_standing,
            lock,
            update_standing,
            add_standing,
            update,
        ] = transaction
            .prepare([
                PHONE,
                standing::LOCK,
                super::LOCK,
                standing::UPDATE,
                standing::INSERT,
                super::UPDATE,
            ])
            .await?;
        let rows = transaction.read(&phone, &[self.id.as_uuid()]).await?;
        let Some(row) = rows.first() else {
            return Ok(());
        };
        let phone = Reader::new(row, "challenges").read("phone", PhoneNumber::from_key)?;
        let mut standings = Standings::lock(transaction, &lock_standing, vec![phone]).await?;
        let asked = vec![(self.id, phone)];
        let locked = super::lock(transaction, &lock, asked).await?;
        let Some(mut challenge) = locked.into_iter().next() else {
            return Ok(());
        };

        let was_open = challenge.state == ChallengeState::Open;
        let mut standing = standings.of(phone);
        challenge::give_up(&mut challenge, &mut standing, self.now);

        standings.keep_shorter(phone, standing);
        standings
            .write(transaction, &update_standing, &add_standing)
            .await?;
        if was_open {
            super::update(transaction, &update, &[&challenge]).await?;
        }
        Ok(())
    }
}
