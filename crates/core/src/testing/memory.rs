//! The store's contract in its plainest form: maps behind one lock, so each step is atomic because
//! nothing else runs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use crate::{
    audit::{AuditEvent, AuditKind, UserChange},
    challenge::{self, Challenge, CloseReason, Verdict},
    delivery::{Delivery, DeliveryId, DeliveryState, ProviderName},
    id::{ChallengeId, SessionId, UserId},
    phone::PhoneNumber,
    ports::store::{
        AnswerChallenge, AnswerOutcome, ChallengeStore, CreateOutcome, DeleteOutcome,
        DeliveryStore, DueDelivery, MaintenanceStore, OpenChallenge, OpenOutcome, PresentedToken,
        Purge, Purged, RotateOutcome, RotateSession, SessionStore, SettleDelivery, StoreError,
        UserStore, UserUpdate,
    },
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

    fn due(&self, delivery: &Delivery) -> Option<DueDelivery> {
        let challenge = self.challenges.get(&delivery.id.challenge)?.clone();
        Some(DueDelivery {
            delivery: delivery.clone(),
            challenge,
        })
    }

    fn settle(&mut self, step: SettleDelivery) {
        if let Some(delivery) = self.deliveries.get_mut(&step.id)
            && matches!(delivery.state, DeliveryState::Pending { .. })
        {
            delivery.state = step.state;
            delivery.provider_message_id = step.receipt.message_id;
            delivery.cost = step.receipt.cost;
        }
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
                let forgettable_at = standing.forgettable_at(&step.policy);
                state.standings.insert(
                    phone,
                    Kept {
                        standing,
                        forgettable_at,
                    },
                );
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
        let forgettable_at = standing.forgettable_at(&step.rules.number);
        state.standings.insert(
            phone,
            Kept {
                standing,
                forgettable_at,
            },
        );
        state.challenges.insert(challenge.id, challenge);
        Ok(outcome)
    }

    async fn give_up_challenge(&self, id: ChallengeId, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        let Some(mut challenge) = state.challenges.get(&id).cloned() else {
            return Ok(());
        };
        let mut kept = state
            .standings
            .get(&challenge.phone)
            .cloned()
            .unwrap_or_default();
        challenge::give_up(&mut challenge, &mut kept.standing, now);
        state.standings.insert(challenge.phone, kept);
        state.challenges.insert(id, challenge);
        Ok(())
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
impl DeliveryStore for MemoryStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        self.state().settle(step);
        Ok(())
    }

    async fn fail_over(&self, step: SettleDelivery, next: Delivery) -> Result<(), StoreError> {
        let mut state = self.state();
        state.settle(step);
        state.deliveries.entry(next.id).or_insert(next);
        Ok(())
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let mut state = self.state();
        let due: Vec<DeliveryId> = state
            .deliveries
            .values()
            .filter(|delivery| {
                matches!(delivery.state, DeliveryState::Pending { leased_until } if leased_until <= now)
            })
            .map(|delivery| delivery.id)
            .take(usize::from(limit))
            .collect();
        let mut leased = Vec::new();
        for id in due {
            let live = state
                .challenges
                .get(&id.challenge)
                .is_some_and(|c| c.is_live(now));
            let Some(delivery) = state.deliveries.get_mut(&id) else {
                continue;
            };
            if live {
                delivery.state = DeliveryState::Pending { leased_until };
                let delivery = delivery.clone();
                leased.extend(state.due(&delivery));
            } else {
                delivery.state = DeliveryState::Dropped { at: now };
            }
        }
        Ok(leased)
    }

    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let state = self.state();
        let all = state
            .deliveries
            .values()
            .rev()
            .filter(|d| d.provider == *provider);
        let due = all.filter_map(|delivery| state.due(delivery));
        let chosen = due.filter(|due| phone.is_none_or(|phone| due.challenge.phone == phone));
        Ok(chosen.take(usize::from(limit)).collect())
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
