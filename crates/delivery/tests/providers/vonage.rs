mod reports;

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{Cost, Currency, SendOutcome, SendRefusal},
    },
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{ReportSource, Surroundings},
    providers::vonage::{Vonage, VonageSettings},
};

use crate::kit::{
    CODE, IRAN, LONG, NOW, Request, Server, accepted, accepted_for, log, message, outcome_of,
    refused, reply, surroundings, troubles,
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
        (r#""15""#, Some(BlockedCountry)),
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
