//! The store's contract in its plainest form: maps behind one lock, so each step is atomic because
//! nothing else runs.

mod delivery;
mod watch;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use crate::{
    audit::{AuditEvent, AuditKind, UserChange},
    challenge::{
        self, Challenge, CloseReason, Verdict,
        messages::{self, NotAgain},
    },
    delivery::{Delivery, DeliveryId, ProviderName},
    id::{ChallengeId, SessionId, UserId},
    phone::PhoneNumber,
    policy::NumberPolicy,
    ports::store::{
        AnswerChallenge, AnswerOutcome, ChallengeStore, CreateOutcome, DeleteOutcome,
        MaintenanceStore, OpenChallenge, OpenOutcome, PresentedToken, Purge, Purged,
        ResendChallenge, ResendOutcome, RotateOutcome, RotateSession, SessionStore, StoreError,
        UserStore, UserUpdate,
    },
    route::watch::{NodeId, SeenHealth},
    session::{self, Rotation, Session},
    standing::Standing,
    time::Timestamp,
    user::{Activity, NewUser, User, Username},
};

/// Everything in memory, gone at the end.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    challenges: BTreeMap<ChallengeId, Challenge>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    standings: BTreeMap<PhoneNumber, Kept>,
    users: BTreeMap<UserId, User>,
    last_user: i64,
    sessions: BTreeMap<(UserId, SessionId), Session>,
    audit: Vec<AuditEvent>,
    health: BTreeMap<(ProviderName, NodeId), SeenHealth>,
}

/// A standing and when it may go.
#[derive(Clone, Debug, Default)]
struct Kept {
    standing: Standing,
    forgettable_at: Timestamp,
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was recorded, oldest first.
    #[must_use]
    pub fn audit_events(&self) -> Vec<AuditEvent> {
        self.state().audit.clone()
    }
}

impl State {
    fn record(&mut self, at: Timestamp, kind: AuditKind) {
        self.audit.push(AuditEvent { at, kind });
    }

    fn standing(&self, phone: PhoneNumber) -> Standing {
        self.standings
            .get(&phone)
            .map(|kept| kept.standing.clone())
            .unwrap_or_default()
    }

    fn user_id_by_phone(&self, phone: PhoneNumber) -> Option<UserId> {
        self.users
            .values()
            .find(|user| user.phone == Some(phone))
            .map(|user| user.id)
    }

    fn username_taken(&self, name: &Username) -> bool {
        self.users.values().any(|user| user.username == *name)
    }

    fn insert_user(&mut self, new: NewUser, now: Timestamp) -> User {
        self.last_user += 1;
        let user = new.create(UserId::new(self.last_user), now);
        self.users.insert(user.id, user.clone());
        user
    }

    fn keep_standing(&mut self, phone: PhoneNumber, standing: Standing, policy: &NumberPolicy) {
        let forgettable_at = standing.forgettable_at(policy);
        let kept = Kept {
            standing,
            forgettable_at,
        };
        self.standings.insert(phone, kept);
    }
}

#[async_trait]
impl ChallengeStore for MemoryStore {
    async fn open_challenge(&self, step: OpenChallenge) -> Result<OpenOutcome, StoreError> {
        let mut state = self.state();
        let phone = step.challenge.phone;
        let mut standing = state.standing(phone);
        let opened = challenge::open(&step.challenge, &mut standing, &step.policy, step.now);
        Ok(match opened {
            Err(wait) => OpenOutcome::Wait(wait),
            Ok(resend_at) => {
                state.keep_standing(phone, standing, &step.policy);
                state.challenges.insert(step.challenge.id, step.challenge);
                if let Some(delivery) = step.delivery {
                    state.deliveries.insert(delivery.id, delivery);
                }
                OpenOutcome::Opened { resend_at }
            }
        })
    }

    async fn answer_challenge(&self, step: AnswerChallenge) -> Result<AnswerOutcome, StoreError> {
        let mut state = self.state();
        let (phone, now) = (step.answer.phone, step.now);
        let Some(mut challenge) = state.challenges.get(&step.id).cloned() else {
            return Ok(AnswerOutcome::Dead);
        };
        let mut standing = state.standing(phone);
        let verdict = challenge::judge(
            &step.answer,
            &mut challenge,
            &mut standing,
            &step.rules,
            now,
        );
        let known = state.user_id_by_phone(phone);
        let outcome = match &verdict {
            Verdict::Dead => return Ok(AnswerOutcome::Dead),
            Verdict::Wait(wait) => return Ok(AnswerOutcome::Wait(*wait)),
            Verdict::Wrong { left } => AnswerOutcome::Wrong { left: *left },
            Verdict::Right { .. } if known.is_none() && state.username_taken(&step.username) => {
                return Ok(AnswerOutcome::UsernameTaken);
            }
            Verdict::Right { siblings } => {
                for sibling in siblings {
                    if let Some(sibling) = state.challenges.get_mut(sibling) {
                        sibling.close(CloseReason::Superseded, now);
                    }
                }
                let user = known.unwrap_or_else(|| {
                    state
                        .insert_user(NewUser::at_first_login(phone, step.username), now)
                        .id
                });
                let active = state
                    .users
                    .get_mut(&user)
                    .filter(|u| u.activity == Activity::Active);
                if let Some(account) = active {
                    account.last_login_at = Some(now);
                    let session = step.session.open(user, &step.session_policy, now);
                    state.sessions.insert((user, session.id), session.clone());
                    let challenge = step.id;
                    state.record(
                        now,
                        AuditKind::LoggedIn {
                            user,
                            session: session.id,
                            challenge,
                        },
                    );
                    AnswerOutcome::LoggedIn(Box::new(session))
                } else {
                    state.record(
                        now,
                        AuditKind::LoginBarred {
                            user,
                            challenge: step.id,
                        },
                    );
                    AnswerOutcome::Barred
                }
            }
        };
        state.keep_standing(phone, standing, &step.rules.number);
        state.challenges.insert(challenge.id, challenge);
        Ok(outcome)
    }

    async fn resend_challenge(&self, step: ResendChallenge) -> Result<ResendOutcome, StoreError> {
        let mut state = self.state();
        let known = state.challenges.get(&step.id).cloned();
        let Some(mut challenge) = known.filter(|challenge| challenge.phone == step.phone) else {
            return Ok(ResendOutcome::Dead);
        };
        let mut standing = state.standing(step.phone);
        let tried = state.messages_of(step.id);
        let terms = step.terms.as_terms();
        let resent = messages::resend(&mut challenge, &mut standing, &tried, &terms, step.now);
        let delivery = match resent {
            Ok(delivery) => delivery,
            Err(NotAgain::Dead) => return Ok(ResendOutcome::Dead),
            Err(NotAgain::Spent) => return Ok(ResendOutcome::Spent),
            Err(NotAgain::Wait(wait)) => return Ok(ResendOutcome::Wait(wait)),
        };
        let resend_at = standing.resend_at(&step.terms.number, step.now);
        state.keep_standing(step.phone, standing, &step.terms.number);
        state.challenges.insert(step.id, challenge.clone());
        if let Some(delivery) = &delivery {
            state.deliveries.insert(delivery.id, delivery.clone());
        }
        Ok(ResendOutcome::Resent {
            challenge: Box::new(challenge),
            delivery,
            resend_at,
        })
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn rotate_session(&self, step: RotateSession) -> Result<RotateOutcome, StoreError> {
        let mut state = self.state();
        let active = state
            .users
            .get(&step.user)
            .is_some_and(|u| u.activity == Activity::Active);
        if !active {
            return Ok(RotateOutcome::Ended);
        }
        let (id, generation, adopted) = match step.presented {
            PresentedToken::Own {
                session,
                generation,
            } => (session, generation, None),
            PresentedToken::Foreign(new) => (new.id, 0, Some(new)),
        };
        let Some(session) = state.sessions.get_mut(&(step.user, id)) else {
            let Some(new) = adopted else {
                return Ok(RotateOutcome::Ended);
            };
            let session = new.open(step.user, &step.policy, step.now);
            state.sessions.insert((step.user, id), session.clone());
            state.record(
                step.now,
                AuditKind::SessionAdopted {
                    user: step.user,
                    session: id,
                },
            );
            return Ok(RotateOutcome::Granted(Box::new(session)));
        };
        match session::rotate(session, generation, &step.policy, step.now) {
            Rotation::Advanced | Rotation::Repeated => {
                Ok(RotateOutcome::Granted(Box::new(session.clone())))
            }
            Rotation::Ended => Ok(RotateOutcome::Ended),
            Rotation::Replayed => {
                let reason = session::RevokeReason::Replay;
                let event = AuditKind::SessionRevoked {
                    user: step.user,
                    session: id,
                    reason,
                };
                state.record(step.now, event);
                Ok(RotateOutcome::Replayed)
            }
        }
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().users.get(&id).cloned())
    }

    async fn user_by_phone(&self, phone: PhoneNumber) -> Result<Option<User>, StoreError> {
        let state = self.state();
        Ok(state
            .user_id_by_phone(phone)
            .and_then(|id| state.users.get(&id).cloned()))
    }

    async fn user_by_username(&self, name: &Username) -> Result<Option<User>, StoreError> {
        Ok(self
            .state()
            .users
            .values()
            .find(|user| user.username == *name)
            .cloned())
    }

    async fn users(&self, after: Option<UserId>, limit: u16) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::get);
        let state = self.state();
        let users = state.users.values().filter(|user| user.id.get() > after);
        Ok(users.take(usize::from(limit)).cloned().collect())
    }

    async fn create_user(
        &self,
        user: NewUser,
        now: Timestamp,
    ) -> Result<CreateOutcome, StoreError> {
        let mut state = self.state();
        if user
            .phone
            .is_some_and(|phone| state.user_id_by_phone(phone).is_some())
        {
            return Ok(CreateOutcome::PhoneTaken);
        }
        if state.username_taken(&user.username) {
            return Ok(CreateOutcome::UsernameTaken);
        }
        let user = state.insert_user(user, now);
        let change = UserChange::Created;
        state.record(
            now,
            AuditKind::UserChanged {
                user: user.id,
                change,
            },
        );
        Ok(CreateOutcome::Created(Box::new(user)))
    }

    async fn change_user(
        &self,
        id: UserId,
        change: UserUpdate,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let mut state = self.state();
        let Some(user) = state.users.get_mut(&id) else {
            return Ok(None);
        };
        change.apply(user);
        let user = user.clone();
        state.record(
            now,
            AuditKind::UserChanged {
                user: id,
                change: change.recorded_as(),
            },
        );
        Ok(Some(user))
    }

    async fn delete_user(&self, id: UserId, now: Timestamp) -> Result<DeleteOutcome, StoreError> {
        let mut state = self.state();
        if state.users.remove(&id).is_none() {
            return Ok(DeleteOutcome::Missing);
        }
        state.sessions.retain(|(user, _), _| *user != id);
        state.record(
            now,
            AuditKind::UserChanged {
                user: id,
                change: UserChange::Deleted,
            },
        );
        Ok(DeleteOutcome::Deleted)
    }
}

#[async_trait]
impl MaintenanceStore for MemoryStore {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn purge(&self, step: Purge) -> Result<Purged, StoreError> {
        let mut state = self.state();
        let count = |before: usize, after: usize| (before - after) as u64;

        let before = state.challenges.len();
        let oldest = step.now.minus(step.challenge_retention);
        state
            .challenges
            .retain(|_, challenge| challenge.expires_at >= oldest);
        let challenges = count(before, state.challenges.len());
        let State {
            challenges: kept,
            deliveries,
            ..
        } = &mut *state;
        deliveries.retain(|id, _| kept.contains_key(&id.challenge));

        let before = state.sessions.len();
        state
            .sessions
            .retain(|_, session| session.retained_until >= step.now);
        let sessions = count(before, state.sessions.len());

        let before = state.standings.len();
        state
            .standings
            .retain(|_, kept| kept.forgettable_at >= step.now);
        let standings = count(before, state.standings.len());

        let before = state.audit.len();
        let oldest = step.now.minus(step.audit_retention);
        state.audit.retain(|event| event.at >= oldest);
        let audit_events = count(before, state.audit.len());

        Ok(Purged {
            challenges,
            sessions,
            standings,
            audit_events,
        })
    }
}
