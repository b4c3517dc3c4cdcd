//! What the server refuses, and what it should not hold.

use std::{error::Error, sync::Arc};

use phonekey_core::ports::store::{
    ChallengeStore, MaintenanceStore, OpenOutcome, StoreError, UserStore,
};
use phonekey_store::{DatabaseUrl, OpenError, postgres::PostgresStore};
use tokio::task::JoinSet;

use crate::{
    kit::{World, phone},
    server::{Schema, connect},
    world,
};

/// Opens a challenge for each of fifty numbers at once, so that they share transactions; the
/// outcomes in the order of the numbers.
async fn open_fifty(world: &World) -> Vec<Result<OpenOutcome, StoreError>> {
    let mut steps = JoinSet::new();
    for n in 0..50 {
        let opening = world.opening(&world.challenge(phone(n)));
        let store = Arc::clone(&world.store);
        steps.spawn(async move { (n, store.open_challenge(opening).await) });
    }
    let mut outcomes = steps.join_all().await;
    outcomes.sort_by_key(|(n, _)| *n);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_the_server_refuses_fails_alone_and_tells_no_values() {
    let (world, _url) = world().await;
    let challenge = world.open(phone(99)).await;
    let mut duplicate = world.opening(&challenge);
    duplicate.challenge.phone = phone(98);
    let store = Arc::clone(&world.store);

    let refused = tokio::spawn(async move { store.open_challenge(duplicate).await });
    let others = open_fifty(&world).await;

    assert!(others.iter().all(Result::is_ok));
    let Err(StoreError::Unexpected { source }) = refused.await.unwrap() else {
        panic!("a challenge was opened twice");
    };
    let mut told = format!("{source} {source:?}");
    let mut cause: Option<&dyn Error> = source.source();
    while let Some(error) = cause {
        told = format!("{told} {error} {error:?}");
        cause = error.source();
    }
    assert!(told.contains("challenges_pkey"), "{told}");
    assert!(!told.contains(&challenge.id.to_string()), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_stops_only_whom_it_is_about() {
    let (world, url) = world().await;
    let spoilt = "insert into standings (phone, standing, forgettable_at) values ($1, 'x', 0)";
    let key = phone(7).to_key();
    connect(&url).await.execute(spoilt, &[&key]).await.unwrap();

    let outcomes = open_fifty(&world).await;

    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Err(StoreError::Corrupt { table, problem }) => {
                assert_eq!((n, *table), (7, "standings"));
                assert!(!problem.contains(&key.to_string()), "{problem}");
            }
            outcome => assert!(n != 7 && outcome.is_ok(), "{n} {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_unavailable_and_can_still_be_read() {
    let (world, url) = world().await;
    world.log_in(phone(1)).await;
    let read_only = format!("{url}%20-cdefault_transaction_read_only%3Don");
    let store = PostgresStore::open(&read_only).await.unwrap();

    let checked = store.check().await;
    let opened = store
        .open_challenge(world.opening(&world.challenge(phone(2))))
        .await;

    assert!(
        matches!(checked, Err(StoreError::Unavailable { .. })),
        "{checked:?}"
    );
    assert!(
        matches!(opened, Err(StoreError::Unavailable { .. })),
        "{opened:?}"
    );
    assert!(store.user_by_phone(phone(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_step_does_not_wait_for_a_row_for_ever() {
    let (world, url) = world().await;
    world.open(phone(1)).await;
    let mut other = connect(&url).await;
    let holding = other.transaction().await.unwrap();
    let lock = "select phone from standings for update";
    holding.query(lock, &[]).await.unwrap();

    let outcome = world
        .store
        .open_challenge(world.opening(&world.challenge(phone(1))))
        .await;
    holding.rollback().await.unwrap();

    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    world.open(phone(2)).await;
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_not_opened() {
    let schema = Schema::fresh().await;
    let url: DatabaseUrl = schema.url().parse().unwrap();

    let opened = PostgresStore::open(&schema.url()).await;

    let Err(OpenError::Pending { migrations }) = opened else {
        panic!("opened an empty database");
    };
    assert_eq!(
        phonekey_store::pending_migrations(&url).await.unwrap(),
        migrations
    );
    schema.migrate().await;
    assert!(
        phonekey_store::pending_migrations(&url)
            .await
            .unwrap()
            .is_empty()
    );
    schema.store().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_migrate_together_each_migration_is_applied_by_one() {
    let (schema, now) = (
        Schema::fresh().await,
        phonekey_core::time::Timestamp::default(),
    );
    let url: DatabaseUrl = schema.url().parse().unwrap();
    let pending = phonekey_store::pending_migrations(&url).await.unwrap();

    let mut nodes = JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        nodes.spawn(async move { phonekey_store::migrate(&url, now).await.unwrap() });
    }
    let applied = nodes.join_all().await;

    assert_eq!(applied.concat(), pending);
    schema.store().await;
}

#[tokio::test]
async fn a_schema_from_the_future_is_refused() {
    let (_world, url) = world().await;
    let note = "insert into schema_migrations (name, applied_at) values ('9999_future', 0)";
    connect(&url).await.execute(note, &[]).await.unwrap();

    let opened = PostgresStore::open(&url).await;

    let Err(OpenError::NewerSchema(newer)) = opened else {
        panic!("opened a newer schema");
    };
    assert_eq!(newer.migration, "9999_future");
}

#[tokio::test]
async fn a_server_that_is_not_there_cannot_be_opened_and_its_password_is_not_told() {
    let opened = PostgresStore::open("postgres://me:hunter2@127.0.0.1:1/phones").await;

    let error = opened.err().unwrap();
    let told = format!("{error} {error:?} {:?}", error.source());
    assert!(told.contains("postgres://127.0.0.1/phones"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}
