//! The server goes away and comes back.

use std::{sync::Arc, time::Duration};

use phonekey_core::ports::store::{
    AnswerOutcome, ChallengeStore, DeliveryStore, MaintenanceStore, Store, StoreError, UserStore,
};
use phonekey_store::postgres::PostgresStore;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    kit::{World, phone, refusing},
    proxy::{Mood, Proxy},
    server::connect,
    world,
};

/// A world, and a store that reaches its database through a proxy.
async fn behind_a_proxy() -> (World, PostgresStore, Proxy) {
    let (world, url) = world().await;
    let proxy = Proxy::start().await;
    let store = PostgresStore::open(&proxy.in_front_of(&url)).await.unwrap();
    (world, store, proxy)
}

/// Takes steps of every sort; each must say within `patience` that the server is not there.
async fn all_unavailable(world: &World, store: &PostgresStore, patience: Duration) {
    let challenge = world.challenge(phone(7));
    let opening = world.opening(&challenge);
    let refusing = refusing(world.delivery(&challenge).id, &[], world.now());
    let steps = async {
        tokio::join!(
            async { store.open_challenge(opening).await.map(drop) },
            async { store.user_by_phone(phone(1)).await.map(drop) },
            async { store.refuse_delivery(refusing).await.map(drop) },
            store.check(),
        )
    };
    let (opened, read, refused, checked) = timeout(patience, steps).await.unwrap();
    for outcome in [opened, read, refused, checked] {
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_unavailable_at_once_and_used_again_when_back() {
    let (world, store, proxy) = behind_a_proxy().await;
    store.check().await.unwrap();

    proxy.become_(Mood::Down);
    all_unavailable(&world, &store, Duration::from_secs(2)).await;

    proxy.become_(Mood::Well);
    let opening = world.opening(&world.challenge(phone(1)));
    store.open_challenge(opening).await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_keeps_nobody_waiting_for_long() {
    let (world, store, proxy) = behind_a_proxy().await;
    store.check().await.unwrap();

    proxy.become_(Mood::Frozen);
    all_unavailable(&world, &store, Duration::from_secs(10)).await;
    // Now it is known that the connections are no good, and none can be made.
    all_unavailable(&world, &store, Duration::from_secs(4)).await;

    proxy.become_(Mood::Well);
    let opening = world.opening(&world.challenge(phone(1)));
    store.open_challenge(opening).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_killed_lose_no_step_that_was_answered() {
    let (mut world, url) = world().await;
    world.lift_limits();
    let name = format!("killed_{}", std::process::id());
    let store = PostgresStore::open(&format!("{url}&application_name={name}")).await;
    let store: Arc<dyn Store> = Arc::new(store.unwrap());
    let mut steps = JoinSet::new();
    for n in 0..2000 {
        let challenge = world.challenge(phone(n));
        let opening = world.opening(&challenge);
        let answering = world.answering(&challenge, world.right_code(&challenge));
        let store = Arc::clone(&store);
        steps.spawn(async move {
            let opened = store.open_challenge(opening).await;
            let answered = match opened {
                Ok(_) => Some(store.answer_challenge(answering).await),
                Err(_) => None,
            };
            (challenge, opened, answered)
        });
    }

    let killer = connect(&url).await;
    let mut ended = 0;
    let mut outcomes = Vec::new();
    while !steps.is_empty() {
        ended += killer.execute(KILL_ONE_AT_WORK, &[&name]).await.unwrap();
        while let Some(outcome) = steps.try_join_next() {
            outcomes.push(outcome.unwrap());
        }
    }

    assert!(ended > 10, "only {ended} connections were ended");
    for (challenge, opened, answered) in &outcomes {
        let user = store.user_by_phone(challenge.phone).await.unwrap();
        match (opened, answered) {
            (Ok(_), Some(Ok(AnswerOutcome::LoggedIn(session)))) => {
                assert_eq!(user.map(|user| user.id), Some(session.user));
            }
            // The answer's commit may or may not have come through before the connection broke.
            (Ok(_), Some(Err(StoreError::Unavailable { .. }))) => {
                let again = world.answering(challenge, world.right_code(challenge));
                let again = store.answer_challenge(again).await.unwrap();
                let logged_in = matches!(again, AnswerOutcome::LoggedIn(_));
                assert_eq!(logged_in, user.is_none(), "{again:?}");
            }
            (Err(StoreError::Unavailable { .. }), None) => assert!(user.is_none()),
            other => panic!("{other:?}"),
        }
    }
}

const KILL_ONE_AT_WORK: &str = "
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where application_name = $1 and state <> 'idle'
    limit 1";
