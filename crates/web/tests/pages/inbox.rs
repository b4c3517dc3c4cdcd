//! `GET /dev/inbox`

use std::time::Duration;

use http::StatusCode;
use phonekey_core::{challenge::CloseReason, time::Clock};

use crate::site::{ALICE, Answer, BOB, Site, get_from_broken};

#[tokio::test]
async fn a_message_shows_its_number_text_code_and_state() {
    let site = Site::new();
    site.receive(ALICE, "48291", "کد ورود شما: 48291");

    let page = site.get("/dev/inbox").await;

    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let html = page.text();
    assert!(html.contains(r#"dir="ltr">48291</code>"#), "{html}");
    assert!(html.contains(r#"<a class="to" dir="ltr" href="/dev/inbox?to=%2B989121234567">"#));
    assert!(html.contains(r#"<p class="text" dir="auto" lang="fa">کد ورود شما: 48291</p>"#));
    assert_eq!(states(&page), ["open"]);
    assert!(html.contains("2:00 left"));
    assert!(html.contains("2026-01-01 00:00:00 UTC"));
}

#[tokio::test]
async fn the_newest_message_comes_first() {
    let site = Site::new();
    site.receive(ALICE, "11111", "first");
    site.receive(ALICE, "22222", "second");

    let page = site.get("/dev/inbox").await;

    let first = page.text().find("first").unwrap();
    let second = page.text().find("second").unwrap();
    assert!(second < first);
}

#[tokio::test]
async fn each_state_has_its_name() {
    let site = Site::new();
    site.receive(ALICE, "10000", "expired");
    site.clock.advance(Duration::from_mins(2));
    for reason in CloseReason::ALL {
        let id = site.receive(ALICE, "20000", reason.name());
        site.inbox
            .change(id, |challenge| challenge.close(reason, site.clock.now()));
    }
    site.receive(ALICE, "30000", "open");

    let page = site.get("/dev/inbox").await;

    assert_eq!(
        states(&page),
        [
            "open",
            "undeliverable",
            "exhausted",
            "superseded",
            "answered",
            "expired"
        ]
    );
}

#[tokio::test]
async fn wrong_answers_are_counted() {
    let site = Site::new();
    let id = site.receive(ALICE, "48291", "text");
    assert!(!site.get("/dev/inbox").await.text().contains("wrong answer"));

    site.inbox
        .change(id, |challenge| challenge.wrong_answers = 2);

    assert!(
        site.get("/dev/inbox")
            .await
            .text()
            .contains("2 wrong answers")
    );
}

#[tokio::test]
async fn a_filter_shows_one_number_and_follows_that_one() {
    let site = Site::new();
    site.receive(ALICE, "11111", "for alice");
    site.receive(BOB, "22222", "for bob");

    let page = site.get("/dev/inbox?to=0912%20123-4567").await;

    assert!(page.text().contains("for alice"));
    assert!(!page.text().contains("for bob"));
    assert!(page.text().contains("/dev/inbox/events?to=%2B989121234567"));
}

#[tokio::test]
async fn an_empty_inbox_says_what_to_do() {
    let site = Site::new();

    let page = site.get("/dev/inbox").await;

    assert!(
        page.text()
            .contains(r#"<section id="empty" class="empty">"#)
    );
    assert!(
        page.text()
            .contains("http://localhost:8000</span>/api/auth/otp/create/")
    );
    assert!(page.text().contains(r#"<a href="/dev/try">"#));

    site.receive(ALICE, "48291", "text");

    let page = site.get("/dev/inbox").await;
    assert!(
        page.text()
            .contains(r#"<section id="empty" class="empty" hidden>"#)
    );
}

#[tokio::test]
async fn a_filter_that_is_no_number_is_told_so_on_the_page() {
    let site = Site::new();
    site.receive(ALICE, "48291", "text");

    let page = site.get("/dev/inbox?to=%3Cb%3E12").await;

    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text().contains(r#"<p role="alert" dir="auto">to: `"#));
    assert!(!page.text().contains("<b>12"));
    assert!(!page.text().contains("48291"));
}

#[tokio::test]
async fn no_text_becomes_markup() {
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</p><article onclick='alert(1)'>",
        "{{ 7 * 7 }}<!--",
    ] {
        let site = Site::new();
        let id = site.receive(ALICE, hostile, hostile);
        let language = hostile.to_owned();
        site.inbox
            .change(id, |challenge| challenge.language = language);

        let page = site.get("/dev/inbox").await;

        assert!(!page.text().contains(hostile), "{hostile}");
        assert_eq!(page.text().matches("<article").count(), 1, "{hostile}");
        assert_eq!(page.text().matches("<script").count(), 1, "{hostile}");
        assert_eq!(page.text().matches("<img").count(), 1, "{hostile}");
    }
}

#[tokio::test]
async fn pages_forbid_all_that_they_do_not_need() {
    let site = Site::new();
    for path in ["/dev/inbox", "/dev/inbox?to=nobody", "/dev/try"] {
        let page = site.get(path).await;

        assert_eq!(
            page.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn nothing_is_inline_and_the_banner_is_on_every_page() {
    let site = Site::new();
    site.receive(ALICE, "48291", "text");
    for path in ["/dev/inbox", "/dev/try"] {
        let page = site.get(path).await;

        let html = page.text();
        assert!(!html.contains(" style="), "{path}");
        assert!(!html.contains("<style"), "{path}");
        assert!(!html.contains("javascript:"), "{path}");
        assert!(!html.contains(" onclick"), "{path}");
        assert!(
            html.contains("Development inbox: codes shown here are not sent by SMS."),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_lost_database_is_told_on_the_page() {
    let page = get_from_broken("/dev/inbox").await;

    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.header("retry-after"), "2");
    assert!(page.text().contains("The inbox cannot be read at present."));
    assert!(!page.text().contains("on fire"));
}

fn states(page: &Answer) -> Vec<&str> {
    let (before, after) = (r#"data-state=""#, '"');
    page.text()
        .split(before)
        .skip(1)
        .filter_map(|rest| rest.split(after).next())
        .collect()
}
