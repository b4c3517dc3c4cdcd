//! Steps that add to the messages of a challenge, or end it for want of one.
//!
//! They lock the number's standing, then the challenge, then what they change of its deliveries.

use phonekey_core::{
    challenge::{
        Challenge, ChallengeState,
        messages::{self, NotAgain},
    },
    delivery::{Delivery, DeliveryId},
    id::ChallengeId,
    phone::PhoneNumber,
    ports::store::{
        RefuseDelivery, RefuseOutcome, ResendChallenge, ResendOutcome, SendAgain, SendAgainOutcome,
    },
    time::Timestamp,
};

use super::{columns, write};
use crate::postgres::{
    challenge,
    failure::{Failure, Fault},
    pool::{Step, Transaction},
    row::{self, Reader},
    standing::{self, Standings},
};

/// A challenge with its number's standing and all of its messages, oldest first, held by the
/// transaction.
struct Affair {
    challenge: Challenge,
    standings: Standings,
    tried: Vec<Delivery>,
}

/// Read without a lock: a challenge keeps its number for life.
const PHONE: &str = "
    select phone
    from challenges
    where id = $1";

/// Whoever adds a message holds the challenge, so these are all.
const MESSAGES: &str = concat!(
    "
    select ",
    columns!(),
    "
    from deliveries as sent
    where sent.challenge_id = $1
    order by sent.attempt"
);

/// A delivery that is being settled by somebody else at this moment is waited for.
const REFUSE: &str = "
    update deliveries
    set state = 'refused', leased_until = null, settled_at = $3, refusal = $4
    where challenge_id = $1 and attempt = $2 and state = 'pending'";

/// The number of a challenge.
async fn phone_of(
    transaction: &Transaction,
    id: ChallengeId,
) -> Result<Option<PhoneNumber>, Failure> {
    let [phone] = transaction.prepare([PHONE]).await?;
    let rows = transaction.read(&phone, &[id.as_uuid()]).await?;
    let phone = rows
        .first()
        .map(|row| Reader::new(row, "challenges").read("phone", PhoneNumber::from_key));
    Ok(phone.transpose()?)
}

impl Affair {
    async fn hold(
        transaction: &Transaction,
        id: ChallengeId,
        phone: PhoneNumber,
    ) -> Result<Option<Self>, Failure> {
        let [lock_standing, lock, messages] = transaction
            .prepare([standing::LOCK, challenge::LOCK, MESSAGES])
            .await?;
        let standings = Standings::lock(transaction, &lock_standing, vec![phone]).await?;
        let locked = challenge::lock(transaction, &lock, vec![(id, phone)]).await?;
        let Some(challenge) = locked.into_iter().next() else {
            return Ok(None);
        };
        let rows = transaction.read(&messages, &[id.as_uuid()]).await?;
        let tried: Result<_, Fault> = rows.iter().map(row::delivery).collect();
        Ok(Some(Self {
            challenge,
            standings,
            tried: tried?,
        }))
    }

    /// Writes the standing, if it has changed, and a further message.
    async fn write(
        &self,
        transaction: &Transaction,
        next: Option<&Delivery>,
    ) -> Result<(), Failure> {
        let [update, add, insert] = transaction
            .prepare([standing::UPDATE, standing::INSERT, write::INSERT])
            .await?;
        self.standings.write(transaction, &update, &add).await?;
        let next: Vec<&Delivery> = next.into_iter().collect();
        write::insert_all(transaction, &insert, &next).await
    }

    async fn write_challenge(&self, transaction: &Transaction) -> Result<(), Failure> {
        let [update] = transaction.prepare([challenge::UPDATE]).await?;
        challenge::update(transaction, &update, &[&self.challenge]).await
    }
}

impl Step for ResendChallenge {
    type Outcome = ResendOutcome;

    async fn take(&self, transaction: &Transaction) -> Result<ResendOutcome, Failure> {
        let held = Affair::hold(transaction, self.id, self.phone).await?;
        let Some(mut affair) = held else {
            return Ok(ResendOutcome::Dead);
        };
        let mut standing = affair.standings.of(self.phone);
        let delivery = match messages::resend(
            &mut affair.challenge,
            &mut standing,
            &affair.tried,
            &self.terms.as_terms(),
            self.now,
        ) {
            Ok(delivery) => delivery,
            Err(NotAgain::Dead) => return Ok(ResendOutcome::Dead),
            Err(NotAgain::Spent) => return Ok(ResendOutcome::Spent),
            Err(NotAgain::Wait(wait)) => return Ok(ResendOutcome::Wait(wait)),
        };
        let resend_at = standing.resend_at(&self.terms.number, self.now);
        affair
            .standings
            .keep(self.phone, standing, &self.terms.number);
        affair.write(transaction, delivery.as_ref()).await?;
        affair.write_challenge(transaction).await?;
        Ok(ResendOutcome::Resent {
            challenge: Box::new(affair.challenge),
            delivery,
            resend_at,
        })
    }
}

impl Step for RefuseDelivery {
    type Outcome = RefuseOutcome;

    async fn take(&self, transaction: &Transaction) -> Result<RefuseOutcome, Failure> {
        let Some(phone) = phone_of(transaction, self.id.challenge).await? else {
            return Ok(RefuseOutcome::Lost);
        };
        // The locks come before the refusal, in the order of every other step.
        let held = Affair::hold(transaction, self.id.challenge, phone).await?;
        if !refuse(transaction, self).await? {
            return Ok(RefuseOutcome::Lost);
        }
        let Some(mut affair) = held else {
            return Ok(RefuseOutcome::Last);
        };
        affair.note_refused(self.id, self);
        let was_open = affair.challenge.state == ChallengeState::Open;
        let before = affair.standings.of(phone);
        let mut standing = before.clone();
        let next = messages::after_refusal(
            &mut affair.challenge,
            &mut standing,
            &affair.tried,
            self.plan.as_ref(),
            self.now,
        );
        if standing != before {
            affair.standings.keep_shorter(phone, standing);
        }
        affair.write(transaction, next.as_ref()).await?;
        if let Some(next) = next {
            return Ok(RefuseOutcome::Next(Box::new(next)));
        }
        if was_open {
            affair.write_challenge(transaction).await?;
        }
        Ok(RefuseOutcome::Last)
    }
}

impl Affair {
    /// Makes the message that was refused by this transaction say so.
    fn note_refused(&mut self, id: DeliveryId, step: &RefuseDelivery) {
        let (at, reason) = (step.now, step.reason);
        for delivery in &mut self.tried {
            if delivery.id == id {
                delivery.state = phonekey_core::delivery::DeliveryState::Refused { at, reason };
            }
        }
    }
}

/// Whether the delivery was pending.
async fn refuse(transaction: &Transaction, step: &RefuseDelivery) -> Result<bool, Failure> {
    let [refuse] = transaction.prepare([REFUSE]).await?;
    let (id, attempt) = (step.id.challenge.as_uuid(), i16::from(step.id.attempt));
    let at: i64 = Timestamp::as_millis(step.now);
    let written = transaction
        .write(&refuse, &[id, &attempt, &at, &step.reason.name()])
        .await?;
    Ok(written == 1)
}

impl Step for SendAgain {
    type Outcome = SendAgainOutcome;

    async fn take(&self, transaction: &Transaction) -> Result<SendAgainOutcome, Failure> {
        let dead = SendAgainOutcome::None(NotAgain::Dead);
        let Some(phone) = phone_of(transaction, self.id.challenge).await? else {
            return Ok(dead);
        };
        let held = Affair::hold(transaction, self.id.challenge, phone).await?;
        let Some(mut affair) = held else {
            return Ok(dead);
        };
        let Some(about) = affair.tried.iter().find(|delivery| delivery.id == self.id) else {
            return Ok(dead);
        };
        let mut standing = affair.standings.of(phone);
        let next = messages::send_again(
            about,
            &affair.challenge,
            &mut standing,
            &affair.tried,
            &self.terms.as_terms(),
            self.now,
        );
        match next {
            Ok(next) => {
                affair.standings.keep(phone, standing, &self.terms.number);
                affair.write(transaction, Some(&next)).await?;
                Ok(SendAgainOutcome::Next(Box::new(next)))
            }
            Err(reason) => Ok(SendAgainOutcome::None(reason)),
        }
    }
}
