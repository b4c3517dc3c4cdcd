use std::time::Duration;

use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{SendOutcome, SendRefusal},
        report::Arrival,
    },
    ports::delivery::MessageSender,
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::smsir::{SmsIr, SmsIrSettings},
};

use crate::kit::{
    CODE, IRAN, LONG, LOST, Server, UNWANTED, accepted, log, message, outcome_of, refused, reply,
    report, report_of, troubles,
};

const TAKEN: &str = r#"{"status":1,"message":"ok","data":{"messageId":77120345,"cost":1.0}}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> SmsIrSettings {
    SmsIrSettings {
        base_url,
        api_key: Secret::new("Xr7k3y"),
        template_id: 123_456,
        parameter: "CODE".to_owned(),
        timeout,
    }
}

fn smsir(base_url: BaseUrl, timeout: Duration) -> SmsIr {
    SmsIr::new(&settings(base_url, timeout)).unwrap()
}

fn sms() -> Message {
    message(Channel::Sms, IRAN)
}

/// An answer that says what is wrong.
fn fault(http: &str, status: i64) -> String {
    reply(
        http,
        &format!(r#"{{"status":{status},"message":"no","data":null}}"#),
    )
}

/// An answer about message 5.
fn state(state: &str) -> String {
    let body = format!(
        r#"{{"status":1,"message":"ok","data":{{"messageId":5,"mobile":9121234567,
            "messageText":"Your code: {CODE}","sendDateTime":1760000000,"lineNumber":30007000,
            "cost":1.0,"deliveryState":{state},"deliveryDateTime":null}}}}"#
    );
    reply("200 OK", &body)
}

#[tokio::test]
async fn a_text_message_has_exactly_this_form() {
    let server = Server::listen().await;
    let smsir = smsir(server.url(), LONG);

    let (outcome, request) = server
        .exchange(&smsir, &sms(), &reply("200 OK", TAKEN))
        .await;

    assert_eq!(outcome, accepted("77120345"));
    assert_eq!(request.line, "POST /v1/send/verify HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("x-api-key"), Some("Xr7k3y"));
    assert_eq!(
        request.body,
        concat!(
            r#"{"mobile":"09121234567","templateId":123456,"#,
            r#""parameters":[{"name":"CODE","value":"482913"}]}"#,
        )
    );
}

#[tokio::test]
async fn a_number_of_elsewhere_is_for_another_provider() {
    let server = Server::listen().await;
    let smsir = smsir(server.url(), LONG);

    let outcome = smsir.send(&message(Channel::Sms, "+97455123456")).await;

    assert_eq!(outcome, refused(SendRefusal::BlockedCountry));
}

#[tokio::test]
async fn every_code_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BadTemplate, InvalidNumber, NoCredit, OptedOut, RateLimited,
        RejectedContent,
    };
    for (refusal, codes) in [
        (BadCredentials, vec![10, 11, 12, 13, 14, 15, 101, 123]),
        (
            BadTemplate,
            vec![16, 105, 106, 107, 108, 109, 110, 113, 114, 116, 119, 124],
        ),
        (InvalidNumber, vec![104]),
        (NoCredit, vec![102]),
        (OptedOut, vec![115]),
        (RateLimited, vec![20, 118]),
        (RejectedContent, vec![103, 117]),
    ] {
        for code in codes {
            for http in ["400 Bad Request", "200 OK", "500 Oops"] {
                let outcome = outcome_of(smsir, &sms(), &fault(http, code)).await;

                assert_eq!(outcome, refused(refusal), "{code}, {http}");
            }
        }
    }
}

#[tokio::test]
async fn a_code_that_tells_nothing_is_judged_by_the_status() {
    for (http, code, outcome) in [
        ("400 Bad Request", 0, SendOutcome::Unknown),
        ("200 OK", 999, SendOutcome::Unknown),
        ("500 Oops", 999, SendOutcome::Unknown),
        (
            "400 Bad Request",
            999,
            refused(SendRefusal::RejectedContent),
        ),
        (
            "401 Unauthorized",
            999,
            refused(SendRefusal::BadCredentials),
        ),
        ("429 Slow Down", 999, refused(SendRefusal::RateLimited)),
    ] {
        let found = outcome_of(smsir, &sms(), &fault(http, code)).await;

        assert_eq!(found, outcome, "{code}, {http}");
    }
    let bare = outcome_of(smsir, &sms(), &reply("401 Unauthorized", "<html>")).await;
    assert_eq!(bare, refused(SendRefusal::BadCredentials));
}

#[tokio::test]
async fn a_success_without_a_message_tells_nothing() {
    for data in [
        "null",
        "{}",
        r#"{"messageId":null,"cost":0}"#,
        r#"{"messageId":0,"cost":0}"#,
    ] {
        let body = format!(r#"{{"status":1,"message":"ok","data":{data}}}"#);

        let outcome = outcome_of(smsir, &sms(), &reply("200 OK", &body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{data}");
    }
}

#[tokio::test]
async fn its_transport_has_the_usual_troubles() {
    troubles::hold(smsir, &sms(), TAKEN).await;
    troubles::hold_poller(smsir, TAKEN).await;
}

#[tokio::test]
async fn a_question_has_exactly_this_form() {
    let server = Server::listen().await;
    let smsir = smsir(server.url(), LONG);

    let (found, request) = server.poll(&smsir, "5", &state("1")).await;

    assert_eq!(found, Some(report("5", Some(Arrival::Delivered))));
    assert_eq!(request.line, "GET /v1/send/5 HTTP/1.1");
    assert_eq!(request.header("x-api-key"), Some("Xr7k3y"));
    assert_eq!(request.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn every_state_has_its_meaning() {
    for (states, arrival) in [
        (vec!["null", "3", "5", "8", "77"], None),
        (vec!["1"], Some(Arrival::Delivered)),
        (vec!["2", "4", "6"], Some(LOST)),
        (vec!["7"], Some(UNWANTED)),
    ] {
        for given in states {
            let found = report_of(smsir, "5", &state(given)).await;

            assert_eq!(found, Some(report("5", arrival)), "{given}");
        }
    }
}

#[tokio::test]
async fn of_a_message_that_is_not_known_nothing_is_reported() {
    let no_such = fault("400 Bad Request", 111);

    assert_eq!(report_of(smsir, "5", &no_such).await, None);
    assert_eq!(report_of(smsir, "6", &state("1")).await, None);
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_key() {
    let body = format!(r#"{{"status":102,"message":"{CODE}","data":null}}"#);
    let refusal = reply("400 Bad Request", &body);

    log::hold(smsir, &sms(), &refusal, "provider.code=102", &["k3y"]).await;
    log::hold_poller(smsir, &refusal, &["k3y"]).await;

    let url = Server::listen().await.url();
    let shown = format!("{:?}", settings(url, LONG));
    assert!(!shown.contains("k3y"), "{shown}");
}
