//! The model test: whatever steps are taken in whatever order, this back end comes to the same as
//! the memory store, which is the contract in its plainest form.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    challenge::Challenge,
    delivery::{
        DeliveryId, DeliveryState, ProviderName,
        outcome::{MessageId, SendRefusal},
        report::Arrival,
    },
    id::UserId,
    ports::store::{
        AnswerOutcome, NoteReport, OpenOutcome, PresentedToken, Purge, RefuseOutcome,
        ResendOutcome, RotateOutcome, SendAgain, SendAgainOutcome, UserUpdate,
    },
    session::{NewSession, Session},
    testing::MemoryStore,
    token::CustomClaims,
};
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};

use super::{CASES, fixture};
use crate::kit::{DAY, MINUTE, NoAudit, PROVIDER, SECOND, World, phone, refusing, settling};

/// The most steps of one history.
const STEPS: usize = 60;

/// One step; what it is taken on is chosen among what the history has brought forth.
#[derive(Clone, Debug)]
enum Op {
    Wait(u64),
    Open(u32),
    Answer(Index, Guess),
    Resend(Index, bool),
    Settle(Index, Fate),
    Refuse(Index, bool),
    SendAgain(Index),
    Report(Index, Arrival),
    Lease(u16),
    LookAfter(u16),
    Rotate(Index, u32),
    Adopt(u8),
    Change(Index, UserUpdate),
    Delete(Index),
    Purge,
}

#[derive(Clone, Copy, Debug)]
enum Guess {
    Right,
    Wrong,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Accepted,
    Unknown,
    Dropped,
}

fn op() -> impl Strategy<Value = Op> {
    let index = any::<Index>;
    let guess = prop_oneof![Just(Guess::Right), Just(Guess::Wrong)];
    let fate = prop_oneof![
        Just(Fate::Accepted),
        Just(Fate::Unknown),
        Just(Fate::Dropped)
    ];
    let arrival = prop_oneof![
        Just(Arrival::Delivered),
        Just(Arrival::Undelivered(SendRefusal::Temporary)),
    ];
    let update = prop_oneof![
        Just(UserUpdate::Activate),
        Just(UserUpdate::Deactivate),
        Just(UserUpdate::MakeSuperuser),
    ];
    prop_oneof![
        4 => (0_u64..90).prop_map(Op::Wait),
        1 => prop_oneof![Just(86_400_u64), Just(3_000_000)].prop_map(Op::Wait),
        6 => (0_u32..3).prop_map(Op::Open),
        6 => (index(), guess).prop_map(|(at, guess)| Op::Answer(at, guess)),
        3 => (index(), any::<bool>()).prop_map(|(at, two)| Op::Resend(at, two)),
        4 => (index(), fate).prop_map(|(at, fate)| Op::Settle(at, fate)),
        3 => (index(), any::<bool>()).prop_map(|(at, more)| Op::Refuse(at, more)),
        2 => index().prop_map(Op::SendAgain),
        2 => (index(), arrival).prop_map(|(at, arrival)| Op::Report(at, arrival)),
        2 => (1_u16..4).prop_map(Op::Lease),
        2 => (1_u16..4).prop_map(Op::LookAfter),
        4 => (index(), 0_u32..3).prop_map(|(at, behind)| Op::Rotate(at, behind)),
        1 => (0_u8..2).prop_map(Op::Adopt),
        1 => (index(), update).prop_map(|(at, update)| Op::Change(at, update)),
        1 => index().prop_map(Op::Delete),
        1 => Just(Op::Purge),
    ]
}

/// A world, and what its history has brought forth.
struct History {
    world: World,
    challenges: Vec<Challenge>,
    deliveries: Vec<DeliveryId>,
    sessions: Vec<Session>,
    users: Vec<UserId>,
}

impl History {
    fn of(world: World) -> Self {
        Self {
            world,
            challenges: Vec::new(),
            deliveries: Vec::new(),
            sessions: Vec::new(),
            users: Vec::new(),
        }
    }

    /// Takes a step; what came of it, in words that do not depend on how users are numbered.
    async fn take(&mut self, op: &Op) -> String {
        let outcome = self.outcome(op).await;
        let mut told = outcome;
        for (index, user) in self.users.iter().enumerate() {
            told = told.replace(&format!("{user:?}"), &format!("user #{index}"));
        }
        told
    }

    async fn outcome(&mut self, op: &Op) -> String {
        match op {
            Op::Wait(_) | Op::Open(_) | Op::Answer(..) | Op::Resend(..) => {
                self.about_a_challenge(op).await
            }
            Op::Settle(..)
            | Op::Refuse(..)
            | Op::SendAgain(_)
            | Op::Report(..)
            | Op::Lease(_)
            | Op::LookAfter(_) => self.about_a_delivery(op).await,
            Op::Rotate(..) | Op::Adopt(_) | Op::Change(..) | Op::Delete(_) | Op::Purge => {
                self.about_a_person(op).await
            }
        }
    }

    async fn about_a_challenge(&mut self, op: &Op) -> String {
        match op {
            Op::Wait(seconds) => {
                self.world.clock.advance(Duration::from_secs(*seconds));
                String::new()
            }
            Op::Open(n) => {
                let (challenge, outcome) = self.world.try_open(phone(*n)).await;
                if let OpenOutcome::Opened { .. } = outcome {
                    self.deliveries.push(self.world.delivery(&challenge).id);
                    self.challenges.push(challenge);
                }
                format!("{outcome:?}")
            }
            Op::Answer(at, guess) => {
                let Some(challenge) = pick(&self.challenges, *at) else {
                    return String::new();
                };
                let outcome = match guess {
                    Guess::Right => self.world.answer_right(&challenge).await,
                    Guess::Wrong => self.world.answer_wrong(&challenge).await,
                };
                if let AnswerOutcome::LoggedIn(session) = &outcome {
                    self.meet(session);
                }
                format!("{outcome:?}")
            }
            Op::Resend(at, two) => {
                let Some(challenge) = pick(&self.challenges, *at) else {
                    return String::new();
                };
                let outcome = self.world.resend(&challenge, ways(*two)).await;
                if let ResendOutcome::Resent {
                    delivery: Some(delivery),
                    ..
                } = &outcome
                {
                    self.deliveries.push(delivery.id);
                }
                format!("{outcome:?}")
            }
            _ => String::new(),
        }
    }

    async fn about_a_delivery(&mut self, op: &Op) -> String {
        let now = self.world.now();
        match op {
            Op::Settle(at, fate) => {
                let Some(id) = pick(&self.deliveries, *at) else {
                    return String::new();
                };
                let (state, follow_up) = match fate {
                    Fate::Accepted => (DeliveryState::Accepted { at: now }, Some(15)),
                    Fate::Unknown => (DeliveryState::Unknown { at: now }, Some(10)),
                    Fate::Dropped => (DeliveryState::Dropped { at: now }, None),
                };
                let mut step = settling(id, state);
                step.receipt.message_id = name_of(id);
                step.follow_up_at = follow_up.map(|seconds| now.plus(seconds * SECOND));
                format!(
                    "{:?}",
                    self.world.store.settle_delivery(step).await.unwrap()
                )
            }
            Op::Refuse(at, more) => {
                let Some(id) = pick(&self.deliveries, *at) else {
                    return String::new();
                };
                let ways = if *more { ways(true) } else { &[] };
                let step = refusing(id, ways, now);
                let outcome = self.world.store.refuse_delivery(step).await.unwrap();
                if let RefuseOutcome::Next(next) = &outcome {
                    self.deliveries.push(next.id);
                }
                format!("{outcome:?}")
            }
            Op::SendAgain(at) => {
                let Some(id) = pick(&self.deliveries, *at) else {
                    return String::new();
                };
                let terms = self.world.terms(ways(true));
                let step = SendAgain { id, terms, now };
                let outcome = self.world.store.send_again(step).await.unwrap();
                if let SendAgainOutcome::Next(next) = &outcome {
                    self.deliveries.push(next.id);
                }
                format!("{outcome:?}")
            }
            Op::Report(at, arrival) => {
                let Some(id) = pick(&self.deliveries, *at) else {
                    return String::new();
                };
                let Some(message_id) = name_of(id) else {
                    return String::new();
                };
                let step = NoteReport {
                    provider: ProviderName::new(PROVIDER),
                    message_id,
                    arrival: *arrival,
                    cost: None,
                    now,
                };
                format!("{:?}", self.world.store.note_report(step).await.unwrap())
            }
            Op::Lease(limit) => {
                let until = now.plus(MINUTE);
                // Which of several that are due come first is each back end's own affair.
                let all = self
                    .world
                    .store
                    .lease_deliveries(now, until, 100 + limit)
                    .await;
                let mut all = all.unwrap();
                all.sort_by_key(|due| due.delivery.id);
                format!("{all:?}")
            }
            Op::LookAfter(limit) => {
                let due = self.world.store.lease_follow_ups(now, *limit).await;
                format!("{:?}", due.unwrap())
            }
            _ => String::new(),
        }
    }

    async fn about_a_person(&mut self, op: &Op) -> String {
        let now = self.world.now();
        match op {
            Op::Rotate(at, behind) => {
                let Some(session) = pick(&self.sessions, *at) else {
                    return String::new();
                };
                let generation = session.generation.saturating_sub(*behind);
                let outcome = self.world.rotate(&session, generation).await;
                if let RotateOutcome::Granted(session) = &outcome {
                    self.meet(session);
                }
                format!("{outcome:?}")
            }
            Op::Adopt(n) => {
                let Some(user) = self.users.first().copied() else {
                    return String::new();
                };
                let jti = format!("{n:032x}");
                let ends = self.world.started_at.plus(DAY);
                let new = NewSession::adopting(&jti, ends, CustomClaims::default());
                let outcome = self.world.present(user, PresentedToken::Foreign(new)).await;
                if let RotateOutcome::Granted(session) = &outcome {
                    self.meet(session);
                }
                format!("{outcome:?}")
            }
            Op::Change(at, update) => {
                let Some(user) = pick(&self.users, *at) else {
                    return String::new();
                };
                let changed = self.world.store.change_user(user, *update, now).await;
                format!("{:?}", changed.unwrap())
            }
            Op::Delete(at) => {
                let Some(user) = pick(&self.users, *at) else {
                    return String::new();
                };
                format!(
                    "{:?}",
                    self.world.store.delete_user(user, now).await.unwrap()
                )
            }
            Op::Purge => {
                let step = Purge {
                    challenge_retention: DAY,
                    audit_retention: 30 * DAY,
                    batch: 1000,
                    now,
                };
                format!("{:?}", self.world.store.purge(step).await.unwrap())
            }
            _ => String::new(),
        }
    }

    /// Takes note of a session as it is now, and of its user.
    fn meet(&mut self, session: &Session) {
        if !self.users.contains(&session.user) {
            self.users.push(session.user);
        }
        match self
            .sessions
            .iter_mut()
            .find(|known| known.id == session.id)
        {
            Some(known) => *known = session.clone(),
            None => self.sessions.push(session.clone()),
        }
    }

    /// All that can be read at the end.
    async fn end(&self) -> String {
        let store = &self.world.store;
        let mut found = Vec::new();
        for provider in [PROVIDER, "file"] {
            let provider = ProviderName::new(provider);
            let recent = store.recent_deliveries(&provider, None, 1000).await;
            found.push(format!("{:?}", recent.unwrap()));
        }
        let now = self.world.now();
        let since = self.world.started_at;
        let conversions = store.conversions(since, now).await;
        found.push(format!("{:?}", conversions.unwrap()));
        for user in &self.users {
            found.push(format!("{:?}", store.user(*user).await.unwrap()));
        }
        let mut told = found.join("\n");
        for (index, user) in self.users.iter().enumerate() {
            told = told.replace(&format!("{user:?}"), &format!("user #{index}"));
        }
        told
    }
}

fn pick<T: Clone>(all: &[T], at: Index) -> Option<T> {
    (!all.is_empty()).then(|| at.get(all).clone())
}

fn ways(two: bool) -> &'static [&'static str] {
    if two {
        &[PROVIDER, "file"]
    } else {
        &[PROVIDER]
    }
}

fn name_of(id: DeliveryId) -> Option<MessageId> {
    MessageId::new(id.to_string())
}

#[test]
fn every_history_comes_to_the_same_as_in_memory() {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let histories = proptest::collection::vec(op(), 1..STEPS);
    let result = TestRunner::new(config).run(&histories, |ops| {
        runtime.block_on(async {
            let model = World::new(Arc::new(MemoryStore::default()), Box::new(NoAudit), ());
            let (mut model, mut tested) = (History::of(model), History::of(fixture().await));
            for (index, op) in ops.iter().enumerate() {
                let (expected, found) = (model.take(op).await, tested.take(op).await);
                prop_assert_eq!(found, expected, "step {}: {:?}", index, op);
            }
            prop_assert_eq!(tested.end().await, model.end().await);
            Ok(())
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
