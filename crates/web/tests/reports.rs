//! `/delivery/reports/…`: what providers send, and what they are told.

#![expect(
    clippy::unwrap_used,
    reason = "what helps a test fails it when it fails"
)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use phonekey_core::{
    delivery::ProviderName,
    ports::{
        report::{RawReport, ReportAnswer, ReportReceiver},
        store::StoreError,
    },
};
use phonekey_web::reports;
use tower::ServiceExt;

/// Remembers what it gets, and answers as it is told to.
struct Recorder {
    answer: Result<ReportAnswer, ()>,
    got: Mutex<Vec<(ProviderName, String, RawReport)>>,
}

#[async_trait]
impl ReportReceiver for Recorder {
    fn expects(&self, _: &ProviderName, token: &str) -> bool {
        token == "t0ken"
    }

    async fn receive(
        &self,
        provider: &ProviderName,
        token: &str,
        report: &RawReport,
    ) -> Result<ReportAnswer, StoreError> {
        let got = (provider.clone(), token.to_owned(), report.clone());
        self.got.lock().unwrap().push(got);
        self.answer.clone().map_err(|()| StoreError::Unavailable {
            source: "secret detail".into(),
        })
    }
}

fn server(answer: Result<ReportAnswer, ()>) -> (Router, Arc<Recorder>) {
    let recorder = Arc::new(Recorder {
        answer,
        got: Mutex::default(),
    });
    (reports::router(Arc::clone(&recorder) as _), recorder)
}

async fn send(server: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = server.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn request(method: &str, path: &str, body: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("X-Signature", "abc=")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

const PATH: &str = "/delivery/reports/twilio/t0ken?a=%2B1&b";

#[tokio::test]
async fn a_report_arrives_as_it_was_sent() {
    let (server, recorder) = server(Ok(ReportAnswer::Noted));

    let (status, body) = send(server, request("POST", PATH, "MessageSid=SM1")).await;

    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    let got = recorder.got.lock().unwrap();
    let (provider, token, report) = &got[0];
    assert_eq!((provider.as_str(), token.as_str()), ("twilio", "t0ken"));
    assert_eq!(report.method, "POST");
    assert_eq!(report.path_and_query, PATH);
    assert_eq!(report.query(), "a=%2B1&b");
    assert_eq!(report.header("x-signature"), Some("abc="));
    assert_eq!(report.body, b"MessageSid=SM1");
}

#[tokio::test]
async fn any_method_will_do() {
    let (server, recorder) = server(Ok(ReportAnswer::Noted));

    let (status, _) = send(server, request("GET", PATH, "")).await;

    assert_eq!(status, StatusCode::OK);
    assert_eq!(recorder.got.lock().unwrap()[0].2.method, "GET");
}

#[tokio::test]
async fn each_answer_has_its_status() {
    for (answer, expected) in [
        (ReportAnswer::Forged, StatusCode::FORBIDDEN),
        (ReportAnswer::Unreadable, StatusCode::BAD_REQUEST),
        (ReportAnswer::NotHere, StatusCode::NOT_FOUND),
    ] {
        let (server, _) = server(Ok(answer));
        let (status, _) = send(server, request("POST", PATH, "")).await;
        assert_eq!(status, expected);
    }
}

#[tokio::test]
async fn a_handshake_is_answered_in_plain_text() {
    let text = "<b>1158201444</b>".to_owned();
    let (server, _) = server(Ok(ReportAnswer::Handshake(text.clone())));

    let response = server.oneshot(request("GET", PATH, "")).await.unwrap();

    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, text.as_bytes());
}

#[tokio::test]
async fn a_report_that_cannot_be_noted_is_asked_for_again() {
    let (server, _) = server(Err(()));

    let response = server.oneshot(request("POST", PATH, "")).await.unwrap();

    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "10");
}

#[tokio::test]
async fn t56_a_long_report_is_kept_from_those_who_know_its_path() {
    let status_of = async |path: &str, size: usize| {
        let (server, recorder) = server(Ok(ReportAnswer::Noted));
        let (status, _) = send(server, request("POST", path, &"x".repeat(size))).await;
        let kept = recorder.got.lock().unwrap().len();
        (status, kept)
    };
    let (largest, strange) = (3 * 1024 * 1024, "/delivery/reports/twilio/guessed");

    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, 0);
    assert_eq!(status_of(PATH, largest).await, (StatusCode::OK, 1));
    assert_eq!(status_of(PATH, largest + 1).await, too_large);
    assert_eq!(status_of(strange, 16 * 1024).await, (StatusCode::OK, 1));
    assert_eq!(status_of(strange, 16 * 1024 + 1).await, too_large);
}
