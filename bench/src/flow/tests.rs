//! Each flow against a small server that knows right from wrong.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::codes::CodesPlace;
use crate::target::TargetUrl;

/// A server that refuses a number asked for twice, a wrong code, a code used twice and a refresh
/// token that is not the last of its session: whatever a flow must not do.
#[derive(Default)]
struct Server {
    /// By number; without its code once it has been answered.
    messages: Mutex<HashMap<String, Value>>,
    /// The token of each session that may be exchanged.
    refreshable: Mutex<HashSet<String>>,
    requests: AtomicU64,
    /// Every so many requests fail with 500.
    fails_every: Option<u64>,
    outbox: Option<PathBuf>,
}

type Reply = (StatusCode, Json<Value>);

impl Server {
    async fn start(self) -> TargetUrl {
        let router = Router::new()
            .route("/api/auth/otp/create/", post(create))
            .route("/api/auth/otp/verify/", post(verify))
            .route("/api/auth/otp/refresh/", post(refresh))
            .route("/dev/inbox/messages", get(inbox))
            .with_state(Arc::new(self));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// What the server answers when `outcome` is a refusal, or when it is time to fail.
    fn reply(&self, outcome: Option<Value>) -> Reply {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        if self
            .fails_every
            .is_some_and(|every| count % every == every - 1)
        {
            return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({})));
        }
        match outcome {
            Some(body) => (StatusCode::OK, Json(body)),
            None => (StatusCode::BAD_REQUEST, Json(json!({"code": 400}))),
        }
    }

    fn tokens(&self, session: &str, generation: u64) -> Value {
        let refresh = format!("{session}.{generation}");
        self.refreshable.lock().unwrap().insert(refresh.clone());
        json!({"access": "a", "refresh": refresh})
    }
}

async fn create(State(server): State<Arc<Server>>, Json(body): Json<Value>) -> Reply {
    let receiver = body["receiver"].as_str().unwrap().to_owned();
    let mut messages = server.messages.lock().unwrap();
    if messages.contains_key(&receiver) {
        return server.reply(None);
    }
    let count = messages.len() as u128;
    let challenge = Uuid::from_u128(count * 7919);
    let code = format!("{:05}", count * 31 % 100_000);
    let message = json!({"uuid": challenge, "to": receiver, "code": code});
    if let Some(path) = &server.outbox {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{message}").unwrap();
    }
    messages.insert(receiver.clone(), message);
    server.reply(Some(
        json!({"uuid": challenge, "receiver": receiver, "message": "m"}),
    ))
}

async fn verify(State(server): State<Arc<Server>>, Json(body): Json<Value>) -> Reply {
    let mut messages = server.messages.lock().unwrap();
    let message = messages
        .get_mut(body["receiver"].as_str().unwrap())
        .unwrap();
    let is_right = message["code"] == body["code"] && message["uuid"] == body["uuid"];
    message["code"] = Value::Null;
    server.reply(is_right.then(|| server.tokens(body["uuid"].as_str().unwrap(), 0)))
}

async fn refresh(State(server): State<Arc<Server>>, Json(body): Json<Value>) -> Reply {
    let token = body["refresh"].as_str().unwrap();
    let is_right = server.refreshable.lock().unwrap().remove(token);
    let (session, generation) = token.split_once('.').unwrap();
    server.reply(is_right.then(|| server.tokens(session, generation.parse::<u64>().unwrap() + 1)))
}

/// Shows at most three messages at once, so that the others must be asked for by number.
async fn inbox(
    State(server): State<Arc<Server>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let messages = server.messages.lock().unwrap();
    Json(match query.get("to") {
        Some(number) => json!(messages.get(number).into_iter().collect::<Vec<_>>()),
        None => json!({"messages": messages.values().take(3).collect::<Vec<_>>()}),
    })
}

const PLAN: Plan = Plan {
    connections: 4,
    lasts: Duration::from_millis(100),
    warm_up: Duration::from_millis(10),
    pace: Pace::AsAnswered,
};

async fn outcome_of(flow: Flow, server: Server, place: &CodesPlace) -> Outcome {
    let site = Site::open(&server.start().await, place).await.unwrap();
    run(flow, &PLAN, &site, &Arc::new(Numbers::seeded(1)))
        .await
        .unwrap()
}

#[tokio::test]
async fn every_flow_gets_right_answers_only() {
    for flow in [Flow::Create, Flow::Verify, Flow::Refresh, Flow::Full] {
        let outcome = outcome_of(flow, Server::default(), &CodesPlace::Inbox).await;

        let measured = &outcome.tally.steps[&flow.measures()];
        assert!(measured.in_time > 10, "{flow:?}: {}", measured.in_time);
        assert_eq!(outcome.tally.example, None, "{flow:?}");
    }
}

#[tokio::test]
async fn codes_are_read_from_the_file_sender() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    let server = Server {
        outbox: Some(path.clone()),
        ..Server::default()
    };

    let outcome = outcome_of(Flow::Full, server, &CodesPlace::File(path)).await;

    assert!(outcome.tally.steps[&Step::Login].in_time > 10);
    assert_eq!(outcome.tally.example, None);
}

#[tokio::test]
async fn failures_are_counted_beside_right_answers() {
    let server = Server {
        fails_every: Some(3),
        ..Server::default()
    };

    let outcome = outcome_of(Flow::Create, server, &CodesPlace::Inbox).await;

    let create = &outcome.tally.steps[&Step::Create];
    assert!(create.in_time > 10);
    assert!(create.failures["500"].abs_diff(create.right() / 2) <= 4);
}

#[tokio::test]
async fn a_verify_measures_as_long_as_it_was_asked_to() {
    let outcome = outcome_of(Flow::Verify, Server::default(), &CodesPlace::Inbox).await;

    assert!(
        outcome.elapsed >= Duration::from_millis(80),
        "{:?}",
        outcome.elapsed
    );
    assert!(
        outcome.elapsed <= Duration::from_millis(101),
        "{:?}",
        outcome.elapsed
    );
    assert_eq!(
        outcome.tally.steps.keys().collect::<Vec<_>>(),
        [&Step::Verify]
    );
}

#[tokio::test]
async fn a_server_whose_codes_are_wrong_prepares_no_session() {
    let site = Site::open(
        &Server::default().start().await,
        &CodesPlace::Fixed("x".to_owned()),
    )
    .await
    .unwrap();

    let error = run(Flow::Refresh, &PLAN, &site, &Arc::new(Numbers::seeded(1)))
        .await
        .err()
        .unwrap();

    assert!(error.to_string().contains("400"), "{error}");
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_measured() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);

    let error = Site::open(&url, &CodesPlace::Inbox).await.err().unwrap();

    assert!(error.to_string().contains("cannot connect"), "{error}");
}
