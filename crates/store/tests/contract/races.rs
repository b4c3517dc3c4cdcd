//! Races: many tasks take a step that may succeed once, through one gate.

use std::{future::Future, sync::Arc};

use phonekey_core::{
    challenge::Challenge,
    delivery::{DeliveryId, DeliveryState, ProviderName, outcome::MessageId, report::Arrival},
    ports::store::{
        AnswerOutcome, CreateOutcome, DeleteOutcome, NoteOutcome, NoteReport, OpenOutcome,
        PresentedToken, RefuseOutcome, ResendOutcome, RotateOutcome, SendAgain, SendAgainOutcome,
    },
    rate::CoolDown,
    session::{NewSession, Session},
    token::CustomClaims,
};
use tokio::{sync::Barrier, task::JoinSet};

use super::fixture;
use crate::kit::{
    DAY, MINUTE, PROVIDER, SECOND, granted, logged_in, new_user, pending, phone, refusing, settling,
};

const RACERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_right_answers_one_logs_in() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;

    let outcomes = race(200, |_| {
        let step = world.answering(&challenge, world.right_code(&challenge));
        let world = Arc::clone(&world);
        async move { world.answer(step).await }
    })
    .await;

    let (won, lost) = split(outcomes, |outcome| {
        matches!(outcome, AnswerOutcome::LoggedIn(_))
    });
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|outcome| *outcome == AnswerOutcome::Dead));
    assert_eq!(world.store.users(None, 10).await.unwrap().len(), 1);
    assert_eq!(world.audited().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_challenges_of_one_number_one_logs_in_and_there_is_one_user() {
    let mut world = fixture().await;
    world.lift_limits();
    let mut challenges = Vec::new();
    for _ in 0..20 {
        challenges.push(world.open(phone(1)).await);
    }
    let world = Arc::new(world);

    let outcomes = race(200, |n| {
        let challenge = &challenges[n % challenges.len()];
        let step = world.answering(challenge, world.right_code(challenge));
        let world = Arc::clone(&world);
        async move { world.answer(step).await }
    })
    .await;

    let (won, _) = split(outcomes, |outcome| {
        matches!(outcome, AnswerOutcome::LoggedIn(_))
    });
    assert_eq!(won.len(), 1);
    assert_eq!(world.store.users(None, 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_logins_of_many_numbers_at_once_give_each_its_own_user() {
    let world = Arc::new(fixture().await);
    let mut challenges = Vec::new();
    for n in 0..200 {
        challenges.push(world.open(phone(n)).await);
    }

    let sessions = race(200, |n| {
        let step = world.answering(&challenges[n], world.right_code(&challenges[n]));
        let world = Arc::clone(&world);
        async move { logged_in(world.answer(step).await) }
    })
    .await;

    let mut users: Vec<_> = sessions.iter().map(|session| session.user).collect();
    users.sort_unstable();
    users.dedup();
    assert_eq!(users.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wrong_answers_are_all_counted_and_none_is_heard_after_the_last() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;

    let outcomes = race(RACERS, |_| {
        let step = world.answering(&challenge, world.wrong_code(&challenge));
        let world = Arc::clone(&world);
        async move { world.answer(step).await }
    })
    .await;

    let (wrong, dead) = split(outcomes, |outcome| {
        matches!(outcome, AnswerOutcome::Wrong { .. })
    });
    let mut left: Vec<u8> = wrong
        .iter()
        .filter_map(|outcome| match outcome {
            AnswerOutcome::Wrong { left } => Some(*left),
            _ => None,
        })
        .collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
    assert!(dead.iter().all(|outcome| *outcome == AnswerOutcome::Dead));
    assert_eq!(world.stored(challenge.id).await.0.wrong_answers, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_of_a_number_holds_over_challenges_that_are_guessed_at_once() {
    let mut world = fixture().await;
    world.change_number_policy(|number| {
        number.cool_down = CoolDown::new([]);
        number.live_challenges = 20;
        number.sends = "100/24h".parse().unwrap();
        number.wrong_answers = "10/24h".parse().unwrap();
    });
    let mut challenges = Vec::new();
    for _ in 0..16 {
        challenges.push(world.open(phone(1)).await);
    }
    let world = Arc::new(world);

    let outcomes = race(48, |n| {
        let challenge = &challenges[n % challenges.len()];
        let step = world.answering(challenge, world.wrong_code(challenge));
        let world = Arc::clone(&world);
        async move { world.answer(step).await }
    })
    .await;

    let (wrong, refused) = split(outcomes, |outcome| {
        matches!(outcome, AnswerOutcome::Wrong { .. })
    });
    assert_eq!(wrong.len(), 10);
    let waiting = |outcome: &AnswerOutcome| {
        matches!(outcome, AnswerOutcome::Wait(_)) || *outcome == AnswerOutcome::Dead
    };
    assert!(refused.iter().all(waiting));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_for_a_code_one_is_sent() {
    let world = Arc::new(fixture().await);

    let outcomes = race(RACERS, |_| {
        let world = Arc::clone(&world);
        async move { world.try_open(phone(1)).await.1 }
    })
    .await;

    let (opened, _) = split(outcomes, |outcome| {
        matches!(outcome, OpenOutcome::Opened { .. })
    });
    assert_eq!(opened.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_presentations_of_one_token_advance_once_and_all_get_the_same() {
    let world = Arc::new(fixture().await);
    let session = world.log_in(phone(1)).await;
    world.clock.advance(MINUTE);

    let granted = race(RACERS, |_| {
        let (world, session) = (Arc::clone(&world), session.clone());
        async move { granted(world.rotate(&session, 0).await) }
    })
    .await;

    let advanced = Session {
        generation: 1,
        rotated_at: world.now(),
        expires_at: world.now().plus(7 * DAY),
        retained_until: world.now().plus(7 * DAY),
        ..session
    };
    assert!(granted.iter().all(|session| *session == advanced));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_replays_revoke_once() {
    let world = Arc::new(fixture().await);
    let session = world.log_in(phone(1)).await;
    granted(world.rotate(&session, 0).await);
    world.clock.advance(MINUTE);

    let outcomes = race(RACERS, |_| {
        let (world, session) = (Arc::clone(&world), session.clone());
        async move { world.rotate(&session, 0).await }
    })
    .await;

    let (replayed, ended) = split(outcomes, |outcome| *outcome == RotateOutcome::Replayed);
    assert_eq!(replayed.len(), 1);
    assert!(ended.iter().all(|outcome| *outcome == RotateOutcome::Ended));
    assert_eq!(world.audited().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_token_presented_many_times_at_once_is_adopted_once() {
    let world = Arc::new(fixture().await);
    let user = world.log_in(phone(1)).await.user;
    let ends_at = world.now().plus(DAY);

    let mut sessions = race(RACERS, |_| {
        let new = NewSession::adopting("jti-1", ends_at, CustomClaims::default());
        let world = Arc::clone(&world);
        async move { granted(world.present(user, PresentedToken::Foreign(new)).await) }
    })
    .await;

    sessions.dedup();
    assert_eq!(sessions.len(), 1);
    assert_eq!(world.audited().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_settle_a_delivery_one_does() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;
    let id = first_delivery(&challenge);

    race(RACERS, |n| {
        let at = world.now();
        let mut step = settling(id, DeliveryState::Accepted { at });
        step.receipt.message_id = MessageId::new(n.to_string());
        let world = Arc::clone(&world);
        async move { world.store.settle_delivery(step).await.unwrap() }
    })
    .await;

    let settled = world.stored(challenge.id).await.1;
    let again = settling(id, DeliveryState::Unknown { at: world.now() });
    world.store.settle_delivery(again).await.unwrap();
    assert_eq!(world.stored(challenge.id).await.1, settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_note_a_refusal_one_adds_the_next_delivery() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;
    let first = world.delivery(&challenge).id;

    let outcomes = race(RACERS, |_| {
        let step = refusing(first, &[PROVIDER, "file"], world.now());
        let world = Arc::clone(&world);
        async move { world.store.refuse_delivery(step).await.unwrap() }
    })
    .await;

    let next = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, RefuseOutcome::Next(_)));
    let lost = outcomes
        .iter()
        .filter(|outcome| **outcome == RefuseOutcome::Lost);
    assert_eq!((next.count(), lost.count()), (1, RACERS - 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_for_a_code_once_more_one_gets_it() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;
    world.accept(&challenge, "m-1").await;
    world.clock.advance(30 * SECOND);

    let outcomes = race(RACERS, |_| {
        let (world, challenge) = (Arc::clone(&world), challenge.clone());
        async move { world.resend(&challenge, &[PROVIDER]).await }
    })
    .await;

    let resent = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ResendOutcome::Resent { .. }));
    assert_eq!(resent.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_send_a_lost_code_again_one_does() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;
    let id = world.accept(&challenge, "m-1").await;

    let outcomes = race(RACERS, |_| {
        let step = SendAgain {
            id,
            terms: world.terms(&[PROVIDER, "file"]),
            now: world.now(),
        };
        let world = Arc::clone(&world);
        async move { world.store.send_again(step).await.unwrap() }
    })
    .await;

    let sent = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, SendAgainOutcome::Next(_)));
    assert_eq!(sent.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_reports_one_is_noted() {
    let world = Arc::new(fixture().await);
    let challenge = world.open(phone(1)).await;
    world.accept(&challenge, "m-1").await;

    let outcomes = race(RACERS, |_| {
        let step = NoteReport {
            provider: ProviderName::new(PROVIDER),
            message_id: MessageId::new("m-1").unwrap(),
            arrival: Arrival::Delivered,
            cost: None,
            now: world.now(),
        };
        let world = Arc::clone(&world);
        async move { world.store.note_report(step).await.unwrap() }
    })
    .await;

    let noted = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, NoteOutcome::Noted(_)));
    assert_eq!(noted.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_due_delivery_is_leased_to_one() {
    let world = Arc::new(fixture().await);
    for n in 0..40 {
        world.open(phone(n)).await;
    }
    world.clock.advance(10 * SECOND);

    let batches = race(RACERS, |_| {
        let world = Arc::clone(&world);
        async move {
            let (now, until) = (world.now(), world.now().plus(MINUTE));
            let leased = world.store.lease_deliveries(now, until, 5).await.unwrap();
            assert!(
                leased
                    .iter()
                    .all(|due| due.delivery.state == pending(until))
            );
            leased
                .into_iter()
                .map(|due| due.delivery.id)
                .collect::<Vec<_>>()
        }
    })
    .await;

    let mut leased = batches.concat();
    let all = leased.len();
    leased.sort_unstable();
    leased.dedup();
    assert_eq!((all, leased.len()), (40, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_create_a_user_one_does() {
    let world = Arc::new(fixture().await);

    let outcomes = race(RACERS, |n| {
        let user = new_user(&format!("user{n}"), Some(phone(1)));
        let world = Arc::clone(&world);
        async move { world.store.create_user(user, world.now()).await.unwrap() }
    })
    .await;

    let (created, refused) = split(outcomes, |outcome| {
        matches!(outcome, CreateOutcome::Created(_))
    });
    assert_eq!(created.len(), 1);
    let taken = |outcome: &CreateOutcome| *outcome == CreateOutcome::PhoneTaken;
    assert!(refused.iter().all(taken));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_delete_a_user_one_does() {
    let world = Arc::new(fixture().await);
    let user = world.log_in(phone(1)).await.user;

    let outcomes = race(RACERS, |_| {
        let world = Arc::clone(&world);
        async move { world.store.delete_user(user, world.now()).await.unwrap() }
    })
    .await;

    let (deleted, _) = split(outcomes, |outcome| *outcome == DeleteOutcome::Deleted);
    assert_eq!(deleted.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_survive_the_deletion_of_its_user_at_the_same_moment() {
    let world = Arc::new(fixture().await);
    let user = world.log_in(phone(1)).await.user;
    world.clock.advance(MINUTE);
    let challenge = world.open(phone(1)).await;

    let outcomes = race(2, |n| {
        let world = Arc::clone(&world);
        let step = world.answering(&challenge, world.right_code(&challenge));
        async move {
            if n == 0 {
                world.store.delete_user(user, world.now()).await.unwrap();
                return None;
            }
            Some(logged_in(world.answer(step).await))
        }
    })
    .await;

    // Either the login came first, and its session went with the user; or it came second, and made
    // a new user.
    let session = outcomes.into_iter().flatten().next().unwrap();
    let is_usable = matches!(world.rotate(&session, 0).await, RotateOutcome::Granted(_));
    assert_eq!(is_usable, session.user != user);
    assert_eq!(world.user(user).await, None);
}

/// Runs a task for each number below `racers`, lets them all go at once, and returns their outcomes
/// in that order.
async fn race<T, F>(racers: usize, mut task: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(racers));
    let mut tasks = JoinSet::new();
    for n in 0..racers {
        let (gate, task) = (Arc::clone(&gate), task(n));
        tasks.spawn(async move {
            gate.wait().await;
            (n, task.await)
        });
    }
    let mut outcomes = tasks.join_all().await;
    outcomes.sort_unstable_by_key(|(n, _)| *n);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn split<T>(outcomes: Vec<T>, is_won: impl Fn(&T) -> bool) -> (Vec<T>, Vec<T>) {
    outcomes.into_iter().partition(is_won)
}

fn first_delivery(challenge: &Challenge) -> DeliveryId {
    DeliveryId {
        challenge: challenge.id,
        attempt: 1,
    }
}
