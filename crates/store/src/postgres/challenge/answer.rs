//! Answering challenges.

mod accounts;

use std::collections::HashMap;

use phonekey_core::{
    audit::{AuditEvent, AuditKind},
    challenge::{self, Challenge, ChallengeState, CloseReason, Verdict},
    id::{ChallengeId, UserId},
    phone::PhoneNumber,
    ports::store::{AnswerChallenge, AnswerOutcome},
    session::Session,
    time::Timestamp,
};
use tokio::try_join;
use tokio_postgres::Statement;

use self::accounts::{Accounts, Admission};
use super::LOCK;
use crate::postgres::{
    audit,
    failure::Failure,
    group::Grouped,
    pool::Transaction,
    row::column,
    session,
    standing::{self, Standings},
    user,
};

/// Closes challenges that nobody in this group answered. Only who holds their number's standing
/// writes them; those that are closed stay as they are.
const SUPERSEDE: &str = "
    update challenges as kept
    set closed_at = new.closed_at, close_reason = $3
    from unnest($1::uuid[], $2::bigint[]) as new (id, closed_at)
    where kept.id = new.id and kept.closed_at is null";

impl Grouped for AnswerChallenge {
    type Outcome = AnswerOutcome;

    async fn take_all(
        steps: &[&Self],
        transaction: &Transaction,
    ) -> Result<Vec<AnswerOutcome>, Failure> {
        let [lock_standings, lock, users, names] = transaction
            .prepare([standing::LOCK, LOCK, accounts::BY_PHONE, accounts::NAMES])
            .await?;
        let [update_standings, add_standings, update, supersede] = transaction
            .prepare([standing::UPDATE, standing::INSERT, super::UPDATE, SUPERSEDE])
            .await?;
        let [log_in, add_users, open_sessions, record] = transaction
            .prepare([
                accounts::LOG_IN,
                user::INSERT,
                session::INSERT,
                audit::INSERT,
            ])
            .await?;

        let phones = column(steps, |step| step.answer.phone);
        let asked = column(steps, |step| (step.id, step.answer.phone));
        let (standings, challenges, accounts) = try_join!(
            biased;
            Standings::lock(transaction, &lock_standings, phones),
            super::lock(transaction, &lock, asked),
            Accounts::look_up(transaction, &users, &names, steps),
        )?;
        let mut hearing = Hearing::new(standings, challenges, accounts);
        let rulings = column(steps, |step| hearing.judge(step));

        let changed = hearing.changed_challenges();
        let ((), (), (), user_ids) = try_join!(
            biased;
            hearing.standings.write(transaction, &update_standings, &add_standings),
            super::update(transaction, &update, &changed),
            supersede_all(transaction, &supersede, &hearing.superseded),
            hearing.accounts.write(transaction, &log_in, &add_users),
        )?;

        let Results {
            outcomes,
            sessions,
            events,
        } = Results::of(steps, rulings, &user_ids)?;
        let opened: Vec<&Session> = sessions.iter().collect();
        try_join!(
            biased;
            session::insert_all(transaction, &open_sessions, &opened),
            audit::record(transaction, &record, &events),
        )?;
        Ok(outcomes)
    }
}

/// Judges the answers of a group one after the other, on what the transaction has locked.
struct Hearing {
    standings: Standings,
    challenges: HashMap<ChallengeId, Heard>,
    /// Challenges that end though nobody in the group answered them.
    superseded: Vec<(ChallengeId, Timestamp)>,
    accounts: Accounts,
}

struct Heard {
    challenge: Challenge,
    changed: bool,
}

/// What an answer came to, before the ids of new users are known.
enum Ruling {
    Admitted,
    Barred(UserId),
    Final(AnswerOutcome),
}

impl Hearing {
    fn new(standings: Standings, challenges: Vec<Challenge>, accounts: Accounts) -> Self {
        let unheard = |challenge: Challenge| {
            let changed = false;
            (challenge.id, Heard { challenge, changed })
        };
        Self {
            standings,
            challenges: challenges.into_iter().map(unheard).collect(),
            superseded: Vec::new(),
            accounts,
        }
    }

    fn judge(&mut self, step: &AnswerChallenge) -> Ruling {
        let (phone, now) = (step.answer.phone, step.now);
        let Some(heard) = self.challenges.get(&step.id) else {
            return Ruling::Final(AnswerOutcome::Dead);
        };
        let mut challenge = heard.challenge.clone();
        let mut standing = self.standings.of(phone);
        let ruling = match challenge::judge(
            &step.answer,
            &mut challenge,
            &mut standing,
            &step.rules,
            now,
        ) {
            Verdict::Dead => return Ruling::Final(AnswerOutcome::Dead),
            Verdict::Wait(wait) => return Ruling::Final(AnswerOutcome::Wait(wait)),
            Verdict::Wrong { left } => Ruling::Final(AnswerOutcome::Wrong { left }),
            Verdict::Right { siblings } => {
                let ruling = match self.accounts.admit(phone, &step.username, now) {
                    Admission::UsernameTaken => {
                        return Ruling::Final(AnswerOutcome::UsernameTaken);
                    }
                    Admission::Barred(user) => Ruling::Barred(user),
                    Admission::Admitted => Ruling::Admitted,
                };
                for sibling in siblings {
                    self.supersede(sibling, now);
                }
                ruling
            }
        };
        self.standings.keep(phone, standing, &step.rules.number);
        let changed = true;
        self.challenges
            .insert(step.id, Heard { challenge, changed });
        ruling
    }

    fn supersede(&mut self, sibling: ChallengeId, now: Timestamp) {
        let Some(heard) = self.challenges.get_mut(&sibling) else {
            self.superseded.push((sibling, now));
            return;
        };
        if heard.challenge.state == ChallengeState::Open {
            heard.challenge.close(CloseReason::Superseded, now);
            heard.changed = true;
        }
    }

    fn changed_challenges(&self) -> Vec<&Challenge> {
        let changed = self.challenges.values().filter(|heard| heard.changed);
        changed.map(|heard| &heard.challenge).collect()
    }
}

/// What the callers learn, and what is written for it once all users have ids.
#[derive(Default)]
struct Results {
    outcomes: Vec<AnswerOutcome>,
    sessions: Vec<Session>,
    events: Vec<AuditEvent>,
}

impl Results {
    fn of(
        steps: &[&AnswerChallenge],
        rulings: Vec<Ruling>,
        user_ids: &HashMap<PhoneNumber, UserId>,
    ) -> Result<Self, Failure> {
        let mut results = Self::default();
        for (step, ruling) in steps.iter().zip(rulings) {
            let outcome = match ruling {
                Ruling::Final(outcome) => outcome,
                Ruling::Barred(user) => {
                    let challenge = step.id;
                    results.record(step.now, AuditKind::LoginBarred { user, challenge });
                    AnswerOutcome::Barred
                }
                Ruling::Admitted => {
                    let user = user_ids.get(&step.answer.phone).copied();
                    let user = user.ok_or_else(|| Failure::lost_race("users"))?;
                    let session = step.session.clone();
                    let session = session.open(user, &step.session_policy, step.now);
                    results.sessions.push(session.clone());
                    let event = AuditKind::LoggedIn {
                        user,
                        session: session.id,
                        challenge: step.id,
                    };
                    results.record(step.now, event);
                    AnswerOutcome::LoggedIn(Box::new(session))
                }
            };
            results.outcomes.push(outcome);
        }
        Ok(results)
    }

    fn record(&mut self, at: Timestamp, kind: AuditKind) {
        self.events.push(AuditEvent { at, kind });
    }
}

async fn supersede_all(
    transaction: &Transaction,
    supersede: &Statement,
    superseded: &[(ChallengeId, Timestamp)],
) -> Result<(), Failure> {
    if superseded.is_empty() {
        return Ok(());
    }
    let ids = column(superseded, |(id, _)| *id.as_uuid());
    let closed = column(superseded, |(_, at)| at.as_millis());
    let reason = CloseReason::Superseded.name();
    transaction
        .write(supersede, &[&ids, &closed, &reason])
        .await?;
    Ok(())
}
