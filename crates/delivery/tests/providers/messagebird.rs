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
    providers::messagebird::{MessageBird, MessageBirdSettings},
};
use serde_json::{Value, json};

use crate::kit::{
    CODE, IRAN, LONG, NOW, Server, accepted, accepted_for, log, message, outcome_of, refused,
    reply, surroundings, troubles,
};

const ID: &str = "6fe65f90454aa61536e6a88b88972670";

const SUCCESS: &str = r#"{"id":"6fe65f90454aa61536e6a88b88972670",
    "href":"https://rest.messagebird.com/messages/6fe65f90454aa61536e6a88b88972670",
    "direction":"mt","type":"sms","originator":"PhoneKey","body":"482913","reference":"x",
    "validity":120,"gateway":10,"typeDetails":{},"datacoding":"plain","mclass":1,
    "scheduledDatetime":null,"createdDatetime":"2026-08-11T09:15:04+00:00",
    "recipients":{"totalCount":1,"totalSentCount":1,"totalDeliveredCount":0,
    "totalDeliveryFailedCount":0,"items":[{"recipient":989121234567,"status":"sent",
    "statusDatetime":"2026-08-11T09:15:04+00:00","messagePartCount":1,"new":[1]}]}}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> MessageBirdSettings {
    MessageBirdSettings {
        base_url,
        access_key: Secret::new("live_k3y"),
        originator: "PhoneKey".to_owned(),
        signing_key: None,
        timeout,
    }
}

fn messagebird(base_url: BaseUrl, timeout: Duration) -> MessageBird {
    MessageBird::new(&settings(base_url, timeout), surroundings()).unwrap()
}

fn to_iran() -> Message {
    message(Channel::Sms, IRAN)
}

#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let messagebird = messagebird(server.url(), LONG);
    let message = to_iran();

    let reply = reply("201 Created", SUCCESS);
    let (outcome, request) = server.exchange(&messagebird, &message, &reply).await;

    assert_eq!(outcome, accepted(ID));
    assert_eq!(request.line, "POST /messages HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("authorization"), "AccessKey live_k3y");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("accept"), "application/json");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let challenge = message.delivery.challenge;
    assert_eq!(
        body,
        json!({
            "originator": "PhoneKey",
            "recipients": ["989121234567"],
            "body": "Your login code:\n482913\nValid for 2 min. Do not give it to anyone.",
            "datacoding": "plain",
            "validity": 120,
            "reference": format!("{challenge}-1"),
            "reportUrl": "https://login.example/delivery/reports/provider/t0ken",
        })
    );
}

/// What MessageBird is asked for a message from a server without a public URL.
async fn asked(message: &Message) -> Value {
    let server = Server::listen().await;
    let surroundings = Surroundings {
        callback: None,
        public_url: None,
        ..surroundings()
    };
    let messagebird = MessageBird::new(&settings(server.url(), LONG), surroundings).unwrap();
    let reply = reply("201 Created", SUCCESS);
    let (_, request) = server.exchange(&messagebird, message, &reply).await;
    serde_json::from_str(&request.body).unwrap()
}

#[tokio::test]
async fn a_text_outside_the_gsm_alphabet_goes_as_unicode() {
    let persian = Message {
        language: "fa".to_owned(),
        ..to_iran()
    };

    let asked = asked(&persian).await;

    assert_eq!(asked["datacoding"], "unicode");
    let text = asked["body"].as_str().unwrap();
    assert!(text.contains("کد") && text.contains(CODE), "{text}");
}

#[tokio::test]
async fn it_gives_up_when_the_code_ends() {
    for (seconds, validity) in [(0, 1), (5, 5), (90, 90), (7200, 7200)] {
        let message = Message {
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            ..to_iran()
        };

        assert_eq!(asked(&message).await["validity"], validity, "{seconds}");
    }
}

#[tokio::test]
async fn without_a_public_url_messagebird_is_asked() {
    let source = |callback: Option<&str>| {
        let surroundings = Surroundings {
            callback: callback.map(str::to_owned),
            ..surroundings()
        };
        let url = BaseUrl::parse("https://messagebird.example/").unwrap();
        Arc::new(MessageBird::new(&settings(url, LONG), surroundings).unwrap()).reports()
    };

    assert!(matches!(source(None), ReportSource::Polling(_)));
    assert!(matches!(
        source(Some("https://login.example/x")),
        ReportSource::Callback(_)
    ));
    assert_eq!(asked(&to_iran()).await.get("reportUrl"), None);
}

/// An answer to a request in which these are wrong: codes and parameters.
fn errors(status: &str, wrong: &[(i64, Option<&str>)]) -> String {
    let errors: Vec<Value> = wrong
        .iter()
        .map(|(code, parameter)| json!({"code": code, "description": CODE, "parameter": parameter}))
        .collect();
    reply(status, &json!({ "errors": errors }).to_string())
}

#[tokio::test]
async fn every_error_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, InvalidNumber, NoCredit, RateLimited, RejectedContent, Temporary,
    };
    let invalid = "422 Unprocessable Entity";
    for (status, code, parameter, meaning) in [
        ("401 No", 2, Some("access_key"), Some(BadCredentials)),
        (invalid, 9, Some("recipients"), Some(InvalidNumber)),
        (invalid, 9, Some("originator"), Some(BadCredentials)),
        (invalid, 9, Some("body"), Some(RejectedContent)),
        (invalid, 10, Some("recipient"), Some(InvalidNumber)),
        (invalid, 10, Some("originator"), Some(BadCredentials)),
        (invalid, 10, Some("reportUrl"), Some(BadCredentials)),
        (invalid, 10, Some("validity"), Some(RejectedContent)),
        (invalid, 10, None, Some(RejectedContent)),
        ("404 No", 20, None, Some(BadCredentials)),
        ("400 No", 21, None, Some(RejectedContent)),
        (invalid, 25, None, Some(NoCredit)),
        ("404 No", 98, None, Some(BadCredentials)),
        ("400 No", 99, None, None),
        (invalid, 101, None, Some(Temporary)),
        ("200 OK", 25, None, Some(NoCredit)),
        (invalid, 777, None, Some(RejectedContent)),
        ("403 No", 777, None, Some(BadCredentials)),
        ("429 No", 777, None, Some(RateLimited)),
        ("200 OK", 777, None, None),
        ("500 Oops", 25, None, None),
    ] {
        let answer = errors(status, &[(code, parameter)]);

        let outcome = outcome_of(messagebird, &to_iran(), &answer).await;

        let expected = meaning.map_or(SendOutcome::Unknown, refused);
        assert_eq!(outcome, expected, "{status} {code} {parameter:?}");
    }
}

#[tokio::test]
async fn the_first_error_that_is_known_counts() {
    let several = [(777, None), (10, Some("originator")), (25, None)];

    let outcome = outcome_of(messagebird, &to_iran(), &errors("422 No", &several)).await;

    assert_eq!(outcome, refused(SendRefusal::BadCredentials));
}

/// An answer about a message to one receiver.
fn taken(receiver: &Value) -> String {
    let body = json!({"id": ID, "body": CODE, "recipients": {"items": [receiver]}});
    reply("201 Created", &body.to_string())
}

#[tokio::test]
async fn a_message_that_has_failed_already_is_refused() {
    for (status, expected) in [
        ("scheduled", accepted(ID)),
        ("sent", accepted(ID)),
        ("buffered", accepted(ID)),
        ("delivered", accepted(ID)),
        ("delivery_failed", refused(SendRefusal::InvalidNumber)),
        ("expired", refused(SendRefusal::Temporary)),
    ] {
        let receiver = json!({"recipient": 989_121_234_567_u64, "status": status,
            "statusReason": "unknown subscriber"});

        let outcome = outcome_of(messagebird, &to_iran(), &taken(&receiver)).await;

        assert_eq!(outcome, expected, "{status}");
    }
}

#[tokio::test]
async fn a_price_is_recorded_where_it_is_said() {
    let euros = accepted_for(
        ID,
        Cost {
            micros: 7500,
            currency: Currency::from_code("EUR").unwrap(),
        },
    );
    for (price, expected) in [
        (json!({"amount": 0.0075, "currency": "EUR"}), euros),
        (json!({"amount": null, "currency": null}), accepted(ID)),
        (
            json!({"amount": 0.0075, "currency": "points"}),
            accepted(ID),
        ),
        (Value::Null, accepted(ID)),
    ] {
        let receiver = json!({"status": "sent", "price": price});

        let outcome = outcome_of(messagebird, &to_iran(), &taken(&receiver)).await;

        assert_eq!(outcome, expected, "{price}");
    }
}

#[tokio::test]
async fn an_acceptance_without_a_name_or_a_receiver_tells_nothing() {
    for body in [
        json!({"recipients": {"items": [{"status": "sent"}]}}),
        json!({"id": "", "recipients": {"items": [{"status": "sent"}]}}),
        json!({"id": ID}),
        json!({"id": ID, "recipients": {"items": []}}),
        json!({"id": ID, "recipients": {"items": [{"recipient": 1}]}}),
        json!({"errors": []}),
    ] {
        let answer = reply("201 Created", &body.to_string());

        let outcome = outcome_of(messagebird, &to_iran(), &answer).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{body}");
    }
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(messagebird, &to_iran(), SUCCESS).await;
    troubles::hold_statuses(messagebird, &to_iran()).await;
    troubles::hold_poller(messagebird, SUCCESS).await;
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_keys() {
    let refusal = errors("422 No", &[(25, None)]);

    log::hold(
        messagebird,
        &to_iran(),
        &refusal,
        "provider.code=25",
        &["live_k3y"],
    )
    .await;
    log::hold_poller(messagebird, &refusal, &["live_k3y"]).await;

    let settings = MessageBirdSettings {
        signing_key: Some(Secret::new("signing-k3y")),
        ..settings(Server::listen().await.url(), LONG)
    };
    let shown = format!("{settings:?}");
    assert!(!shown.contains("k3y"), "{shown}");
}
