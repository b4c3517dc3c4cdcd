//! The compatible wire where the conformance suite is silent: limits, faults, languages, sizes.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helps a test fails it when it fails"
)]

mod kit;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use kit::{
    CREATE, MOBILE, REFRESH, TestServer, VERIFY, adopting,
    broken_store::{Broken, BrokenStore},
};
use phonekey_core::{
    delivery::outcome::SendRefusal,
    id::{ChallengeId, UserId},
    policy::Policy,
    ports::{
        delivery::DispatchOutcome,
        store::{UserStore, UserUpdate},
    },
    time::Timestamp,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_login_from_code_to_refresh() {
    let server = TestServer::new();

    let tokens = server.log_in().await;
    let renewed = server
        .post(REFRESH, json!({"refresh": tokens["refresh"]}))
        .await;

    assert_eq!(renewed.status, StatusCode::OK);
    assert_eq!(renewed.json().as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn create_tells_more_only_to_those_who_ask() {
    let server = TestServer::new();

    let plain = server
        .post(CREATE, json!({"receiver": MOBILE}))
        .await
        .json();
    server.clock.advance(Duration::from_mins(5));
    let detailed = server
        .post(CREATE, json!({"receiver": MOBILE, "details": true}))
        .await
        .json();

    assert_eq!(plain.as_object().unwrap().len(), 3);
    assert_eq!(detailed["expires_in"], 120);
    assert_eq!(detailed["resend_in"], 60);
    assert_eq!(detailed["code_length"], 5);
}

#[tokio::test]
async fn a_number_that_must_wait_is_told_how_long() {
    let server = TestServer::new();
    server.challenge().await;
    server.clock.advance(Duration::from_millis(1500));

    let refused = server
        .post(CREATE, json!({"receiver": "+98 912 123 4567"}))
        .await;

    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "29");
    assert_eq!(refused.json()["code"], 429);
    assert_eq!(refused.json()["reason"], "too_many_requests");
}

#[tokio::test]
async fn t23_limits_answer_alike_for_known_and_unknown_numbers() {
    let server = TestServer::new();
    server.log_in().await;
    server.clock.advance(Duration::from_hours(25));
    let mut answers = Vec::new();
    for receiver in [MOBILE, "09121234568"] {
        let mut steps = Vec::new();
        for _ in 0..4 {
            let answer = server.post(CREATE, json!({ "receiver": receiver })).await;
            let mut body = answer.json();
            for varying in ["uuid", "receiver"] {
                body.as_object_mut().unwrap().remove(varying);
            }
            steps.push((answer.status, answer.header("retry-after").to_owned(), body));
        }
        answers.push(steps);
    }

    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_wrong_code_tells_nothing_but_that() {
    let server = TestServer::new();
    let mut answer = server.challenge().await;
    answer["code"] = "00000".into();
    let wrong = server.post(VERIFY, answer.clone()).await;
    answer["uuid"] = "00000000-0000-4000-8000-000000000000".into();
    let unknown = server.post(VERIFY, answer).await;

    assert_eq!(wrong.body, unknown.body);
    assert_eq!(wrong.json().as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn texts_follow_the_callers_language() {
    let server = TestServer::new();
    let english = [("accept-language", "en-GB,en;q=0.8")];

    let created = server
        .post_with(CREATE, json!({"receiver": MOBILE}), &english)
        .await;
    let refused = server
        .post_with(CREATE, json!({"receiver": MOBILE}), &english)
        .await;

    assert_eq!(created.json()["message"], "A one-time code has been sent");
    assert_eq!(
        refused.json()["message"],
        "Too many requests for this number. Try again in 30 seconds."
    );
    assert_eq!(server.dispatcher.dispatched()[0].language, "en-GB");
}

#[tokio::test]
async fn a_region_that_is_not_served_is_named() {
    let server = TestServer::new();

    let refused = server
        .post(CREATE, json!({"receiver": "+44 7400 123456"}))
        .await;

    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["reason"], "region_not_served");
    assert!(refused.json()["message"].as_str().unwrap().contains("GB"));
}

#[tokio::test]
async fn a_message_that_nobody_carries_closes_the_challenge() {
    let server = TestServer::new();
    let unreachable = DispatchOutcome::NumberRefused(SendRefusal::OptedOut);
    server.dispatcher.answer(unreachable);
    let refused = server.post(CREATE, json!({"receiver": MOBILE})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["reason"], "number_unreachable");

    server.clock.advance(Duration::from_mins(1));
    server
        .dispatcher
        .answer(DispatchOutcome::Unavailable(SendRefusal::NoCredit));
    let unavailable = server.post(CREATE, json!({"receiver": MOBILE})).await;
    assert_eq!(unavailable.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(unavailable.header("retry-after"), "30");
}

#[tokio::test]
async fn an_inactive_user_is_told_so_after_a_right_code_alone() {
    let server = TestServer::new();
    server.log_in().await;
    let now = Timestamp::from_seconds(1);
    server
        .store
        .change_user(UserId::new(1), UserUpdate::Deactivate, now)
        .await
        .unwrap();
    server.clock.advance(Duration::from_mins(1));
    let answer = server.challenge().await;

    let refused = server.post(VERIFY, answer.clone()).await;
    let again = server.post(VERIFY, answer).await;

    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["reason"], "user_inactive");
    assert!(refused.json().get("access").is_none());
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_replayed_refresh_token_looks_like_any_other_refusal() {
    let server = TestServer::new();
    let tokens = server.log_in().await;
    let body = json!({"refresh": tokens["refresh"]});
    server.post(REFRESH, body.clone()).await;
    let repeated = server.post(REFRESH, body.clone()).await;
    assert_eq!(repeated.status, StatusCode::OK);

    server.clock.advance(Duration::from_secs(11));
    let replayed = server.post(REFRESH, body).await;

    assert_eq!(replayed.status, StatusCode::UNAUTHORIZED);
    let expected = json!({"detail": "Token is invalid or expired", "code": "token_not_valid"});
    assert_eq!(replayed.json(), expected);
    assert_eq!(replayed.header("www-authenticate"), "Token realm=\"api\"");
}

#[tokio::test]
async fn a_foreign_token_is_refused_where_nobody_else_has_the_key() {
    let claims = json!({
        "token_type": "refresh", "exp": 1_767_300_000, "iat": 1_767_225_000, "jti": "x", "user_id": 1,
    });
    let secret = "django-insecure-k(3u1^8z!p0w$r7)ab2";
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    for (policy, status) in [
        (Policy::default(), StatusCode::UNAUTHORIZED),
        (adopting(), StatusCode::OK),
    ] {
        let server = TestServer::with(policy);
        server.log_in().await;

        let answer = server.post(REFRESH, json!({ "refresh": token })).await;

        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[tokio::test]
async fn t56_a_body_over_the_limit_is_refused_and_not_kept() {
    let server = TestServer::new();
    let large = json!({"receiver": MOBILE, "padding": "x".repeat(20_000)});

    assert_eq!(
        server.post(CREATE, large.clone()).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(
        server.post(REFRESH, large).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_missing_slash_keeps_method_body_and_query() {
    let server = TestServer::new();

    let answer = server
        .post("/api/auth/otp/create?format=json", json!({}))
        .await;

    assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(
        answer.header("location"),
        "/api/auth/otp/create/?format=json"
    );
}

#[tokio::test]
async fn methods_are_read_in_any_case() {
    let server = TestServer::new();
    let send = async |method: &str| {
        let request = Request::builder()
            .method(method)
            .uri(CREATE)
            .body(Body::empty())
            .unwrap();
        server.send(request).await
    };

    assert_eq!(send("post").await.status, StatusCode::BAD_REQUEST);
    let refused = send("patch").await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.json()["detail"], "Method \"PATCH\" not allowed.");
}

#[tokio::test]
async fn a_browser_gets_a_page_that_runs_nothing() {
    let server = TestServer::new();
    let hostile = json!({"receiver": "<script>alert(1)</script>"});

    let page = server
        .post_with(CREATE, hostile, &[("accept", "text/html")])
        .await;

    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert!(!page.text().contains("<script"));
    assert!(page.text().contains("Otp Create"));
}

#[tokio::test]
async fn json_can_be_indented() {
    let server = TestServer::new();

    let answer = server
        .post_with(
            CREATE,
            json!({}),
            &[("accept", "application/json; indent=2")],
        )
        .await;

    assert!(
        answer.text().starts_with("{\n  \"code\": 400"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn each_answer_names_its_request() {
    let server = TestServer::new();

    let own = server
        .post_with(CREATE, json!({}), &[("x-request-id", "abc-1")])
        .await;
    let unsound = server
        .post_with(CREATE, json!({}), &[("x-request-id", "a b")])
        .await;

    assert_eq!(own.header("x-request-id"), "abc-1");
    assert_eq!(unsound.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn t71_a_database_that_is_away_is_503_with_retry_after() {
    let away = Arc::new(BrokenStore(Broken::Away));
    let server = TestServer::over(Policy::default(), away, Arc::default());

    for (path, body) in bodies() {
        let answer = server.post(path, body).await;

        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "2");
        assert!(!answer.text().contains("secret detail"));
    }
}

#[tokio::test]
async fn t62_a_panic_is_a_500_and_the_server_goes_on() {
    let panicking = Arc::new(BrokenStore(Broken::Panicking));
    let server = TestServer::over(Policy::default(), panicking, Arc::default());

    for (path, body) in bodies() {
        let answer = server.post(path, body).await;

        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(!answer.text().contains("secret detail"));
    }
}

fn bodies() -> [(&'static str, Value); 2] {
    let answer = json!({"uuid": ChallengeId::from_uuid(uuid::Uuid::nil()), "receiver": MOBILE, "code": "12345"});
    [(CREATE, json!({"receiver": MOBILE})), (VERIFY, answer)]
}
