//! Logins that never were: every row of them as phonekey would have left it.
//!
//! Each value comes from the core's own types and rules, by its default policy; only when and to
//! whom things happened is made up ([`Timeline`]). Nothing is kept: whatever a login holds follows
//! from its index, so that ten million take no more memory than ten.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use phonekey_core::{
    audit::{AuditEvent, AuditKind},
    challenge::{self, Answer, AnswerRules, Challenge, ChallengeState, CloseReason, Verdict},
    code::CodeBook,
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, ProviderName,
        outcome::{MessageId, Receipt},
    },
    id::{ChallengeId, SessionId, UserId},
    phone::PhoneNumber,
    policy::{COOL_DOWN_MEMORY, Enforcement, Policy},
    random::{self, SystemRandom},
    secret::{MasterSecret, Secret},
    session::{self, NewSession, Rotation, Session},
    standing::Standing,
    time::Timestamp,
    user::{NewUser, User, Username},
};

use super::random::FastRandom;
use super::timeline::{Extent, Timeline};
use crate::numbers::{FILLED, Number};

/// The past of a database, up to its present.
pub(super) struct History {
    timeline: Timeline,
    first_user: i64,
    policy: Policy,
    rules: Arc<AnswerRules>,
    book: Arc<CodeBook>,
    provider: ProviderName,
    random: FastRandom,
}

/// What one login left behind.
pub(super) struct Login {
    /// The challenge, answered.
    pub(super) challenge: Challenge,
    /// Its message, sent.
    pub(super) delivery: Delivery,
    /// The record of the login.
    pub(super) event: AuditEvent,
    /// Its session, if it goes on.
    pub(super) session: Option<Session>,
}

/// What a number did lately.
pub(super) struct Remembered {
    /// The number.
    pub(super) phone: PhoneNumber,
    /// What it did.
    pub(super) standing: Standing,
    /// When that will not matter any more.
    pub(super) forgettable_at: Timestamp,
}

impl History {
    /// The history of users whose ids begin at `first_user`.
    pub(super) fn new(extent: Extent, first_user: i64, now: Timestamp) -> Result<Self> {
        extent.check()?;
        let end = u64::try_from(first_user)?.saturating_add(extent.users);
        ensure!(
            end <= FILLED,
            "there are numbers for users with ids below {FILLED} only"
        );
        let mut policy = Policy::default();
        // No server lets a number log in a hundred times a day; a fill of few users and many
        // challenges may.
        policy.number.enforcement = Enforcement::Off;
        // Kept by nobody: no one needs the code of a challenge that was answered.
        let secret = Secret::new(random::bytes::<48>(&SystemRandom));
        let secret = MasterSecret::new(secret).context("no master secret was drawn")?;
        Ok(Self {
            timeline: Timeline::new(extent, policy.challenge.lifetime, now),
            first_user,
            rules: Arc::new(AnswerRules {
                challenge: policy.challenge,
                number: policy.number.clone(),
            }),
            policy,
            book: Arc::new(CodeBook::new(&secret, &[], Vec::new())),
            provider: ProviderName::new(PROVIDER),
            random: FastRandom::new()?,
        })
    }

    /// Where ids and names come from.
    pub(super) fn random(&self) -> &FastRandom {
        &self.random
    }

    /// The `index`-th user, after all its logins.
    pub(super) fn user(&self, index: u64) -> Result<User> {
        let username = Username::generate(&self.random);
        let new = NewUser::at_first_login(self.phone_of(index)?, username);
        let (first, last) = self.timeline.first_and_last_login_at(index);
        let mut user = new.create(self.user_id(index), first);
        user.last_login_at = Some(last);
        Ok(user)
    }

    /// The `index`-th login.
    pub(super) fn login(&self, index: u64) -> Result<Login> {
        let user_index = self.timeline.user_of(index);
        let user = self.user_id(user_index);
        let answered_at = self.timeline.answered_at(index);

        let phone = self.phone_of(user_index)?;
        let mut challenge = self.opened(phone, self.timeline.opened_at(index));
        challenge.close(CloseReason::Answered, answered_at);
        let session = NewSession::after_code(SessionId::generate(&self.random, answered_at)).open(
            user,
            &self.policy.session,
            answered_at,
        );
        let kind = AuditKind::LoggedIn {
            user,
            session: session.id,
            challenge: challenge.id,
        };
        let goes_on = self.timeline.goes_on(index);
        Ok(Login {
            delivery: self.delivered(&challenge),
            challenge,
            event: AuditEvent {
                at: answered_at,
                kind,
            },
            session: goes_on.then(|| self.kept_up(session)),
        })
    }

    /// What phonekey still remembers of the `index`-th user's number. What it is about to forget is
    /// left out, or it would be gone before anything is measured.
    pub(super) fn remembered(&self, index: u64) -> Result<Option<Remembered>> {
        let (policy, now) = (&self.policy.number, self.timeline.now());
        let memory = policy.sends.memory().max(COOL_DOWN_MEMORY);
        let recent = self.timeline.logins_since(index, now.minus(memory));
        if recent.is_empty() {
            return Ok(None);
        }
        let phone = self.phone_of(index)?;
        let mut standing = Standing::default();
        for login in recent {
            self.replay(login, phone, &mut standing)?;
        }
        let forgettable_at = standing.forgettable_at(policy);
        Ok((forgettable_at > now.plus(QUIET)).then_some(Remembered {
            phone,
            standing,
            forgettable_at,
        }))
    }

    /// Notes a login in its number's standing, by the rules that a server goes by.
    fn replay(&self, login: u64, phone: PhoneNumber, standing: &mut Standing) -> Result<()> {
        let opened_at = self.timeline.opened_at(login);
        let mut challenge = self.opened(phone, opened_at);
        let opened = challenge::open(&challenge, standing, &self.policy.number, opened_at);
        let code = self.book.code(&challenge.code_subject());
        let answer = Answer {
            phone,
            code: code.context("the book does not know its own secret")?,
            book: Arc::clone(&self.book),
        };
        let answered_at = self.timeline.answered_at(login);
        let verdict = challenge::judge(&answer, &mut challenge, standing, &self.rules, answered_at);
        ensure!(
            opened.is_ok() && matches!(verdict, Verdict::Right { .. }),
            "the rules refuse a login as it is filled"
        );
        Ok(())
    }

    fn opened(&self, phone: PhoneNumber, at: Timestamp) -> Challenge {
        Challenge {
            id: ChallengeId::generate(&self.random, at),
            phone,
            key_version: self.book.current_version(),
            code_length: self.policy.challenge.code_length,
            language: LANGUAGE.to_owned(),
            app_hash: None,
            created_at: at,
            expires_at: at.plus(self.policy.challenge.lifetime),
            wrong_answers: 0,
            state: ChallengeState::Open,
        }
    }

    fn delivered(&self, challenge: &Challenge) -> Delivery {
        Delivery {
            id: DeliveryId {
                challenge: challenge.id,
                attempt: 1,
            },
            channel: Channel::Sms,
            provider: self.provider.clone(),
            created_at: challenge.created_at,
            state: DeliveryState::Accepted {
                at: challenge.created_at.plus(ACCEPTED_AFTER),
            },
            receipt: Receipt {
                message_id: MessageId::new(format!("{:016x}", self.random.next())),
                cost: None,
            },
            report: None,
            follow_up_at: None,
        }
    }

    /// A session whose person has opened the app once a day since.
    fn kept_up(&self, mut session: Session) -> Session {
        loop {
            let (generation, next) = (session.generation, session.rotated_at.plus(DAY));
            if next > self.timeline.now()
                || session::rotate(&mut session, generation, &self.policy.session, next)
                    != Rotation::Advanced
            {
                return session;
            }
        }
    }

    fn user_id(&self, index: u64) -> UserId {
        UserId::new(self.first_user.saturating_add_unsigned(index))
    }

    fn phone_of(&self, index: u64) -> Result<PhoneNumber> {
        u64::try_from(self.user_id(index).get())
            .ok()
            .and_then(Number::of_filled_user)
            .and_then(Number::phone)
            .context("there is no number for a user")
    }
}

const DAY: Duration = Duration::from_hours(24);
/// For so long after the fill nothing is forgotten.
const QUIET: Duration = Duration::from_hours(1);
/// How long a provider took to accept a message.
const ACCEPTED_AFTER: Duration = Duration::from_millis(400);
/// The provider by which messages go in production.
const PROVIDER: &str = "webhook";
/// The default of `messages.default_language`.
const LANGUAGE: &str = "fa";

#[cfg(test)]
mod tests {
    use super::*;

    fn history(users: u64, logins: u64, sessions: u64, spread: Duration) -> History {
        let extent = Extent {
            users,
            logins,
            sessions,
            spread,
        };
        History::new(extent, 1, Timestamp::from_seconds(1_800_000_000)).unwrap()
    }

    fn remembered(history: &History, users: u64) -> Vec<Remembered> {
        let all = (0..users).filter_map(|user| history.remembered(user).unwrap());
        all.collect()
    }

    #[test]
    fn a_session_that_goes_on_is_live_however_long_ago_it_began() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let history = history(290, 290, 290, 29 * DAY);

        let sessions: Vec<Session> = (0..290)
            .map(|login| history.login(login).unwrap().session.unwrap())
            .collect();

        assert!(sessions.iter().all(|session| session.expires_at > now));
        assert!(sessions.iter().all(|session| session.rotated_at <= now));
        assert_eq!(sessions[0].generation, 28);
        assert_eq!(sessions[289].generation, 0);
    }

    #[test]
    fn the_login_and_its_session_name_each_other() {
        let login = history(1, 1, 1, DAY).login(0).unwrap();

        let session = login.session.unwrap();

        assert_eq!(login.event.kind.session(), Some(session.id));
        assert_eq!(login.event.kind.challenge(), Some(login.challenge.id));
        assert_eq!(login.event.kind.user(), session.user);
        assert_eq!(login.delivery.id.challenge, login.challenge.id);
    }

    #[test]
    fn numbers_are_remembered_for_a_day() {
        let now = Timestamp::from_seconds(1_800_000_000);

        let of_ten_days = remembered(&history(1000, 1000, 0, 10 * DAY), 1000);
        let of_some_hours = remembered(&history(1000, 1000, 0, DAY / 2), 1000);

        assert!(
            (90..100).contains(&of_ten_days.len()),
            "{}",
            of_ten_days.len()
        );
        assert!(
            of_ten_days
                .iter()
                .all(|known| known.forgettable_at > now.plus(QUIET))
        );
        assert_eq!(of_some_hours.len(), 1000);
    }

    #[test]
    fn a_number_that_logged_in_again_has_one_longer_standing() {
        let once = remembered(&history(10, 10, 0, DAY / 2), 10);
        let twice = remembered(&history(10, 20, 0, DAY / 2), 10);

        let length = |known: &[Remembered]| known[0].standing.encode().len();
        assert_eq!(twice.len(), 10);
        assert_eq!(length(&twice), length(&once) + 8);
    }

    #[test]
    fn users_past_the_last_number_are_refused() {
        let extent = Extent {
            users: 2,
            logins: 0,
            sessions: 0,
            spread: DAY,
        };
        let first = i64::try_from(FILLED).unwrap() - 1;

        assert!(History::new(extent, first - 1, Timestamp::default()).is_ok());
        assert!(History::new(extent, first, Timestamp::default()).is_err());
    }
}
