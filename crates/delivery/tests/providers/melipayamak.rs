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
    providers::melipayamak::{MeliPayamak, MeliPayamakSettings},
};

use crate::kit::{
    CODE, IRAN, LONG, LOST, Server, UNWANTED, accepted, log, message, outcome_of, refused, reply,
    report, report_of, troubles,
};

const TAKEN: &str = r#"{"Value":"5123456789012345678","RetStatus":1,"StrRetStatus":"Ok"}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> MeliPayamakSettings {
    MeliPayamakSettings {
        base_url,
        username: "shop".to_owned(),
        api_key: Secret::new("c0a8-k3y&+"),
        body_id: 90_210,
        timeout,
    }
}

fn melipayamak(base_url: BaseUrl, timeout: Duration) -> MeliPayamak {
    MeliPayamak::new(&settings(base_url, timeout)).unwrap()
}

fn sms() -> Message {
    message(Channel::Sms, IRAN)
}

fn answer(value: &str, status: i64, words: &str) -> String {
    let body = format!(r#"{{"Value":{value},"RetStatus":{status},"StrRetStatus":"{words}"}}"#);
    reply("200 OK", &body)
}

/// An answer about a message.
fn state(state: &str) -> String {
    answer(state, 1, "Ok")
}

#[tokio::test]
async fn a_text_message_has_exactly_this_form() {
    let server = Server::listen().await;
    let melipayamak = melipayamak(server.url(), LONG);

    let (outcome, request) = server
        .exchange(&melipayamak, &sms(), &reply("200 OK", TAKEN))
        .await;

    assert_eq!(outcome, accepted("5123456789012345678"));
    assert_eq!(request.line, "POST /api/SendSMS/BaseServiceNumber HTTP/1.1");
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded; charset=utf-8")
    );
    assert_eq!(
        request.body,
        "username=shop&password=c0a8-k3y%26%2B&to=09121234567&bodyId=90210&text=482913"
    );
}

#[tokio::test]
async fn a_number_of_elsewhere_is_for_another_provider() {
    let server = Server::listen().await;
    let melipayamak = melipayamak(server.url(), LONG);

    let outcome = melipayamak
        .send(&message(Channel::Sms, "+97455123456"))
        .await;

    assert_eq!(outcome, refused(SendRefusal::BlockedCountry));
}

#[tokio::test]
async fn an_id_is_read_in_each_of_its_forms() {
    for body in [
        r#"{"Value":5123456789012345678,"RetStatus":1,"StrRetStatus":"Ok"}"#,
        r#""5123456789012345678""#,
        "5123456789012345678",
    ] {
        let outcome = outcome_of(melipayamak, &sms(), &reply("200 OK", body)).await;

        assert_eq!(outcome, accepted("5123456789012345678"), "{body}");
    }
}

#[tokio::test]
async fn every_code_has_its_meaning_wherever_it_stands() {
    use SendRefusal::{
        BadCredentials, BadTemplate, InvalidNumber, NoCredit, OptedOut, RateLimited,
        RejectedContent, Temporary,
    };
    for (refusal, codes) in [
        (
            BadCredentials,
            vec![
                -111, -110, -109, -108, -7, -3, -1, 5, 8, 9, 10, 12, 108, 109, 110, 111,
            ],
        ),
        (BadTemplate, vec![-5, -4, -2, 17, 21, 22]),
        (InvalidNumber, vec![16, 18]),
        (NoCredit, vec![2]),
        (OptedOut, vec![35]),
        (RateLimited, vec![3, 4, 19]),
        (RejectedContent, vec![-10, 7, 14, 15]),
        (Temporary, vec![-9, -8, 6, 11]),
    ] {
        for code in codes {
            for reply in [
                answer(&format!("\"{code}\""), 0, ""),
                answer(&code.to_string(), 1, "Ok"),
                answer("\"\"", code, ""),
                answer("null", code, ""),
                reply("200 OK", &code.to_string()),
            ] {
                let outcome = outcome_of(melipayamak, &sms(), &reply).await;

                assert_eq!(outcome, refused(refusal), "{reply}");
            }
        }
    }
    let unknown_user = outcome_of(melipayamak, &sms(), &answer("\"0\"", 0, "")).await;
    assert_eq!(unknown_user, refused(BadCredentials));
}

#[tokio::test]
async fn a_code_with_two_meanings_is_told_by_its_words() {
    let reply = answer("\"\"", 35, "InvalidData");

    let outcome = outcome_of(melipayamak, &sms(), &reply).await;

    assert_eq!(outcome, refused(SendRefusal::BadCredentials));
}

#[tokio::test]
async fn what_does_not_fit_together_tells_nothing() {
    for reply in [
        answer("\"-6\"", 0, ""),
        answer("\"\"", -6, ""),
        answer("\"999\"", 0, ""),
        answer("\"\"", 999, ""),
        answer("\"\"", 1, "Ok"),
        answer("null", 0, ""),
        answer("\"ok\"", 1, "Ok"),
        answer("\"5123456789012345678\"", 0, ""),
        reply("200 OK", "\"ok\""),
    ] {
        let outcome = outcome_of(melipayamak, &sms(), &reply).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{reply}");
    }
}

#[tokio::test]
async fn a_code_that_tells_nothing_is_judged_by_the_status() {
    let body = r#"{"Value":"999","RetStatus":0,"StrRetStatus":""}"#;
    for (http, outcome) in [
        ("500 Oops", SendOutcome::Unknown),
        ("400 Bad Request", refused(SendRefusal::RejectedContent)),
        ("401 Unauthorized", refused(SendRefusal::BadCredentials)),
        ("429 Slow Down", refused(SendRefusal::RateLimited)),
    ] {
        let found = outcome_of(melipayamak, &sms(), &reply(http, body)).await;

        assert_eq!(found, outcome, "{http}");
    }
}

#[tokio::test]
async fn its_transport_has_the_usual_troubles() {
    troubles::hold(melipayamak, &sms(), TAKEN).await;
    troubles::hold_poller(melipayamak, TAKEN).await;
}

#[tokio::test]
async fn a_question_has_exactly_this_form() {
    let server = Server::listen().await;
    let melipayamak = melipayamak(server.url(), LONG);

    let (found, request) = server.poll(&melipayamak, "5", &state("\"1\"")).await;

    assert_eq!(found, Some(report("5", Some(Arrival::Delivered))));
    assert_eq!(request.line, "POST /api/SendSMS/GetDeliveries2 HTTP/1.1");
    assert_eq!(
        request.body,
        "username=shop&password=c0a8-k3y%26%2B&recId=5"
    );
}

#[tokio::test]
async fn every_state_has_its_meaning() {
    let filtered = Arrival::Undelivered(SendRefusal::RejectedContent);
    for (states, arrival) in [
        (vec!["0", "8", "77", "100", "200", "400"], None),
        (vec!["1"], Some(Arrival::Delivered)),
        (vec!["2", "3", "5", "16"], Some(LOST)),
        (vec!["35"], Some(UNWANTED)),
        (vec!["300", "500"], Some(filtered)),
    ] {
        for given in states {
            for written in [given.to_owned(), format!("\"{given}\"")] {
                let found = report_of(melipayamak, "5", &state(&written)).await;

                assert_eq!(found, Some(report("5", arrival)), "{written}");
            }
        }
    }
}

#[tokio::test]
async fn of_a_message_that_is_not_known_nothing_is_reported() {
    for reply in [
        state("\"-1\""),
        state("\"\""),
        state("null"),
        answer("\"1\"", 0, ""),
        answer("\"1\"", 35, "InvalidData"),
        reply("200 OK", "1"),
    ] {
        assert_eq!(report_of(melipayamak, "5", &reply).await, None, "{reply}");
    }
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_key() {
    let refusal = answer("\"2\"", 0, CODE);

    log::hold(melipayamak, &sms(), &refusal, "provider.code=2", &["k3y"]).await;
    log::hold_poller(melipayamak, &refusal, &["k3y"]).await;

    let url = Server::listen().await.url();
    let shown = format!("{:?}", settings(url, LONG));
    assert!(!shown.contains("k3y"), "{shown}");
}
