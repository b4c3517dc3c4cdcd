mod reports;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{Cost, Currency, SendOutcome, SendRefusal},
        report::{Arrival, Report},
    },
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{ReportSource, Surroundings},
    providers::twilio::{Credentials, Origin, Sid, Twilio, TwilioSettings},
};

use crate::kit::{
    LONG, NOW, Request, Server, accepted, accepted_for, log, message, outcome_of, refused, reply,
    report, report_of, surroundings, troubles,
};

const MESSAGE: &str = "SM0123456789abcdef0123456789abcdef";

const TAKEN: &str = r#"{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued",
    "to":"+14155550123","from":"+15005550006","num_segments":"1","price":null,"price_unit":null,
    "error_code":null,"error_message":null,"messaging_service_sid":null,"new":[1]}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> TwilioSettings {
    TwilioSettings {
        base_url,
        account_sid: Sid::parse("AC", "AC0123456789abcdef0123456789abcdef").unwrap(),
        credentials: Credentials::AuthToken(Secret::new("phonekey-test-token")),
        origin: Origin::Sender("+15005550006".to_owned()),
        timeout,
    }
}

fn twilio(base_url: BaseUrl, timeout: Duration) -> Twilio {
    Twilio::new(&settings(base_url, timeout), surroundings()).unwrap()
}

fn sms() -> Message {
    message(Channel::Sms, "+14155550123")
}

/// Python: `base64.b64encode(b"AC0123456789abcdef0123456789abcdef:phonekey-test-token")`.
const BY_TOKEN: &str =
    "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpwaG9uZWtleS10ZXN0LXRva2Vu";

#[tokio::test]
async fn a_message_has_exactly_this_form() {
    let server = Server::listen().await;
    let twilio = twilio(server.url(), LONG);

    let reply = reply("201 Created", TAKEN);
    let (outcome, request) = server.exchange(&twilio, &sms(), &reply).await;

    assert_eq!(outcome, accepted(MESSAGE));
    assert_eq!(
        request.line,
        "POST /2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json HTTP/1.1"
    );
    assert_eq!(request.header("authorization"), Some(BY_TOKEN));
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded; charset=utf-8")
    );
    assert_eq!(
        request.body,
        "To=%2B14155550123&From=%2B15005550006\
         &Body=Your+login+code%3A%0A482913%0AValid+for+2+min.+Do+not+give+it+to+anyone.\
         &ValidityPeriod=120\
         &StatusCallback=https%3A%2F%2Flogin.example%2Fdelivery%2Freports%2Fprovider%2Ft0ken"
    );
}

/// What Twilio is asked for a message under these settings, by a server that is reached at
/// `callback`.
async fn asked(
    change: impl FnOnce(&mut TwilioSettings),
    callback: Option<&str>,
    message: &Message,
) -> Request {
    let server = Server::listen().await;
    let mut settings = settings(server.url(), LONG);
    change(&mut settings);
    let twilio = Twilio::new(&settings, reached_at(callback)).unwrap();
    let reply = reply("201 Created", TAKEN);
    server.exchange(&twilio, message, &reply).await.1
}

fn reached_at(callback: Option<&str>) -> Surroundings {
    Surroundings {
        callback: callback.map(str::to_owned),
        ..surroundings()
    }
}

fn field(request: &Request, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(request.body.as_bytes());
    fields
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
}

fn by_key(auth_token: Option<&str>) -> Credentials {
    Credentials::ApiKey {
        sid: Sid::parse("SK", "SK0123456789abcdef0123456789abcdef").unwrap(),
        secret: Secret::new("k3y-s3cret"),
        auth_token: auth_token.map(Secret::new),
    }
}

#[tokio::test]
async fn a_key_and_a_service_may_send() {
    let service = Sid::parse("MG", "MG0123456789abcdef0123456789abcdef").unwrap();

    let request = asked(
        |settings| {
            settings.credentials = by_key(None);
            settings.origin = Origin::Service(service);
        },
        Some("https://login.example/x"),
        &sms(),
    )
    .await;

    let given = format!(
        "Basic {}",
        STANDARD.encode("SK0123456789abcdef0123456789abcdef:k3y-s3cret")
    );
    assert_eq!(request.header("authorization"), Some(given.as_str()));
    assert!(request.line.contains("/Accounts/AC0123456789abcdef"));
    assert_eq!(
        field(&request, "MessagingServiceSid").as_deref(),
        Some("MG0123456789abcdef0123456789abcdef")
    );
    assert_eq!(field(&request, "From"), None);
    // Nothing signs reports, so none are wanted.
    assert_eq!(field(&request, "StatusCallback"), None);
}

#[tokio::test]
async fn a_message_waits_no_longer_than_its_code_is_good() {
    for (seconds, validity) in [(0, "1"), (90, "90"), (86_400, "36000")] {
        let message = Message {
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            ..sms()
        };

        let request = asked(|_| (), None, &message).await;

        let given = field(&request, "ValidityPeriod");
        assert_eq!(given.as_deref(), Some(validity), "{seconds}");
    }
}

#[tokio::test]
async fn twilio_calls_only_where_it_can_and_is_asked_otherwise() {
    let source = |credentials, callback| {
        let settings = TwilioSettings {
            credentials,
            ..settings(elsewhere(), LONG)
        };
        Arc::new(Twilio::new(&settings, reached_at(callback)).unwrap()).reports()
    };
    let is_called = |source| matches!(source, ReportSource::Callback(_));
    let here = Some("https://login.example/x");
    let long = format!("https://login.example/{}", "x".repeat(4000));

    assert!(is_called(source(
        settings(elsewhere(), LONG).credentials,
        here
    )));
    assert!(is_called(source(by_key(Some("phonekey-test-token")), here)));
    assert!(!is_called(source(by_key(None), here)));
    for nowhere in [
        None,
        Some("http://localhost:8000/x"),
        Some("https://192.0.2.7/x"),
        Some("https://[2001:db8::7]/x"),
        Some("https://log_in.example/x"),
        Some(long.as_str()),
    ] {
        let token = settings(elsewhere(), LONG).credentials;
        assert!(!is_called(source(token, nowhere)), "{nowhere:?}");
        let request = asked(|_| (), nowhere, &sms()).await;
        assert_eq!(field(&request, "StatusCallback"), None, "{nowhere:?}");
    }
}

fn elsewhere() -> BaseUrl {
    BaseUrl::parse("https://twilio.example/").unwrap()
}

const CODES: &[(SendRefusal, &[i64])] = &[
    (SendRefusal::InvalidNumber, &[21211, 21217, 21401, 21421]),
    (
        SendRefusal::CannotReceive,
        &[21614, 21635, 30004, 30005, 30006],
    ),
    (SendRefusal::OptedOut, &[21610]),
    (
        SendRefusal::BlockedCountry,
        &[21408, 21612, 21657, 21659, 21703],
    ),
    (SendRefusal::BlockedAsFraud, &[30450, 30453]),
    (
        SendRefusal::RateLimited,
        &[14107, 20429, 21611, 30001, 30022, 30023, 30027],
    ),
    (SendRefusal::NoCredit, &[10001, 20005, 90010]),
    (
        SendRefusal::BadCredentials,
        &[
            20003, 20008, 20403, 20404, 21212, 21601, 21603, 21606, 21607, 21608, 21609, 21616,
            21626, 21660, 21701, 21702, 21704, 21705, 30002, 30018, 30024, 30032, 30034, 30035,
        ],
    ),
    (
        SendRefusal::RejectedContent,
        &[21602, 21605, 21617, 21618, 21619, 30007],
    ),
    (SendRefusal::Temporary, &[30003, 30008, 30017, 30036, 30410]),
];

/// An answer in the form of Twilio's older services.
fn fault(status: &str, code: i64) -> String {
    let body = format!(
        r#"{{"code":{code},"message":"The number +14155550123 is not right.",
            "more_info":"https://www.twilio.com/docs/errors/{code}","status":400}}"#
    );
    reply(status, &body)
}

/// An answer about [`MESSAGE`], or what is reported of it.
fn state(status: &str, code: Option<i64>) -> String {
    let code = code.map_or("null".to_owned(), |code| code.to_string());
    let body = format!(
        r#"{{"sid":"{MESSAGE}","status":"{status}","error_code":{code},"price":null,
            "price_unit":"USD"}}"#
    );
    reply("200 OK", &body)
}

#[tokio::test]
async fn every_code_has_its_meaning() {
    for (refusal, codes) in CODES {
        for code in *codes {
            let outcome = outcome_of(twilio, &sms(), &fault("400 Bad Request", *code)).await;
            assert_eq!(outcome, refused(*refusal), "{code}");

            let polled = report_of(twilio, MESSAGE, &state("undelivered", Some(*code))).await;
            let lost = Some(Arrival::Undelivered(*refusal));
            assert_eq!(polled, Some(report(MESSAGE, lost)), "{code}");
        }
    }
}

#[tokio::test]
async fn what_no_code_tells_the_status_does() {
    for (status, code, meaning) in [
        (
            "400 Bad Request",
            21_999,
            Some(SendRefusal::RejectedContent),
        ),
        (
            "401 Unauthorized",
            21_999,
            Some(SendRefusal::BadCredentials),
        ),
        ("429 Slow Down", 21_999, Some(SendRefusal::RateLimited)),
        ("500 Oops", 20_500, None),
        // It may have gone, whatever else is wrong.
        ("503 Busy", 20_429, None),
    ] {
        let outcome = outcome_of(twilio, &sms(), &fault(status, code)).await;

        let expected = meaning.map_or(SendOutcome::Unknown, refused);
        assert_eq!(outcome, expected, "{status} {code}");
    }
}

#[tokio::test]
async fn the_form_of_newer_services_is_understood() {
    let body = r#"{"type":"https://www.twilio.com/docs/api/errors/21610","title":"no","status":400,
        "code":21610,"detail":"no"}"#;

    let outcome = outcome_of(twilio, &sms(), &reply("400 Bad Request", body)).await;

    assert_eq!(outcome, refused(SendRefusal::OptedOut));
}

#[tokio::test]
async fn a_message_that_was_made_in_vain_is_refused() {
    for (status, code, refusal) in [
        ("failed", Some(30_450), SendRefusal::BlockedAsFraud),
        ("canceled", None, SendRefusal::Temporary),
        ("undelivered", Some(21_610), SendRefusal::OptedOut),
    ] {
        let outcome = outcome_of(twilio, &sms(), &state(status, code)).await;

        assert_eq!(outcome, refused(refusal), "{status}");
    }
}

#[tokio::test]
async fn an_acceptance_without_a_sid_tells_nothing() {
    for sid in ["", "5", "AC0123456789abcdef0123456789abcdef", "SM/../../x"] {
        let body = TAKEN.replace(MESSAGE, sid);

        let outcome = outcome_of(twilio, &sms(), &reply("201 Created", &body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{sid}");
    }
}

#[tokio::test]
async fn a_price_is_recorded_where_it_is_told() {
    let billed = TAKEN
        .replace(r#""price":null"#, r#""price":"-0.00750""#)
        .replace(r#""price_unit":null"#, r#""price_unit":"usd""#);
    let cost = Cost {
        micros: 7_500,
        currency: Currency::from_code("USD").unwrap(),
    };

    let outcome = outcome_of(twilio, &sms(), &reply("201 Created", &billed)).await;
    assert_eq!(outcome, accepted_for(MESSAGE, cost.clone()));

    let polled = report_of(twilio, MESSAGE, &reply("200 OK", &billed)).await;
    let expected = Report {
        cost: Some(cost),
        ..report(MESSAGE, None)
    };
    assert_eq!(polled, Some(expected));
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(twilio, &sms(), TAKEN).await;
    troubles::hold_statuses(twilio, &sms()).await;
    troubles::hold_poller(twilio, TAKEN).await;
}

#[tokio::test]
async fn the_log_holds_the_code_of_an_error_and_nothing_secret() {
    let refusal = fault("400 Bad Request", 21_211);
    let secrets = ["phonekey-test-token", "QUMwMTIz", "4155550123", "t0ken"];
    log::hold(twilio, &sms(), &refusal, "provider.code=21211", &secrets).await;
    log::hold_poller(twilio, &refusal, &secrets).await;
}

#[test]
fn settings_show_no_key() {
    let settings = TwilioSettings {
        credentials: by_key(Some("phonekey-test-token")),
        ..settings(elsewhere(), LONG)
    };

    let shown = format!("{settings:?}");

    assert!(!shown.contains("phonekey-test-token"), "{shown}");
    assert!(!shown.contains("k3y-s3cret"), "{shown}");
}
