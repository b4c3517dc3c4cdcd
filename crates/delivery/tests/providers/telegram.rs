use std::{sync::Arc, time::Duration};

use phonekey_core::{
    code::Code,
    delivery::{
        Channel,
        message::Message,
        outcome::{MessageId, SendOutcome, SendRefusal},
        report::{Arrival, Report},
    },
    ports::{delivery::MessageSender, report::RawReport},
    secret::Secret,
    time::Timestamp,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource, Surroundings},
    providers::telegram::{Telegram, TelegramSettings},
};
use tokio::join;

use crate::kit::{
    IRAN, LONG, NOW, SHORT, Server, accepted, message, post, refused, reply, report, surroundings,
    troubles,
};

const SUCCESS: &str = r#"{"ok":true,"result":{"request_id":"112233445566",
    "phone_number":"989121234567","request_cost":0.01,"remaining_balance":9.41,
    "delivery_status":{"status":"sent","updated_at":1786439704},"payload":"x","new":[1]}}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> TelegramSettings {
    TelegramSettings {
        base_url,
        token: Secret::new("AAHtoken:secret"),
        sender_username: None,
        timeout,
    }
}

fn telegram(base_url: BaseUrl, timeout: Duration) -> Telegram {
    Telegram::new(&settings(base_url, timeout), surroundings()).unwrap()
}

fn to_iran() -> Message {
    message(Channel::Telegram, IRAN)
}

#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let settings = TelegramSettings {
        sender_username: Some("phonekey".to_owned()),
        ..settings(server.url(), LONG)
    };
    let telegram = Telegram::new(&settings, surroundings()).unwrap();
    let message = to_iran();

    let reply = reply("200 OK", SUCCESS);
    let (outcome, request) = server.exchange(&telegram, &message, &reply).await;

    assert_eq!(outcome, accepted("112233445566"));
    assert_eq!(request.line, "POST /sendVerificationMessage HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("authorization"), "Bearer AAHtoken:secret");
    assert_eq!(header("content-type"), "application/json");
    let payload = message.delivery;
    assert_eq!(
        request.body,
        format!(
            r#"{{"phone_number":"+989121234567","code":"482913","ttl":120,"payload":"{payload}",{}}}"#,
            concat!(
                r#""sender_username":"phonekey","#,
                r#""callback_url":"https://login.example/delivery/reports/provider/t0ken""#
            )
        )
    );
}

/// What Telegram is asked for a message from a server that is reached at `callback`.
async fn asked(callback: Option<&str>, message: &Message) -> serde_json::Value {
    let server = Server::listen().await;
    let surroundings = Surroundings {
        callback: callback.map(str::to_owned),
        ..surroundings()
    };
    let telegram = Telegram::new(&settings(server.url(), LONG), surroundings).unwrap();
    let reply = reply("200 OK", SUCCESS);
    let (_, request) = server.exchange(&telegram, message, &reply).await;
    serde_json::from_str(&request.body).unwrap()
}

#[tokio::test]
async fn it_gives_up_when_the_code_ends_as_far_as_telegram_lets_it() {
    for (seconds, ttl) in [(5, 30), (30, 30), (90, 90), (7200, 3600)] {
        let message = Message {
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            ..to_iran()
        };

        assert_eq!(asked(None, &message).await["ttl"], ttl, "{seconds}");
    }
}

#[tokio::test]
async fn telegram_calls_only_where_it_can() {
    let long = format!("https://login.example/{}", "x".repeat(256));
    for callback in [None, Some("http://login.example/x"), Some(long.as_str())] {
        let body = asked(callback, &to_iran()).await;

        assert_eq!(body.get("callback_url"), None, "{callback:?}");
        assert_eq!(body.get("sender_username"), None);
    }
}

#[tokio::test]
async fn where_telegram_cannot_call_it_is_asked() {
    let source = |callback: Option<&str>| {
        let surroundings = Surroundings {
            callback: callback.map(str::to_owned),
            ..surroundings()
        };
        let settings = settings(BaseUrl::parse("https://telegram.example/").unwrap(), LONG);
        Arc::new(Telegram::new(&settings, surroundings).unwrap()).reports()
    };

    assert!(matches!(
        source(Some("https://login.example/x")),
        ReportSource::Callback(_)
    ));
    assert!(matches!(
        source(Some("http://login.example/x")),
        ReportSource::Polling(_)
    ));
    assert!(matches!(source(None), ReportSource::Polling(_)));
}

#[tokio::test]
async fn a_code_that_telegram_does_not_take_is_not_sent() {
    let server = Server::listen().await;
    let telegram = telegram(server.url(), LONG);
    let long = Message {
        code: Code::parse("482913482").unwrap(),
        ..to_iran()
    };

    let outcome = telegram.send(&long).await;

    assert_eq!(outcome, refused(SendRefusal::BadTemplate));
}

#[tokio::test]
async fn every_error_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BadTemplate, CannotReceive, InvalidNumber, NoCredit, RateLimited,
        RejectedContent, Temporary,
    };
    let cases = [
        ("200 OK", "ACCESS_TOKEN_INVALID", Some(BadCredentials)),
        ("401 No", "ACCESS_TOKEN_INVALID", Some(BadCredentials)),
        ("200 OK", "ACCESS_TOKEN_REQUIRED", Some(BadCredentials)),
        ("404 No", "UNKNOWN_METHOD", Some(BadCredentials)),
        ("200 OK", "PHONE_NUMBER_INVALID", Some(InvalidNumber)),
        ("200 OK", "PHONE_NUMBER_NOT_FOUND", Some(CannotReceive)),
        ("400 No", "PHONE_NUMBER_NOT_AVAILABLE", Some(CannotReceive)),
        ("200 OK", "BALANCE_NOT_ENOUGH", Some(NoCredit)),
        ("200 OK", "CODE_INVALID", Some(BadTemplate)),
        ("200 OK", "CODE_LENGTH_INVALID", Some(BadTemplate)),
        ("200 OK", "CODE_LENGTH_REQUIRED", Some(BadTemplate)),
        ("200 OK", "TTL_INVALID", Some(BadTemplate)),
        ("200 OK", "PAYLOAD_INVALID", Some(BadTemplate)),
        ("200 OK", "CALLBACK_URL_INVALID", Some(BadTemplate)),
        ("200 OK", "SENDER_USERNAME_INVALID", Some(BadTemplate)),
        ("200 OK", "SENDER_NOT_VERIFIED", Some(BadTemplate)),
        ("200 OK", "SENDER_NOT_OWNED", Some(BadTemplate)),
        ("200 OK", "FLOOD_WAIT", Some(RateLimited)),
        ("420 No", "FLOOD_WAIT_30", Some(RateLimited)),
        ("200 OK", "MESSAGE_ALREADY_SENT", None),
        ("200 OK", "PHONE_NUMBER_MISMATCH", None),
        ("200 OK", "SOMETHING_NEW", Some(Temporary)),
        ("403 No", "SOMETHING_NEW", Some(BadCredentials)),
        ("429 No", "SOMETHING_NEW", Some(RateLimited)),
        ("400 No", "SOMETHING_NEW", Some(RejectedContent)),
        ("500 No", "BALANCE_NOT_ENOUGH", None),
        ("200 OK", "not a name", None),
    ];
    for (status, error, meaning) in cases {
        let server = Server::listen().await;

        let reply = reply(status, &format!(r#"{{"ok":false,"error":"{error}"}}"#));
        let telegram = telegram(server.url(), LONG);
        let (outcome, _) = server.exchange(&telegram, &to_iran(), &reply).await;

        let expected = meaning.map_or(SendOutcome::Unknown, refused);
        assert_eq!(outcome, expected, "{status} {error}");
    }
}

#[tokio::test]
async fn an_acceptance_without_a_name_for_the_message_tells_nothing() {
    for body in [
        r#"{"ok":true}"#,
        r#"{"ok":true,"result":true}"#,
        r#"{"ok":true,"result":{"request_id":""}}"#,
        r#"{"ok":true,"result":{"request_id":7}}"#,
        r#"{"ok":"true","result":{"request_id":"1"}}"#,
        r#"{"result":{"request_id":"1"}}"#,
    ] {
        let server = Server::listen().await;

        let reply = reply("200 OK", body);
        let telegram = telegram(server.url(), LONG);
        let (outcome, _) = server.exchange(&telegram, &to_iran(), &reply).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{body}");
    }
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(telegram, &to_iran(), SUCCESS).await;
    troubles::hold_statuses(telegram, &to_iran()).await;
}

/// What is asked of a message, and what is understood of the answer.
async fn polled(answer: &str) -> Option<Report> {
    let server = Server::listen().await;
    let telegram = telegram(server.url(), LONG);
    let id = MessageId::new("112233445566").unwrap();
    let (polled, request) = join!(telegram.poll(&id), server.answer(answer));
    assert_eq!(request.line, "POST /checkVerificationStatus HTTP/1.1");
    assert_eq!(request.headers["authorization"], "Bearer AAHtoken:secret");
    assert_eq!(request.body, r#"{"request_id":"112233445566"}"#);
    polled
}

const LOST: Option<Arrival> = Some(Arrival::Undelivered(SendRefusal::Temporary));

#[tokio::test]
async fn an_asked_status_has_its_meaning() {
    for (status, arrival) in [
        ("sent", None),
        ("delivered", Some(Arrival::Delivered)),
        ("read", Some(Arrival::Delivered)),
        ("expired", LOST),
        ("revoked", LOST),
        ("something_new", None),
    ] {
        let answer = format!(
            r#"{{"ok":true,"result":{{"request_id":"112233445566","delivery_status":
            {{"status":"{status}","updated_at":1}},"verification_status":
            {{"status":"code_invalid","updated_at":2,"code_entered":"11111"}}}}}}"#
        );

        let polled = polled(&reply("200 OK", &answer)).await;

        assert_eq!(polled, Some(report("112233445566", arrival)), "{status}");
    }
    let nothing = r#"{"ok":true,"result":{"request_id":"112233445566"}}"#;
    assert_eq!(
        polled(&reply("200 OK", nothing)).await,
        Some(report("112233445566", None))
    );
}

#[tokio::test]
async fn an_answer_that_tells_nothing_is_no_report() {
    for (status, body) in [
        ("200 OK", r#"{"ok":false,"error":"REQUEST_ID_INVALID"}"#),
        ("200 OK", "<html>"),
        ("500 Oops", SUCCESS),
        ("400 No", SUCCESS),
    ] {
        assert_eq!(polled(&reply(status, body)).await, None, "{status} {body}");
    }
    let server = Server::listen().await;
    let telegram = telegram(server.url(), SHORT);
    let id = MessageId::new("1").unwrap();
    assert_eq!(telegram.poll(&id).await, None);
}

/// Python signed this body at 1786439700, four seconds before [`NOW`]:
/// `hmac.new(sha256(token).digest(), b"1786439700\n" + body, "sha256").hexdigest()`.
const BODY: &str = concat!(
    r#"{"request_id":"112233445566","phone_number":"+989121234567","request_cost":0.01,"#,
    r#""delivery_status":{"status":"delivered","updated_at":1786439700},"payload":"d"}"#
);
const SIGNATURE: &str = "1c6d6909a30a0c42010b19b8bcd90a0c82b18759c94b1230e953cddcf7c9b005";

fn signed(time: &str, signature: &str, body: &str) -> RawReport {
    let headers = [
        ("x-request-timestamp", time),
        ("x-request-signature", signature),
    ];
    post(&headers, body)
}

fn read(report: &RawReport, now: Timestamp) -> Result<ReportRead, BadReport> {
    telegram(BaseUrl::parse("https://telegram.example/").unwrap(), LONG).read(report, now)
}

#[test]
fn a_signed_report_is_read() {
    let report_of = |signature: &str| read(&signed("1786439700", signature, BODY), NOW);

    let delivered = report("112233445566", Some(Arrival::Delivered));
    let expected = Ok(ReportRead::Reports(vec![delivered]));
    assert_eq!(report_of(SIGNATURE), expected);
    assert_eq!(report_of(&SIGNATURE.to_uppercase()), expected);
}

#[test]
fn a_report_that_is_not_telegrams_is_refused() {
    let altered = BODY.replace("delivered", "expired");
    let cut = &SIGNATURE[..62];
    for (name, report) in [
        ("another time", signed("1786439701", SIGNATURE, BODY)),
        ("another body", signed("1786439700", SIGNATURE, &altered)),
        ("cut", signed("1786439700", cut, BODY)),
        ("none", signed("1786439700", "", BODY)),
        ("no headers", post(&[], BODY)),
        ("no time", post(&[("x-request-signature", SIGNATURE)], BODY)),
        (
            "no signature",
            post(&[("x-request-timestamp", "1786439700")], BODY),
        ),
    ] {
        assert_eq!(read(&report, NOW), Err(BadReport::Forged), "{name}");
    }
    let other_token = TelegramSettings {
        token: Secret::new("AAHtoken:other"),
        ..settings(BaseUrl::parse("https://telegram.example/").unwrap(), LONG)
    };
    let telegram = Telegram::new(&other_token, surroundings()).unwrap();
    assert_eq!(
        telegram.read(&signed("1786439700", SIGNATURE, BODY), NOW),
        Err(BadReport::Forged)
    );
}

/// Signed as [`SIGNATURE`] was.
#[test]
fn a_signed_report_that_is_none_is_unreadable() {
    let list = "37c279b06b69f3a2630d478d646b452962affebc2945c6cb45199fa92ba5065c";
    let soon = "0953da8f5f4d838486c70eb984b4423f9bab0f99285253c1300a54a693aff044";

    for report in [signed("1786439700", list, "[]"), signed("soon", soon, BODY)] {
        assert_eq!(read(&report, NOW), Err(BadReport::Unreadable));
    }
}

#[test]
fn an_old_report_is_refused_and_so_is_one_of_the_future() {
    let sent_at = Timestamp::from_seconds(1_786_439_700);
    let report = signed("1786439700", SIGNATURE, BODY);
    let (window, more) = (Duration::from_mins(5), Duration::from_millis(300_001));

    assert!(read(&report, sent_at.plus(window)).is_ok());
    assert!(read(&report, sent_at.minus(window)).is_ok());
    for late in [sent_at.plus(more), sent_at.minus(more)] {
        assert_eq!(read(&report, late), Err(BadReport::Forged));
    }
}

#[test]
fn settings_show_no_key() {
    let shown = format!(
        "{:?}",
        settings(BaseUrl::parse("https://telegram.example/").unwrap(), LONG)
    );

    assert!(!shown.contains("AAHtoken"), "{shown}");
}
