//! Two nodes on one database: whatever may happen once happens once.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    challenge::Challenge,
    id::UserId,
    policy::Enforcement,
    ports::store::{AnswerOutcome, OpenOutcome, PresentedToken, RotateSession, Store},
    session::{NewSession, Session},
    token::CustomClaims,
};
use phonekey_store::postgres::PostgresStore;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    kit::{DAY, HOUR, MINUTE, SECOND, World, granted, phone, refusing},
    server::connect,
    world,
};

const RACERS: usize = 200;

/// A world, and two stores on its database.
async fn two_nodes() -> (World, [Arc<dyn Store>; 2]) {
    let (world, url) = world().await;
    let other = PostgresStore::open(&url).await.unwrap();
    let nodes: [Arc<dyn Store>; 2] = [Arc::clone(&world.store), Arc::new(other)];
    (world, nodes)
}

/// Lets tasks loose at once, each on the next of the nodes.
async fn race<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    nodes: &[Arc<dyn Store>; 2],
    mut racer: impl FnMut(usize, Arc<dyn Store>) -> F,
) -> Vec<T> {
    let gate = Arc::new(Barrier::new(RACERS));
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let gate = Arc::clone(&gate);
        let run = racer(n, Arc::clone(&nodes[n % nodes.len()]));
        racers.spawn(async move {
            gate.wait().await;
            run.await
        });
    }
    racers.join_all().await
}

fn logins(outcomes: &[AnswerOutcome]) -> usize {
    let logged_in = |outcome: &&AnswerOutcome| matches!(outcome, AnswerOutcome::LoggedIn(_));
    outcomes.iter().filter(logged_in).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_works_once_on_all_nodes_together() {
    let (world, nodes) = two_nodes().await;
    let challenge = world.open(phone(1)).await;

    let outcomes = race(&nodes, |_, node| {
        let step = world.answering(&challenge, world.right_code(&challenge));
        async move { node.answer_challenge(step).await.unwrap() }
    })
    .await;

    assert_eq!(logins(&outcomes), 1);
    let users = nodes[1].users(None, 10).await.unwrap();
    assert_eq!(users.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_logins_of_one_number_on_all_nodes_make_one_user() {
    let (mut world, nodes) = two_nodes().await;
    world.lift_limits();
    let mut challenges: Vec<Challenge> = Vec::new();
    for _ in 0..20 {
        challenges.push(world.open(phone(1)).await);
    }

    let outcomes = race(&nodes, |n, node| {
        let challenge = &challenges[n % challenges.len()];
        let step = world.answering(challenge, world.right_code(challenge));
        async move { node.answer_challenge(step).await.unwrap() }
    })
    .await;

    assert_eq!(logins(&outcomes), 1);
    let users = nodes[1].users(None, 10).await.unwrap();
    assert_eq!(users.len(), 1);
}

/// Whether its standing has a row yet or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_gets_one_code_however_many_nodes_are_asked() {
    let (world, nodes) = two_nodes().await;
    for n in [1, 1, 2] {
        world.clock.advance(HOUR);

        let outcomes = race(&nodes, |_, node| {
            let step = world.opening(&world.challenge(phone(n)));
            async move { node.open_challenge(step).await.unwrap() }
        })
        .await;

        let opened = |outcome: &&OpenOutcome| matches!(outcome, OpenOutcome::Opened { .. });
        assert_eq!(outcomes.iter().filter(opened).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_answers_on_all_nodes_are_counted_together() {
    let (mut world, nodes) = two_nodes().await;
    world.lift_limits();
    let mut challenges: Vec<Challenge> = Vec::new();
    for _ in 0..20 {
        challenges.push(world.open(phone(1)).await);
    }
    world.change_number_policy(|number| {
        number.enforcement = Enforcement::On;
        number.wrong_answers = "10/24h".parse().unwrap();
    });

    let outcomes = race(&nodes, |n, node| {
        let challenge = &challenges[n % challenges.len()];
        let step = world.answering(challenge, world.wrong_code(challenge));
        async move { node.answer_challenge(step).await.unwrap() }
    })
    .await;

    let wrong = |outcome: &&AnswerOutcome| matches!(outcome, AnswerOutcome::Wrong { .. });
    assert_eq!(outcomes.iter().filter(wrong).count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_token_opens_one_session_on_all_nodes_together() {
    let (world, nodes) = two_nodes().await;
    let user = world.log_in(phone(1)).await.user;
    let ends_at = world.now().plus(DAY);

    let outcomes = race(&nodes, |_, node| {
        let new = NewSession::adopting("a foreign jti", ends_at, CustomClaims::default());
        let step = rotation(&world, user, PresentedToken::Foreign(new));
        async move { node.rotate_session(step).await.unwrap() }
    })
    .await;

    let sessions: Vec<Session> = outcomes.into_iter().map(granted).collect();
    assert!(sessions.iter().all(|session| *session == sessions[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_has_one_successor_on_all_nodes_together() {
    let (world, nodes) = two_nodes().await;
    let session = world.log_in(phone(1)).await;
    for generation in 0..10 {
        world.clock.advance(MINUTE);

        let outcomes = race(&nodes, |_, node| {
            let presented = PresentedToken::Own {
                session: session.id,
                generation,
            };
            world.clock.advance(Duration::from_millis(1));
            let step = rotation(&world, session.user, presented);
            async move { node.rotate_session(step).await.unwrap() }
        })
        .await;

        let sessions: Vec<Session> = outcomes.into_iter().map(granted).collect();
        assert!(sessions.iter().all(|session| *session == sessions[0]));
        assert_eq!(sessions[0].generation, generation + 1);
    }
}

fn rotation(world: &World, user: UserId, presented: PresentedToken) -> RotateSession {
    RotateSession {
        user,
        presented,
        policy: world.session_policy,
        now: world.now(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_lease_different_deliveries() {
    let (world, nodes) = two_nodes().await;
    for n in 0..100 {
        world.open(phone(n)).await;
    }
    world.clock.advance(20 * SECOND);
    let (now, until) = (world.now(), world.now().plus(MINUTE));

    let outcomes = race(&nodes, |_, node| async move {
        node.lease_deliveries(now, until, 5).await.unwrap()
    })
    .await;

    let leased: Vec<_> = outcomes.into_iter().flatten().collect();
    let mut ids: Vec<_> = leased.iter().map(|due| due.delivery.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
    assert_eq!(leased.len(), 100);
}

/// Lost races and deadlocks are no outcome that anyone sees, however the steps are mixed.
#[tokio::test(flavor = "multi_thread")]
async fn steps_of_all_kinds_on_the_same_rows_all_come_to_an_end() {
    let (mut world, nodes) = two_nodes().await;
    world.lift_limits();
    let mut people = Vec::new();
    for n in 0..8 {
        let session = world.log_in(phone(n)).await;
        people.push((session, world.open(phone(n)).await));
    }

    let outcomes = race(&nodes, |n, node| {
        let (session, challenge) = people[n / 8 % people.len()].clone();
        let opening = world.opening(&world.challenge(challenge.phone));
        let code = if n % 16 == 7 {
            world.right_code(&challenge)
        } else {
            world.wrong_code(&challenge)
        };
        let answering = world.answering(&challenge, code);
        let presented = PresentedToken::Own {
            session: session.id,
            generation: 0,
        };
        let rotating = rotation(&world, session.user, presented);
        let now = world.now();
        let refusing = refusing(world.delivery(&challenge).id, &[], now);
        async move {
            match n % 8 {
                0 | 4 => node.open_challenge(opening).await.map(drop),
                1 | 5 | 7 => node.answer_challenge(answering).await.map(drop),
                2 => node.refuse_delivery(refusing).await.map(drop),
                3 => node.rotate_session(rotating).await.map(drop),
                _ => node.delete_user(session.user, now).await.map(drop),
            }
        }
    })
    .await;

    for outcome in outcomes {
        outcome.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deleted_while_adopting_a_token_leaves_no_session() {
    let (world, url) = world().await;
    let other: Arc<dyn Store> = Arc::new(PostgresStore::open(&url).await.unwrap());
    let nodes = [Arc::clone(&world.store), other];
    let ends_at = world.now().plus(DAY);
    for round in 0..5 {
        let mut users = Vec::new();
        for n in 0..20 {
            users.push(world.log_in(phone(20 * round + n)).await.user);
        }

        race(&nodes, |n, node| {
            let user = users[n % users.len()];
            let new = NewSession::adopting(&format!("{n}"), ends_at, CustomClaims::default());
            let step = rotation(&world, user, PresentedToken::Foreign(new));
            let now = world.now();
            async move {
                if n / 20 == 5 {
                    node.delete_user(user, now).await.unwrap();
                } else {
                    node.rotate_session(step).await.unwrap();
                }
            }
        })
        .await;
    }

    let orphans = "select count(*) from sessions";
    let orphans = connect(&url).await.query_one(orphans, &[]).await;
    assert_eq!(orphans.unwrap().get::<_, i64>(0), 0);
}
