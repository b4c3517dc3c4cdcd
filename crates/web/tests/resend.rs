//! `POST /api/auth/otp/resend/`: a code once more, in the manner of the compatible wire.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helps a test fails it when it fails"
)]

#[expect(dead_code, reason = "these tests need less of it than others")]
mod kit;

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use kit::{
    CREATE, MOBILE, TestServer, VERIFY,
    broken_store::{Broken, BrokenStore},
};
use phonekey_core::{
    delivery::outcome::SendRefusal, policy::Policy, ports::delivery::DispatchOutcome,
};
use serde_json::{Value, json};

const RESEND: &str = "/api/auth/otp/resend/";
const COOL_DOWN: Duration = Duration::from_secs(30);

/// A challenge, and the answer to it; the number may ask for its code once more.
async fn challenged(server: &TestServer) -> (Value, Value) {
    let answer = server.challenge().await;
    server.clock.advance(COOL_DOWN);
    let resend = json!({"uuid": answer["uuid"], "receiver": MOBILE});
    (resend, answer)
}

#[tokio::test]
async fn the_same_code_goes_once_more() {
    let server = TestServer::new();
    let (resend, answer) = challenged(&server).await;

    let answered = server.post(RESEND, resend.clone()).await;

    assert_eq!(answered.status, StatusCode::OK, "{}", answered.text());
    assert_eq!(answered.json()["uuid"], resend["uuid"]);
    assert_eq!(answered.json()["receiver"], MOBILE);
    assert_eq!(answered.json().as_object().unwrap().len(), 3);
    let dispatched = server.dispatcher.dispatched();
    assert_eq!(dispatched.len(), 2);
    assert_eq!(dispatched[0].id, dispatched[1].id);
    let tokens = server.post(VERIFY, answer).await;
    assert_eq!(tokens.status, StatusCode::OK);
}

#[tokio::test]
async fn details_tell_how_long_the_code_lives_now() {
    let server = TestServer::new();
    let (mut resend, _) = challenged(&server).await;
    server.clock.advance(Duration::from_secs(70));
    resend["details"] = json!(true);

    let details = server.post(RESEND, resend).await.json();

    assert_eq!(details["expires_in"], 60);
    assert_eq!(details["resend_in"], 60);
    assert_eq!(details["code_length"], 5);
}

#[tokio::test]
async fn whoever_asks_too_soon_is_told_how_long_to_wait() {
    let server = TestServer::new();
    let answer = server.challenge().await;
    let resend = json!({"uuid": answer["uuid"], "receiver": MOBILE});

    let refused = server.post(RESEND, resend).await;

    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.json()["reason"], "too_many_requests");
}

#[tokio::test]
async fn what_cannot_be_answered_is_not_sent_and_one_cause_looks_like_another() {
    let server = TestServer::new();
    let (resend, answer) = challenged(&server).await;
    let never = json!({"uuid": uuid::Uuid::nil(), "receiver": MOBILE});
    let of_another = json!({"uuid": resend["uuid"], "receiver": "09121234568"});
    let no_number = json!({"uuid": resend["uuid"], "receiver": "nobody"});
    server.post(VERIFY, answer).await;

    let mut bodies = Vec::new();
    for body in [never, of_another, no_number, resend] {
        let refused = server.post(RESEND, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        bodies.push(refused.json());
    }

    assert_eq!(bodies[0]["reason"], "challenge_ended");
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

#[tokio::test]
async fn a_challenge_has_so_many_messages() {
    let mut policy = Policy::default();
    policy.messages.per_challenge = 1;
    let server = TestServer::with(policy);
    let (resend, _) = challenged(&server).await;

    let refused = server.post(RESEND, resend).await;

    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["reason"], "messages_spent");
}

#[tokio::test]
async fn a_channel_may_be_asked_for_by_its_name() {
    let server = TestServer::new();
    let (mut resend, _) = challenged(&server).await;
    resend["channel"] = json!("pigeon");

    let refused = server.post(RESEND, resend.clone()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.json()["message"],
        "Not a valid channel; use sms, voice, whatsapp or telegram.\n"
    );

    resend["channel"] = json!("voice");
    let answered = server.post(RESEND, resend).await;
    assert_eq!(answered.status, StatusCode::OK);
}

#[tokio::test]
async fn create_takes_a_channel_too() {
    let server = TestServer::new();
    let create = |channel: Value| json!({"receiver": MOBILE, "channel": channel});

    for odd in [json!("fax"), json!(1), json!(["sms"]), json!(true)] {
        let refused = server.post(CREATE, create(odd)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }
    let created = server.post(CREATE, create(json!("whatsapp"))).await;

    assert_eq!(created.status, StatusCode::OK);
}

#[tokio::test]
async fn fields_are_asked_for_in_order() {
    let server = TestServer::new();
    let message = async |body: Value| {
        let refused = server.post(RESEND, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        refused.json()["message"].clone()
    };

    assert_eq!(message(json!({})).await, "This field is required.\n");
    let odd = json!({"uuid": "x", "receiver": MOBILE});
    assert_eq!(message(odd).await, "Must be a valid UUID.\n");
    let nobody = json!({"uuid": uuid::Uuid::nil()});
    assert_eq!(message(nobody).await, "This field is required.\n");
    let list = message(json!([])).await;
    assert_eq!(list, "Invalid data. Expected a dictionary, but got list.\n");
}

#[tokio::test]
async fn nobody_is_told_that_a_code_was_sent_which_was_not() {
    let server = TestServer::new();
    let (resend, _) = challenged(&server).await;

    let refusal = SendRefusal::InvalidNumber;
    server
        .dispatcher
        .answer(DispatchOutcome::NumberRefused(refusal));
    let refused = server.post(RESEND, resend.clone()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["reason"], "number_unreachable");

    server.clock.advance(2 * COOL_DOWN);
    let refusal = SendRefusal::Temporary;
    server
        .dispatcher
        .answer(DispatchOutcome::Unavailable(refusal));
    let refused = server.post(RESEND, resend).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "30");
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503() {
    let away = Arc::new(BrokenStore(Broken::Away));
    let server = TestServer::over(Policy::default(), away, Arc::default());

    let body = json!({"uuid": uuid::Uuid::nil(), "receiver": MOBILE});
    let refused = server.post(RESEND, body).await;

    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["code"], 503);
}
