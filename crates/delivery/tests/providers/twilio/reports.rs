//! Twilio's reports, asked for and not. The signatures of [`GIVEN`] are those of Twilio's own Python client (9.13.0,
//! `RequestValidator.compute_signature`).

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use phonekey_core::{delivery::report::Arrival, ports::report::RawReport};
use phonekey_delivery::{
    provider::{BadReport, ReadReports, ReportRead},
    providers::twilio::Twilio,
};
use sha1::Sha1;

use super::{BY_TOKEN, LONG, MESSAGE, elsewhere, reached_at, settings, state, twilio};
use crate::kit::{LOST, NOW, Server, UNWANTED, post, report, report_of};

#[tokio::test]
async fn a_message_is_asked_for_by_its_sid() {
    let server = Server::listen().await;
    let twilio = twilio(server.url(), LONG);

    let (polled, request) = server
        .poll(&twilio, MESSAGE, &state("delivered", None))
        .await;

    assert_eq!(polled, Some(report(MESSAGE, Some(Arrival::Delivered))));
    assert_eq!(
        request.line,
        "GET /2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages/\
         SM0123456789abcdef0123456789abcdef.json HTTP/1.1"
    );
    assert_eq!(request.header("authorization"), Some(BY_TOKEN));
}

/// What a state means, with and without a code.
const STATES: &[(&str, Option<i64>, Option<Arrival>)] = &[
    ("accepted", None, None),
    ("scheduled", None, None),
    ("queued", None, None),
    ("sending", None, None),
    ("sent", None, None),
    ("partially_delivered", None, None),
    ("something_new", None, None),
    ("delivered", None, Some(Arrival::Delivered)),
    ("read", None, Some(Arrival::Delivered)),
    ("undelivered", None, Some(LOST)),
    ("undelivered", Some(30_999), Some(LOST)),
    ("failed", Some(21_610), Some(UNWANTED)),
    ("canceled", None, Some(LOST)),
];

#[tokio::test]
async fn an_asked_state_has_its_meaning() {
    for (status, code, arrival) in STATES {
        let polled = report_of(twilio, MESSAGE, &state(status, *code)).await;

        assert_eq!(polled, Some(report(MESSAGE, *arrival)), "{status} {code:?}");
    }
    let other = "SM00000000000000000000000000000000";
    let polled = report_of(twilio, other, &state("delivered", None)).await;
    assert_eq!(polled, None, "it is about another message");
}

const URL: &str = "https://login.example.org/callbacks/twilio/s3cret";

const GIVEN: &str = "ErrorCode=30003&AccountSid=AC0123456789abcdef0123456789abcdef&ApiVersion=2010-04-01\
    &From=%2B15005550006&MessageSid=SM0123456789abcdef0123456789abcdef&MessageStatus=undelivered\
    &SmsSid=SM0123456789abcdef0123456789abcdef&SmsStatus=undelivered&To=%2B14155550123\
    &RawDlrDoneDate=2608110915";
const SIGNATURE: &str = "fCC4KVUnWFa1E+G1t1/d8/T6Qus=";
/// With `:443` after the host.
const SIGNATURE_WITH_PORT: &str = "6aJPE+QSkr+19CzBO4/VeF8M5AQ=";

fn at(callback: &str) -> Twilio {
    Twilio::new(&settings(elsewhere(), LONG), reached_at(Some(callback))).unwrap()
}

fn read(report: &RawReport) -> Result<ReportRead, BadReport> {
    at(URL).read(report, NOW)
}

fn signed(signature: &str, body: &str) -> RawReport {
    post(&[("x-twilio-signature", signature)], body)
}

/// The signature of a text, by the token of [`settings`].
fn signature_of(text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"phonekey-test-token").unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// What is read when a report says this of [`MESSAGE`].
fn says(arrival: Option<Arrival>) -> ReportRead {
    ReportRead::Reports(vec![report(MESSAGE, arrival)])
}

#[test]
fn a_signed_report_is_read_however_often_it_comes() {
    let twilio = at(URL);
    for signature in [SIGNATURE, SIGNATURE_WITH_PORT, SIGNATURE] {
        let read = twilio.read(&signed(signature, GIVEN), NOW);

        assert_eq!(read, Ok(says(Some(LOST))));
    }
}

#[test]
fn a_port_is_signed_or_not() {
    for (url, signed_as) in [
        ("https://a.example:8443/r/t", "https://a.example:8443/r/t"),
        ("https://a.example:8443/r/t", "https://a.example/r/t"),
        ("http://a.example/r/t", "http://a.example:80/r/t"),
    ] {
        let signature = signature_of(&format!("{signed_as}MessageSid{MESSAGE}MessageStatussent"));
        let body = format!("MessageSid={MESSAGE}&MessageStatus=sent");

        let read = at(url).read(&signed(&signature, &body), NOW);

        assert_eq!(read, Ok(says(None)), "{signed_as}");
    }
}

/// Names and values are sorted by their bytes; a pair that comes twice counts once, and one without a
/// value counts.
#[test]
fn whatever_comes_is_signed() {
    let text = format!("{URL}EmptyMessageSid{MESSAGE}MessageStatusdeliveredaa1aa2zسلام");
    let body = format!(
        "z=%D8%B3%D9%84%D8%A7%D9%85&a=a2&a=a1&a=a2&MessageStatus=delivered&Empty=&MessageSid={MESSAGE}"
    );

    let read = read(&signed(&signature_of(&text), &body));

    assert_eq!(read, Ok(says(Some(Arrival::Delivered))));
}

#[test]
fn every_state_is_understood() {
    for (status, code, arrival) in STATES {
        let (text, field) = code.map_or((String::new(), String::new()), |code| {
            (format!("ErrorCode{code}"), format!("&ErrorCode={code}"))
        });
        let text = format!("{URL}{text}MessageSid{MESSAGE}MessageStatus{status}");
        let body = format!("MessageSid={MESSAGE}&MessageStatus={status}{field}");

        let read = read(&signed(&signature_of(&text), &body));

        assert_eq!(read, Ok(says(*arrival)), "{status} {code:?}");
    }
}

#[test]
fn a_report_that_is_not_twilios_is_refused() {
    let altered = GIVEN.replace("undelivered", "delivered");
    let more = format!("{GIVEN}&Price=1");
    let less = GIVEN.replace("&RawDlrDoneDate=2608110915", "");
    let get = RawReport {
        method: "GET".to_owned(),
        path_and_query: format!("/callbacks/twilio/s3cret?{GIVEN}"),
        ..signed(SIGNATURE, "")
    };
    let shared_key = post(
        &[
            // That of HMAC-SHA-256.
            (
                "x-twilio-signature",
                "Gl9ze8ckG3BqPIlFiLxaWg8fWvZrvrQkXAggIfN09tM=",
            ),
            (
                "x-twilio-webhooks-signature-settings",
                "key=HK1,algorithm=HMAC_SHA256",
            ),
        ],
        GIVEN,
    );
    for (name, report) in [
        ("altered", signed(SIGNATURE, &altered)),
        ("more", signed(SIGNATURE, &more)),
        ("less", signed(SIGNATURE, &less)),
        ("cut", signed(&SIGNATURE[..27], GIVEN)),
        ("empty", signed("", GIVEN)),
        ("no signature", post(&[], GIVEN)),
        ("no body", signed(SIGNATURE, "")),
        ("a query", get),
        ("a key that we do not have", shared_key),
    ] {
        assert_eq!(read(&report), Err(BadReport::Forged), "{name}");
    }
    let elsewhere = at("https://other.example.org/callbacks/twilio/s3cret");
    assert_eq!(
        elsewhere.read(&signed(SIGNATURE, GIVEN), NOW),
        Err(BadReport::Forged)
    );
}

#[test]
fn nothing_is_read_where_nothing_was_asked_for() {
    let twilio = Twilio::new(&settings(elsewhere(), LONG), reached_at(None)).unwrap();

    let read = twilio.read(&signed(SIGNATURE, GIVEN), NOW);

    assert_eq!(read, Err(BadReport::Forged));
}

#[test]
fn a_signed_report_that_is_none_is_unreadable() {
    for (text, body) in [
        (String::new(), String::new()),
        (
            "MessageStatusdelivered".to_owned(),
            "MessageStatus=delivered".to_owned(),
        ),
        (
            format!("MessageSid{MESSAGE}"),
            format!("MessageSid={MESSAGE}"),
        ),
        (
            "MessageSidMessageStatusdelivered".to_owned(),
            "MessageSid=&MessageStatus=delivered".to_owned(),
        ),
    ] {
        let signature = signature_of(&format!("{URL}{text}"));

        let read = read(&signed(&signature, &body));

        assert_eq!(read, Err(BadReport::Unreadable), "{body}");
    }
}
