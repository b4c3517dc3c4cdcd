use std::time::Duration;

use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{Cost, Currency, SendOutcome, SendRefusal},
        report::Arrival,
    },
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::kavenegar::{Kavenegar, KavenegarSettings},
};

use crate::kit::{
    CODE, IRAN, LONG, LOST, Server, UNWANTED, accepted, accepted_for, log, message, outcome_of,
    refused, reply, report, report_of, troubles,
};

/// In the form that Kavenegar documents, with a text of our own.
const TAKEN: &str = r#"{"return":{"status":200,"message":"ok"},"entries":[{"messageid":90210044,
    "message":"Your code: 482913","status":5,"statustext":"sent","sender":"10008663",
    "receptor":"09121234567","date":1760000000,"cost":1180}]}"#;

/// What [`TAKEN`] costs.
const COST: Cost = Cost {
    micros: 1180 * 1_000_000,
    currency: Currency::RIAL,
};

fn settings(base_url: BaseUrl, timeout: Duration) -> KavenegarSettings {
    KavenegarSettings {
        base_url,
        api_key: Secret::new("4B3x9k3y"),
        template: "login".to_owned(),
        voice_template: "login-call".to_owned(),
        timeout,
    }
}

fn kavenegar(base_url: BaseUrl, timeout: Duration) -> Kavenegar {
    Kavenegar::new(&settings(base_url, timeout)).unwrap()
}

fn sms() -> Message {
    message(Channel::Sms, IRAN)
}

/// An answer that says what is wrong as Kavenegar does, in the body and by the status.
fn fault(code: u16) -> String {
    let body = format!(r#"{{"return":{{"status":{code},"message":"no"}},"entries":null}}"#);
    reply(&format!("{code} No"), &body)
}

/// An answer about message 5.
fn state(state: &str) -> String {
    let entry = format!(r#"{{"messageid":5,"status":{state},"statustext":"x"}}"#);
    let body = format!(r#"{{"return":{{"status":200,"message":"ok"}},"entries":[{entry}]}}"#);
    reply("200 OK", &body)
}

#[tokio::test]
async fn a_text_message_has_exactly_this_form() {
    let server = Server::listen().await;
    let kavenegar = kavenegar(server.url(), LONG);

    let (outcome, request) = server
        .exchange(&kavenegar, &sms(), &reply("200 OK", TAKEN))
        .await;

    assert_eq!(outcome, accepted_for("90210044", COST));
    assert_eq!(
        request.line,
        "POST /v1/4B3x9k3y/verify/lookup.json HTTP/1.1"
    );
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded; charset=utf-8")
    );
    assert_eq!(
        request.body,
        "receptor=09121234567&token=482913&template=login&type=sms"
    );
}

#[tokio::test]
async fn a_call_reads_out_its_own_template() {
    let server = Server::listen().await;
    let kavenegar = kavenegar(server.url(), LONG);

    let (outcome, request) = server
        .exchange(
            &kavenegar,
            &message(Channel::Voice, IRAN),
            &reply("200 OK", TAKEN),
        )
        .await;

    assert_eq!(outcome, accepted_for("90210044", COST));
    assert_eq!(
        request.body,
        "receptor=09121234567&token=482913&template=login-call&type=call"
    );
}

#[tokio::test]
async fn a_number_of_elsewhere_begins_with_two_noughts() {
    let server = Server::listen().await;
    let kavenegar = kavenegar(server.url(), LONG);

    let (_, request) = server
        .exchange(
            &kavenegar,
            &message(Channel::Sms, "+97455123456"),
            &reply("200 OK", TAKEN),
        )
        .await;

    assert!(
        request.body.starts_with("receptor=0097455123456&"),
        "{}",
        request.body
    );
}

#[tokio::test]
async fn a_single_entry_and_texts_for_numbers_are_read_too() {
    let single = r#"{"return":{"status":200},"entries":{"messageid":"7","status":"1"}}"#;
    let odd_cost = r#"{"return":{"status":200},"entries":[{"messageid":7,"cost":11.5}]}"#;

    for body in [single, odd_cost] {
        let outcome = outcome_of(kavenegar, &sms(), &reply("200 OK", body)).await;

        assert_eq!(outcome, accepted("7"), "{body}");
    }
}

#[tokio::test]
async fn every_code_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BadTemplate, InvalidNumber, NoCredit, RateLimited, RejectedContent,
        Temporary,
    };
    for (refusal, codes) in [
        (
            BadCredentials,
            vec![401, 403, 404, 405, 407, 412, 416, 426, 427, 429, 501],
        ),
        (
            BadTemplate,
            vec![400, 406, 414, 417, 419, 424, 428, 431, 432, 607],
        ),
        (InvalidNumber, vec![411]),
        (NoCredit, vec![418]),
        (RateLimited, vec![451]),
        // 444 is none of Kavenegar's.
        (RejectedContent, vec![413, 420, 422, 444]),
        (Temporary, vec![409]),
    ] {
        for code in codes {
            let outcome = outcome_of(kavenegar, &sms(), &fault(code)).await;

            assert_eq!(outcome, refused(refusal), "{code}");
        }
    }
    for code in [402, 500, 503] {
        let outcome = outcome_of(kavenegar, &sms(), &fault(code)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{code}");
    }
}

#[tokio::test]
async fn the_body_says_what_is_wrong_before_the_status() {
    let no_credit = r#"{"return":{"status":418,"message":"no"},"entries":null}"#;

    let outcome = outcome_of(kavenegar, &sms(), &reply("200 OK", no_credit)).await;

    assert_eq!(outcome, refused(SendRefusal::NoCredit));
}

#[tokio::test]
async fn the_status_says_it_where_the_body_is_no_json() {
    // As it is printed in Kavenegar's documentation.
    let printed = r#"{"return":{"status":418,"message":"no"},"entries":{null}}"#;

    for (reply, refusal) in [
        (reply("418 No", printed), SendRefusal::NoCredit),
        (reply("424 No", ""), SendRefusal::BadTemplate),
        (reply("501 No", "<html>"), SendRefusal::BadCredentials),
        (reply("429 No", "<html>"), SendRefusal::RateLimited),
    ] {
        let outcome = outcome_of(kavenegar, &sms(), &reply).await;

        assert_eq!(outcome, refused(refusal), "{reply}");
    }
}

#[tokio::test]
async fn a_message_that_is_taken_and_not_sent_is_refused() {
    for (state, outcome) in [
        (1, accepted("7")),
        (4, accepted("7")),
        (11, accepted("7")),
        (6, refused(SendRefusal::Temporary)),
        (13, refused(SendRefusal::Temporary)),
        (14, refused(SendRefusal::OptedOut)),
    ] {
        let entry = format!(r#"{{"messageid":7,"status":{state}}}"#);
        let body = format!(r#"{{"return":{{"status":200}},"entries":[{entry}]}}"#);

        let found = outcome_of(kavenegar, &sms(), &reply("200 OK", &body)).await;

        assert_eq!(found, outcome, "{state}");
    }
}

#[tokio::test]
async fn a_success_without_a_message_tells_nothing() {
    for entries in [
        "null",
        "[]",
        r#"[{"status":5}]"#,
        r#"[{"messageid":0,"status":5}]"#,
        r#"[{"messageid":null,"status":5}]"#,
    ] {
        let body = format!(r#"{{"return":{{"status":200}},"entries":{entries}}}"#);

        let outcome = outcome_of(kavenegar, &sms(), &reply("200 OK", &body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{entries}");
    }
}

#[tokio::test]
async fn its_transport_has_the_usual_troubles() {
    troubles::hold(kavenegar, &sms(), TAKEN).await;
    troubles::hold_poller(kavenegar, TAKEN).await;
}

#[tokio::test]
async fn a_question_has_exactly_this_form() {
    let server = Server::listen().await;
    let kavenegar = kavenegar(server.url(), LONG);

    let (found, request) = server.poll(&kavenegar, "5", &state("10")).await;

    assert_eq!(found, Some(report("5", Some(Arrival::Delivered))));
    assert_eq!(request.line, "POST /v1/4B3x9k3y/sms/status.json HTTP/1.1");
    assert_eq!(request.body, "messageid=5");
}

#[tokio::test]
async fn every_state_has_its_meaning() {
    for (states, arrival) in [
        (vec!["1", "2", "4", "5", "50", "77", r#""4""#], None),
        (vec!["10", r#""10""#], Some(Arrival::Delivered)),
        (vec!["6", "11", "13"], Some(LOST)),
        (vec!["14"], Some(UNWANTED)),
    ] {
        for given in states {
            let found = report_of(kavenegar, "5", &state(given)).await;

            assert_eq!(found, Some(report("5", arrival)), "{given}");
        }
    }
}

#[tokio::test]
async fn of_a_message_that_is_not_known_nothing_is_reported() {
    assert_eq!(report_of(kavenegar, "5", &state("100")).await, None);
    assert_eq!(report_of(kavenegar, "5", &state("null")).await, None);
    assert_eq!(report_of(kavenegar, "5", &fault(414)).await, None);
    assert_eq!(report_of(kavenegar, "6", &state("10")).await, None);
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_key() {
    let body = format!(r#"{{"return":{{"status":418,"message":"{CODE}"}},"entries":null}}"#);
    let refusal = reply("418 No", &body);

    log::hold(kavenegar, &sms(), &refusal, "provider.code=418", &["k3y"]).await;
    log::hold_poller(kavenegar, &refusal, &["k3y"]).await;

    let url = Server::listen().await.url();
    let shown = format!("{:?}", settings(url, LONG));
    assert!(!shown.contains("k3y"), "{shown}");
}
