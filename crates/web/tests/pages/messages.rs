//! `GET /dev/inbox/messages`

use std::time::Duration;

use http::StatusCode;
use phonekey_core::{challenge::CloseReason, time::Clock};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::site::{ALICE, Answer, BOB, Site, get_from_broken};

#[tokio::test]
async fn a_message_is_told_whole() {
    let site = Site::new();
    let id = site.receive(ALICE, "04829", "کد ورود شما: 04829");

    let answer = site.get("/dev/inbox/messages").await;

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.json(),
        json!({
            "messages": [{
                "uuid": id.to_string(),
                "to": ALICE,
                "code": "04829",
                "text": "کد ورود شما: 04829",
                "channel": "sms",
                "locale": "fa",
                "state": "open",
                "sent_at": "2026-01-01T00:00:00.001Z",
                "expires_at": "2026-01-01T00:02:00.001Z",
            }]
        })
    );
}

#[tokio::test]
async fn any_spelling_of_a_number_finds_its_messages() {
    let site = Site::new();
    site.receive(ALICE, "11111", "for alice");
    site.receive(BOB, "22222", "for bob");

    for spelling in [
        "%2B989121234567",
        "+989121234567",
        "00989121234567",
        "09121234567",
        "0912-123%204567",
        "%DB%B0%DB%B9%DB%B1%DB%B2%DB%B1%DB%B2%DB%B3%DB%B4%DB%B5%DB%B6%DB%B7",
    ] {
        let answer = site
            .get(&format!("/dev/inbox/messages?to={spelling}"))
            .await;

        assert_eq!(codes(&answer), ["11111"], "{spelling}");
    }
}

#[tokio::test]
async fn the_newest_come_first_and_no_more_than_asked_for() {
    let site = Site::new();
    for code in ["11111", "22222", "33333"] {
        site.receive(ALICE, code, "text");
    }

    let answer = site.get("/dev/inbox/messages?limit=2").await;

    assert_eq!(codes(&answer), ["33333", "22222"]);
}

#[tokio::test]
async fn since_leaves_out_that_message_and_those_before_it() {
    let site = Site::new();
    site.receive(ALICE, "11111", "text");
    let second = site.receive(ALICE, "22222", "text");
    site.receive(ALICE, "33333", "text");

    let answer = site
        .get(&format!("/dev/inbox/messages?since={second}"))
        .await;

    assert_eq!(codes(&answer), ["33333"]);
}

#[tokio::test]
async fn each_bad_query_is_told_what_is_wrong_with_it() {
    let site = Site::new();
    for (query, word) in [
        ("to=12", "to: `12`: not a phone number"),
        ("to=%2B12015550123", "numbers of region US are not served"),
        ("limit=0", "limit: `0`"),
        ("limit=501", "limit: `501`"),
        ("limit=many", "limit: `many`"),
        ("since=yesterday", "since: `yesterday`"),
        ("wait=31s", "wait: `31s`"),
        ("wait=-1s", "wait: `-1s`"),
        ("wait=soon", "wait: `soon`"),
        ("wait=1m", "wait: `1m`"),
        ("to=0912&to=0913", "duplicate field `to`"),
    ] {
        let answer = site.get(&format!("/dev/inbox/messages?{query}")).await;

        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.header("cache-control"), "no-store", "{query}");
        let body = answer.json();
        assert_eq!(body["code"], 400, "{query}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(word), "{query}: {message}");
    }
}

#[tokio::test]
async fn empty_parameters_count_as_absent() {
    let site = Site::new();
    site.receive(ALICE, "48291", "text");

    let answer = site
        .get("/dev/inbox/messages?to=&wait=&limit=&since=")
        .await;

    assert_eq!(codes(&answer), ["48291"]);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_message_arrives() {
    let site = Site::new();
    let started = Instant::now();

    let (answer, ()) = tokio::join!(
        site.get("/dev/inbox/messages?to=09121234567&wait=5s"),
        async {
            tokio::task::yield_now().await;
            site.receive(ALICE, "48291", "text");
        }
    );

    assert_eq!(codes(&answer), ["48291"]);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn waiting_is_over_at_once_when_a_code_is_open() {
    let site = Site::new();
    site.receive(ALICE, "48291", "text");
    let started = Instant::now();

    let answer = site.get("/dev/inbox/messages?to=09121234567&wait=5s").await;

    assert_eq!(codes(&answer), ["48291"]);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn waiting_goes_on_past_closed_codes_and_other_numbers() {
    let site = Site::new();
    let old = site.receive(ALICE, "11111", "text");
    site.inbox.change(old, |challenge| {
        challenge.close(CloseReason::Answered, site.clock.now());
    });
    site.receive(BOB, "22222", "text");
    let started = Instant::now();

    let answer = site.get("/dev/inbox/messages?to=09121234567&wait=5s").await;

    assert_eq!(codes(&answer), ["11111"]);
    assert_eq!(states(&answer), ["answered"]);
    assert_eq!(started.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn waiting_with_since_is_for_a_later_code() {
    let site = Site::new();
    let first = site.receive(ALICE, "11111", "text");

    let path = format!("/dev/inbox/messages?to=09121234567&since={first}&wait=5");
    let (answer, ()) = tokio::join!(site.get(&path), async {
        tokio::task::yield_now().await;
        site.receive(ALICE, "22222", "text");
    });

    assert_eq!(codes(&answer), ["22222"]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_may_be_in_milliseconds() {
    let site = Site::new();
    let started = Instant::now();

    let answer = site.get("/dev/inbox/messages?wait=250ms").await;

    assert_eq!(answer.json(), json!({ "messages": [] }));
    assert_eq!(started.elapsed(), Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_stopping_server_answers_who_waits() {
    let site = Site::new();
    let started = Instant::now();

    let (answer, ()) = tokio::join!(site.get("/dev/inbox/messages?wait=30s"), async {
        tokio::task::yield_now().await;
        site.shutdown.cancel();
    });

    assert_eq!(answer.json(), json!({ "messages": [] }));
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_lost_database_is_a_503_that_says_when_to_come_back() {
    for path in ["/dev/inbox/messages", "/dev/inbox/messages?wait=5s"] {
        let answer = get_from_broken(path).await;

        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "2");
        assert_eq!(answer.json()["code"], 503);
        assert!(!answer.text().contains("on fire"));
    }
}

fn codes(answer: &Answer) -> Vec<String> {
    field(answer, "code")
}

fn states(answer: &Answer) -> Vec<String> {
    field(answer, "state")
}

fn field(answer: &Answer, name: &str) -> Vec<String> {
    let body = answer.json();
    let messages = body["messages"].as_array().expect("messages");
    let text = |message: &Value| message[name].as_str().expect("a text").to_owned();
    messages.iter().map(text).collect()
}
