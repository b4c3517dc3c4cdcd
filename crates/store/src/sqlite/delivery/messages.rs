//! Steps that add to the messages of a challenge, or end it for want of one.

use phonekey_core::{
    challenge::{
        Challenge, ChallengeState,
        messages::{self, NotAgain},
    },
    delivery::{Delivery, DeliveryId, DeliveryState},
    id::ChallengeId,
    ports::store::{
        RefuseDelivery, RefuseOutcome, ResendChallenge, ResendOutcome, SendAgain, SendAgainOutcome,
    },
    standing::Standing,
};
use rusqlite::{Connection, params};

use super::row::{StateColumns, columns, insert, read};
use crate::sqlite::{
    challenge::{find_challenge, find_standing, put_standing, update, update_standing},
    failure::Failure,
    row::{execute, list},
    writer::Step,
};

/// A challenge with its number's standing and all of its messages, oldest first.
struct Affair {
    challenge: Challenge,
    standing: Standing,
    tried: Vec<Delivery>,
}

impl Affair {
    fn find(db: &Connection, id: ChallengeId) -> Result<Option<Self>, Failure> {
        let Some(challenge) = find_challenge(db, id)? else {
            return Ok(None);
        };
        let standing = find_standing(db, challenge.phone)?.unwrap_or_default();
        let tried = list(
            db,
            "deliveries",
            SELECT_MESSAGES,
            [id.as_uuid().as_bytes()],
            read,
        )?;
        Ok(Some(Self {
            challenge,
            standing,
            tried,
        }))
    }
}

impl Step for ResendChallenge {
    type Outcome = ResendOutcome;

    fn run(self, db: &Connection) -> Result<ResendOutcome, Failure> {
        let found = Affair::find(db, self.id)?;
        let Some(mut affair) = found.filter(|affair| affair.challenge.phone == self.phone) else {
            return Ok(ResendOutcome::Dead);
        };
        let delivery = match messages::resend(
            &mut affair.challenge,
            &mut affair.standing,
            &affair.tried,
            &self.terms.as_terms(),
            self.now,
        ) {
            Ok(delivery) => delivery,
            Err(NotAgain::Dead) => return Ok(ResendOutcome::Dead),
            Err(NotAgain::Spent) => return Ok(ResendOutcome::Spent),
            Err(NotAgain::Wait(wait)) => return Ok(ResendOutcome::Wait(wait)),
        };
        put_standing(db, self.phone, &affair.standing, &self.terms.number)?;
        update(db, &affair.challenge)?;
        if let Some(delivery) = &delivery {
            insert(db, delivery)?;
        }
        Ok(ResendOutcome::Resent {
            resend_at: affair.standing.resend_at(&self.terms.number, self.now),
            challenge: Box::new(affair.challenge),
            delivery,
        })
    }
}

impl Step for RefuseDelivery {
    type Outcome = RefuseOutcome;

    fn run(self, db: &Connection) -> Result<RefuseOutcome, Failure> {
        let (at, reason) = (self.now, self.reason);
        if !refuse(db, self.id, DeliveryState::Refused { at, reason })? {
            return Ok(RefuseOutcome::Lost);
        }
        let Some(mut affair) = Affair::find(db, self.id.challenge)? else {
            return Ok(RefuseOutcome::Last);
        };
        let was_open = affair.challenge.state == ChallengeState::Open;
        let (standing, plan) = (affair.standing.clone(), self.plan.as_ref());
        let next = messages::after_refusal(
            &mut affair.challenge,
            &mut affair.standing,
            &affair.tried,
            plan,
            at,
        );
        if let Some(next) = next {
            insert(db, &next)?;
            return Ok(RefuseOutcome::Next(Box::new(next)));
        }
        if was_open {
            update(db, &affair.challenge)?;
        }
        if affair.standing != standing {
            update_standing(db, affair.challenge.phone, &affair.standing)?;
        }
        Ok(RefuseOutcome::Last)
    }
}

/// Whether the delivery was pending.
fn refuse(db: &Connection, id: DeliveryId, state: DeliveryState) -> Result<bool, Failure> {
    let columns = StateColumns::of(state);
    let changed = execute(
        db,
        REFUSE,
        params![
            id.challenge.as_uuid().as_bytes(),
            id.attempt,
            columns.name,
            columns.settled_at,
            columns.refusal,
        ],
    )?;
    Ok(changed == 1)
}

impl Step for SendAgain {
    type Outcome = SendAgainOutcome;

    fn run(self, db: &Connection) -> Result<SendAgainOutcome, Failure> {
        let dead = SendAgainOutcome::None(NotAgain::Dead);
        let Some(mut affair) = Affair::find(db, self.id.challenge)? else {
            return Ok(dead);
        };
        let Some(about) = affair.tried.iter().find(|delivery| delivery.id == self.id) else {
            return Ok(dead);
        };
        let next = messages::send_again(
            about,
            &affair.challenge,
            &mut affair.standing,
            &affair.tried,
            &self.terms.as_terms(),
            self.now,
        );
        match next {
            Ok(next) => {
                let phone = affair.challenge.phone;
                put_standing(db, phone, &affair.standing, &self.terms.number)?;
                insert(db, &next)?;
                Ok(SendAgainOutcome::Next(Box::new(next)))
            }
            Err(reason) => Ok(SendAgainOutcome::None(reason)),
        }
    }
}

const SELECT_MESSAGES: &str = concat!(
    "
select ",
    columns!(),
    "
from deliveries
where challenge_id = ?1
order by attempt"
);

const REFUSE: &str = "
update deliveries
set state = ?3, leased_until = null, settled_at = ?4, refusal = ?5
where challenge_id = ?1 and attempt = ?2 and state = 'pending'";
