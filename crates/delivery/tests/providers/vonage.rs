use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{Cost, Currency, SendOutcome, SendRefusal},
        report::Arrival,
    },
    ports::report::RawReport,
    secret::Secret,
    time::Timestamp,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{BadReport, ReadReports, ReportRead, ReportSource, Surroundings},
    providers::vonage::{Vonage, VonageSettings},
};

use crate::kit::{
    CODE, IRAN, LONG, LOST, NOW, Request, Server, UNWANTED, accepted, accepted_for, log, message,
    outcome_of, post, refused, reply, report, surroundings, troubles,
};

const SUCCESS: &str = r#"{"message-count":"1","messages":[{"to":"989121234567",
    "message-id":"0A0000001234567B","status":"0","remaining-balance":"12.50000000",
    "message-price":"0.03330000","network":"43211","client-ref":"x","new":[1]}]}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> VonageSettings {
    VonageSettings {
        base_url,
        api_key: "a1b2c3d4".to_owned(),
        api_secret: Secret::new("api-s3cret"),
        from: "PhoneKey".to_owned(),
        signature_secret: None,
        currency: None,
        timeout,
    }
}

fn vonage(base_url: BaseUrl, timeout: Duration) -> Vonage {
    Vonage::new(&settings(base_url, timeout), surroundings()).unwrap()
}

/// One that charges euros.
fn in_euros(base_url: BaseUrl, timeout: Duration) -> Vonage {
    let settings = VonageSettings {
        currency: Currency::from_code("EUR"),
        ..settings(base_url, timeout)
    };
    Vonage::new(&settings, surroundings()).unwrap()
}

fn to_iran() -> Message {
    message(Channel::Sms, IRAN)
}

#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let vonage = vonage(server.url(), LONG);
    let message = to_iran();

    let reply = reply("200 OK", SUCCESS);
    let (outcome, request) = server.exchange(&vonage, &message, &reply).await;

    assert_eq!(outcome, accepted("0A0000001234567B"));
    assert_eq!(request.line, "POST /sms/json HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    // `a1b2c3d4:api-s3cret`.
    assert_eq!(
        header("authorization"),
        "Basic YTFiMmMzZDQ6YXBpLXMzY3JldA=="
    );
    assert_eq!(
        header("content-type"),
        "application/x-www-form-urlencoded; charset=utf-8"
    );
    let challenge = message.delivery.challenge;
    assert_eq!(
        request.body,
        format!(
            "from=PhoneKey&to=989121234567\
             &text=Your+login+code%3A%0A482913%0AValid+for+2+min.+Do+not+give+it+to+anyone.\
             &type=text&ttl=120000&client-ref={challenge}-1\
             &callback=https%3A%2F%2Flogin.example%2Fdelivery%2Freports%2Fprovider%2Ft0ken"
        )
    );
}

/// What Vonage is asked for a message from a server that is reached at `callback`.
async fn asked(callback: Option<String>, message: &Message) -> Request {
    let server = Server::listen().await;
    let surroundings = Surroundings {
        callback,
        ..surroundings()
    };
    let vonage = Vonage::new(&settings(server.url(), LONG), surroundings).unwrap();
    let reply = reply("200 OK", SUCCESS);
    server.exchange(&vonage, message, &reply).await.1
}

fn field(request: &Request, name: &str) -> Option<String> {
    form_urlencoded::parse(request.body.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_text_outside_the_gsm_alphabet_goes_as_unicode() {
    let persian = Message {
        language: "fa".to_owned(),
        ..to_iran()
    };

    let request = asked(None, &persian).await;

    assert_eq!(field(&request, "type").as_deref(), Some("unicode"));
    let text = field(&request, "text").unwrap();
    assert!(text.contains("کد") && text.contains(CODE), "{text}");
}

#[tokio::test]
async fn it_gives_up_when_the_code_ends_as_far_as_vonage_lets_it() {
    let week = 7 * 24 * 3600;
    for (seconds, ttl) in [
        (5, "20000"),
        (20, "20000"),
        (90, "90000"),
        (week + 1, "604800000"),
    ] {
        let message = Message {
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            ..to_iran()
        };

        let request = asked(None, &message).await;

        assert_eq!(field(&request, "ttl").as_deref(), Some(ttl), "{seconds}");
    }
}

/// Vonage refuses a message with a longer address, which the account may have all the same.
#[tokio::test]
async fn reports_are_asked_for_by_an_address_of_at_most_100_characters() {
    let address = |length: usize| format!("https://{}", "x".repeat(length - 8));
    let named = async |callback| field(&asked(callback, &to_iran()).await, "callback");

    assert_eq!(named(None).await, None);
    assert_eq!(named(Some(address(100))).await, Some(address(100)));
    assert_eq!(named(Some(address(101))).await, None);
}

#[test]
fn without_a_public_url_there_are_no_reports() {
    let source = |callback: Option<String>| {
        let surroundings = Surroundings {
            callback,
            ..surroundings()
        };
        let settings = settings(BaseUrl::parse("https://vonage.example/").unwrap(), LONG);
        Arc::new(Vonage::new(&settings, surroundings).unwrap()).reports()
    };

    assert!(matches!(source(None), ReportSource::Nothing));
    let long = format!("https://{}", "x".repeat(200));
    assert!(matches!(source(Some(long)), ReportSource::Callback(_)));
}

fn answer(status: &str) -> String {
    let body = format!(
        r#"{{"message-count":"1","messages":[{{"status":{status},"error-text":"{CODE}"}}]}}"#
    );
    reply("200 OK", &body)
}

#[tokio::test]
async fn every_status_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BlockedCountry, InvalidNumber, NoCredit, OptedOut, RateLimited,
        RejectedContent, Temporary,
    };
    for (status, meaning) in [
        (r#""1""#, Some(RateLimited)),
        (r#""2""#, Some(RejectedContent)),
        (r#""3""#, Some(RejectedContent)),
        (r#""4""#, Some(BadCredentials)),
        ("4", Some(BadCredentials)),
        (r#""5""#, None),
        (r#""6""#, Some(BlockedCountry)),
        (r#""7""#, Some(OptedOut)),
        (r#""8""#, Some(BadCredentials)),
        (r#""9""#, Some(NoCredit)),
        (r#""10""#, Some(RateLimited)),
        (r#""11""#, Some(BadCredentials)),
        (r#""12""#, Some(RejectedContent)),
        (r#""14""#, Some(BadCredentials)),
        (r#""15""#, Some(BadCredentials)),
        (r#""22""#, Some(RejectedContent)),
        (r#""23""#, Some(BadCredentials)),
        (r#""29""#, Some(BadCredentials)),
        (r#""32""#, Some(BadCredentials)),
        (r#""33""#, Some(InvalidNumber)),
        (r#""99""#, Some(Temporary)),
        (r#""ok""#, None),
        (r#""""#, None),
    ] {
        let outcome = outcome_of(vonage, &to_iran(), &answer(status)).await;

        let expected = meaning.map_or(SendOutcome::Unknown, refused);
        assert_eq!(outcome, expected, "{status}");
    }
}

/// An answer to a message of these segments.
fn segments(all: &[&str]) -> String {
    let all = all.join(",");
    reply("200 OK", &format!(r#"{{"messages":[{all}]}}"#))
}

const FIRST: &str = r#"{"status":"0","message-id":"A1","message-price":"0.03330000"}"#;
const SECOND: &str = r#"{"status":"0","message-id":"A2","message-price":"0.0333"}"#;
const THROTTLED: &str = r#"{"status":"1","error-text":"Throttled"}"#;

#[tokio::test]
async fn a_message_costs_what_its_segments_cost_together() {
    let euros = |micros| {
        let currency = Currency::from_code("EUR").unwrap();
        accepted_for("A1", Cost { micros, currency })
    };
    let free = r#"{"status":"0","message-id":"A2"}"#;
    for (answer, expected) in [
        (segments(&[FIRST]), euros(33_300)),
        (segments(&[FIRST, SECOND]), euros(66_600)),
        (segments(&[FIRST, THROTTLED]), euros(33_300)),
        (segments(&[FIRST, free]), accepted("A1")),
    ] {
        let outcome = outcome_of(in_euros, &to_iran(), &answer).await;

        assert_eq!(outcome, expected, "{answer}");
    }
    let unsaid = outcome_of(vonage, &to_iran(), &segments(&[FIRST])).await;
    assert_eq!(unsaid, accepted("A1"));
}

#[tokio::test]
async fn the_first_segment_speaks_for_the_message() {
    let refused_first = segments(&[THROTTLED, FIRST]);

    let outcome = outcome_of(vonage, &to_iran(), &refused_first).await;

    assert_eq!(outcome, refused(SendRefusal::RateLimited));
}

#[tokio::test]
async fn an_acceptance_without_a_name_for_the_message_tells_nothing() {
    for body in [
        r#"{"messages":[]}"#,
        r#"{"messages":[{"status":"0"}]}"#,
        r#"{"messages":[{"status":"0","message-id":""}]}"#,
        r#"{"messages":[{"message-id":"A1"}]}"#,
        r#"{"messages":{"status":"0","message-id":"A1"}}"#,
    ] {
        let outcome = outcome_of(vonage, &to_iran(), &reply("200 OK", body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{body}");
    }
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(vonage, &to_iran(), SUCCESS).await;
    troubles::hold_statuses(vonage, &to_iran()).await;
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_keys() {
    let secrets = ["api-s3cret", "YTFiMmMzZDQ6YXBpLXMzY3JldA=="];

    log::hold(
        vonage,
        &to_iran(),
        &answer(r#""9""#),
        "provider.code=9",
        &secrets,
    )
    .await;

    let settings = VonageSettings {
        signature_secret: Some(Secret::new("signature-s3cret")),
        ..settings(Server::listen().await.url(), LONG)
    };
    let shown = format!("{settings:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

/// Reads a report for an account that signs with this secret.
fn read(report: &RawReport, secret: Option<&str>, now: Timestamp) -> Result<ReportRead, BadReport> {
    let settings = VonageSettings {
        signature_secret: secret.map(Secret::new),
        ..settings(BaseUrl::parse("https://vonage.example/").unwrap(), LONG)
    };
    let vonage = Vonage::new(&settings, surroundings()).unwrap();
    vonage.read(report, now)
}

fn reports(arrival: Option<Arrival>) -> ReportRead {
    ReportRead::Reports(vec![report("0A0000001234567B", arrival)])
}

fn get(query: &str) -> RawReport {
    RawReport {
        method: "GET".to_owned(),
        path_and_query: format!("/delivery/reports/vonage/t0ken?{query}"),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

const FORM: &str = "msisdn=989121234567&to=PhoneKey&network-code=43211\
    &messageId=0A0000001234567B&price=0.03330000&status=delivered&scts=2608110915&err-code=0\
    &api-key=a1b2c3d4&message-timestamp=2026-08-11+09%3A15%3A04";

#[test]
fn a_report_is_read_in_each_of_its_three_forms() {
    let json = r#"{"msisdn":"989121234567","to":"PhoneKey","messageId":"0A0000001234567B",
        "price":"0.03330000","status":"delivered","scts":"2608110915","err-code":"0"}"#;
    let form = [("content-type", "application/x-www-form-urlencoded")];

    for report in [
        get(FORM),
        post(&form, FORM),
        post(&[("content-type", "application/json")], json),
    ] {
        let delivered = Ok(reports(Some(Arrival::Delivered)));
        assert_eq!(read(&report, None, NOW), delivered, "{report:?}");
        // The same may come again.
        assert_eq!(read(&report, None, NOW), delivered, "{report:?}");
    }
}

#[test]
fn every_reported_status_has_its_meaning() {
    use SendRefusal::{BadTemplate, CannotReceive, InvalidNumber, RejectedContent, Temporary};
    let lost = |reason| Some(Arrival::Undelivered(reason));
    for (status, code, arrival) in [
        ("accepted", "0", None),
        ("buffered", "0", None),
        ("unknown", "1", None),
        ("something-new", "1", None),
        ("delivered", "0", Some(Arrival::Delivered)),
        ("expired", "2", Some(LOST)),
        ("failed", "1", Some(LOST)),
        ("failed", "2", Some(LOST)),
        ("failed", "3", lost(InvalidNumber)),
        ("failed", "4", lost(CannotReceive)),
        ("failed", "5", Some(LOST)),
        ("failed", "6", lost(RejectedContent)),
        ("failed", "7", Some(LOST)),
        ("failed", "9", Some(UNWANTED)),
        ("failed", "10", lost(RejectedContent)),
        ("failed", "11", lost(Temporary)),
        ("failed", "13", lost(CannotReceive)),
        ("failed", "14", lost(CannotReceive)),
        ("rejected", "15", lost(CannotReceive)),
        ("rejected", "50", lost(BadTemplate)),
        ("rejected", "52", lost(BadTemplate)),
        ("rejected", "53", Some(UNWANTED)),
        ("rejected", "54", lost(BadTemplate)),
        ("rejected", "99", Some(LOST)),
        ("rejected", "", Some(LOST)),
    ] {
        let report = get(&format!(
            "messageId=0A0000001234567B&status={status}&err-code={code}"
        ));

        assert_eq!(
            read(&report, None, NOW),
            Ok(reports(arrival)),
            "{status} {code}"
        );
    }
}

#[test]
fn what_is_no_report_is_unreadable() {
    for report in [
        get(""),
        get("status=delivered"),
        get("messageId=0A0000001234567B"),
        get("messageId=&status=delivered"),
        post(&[], "[]"),
        post(&[], "{"),
        post(&[], r#"{"messageId":["A"],"status":"delivered"}"#),
    ] {
        assert_eq!(
            read(&report, None, NOW),
            Err(BadReport::Unreadable),
            "{report:?}"
        );
    }
}

/// What [`SHA_256`] and [`SHA_512`] sign. Python computed both, as Vonage's own client does:
/// `hmac.new(secret, string.encode(), method).hexdigest()`, at 1786439704, when [`NOW`] is.
const SIGNED: &str = "msisdn=989121234567&messageId=0A0000001234567B&status=delivered\
    &err-code=0&client-ref=a%26b%3Dc&timestamp=1786439704&nonce=1111-2222";
const SIGNATURE_SECRET: &str = "signature-s3cret";
const SHA_256: &str = "ab17b388e18583e727d9878e9dda20ea8fe8ae3d50145437bd24eb42e6652808";
const SHA_512: &str = "eca751bad65e74f1a581d26a6ed7847b82f23c9b43f822b973d0306bf76aa868\
    3f072e908aa7fe77f5660b480974c11458cba6be6c54a69dddc9cf1602fe6497";

fn signed(fields: &str, signature: &str) -> RawReport {
    get(&format!("{fields}&sig={signature}"))
}

#[test]
fn a_signed_report_is_read() {
    let delivered = Ok(reports(Some(Arrival::Delivered)));
    let json = format!(
        r#"{{"msisdn":"989121234567","messageId":"0A0000001234567B","status":"delivered",
        "err-code":"0","client-ref":"a&b=c","timestamp":"1786439704","nonce":"1111-2222",
        "sig":"{}"}}"#,
        SHA_256.to_uppercase()
    );
    for report in [
        signed(SIGNED, SHA_256),
        signed(SIGNED, SHA_512),
        post(&[], &format!("{SIGNED}&sig={SHA_256}")),
        post(&[], &json),
    ] {
        let read = read(&report, Some(SIGNATURE_SECRET), NOW);

        assert_eq!(read, delivered, "{report:?}");
    }
}

#[test]
fn a_report_that_is_not_vonages_is_refused() {
    let altered = SIGNED.replace("delivered", "failed");
    let more = format!("{SIGNED}&more=1");
    let less = SIGNED.replace("&err-code=0", "");
    for report in [
        get(SIGNED),
        signed(SIGNED, ""),
        signed(SIGNED, &SHA_256[..62]),
        signed(SIGNED, &SHA_512[..64]),
        signed(&altered, SHA_256),
        signed(&altered, SHA_512),
        signed(&more, SHA_256),
        signed(&less, SHA_256),
        get(FORM),
    ] {
        let read = read(&report, Some(SIGNATURE_SECRET), NOW);

        assert_eq!(read, Err(BadReport::Forged), "{report:?}");
    }
    let other = read(&signed(SIGNED, SHA_256), Some("another-s3cret"), NOW);
    assert_eq!(other, Err(BadReport::Forged));
}

#[test]
fn an_old_report_is_refused_and_so_is_one_of_the_future() {
    let sent_at = Timestamp::from_seconds(1_786_439_704);
    let report = signed(SIGNED, SHA_256);
    let read_at = |now| read(&report, Some(SIGNATURE_SECRET), now);
    let (window, more) = (Duration::from_mins(5), Duration::from_millis(300_001));

    assert!(read_at(sent_at.plus(window)).is_ok());
    assert!(read_at(sent_at.minus(window)).is_ok());
    for late in [sent_at.plus(more), sent_at.minus(more)] {
        assert_eq!(read_at(late), Err(BadReport::Forged));
    }
}

/// Signed as [`SHA_256`] was.
#[test]
fn a_signed_report_needs_a_time() {
    let none = "messageId=0A0000001234567B&status=delivered";
    let soon = "messageId=0A0000001234567B&status=delivered&timestamp=soon";
    for (fields, signature, problem) in [
        (
            none,
            "6b7b649d8a9fbac6ef58fe496446a4effccb19ce5b36408ae6ea310f51bcbef5",
            BadReport::Forged,
        ),
        (
            soon,
            "05110d60a1aa50c134f343bbad1dc724861a8146afab821d86398b04fbd6e5b2",
            BadReport::Unreadable,
        ),
    ] {
        let read = read(&signed(fields, signature), Some(SIGNATURE_SECRET), NOW);

        assert_eq!(read, Err(problem), "{fields}");
    }
}
