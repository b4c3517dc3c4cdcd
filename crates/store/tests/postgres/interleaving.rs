//! What another transaction does between a step's reading and its writing.
//!
//! The other transaction writes and waits; the step runs into its row; then the other one commits.

use std::time::Duration;

use phonekey_core::{
    challenge::Challenge,
    ports::store::{AnswerOutcome, ChallengeStore},
};
use phonekey_store::postgres::PostgresStore;
use tokio::time::timeout;
use tokio_postgres::{Client, types::ToSql};

use crate::{
    kit::{MINUTE, World, logged_in, phone},
    server::connect,
    world,
};

/// Answers `challenge` rightly while a transaction that did `sql` is open, which commits once the
/// answer waits for it.
async fn answer_into(
    (world, url, test): (&World, &str, &str),
    challenge: &Challenge,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> AnswerOutcome {
    let store = PostgresStore::open(&format!("{url}&application_name={test}")).await;
    let store = store.unwrap();
    let mut other = connect(url).await;
    let meanwhile = other.transaction().await.unwrap();
    meanwhile.execute(sql, values).await.unwrap();
    let mut step = world.answering(challenge, world.right_code(challenge));
    step.username = crate::kit::username("drawn");

    let answering = tokio::spawn(async move { store.answer_challenge(step).await.unwrap() });
    let waits = wait_until_blocked(url, test);
    timeout(Duration::from_secs(4), waits).await.unwrap();
    meanwhile.commit().await.unwrap();
    answering.await.unwrap()
}

async fn wait_until_blocked(url: &str, application: &str) {
    let observer: Client = connect(url).await;
    let blocked = "
        select pid
        from pg_stat_activity
        where application_name = $1 and wait_event_type = 'Lock'";
    while observer
        .query(blocked, &[&application])
        .await
        .unwrap()
        .is_empty()
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_is_deactivated_meanwhile_is_barred() {
    let (world, url) = world().await;
    let user = world.log_in(phone(1)).await.user.get();
    world.clock.advance(MINUTE);
    let challenge = world.open(phone(1)).await;

    let sql = "update users set is_active = false where id = $1";
    let outcome = answer_into((&world, &url, "deactivated"), &challenge, sql, &[&user]).await;

    assert_eq!(outcome, AnswerOutcome::Barred);
}

#[tokio::test]
async fn who_is_deleted_meanwhile_becomes_a_new_user() {
    let (world, url) = world().await;
    let user = world.log_in(phone(1)).await.user;
    world.clock.advance(MINUTE);
    let challenge = world.open(phone(1)).await;

    let sql = "delete from users where id = $1";
    let outcome = answer_into((&world, &url, "deleted"), &challenge, sql, &[&user.get()]).await;

    assert!(logged_in(outcome).user > user);
}

const CREATE: &str = "
    insert into users (
        username, phone, first_name, last_name, gender, is_active, is_staff, is_superuser, joined_at
    )
    values ($1, $2, '', '', 'unknown', true, false, false, 0)";

#[tokio::test]
async fn whose_user_is_created_meanwhile_logs_in_as_that_user() {
    let (world, url) = world().await;
    let challenge = world.open(phone(1)).await;

    let values: &[&(dyn ToSql + Sync)] = &[&"created_by_an_operator", &phone(1).to_key()];
    let outcome = answer_into((&world, &url, "created"), &challenge, CREATE, values).await;

    let user = world.user(logged_in(outcome).user).await.unwrap();
    assert_eq!(user.username.as_str(), "created_by_an_operator");
    assert_eq!(user.last_login_at, Some(world.now()));
}

#[tokio::test]
async fn whose_drawn_name_is_taken_meanwhile_draws_again() {
    let (world, url) = world().await;
    let challenge = world.open(phone(1)).await;

    let values: &[&(dyn ToSql + Sync)] = &[&"drawn", &phone(2).to_key()];
    let outcome = answer_into((&world, &url, "name_taken"), &challenge, CREATE, values).await;

    assert_eq!(outcome, AnswerOutcome::UsernameTaken);
    assert_eq!(world.stored(challenge.id).await.0, challenge);
}
