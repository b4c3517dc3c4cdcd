//! Steps on challenges.

use async_trait::async_trait;
use phonekey_core::{
    audit::AuditKind,
    challenge::{self, Challenge, ChallengeState, CloseReason, Verdict},
    code::{CodeLength, KeyVersion},
    delivery::message::AppHash,
    id::ChallengeId,
    phone::PhoneNumber,
    policy::NumberPolicy,
    ports::store::{
        AnswerChallenge, AnswerOutcome, ChallengeStore, OpenChallenge, OpenOutcome,
        ResendChallenge, ResendOutcome, StoreError,
    },
    standing::Standing,
    time::Timestamp,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore, audit, delivery,
    failure::Failure,
    row::{Columns, execute, execute_once, find},
    session,
    user::{self, Login},
    writer::Step,
};

#[async_trait]
impl ChallengeStore for SqliteStore {
    async fn open_challenge(&self, step: OpenChallenge) -> Result<OpenOutcome, StoreError> {
        self.writer.take(step).await
    }

    async fn answer_challenge(&self, step: AnswerChallenge) -> Result<AnswerOutcome, StoreError> {
        self.writer.take(step).await
    }

    async fn resend_challenge(&self, step: ResendChallenge) -> Result<ResendOutcome, StoreError> {
        self.writer.take(step).await
    }
}

impl Step for OpenChallenge {
    type Outcome = OpenOutcome;

    fn run(self, db: &Connection) -> Result<OpenOutcome, Failure> {
        let phone = self.challenge.phone;
        let mut standing = find_standing(db, phone)?.unwrap_or_default();
        let opened = challenge::open(&self.challenge, &mut standing, &self.policy, self.now);
        let resend_at = match opened {
            Ok(resend_at) => resend_at,
            Err(wait) => return Ok(OpenOutcome::Wait(wait)),
        };
        put_standing(db, phone, &standing, &self.policy)?;
        insert(db, &self.challenge)?;
        if let Some(delivery) = &self.delivery {
            delivery::row::insert(db, delivery)?;
        }
        Ok(OpenOutcome::Opened { resend_at })
    }
}

impl Step for AnswerChallenge {
    type Outcome = AnswerOutcome;

    fn run(self, db: &Connection) -> Result<AnswerOutcome, Failure> {
        let (phone, now) = (self.answer.phone, self.now);
        let Some(mut challenge) = find_challenge(db, self.id)? else {
            return Ok(AnswerOutcome::Dead);
        };
        let mut standing = find_standing(db, phone)?.unwrap_or_default();
        let verdict = challenge::judge(
            &self.answer,
            &mut challenge,
            &mut standing,
            &self.rules,
            now,
        );
        let rules = self.rules;
        let outcome = match verdict {
            Verdict::Dead => return Ok(AnswerOutcome::Dead),
            Verdict::Wait(wait) => return Ok(AnswerOutcome::Wait(wait)),
            Verdict::Wrong { left } => AnswerOutcome::Wrong { left },
            Verdict::Right { siblings } => {
                // First of all, because a taken name must leave everything as it was.
                let login = user::log_in(db, phone, &self.username, now)?;
                let outcome = match login {
                    Login::UsernameTaken => return Ok(AnswerOutcome::UsernameTaken),
                    Login::Barred(user) => {
                        let challenge = self.id;
                        audit::record(db, now, AuditKind::LoginBarred { user, challenge })?;
                        AnswerOutcome::Barred
                    }
                    Login::Admitted(user) => {
                        let session = self.session.open(user, &self.session_policy, now);
                        session::insert(db, &session)?;
                        let event = AuditKind::LoggedIn {
                            user,
                            session: session.id,
                            challenge: self.id,
                        };
                        audit::record(db, now, event)?;
                        AnswerOutcome::LoggedIn(Box::new(session))
                    }
                };
                for sibling in siblings {
                    supersede(db, sibling, now)?;
                }
                outcome
            }
        };
        update(db, &challenge)?;
        put_standing(db, phone, &standing, &rules.number)?;
        Ok(outcome)
    }
}

/// Notes what a standing has lost, which lets it be forgotten no later.
pub(super) fn update_standing(
    db: &Connection,
    phone: PhoneNumber,
    standing: &Standing,
) -> Result<(), Failure> {
    execute_once(
        db,
        UPDATE_STANDING,
        params![phone.to_key(), standing.encode()],
    )
}

/// Reads all columns of the table, in the order of `SELECT`.
pub(super) fn read(columns: &mut Columns<'_>) -> Result<Challenge, Failure> {
    Ok(Challenge {
        id: ChallengeId::from_uuid(columns.uuid()?),
        phone: columns.phone()?,
        key_version: KeyVersion(columns.raw()?),
        code_length: {
            let length = CodeLength::new(columns.raw()?);
            length.map_err(|error| columns.corrupt(&error.to_string()))?
        },
        language: columns.raw()?,
        app_hash: columns.optional_parsed(AppHash::parse)?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
        wrong_answers: columns.raw()?,
        state: match columns.optional_time()? {
            None => {
                columns.skip();
                ChallengeState::Open
            }
            Some(at) => ChallengeState::Closed {
                at,
                reason: columns.parsed(CloseReason::from_name)?,
            },
        },
    })
}

pub(super) fn find_challenge(
    db: &Connection,
    id: ChallengeId,
) -> Result<Option<Challenge>, Failure> {
    find(db, "challenges", SELECT, [id.as_uuid().as_bytes()], read)
}

fn insert(db: &Connection, challenge: &Challenge) -> Result<(), Failure> {
    let (closed_at, reason) = closing(challenge);
    execute_once(
        db,
        INSERT,
        params![
            challenge.id.as_uuid().as_bytes(),
            challenge.phone.to_key(),
            challenge.key_version.0,
            challenge.code_length.get(),
            challenge.language,
            challenge.app_hash.as_ref().map(AppHash::as_str),
            challenge.created_at.as_millis(),
            challenge.expires_at.as_millis(),
            challenge.wrong_answers,
            closed_at,
            reason,
        ],
    )
}

/// Writes down what has changed of a challenge that was open.
pub(super) fn update(db: &Connection, challenge: &Challenge) -> Result<(), Failure> {
    let (closed_at, reason) = closing(challenge);
    execute_once(
        db,
        UPDATE,
        params![
            challenge.id.as_uuid().as_bytes(),
            challenge.wrong_answers,
            closed_at,
            reason,
            challenge.expires_at.as_millis(),
        ],
    )
}

/// Closes another challenge of a number that has just logged in; it may have been purged.
fn supersede(db: &Connection, id: ChallengeId, now: Timestamp) -> Result<(), Failure> {
    execute(
        db,
        SUPERSEDE,
        params![
            id.as_uuid().as_bytes(),
            now.as_millis(),
            CloseReason::Superseded.name()
        ],
    )?;
    Ok(())
}

fn closing(challenge: &Challenge) -> (Option<i64>, Option<&'static str>) {
    match challenge.state {
        ChallengeState::Open => (None, None),
        ChallengeState::Closed { at, reason } => (Some(at.as_millis()), Some(reason.name())),
    }
}

pub(super) fn find_standing(
    db: &Connection,
    phone: PhoneNumber,
) -> Result<Option<Standing>, Failure> {
    find(
        db,
        "standings",
        SELECT_STANDING,
        [phone.to_key()],
        |columns| {
            let standing = Standing::decode(columns.bytes()?);
            standing.map_err(|error| columns.corrupt(&error.to_string()))
        },
    )
}

pub(super) fn put_standing(
    db: &Connection,
    phone: PhoneNumber,
    standing: &Standing,
    policy: &NumberPolicy,
) -> Result<(), Failure> {
    let forgettable_at = standing.forgettable_at(policy).as_millis();
    execute_once(
        db,
        PUT_STANDING,
        params![phone.to_key(), standing.encode(), forgettable_at],
    )
}

const SELECT: &str = "
select id, phone, key_version, code_length, language, app_hash, created_at, expires_at,
    wrong_answers, closed_at, close_reason
from challenges
where id = ?1";

const INSERT: &str = "
insert into challenges (id, phone, key_version, code_length, language, app_hash, created_at,
    expires_at, wrong_answers, closed_at, close_reason)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const UPDATE: &str = "
update challenges
set wrong_answers = ?2, closed_at = ?3, close_reason = ?4, expires_at = ?5
where id = ?1 and closed_at is null";

const SUPERSEDE: &str = "
update challenges
set closed_at = ?2, close_reason = ?3
where id = ?1 and closed_at is null";

const SELECT_STANDING: &str = "
select standing
from standings
where phone = ?1";

const PUT_STANDING: &str = "
insert into standings (phone, standing, forgettable_at)
values (?1, ?2, ?3)
on conflict (phone) do update
set standing = excluded.standing, forgettable_at = excluded.forgettable_at";

const UPDATE_STANDING: &str = "
update standings
set standing = ?2
where phone = ?1";
