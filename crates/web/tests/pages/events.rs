//! `GET /dev/inbox/events`

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use http_body_util::BodyExt;
use phonekey_core::{challenge::CloseReason, time::Clock};
use tokio::time::Instant;

use crate::site::{ALICE, BOB, Site, get_from_broken};

#[tokio::test]
async fn what_there_is_comes_first_and_oldest_first() {
    let site = Site::new();
    site.receive(ALICE, "11111", "text");
    site.receive(ALICE, "22222", "text");

    let mut events = Events::of(&site, "/dev/inbox/events").await;

    assert!(events.next().await.unwrap().contains(">11111</code>"));
    assert!(events.next().await.unwrap().contains(">22222</code>"));
}

#[tokio::test(start_paused = true)]
async fn a_new_message_is_told_as_it_arrives() {
    let site = Site::new();
    let mut events = Events::of(&site, "/dev/inbox/events").await;
    let started = Instant::now();

    let (event, ()) = tokio::join!(events.next(), async {
        tokio::task::yield_now().await;
        site.receive(ALICE, "48291", "کد ورود شما: 48291");
    });

    let event = event.unwrap();
    assert!(event.starts_with("data: <article id=\"message-"), "{event}");
    assert!(event.ends_with("data: </article>\n\n"), "{event}");
    assert!(event.contains(">48291</code>"));
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_state_is_told_within_a_second() {
    let site = Site::new();
    let id = site.receive(ALICE, "48291", "text");
    let mut events = Events::of(&site, "/dev/inbox/events").await;
    assert!(
        events
            .next()
            .await
            .unwrap()
            .contains(r#"data-state="open""#)
    );
    let started = Instant::now();

    site.inbox.change(id, |challenge| {
        challenge.close(CloseReason::Answered, site.clock.now());
    });

    let event = events.next().await.unwrap();
    assert!(event.contains(r#"data-state="answered""#), "{event}");
    assert!(started.elapsed() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_code_that_expires_is_told() {
    let site = Site::new();
    site.receive(ALICE, "48291", "text");
    let mut events = Events::of(&site, "/dev/inbox/events").await;
    events.next().await.unwrap();

    site.clock.advance(Duration::from_mins(2));

    assert!(
        events
            .next()
            .await
            .unwrap()
            .contains(r#"data-state="expired""#)
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_not_changed_is_not_told_again() {
    let site = Site::new();
    site.receive(ALICE, "48291", "text");
    let mut events = Events::of(&site, "/dev/inbox/events").await;
    events.next().await.unwrap();

    // Comments keep the connection alive meanwhile.
    assert_eq!(events.next().await.unwrap(), ":\n\n");
    assert_eq!(events.next().await.unwrap(), ":\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_filter_leaves_out_other_numbers() {
    let site = Site::new();
    site.receive(BOB, "22222", "text");
    site.receive(ALICE, "11111", "text");

    let mut events = Events::of(&site, "/dev/inbox/events?to=09121234567").await;

    assert!(events.next().await.unwrap().contains(">11111</code>"));
    assert_eq!(events.next().await.unwrap(), ":\n\n");
}

#[tokio::test]
async fn no_text_breaks_out_of_its_event() {
    let site = Site::new();
    site.receive(
        ALICE,
        "48291",
        "one\r\n\r\ndata: <b>two</b>\n\nevent: x\rid: 7",
    );

    let mut events = Events::of(&site, "/dev/inbox/events").await;

    let event = events.next().await.unwrap();
    let lines = event.trim_end().split(['\r', '\n']);
    for line in lines.filter(|line| !line.is_empty()) {
        assert!(line.starts_with("data: "), "{line}");
    }
    assert!(!event.contains("<b>"));
}

#[tokio::test(start_paused = true)]
async fn a_stopping_server_ends_the_stream() {
    let site = Site::new();
    let mut events = Events::of(&site, "/dev/inbox/events").await;

    let (end, ()) = tokio::join!(events.next(), async {
        tokio::task::yield_now().await;
        site.shutdown.cancel();
    });

    assert_eq!(end, None);
}

#[tokio::test]
async fn a_lost_database_ends_the_stream_and_the_browser_comes_back() {
    let answer = get_from_broken("/dev/inbox/events").await;

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text(), "");
}

#[tokio::test]
async fn a_filter_that_is_no_number_is_refused_for_good() {
    let site = Site::new();

    let answer = site.get("/dev/inbox/events?to=12").await;

    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_cache_and_no_proxy_holds_events_back() {
    let site = Site::new();

    let response = site.open("/dev/inbox/events").await;

    let headers = response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-accel-buffering"], "no");
}

struct Events(Body);

impl Events {
    async fn of(site: &Site, path: &str) -> Self {
        let response = site.open(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        Self(response.into_body())
    }

    /// The next event or comment, as it stands on the wire.
    async fn next(&mut self) -> Option<String> {
        let frame = self.0.frame().await?.expect("a frame");
        let bytes = frame.into_data().expect("data");
        Some(String::from_utf8(bytes.to_vec()).expect("UTF-8"))
    }
}
