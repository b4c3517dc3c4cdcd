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
    providers::ghasedak::{Ghasedak, GhasedakSettings},
};

use crate::kit::{
    CODE, IRAN, LONG, LOST, Server, UNWANTED, accepted, log, message, outcome_of, refused, reply,
    report, report_of, troubles,
};

/// In the form that Ghasedak documents, with a text of our own.
const TAKEN: &str = r#"{"isSuccess":true,"statusCode":200,"message":"","data":{"items":[
    {"messageBody":"Your code: 482913","receptor":"09121234567","cost":900,"messageId":"30111222",
    "clientReferenceId":"d-77","sendDate":"2026-01-10T10:00:00.0000000+03:30"}],"totalCost":900}}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> GhasedakSettings {
    GhasedakSettings {
        base_url,
        api_key: Secret::new("c0a8-k3y"),
        template: "login".to_owned(),
        voice_template: "login-call".to_owned(),
        parameter: "Code".to_owned(),
        timeout,
    }
}

fn ghasedak(base_url: BaseUrl, timeout: Duration) -> Ghasedak {
    Ghasedak::new(&settings(base_url, timeout)).unwrap()
}

fn sms() -> Message {
    message(Channel::Sms, IRAN)
}

/// An answer that says what is wrong.
fn fault(http: &str, code: &str) -> String {
    let body = format!(r#"{{"isSuccess":false,"statusCode":{code},"message":"no","data":null}}"#);
    reply(http, &body)
}

/// An answer about message 5.
fn state(state: &str) -> String {
    let item = format!(
        r#"{{"messageId":"5","clientReferenceId":"d","message":"{CODE}","status":{state},"price":9}}"#
    );
    let body = format!(r#"{{"isSuccess":true,"statusCode":200,"message":"","data":[{item}]}}"#);
    reply("200 OK", &body)
}

#[tokio::test]
async fn a_text_message_has_exactly_this_form() {
    let server = Server::listen().await;
    let ghasedak = ghasedak(server.url(), LONG);

    let (outcome, request) = server
        .exchange(&ghasedak, &sms(), &reply("200 OK", TAKEN))
        .await;

    assert_eq!(outcome, accepted("30111222"));
    assert_eq!(
        request.line,
        "POST /rest/api/v1/WebService/SendOtpSMS HTTP/1.1"
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("apikey"), Some("c0a8-k3y"));
    assert_eq!(
        request.body,
        concat!(
            r#"{"receptors":[{"mobile":"09121234567","#,
            r#""clientReferenceId":"00000000-0000-0000-0000-000000000007-1"}],"#,
            r#""templateName":"login","inputs":[{"param":"Code","value":"482913"}],"#,
            r#""isVoice":false,"udh":false}"#,
        )
    );
}

#[tokio::test]
async fn a_call_reads_out_its_own_template() {
    let server = Server::listen().await;
    let ghasedak = ghasedak(server.url(), LONG);

    let (_, request) = server
        .exchange(
            &ghasedak,
            &message(Channel::Voice, IRAN),
            &reply("200 OK", TAKEN),
        )
        .await;

    assert!(
        request.body.contains(r#""templateName":"login-call""#),
        "{}",
        request.body
    );
    assert!(
        request.body.contains(r#""isVoice":true"#),
        "{}",
        request.body
    );
}

#[tokio::test]
async fn a_number_of_elsewhere_is_for_another_provider() {
    let server = Server::listen().await;
    let ghasedak = ghasedak(server.url(), LONG);

    let outcome = ghasedak.send(&message(Channel::Sms, "+97455123456")).await;

    assert_eq!(outcome, refused(SendRefusal::BlockedCountry));
}

#[tokio::test]
async fn names_are_read_in_both_cases_and_ids_as_numbers_too() {
    let pascal = r#"{"IsSuccess":true,"StatusCode":200,"Message":"","Data":{"Items":[
        {"MessageId":30111222,"Cost":900}],"TotalCost":900}}"#;

    let outcome = outcome_of(ghasedak, &sms(), &reply("200 OK", pascal)).await;
    assert_eq!(outcome, accepted("30111222"));

    let pascal = r#"{"IsSuccess":false,"StatusCode":418,"Message":"no","Data":null}"#;

    let outcome = outcome_of(ghasedak, &sms(), &reply("400 No", pascal)).await;
    assert_eq!(outcome, refused(SendRefusal::NoCredit));
}

#[tokio::test]
async fn every_code_has_its_meaning() {
    use SendRefusal::{BadCredentials, BadTemplate, NoCredit, RejectedContent};
    for (refusal, codes) in [
        (BadCredentials, vec![401, 406, 412, 416, 426]),
        (BadTemplate, vec![400, 428, 429]),
        (NoCredit, vec![418, 419]),
        (RejectedContent, vec![413, 420, 422]),
    ] {
        for code in codes {
            for http in ["400 Bad Request", "200 OK", "500 Oops", "429 Slow Down"] {
                let outcome = outcome_of(ghasedak, &sms(), &fault(http, &code.to_string())).await;

                assert_eq!(outcome, refused(refusal), "{code}, {http}");
            }
        }
    }
    for code in ["402", "451", "500"] {
        let outcome = outcome_of(ghasedak, &sms(), &fault("400 Bad Request", code)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{code}");
    }
}

#[tokio::test]
async fn a_code_that_tells_nothing_is_judged_by_the_status() {
    for code in ["200", "999", "null"] {
        for (http, outcome) in [
            ("200 OK", SendOutcome::Unknown),
            ("500 Oops", SendOutcome::Unknown),
            ("400 Bad Request", refused(SendRefusal::RejectedContent)),
            ("401 Unauthorized", refused(SendRefusal::BadCredentials)),
            ("429 Slow Down", refused(SendRefusal::RateLimited)),
        ] {
            let found = outcome_of(ghasedak, &sms(), &fault(http, code)).await;

            assert_eq!(found, outcome, "{code}, {http}");
        }
    }
}

/// Ghasedak's documentation shows a failure with the data of a success.
#[tokio::test]
async fn a_failure_is_one_whatever_data_it_has() {
    for data in [
        r#""no""#,
        "[]",
        "7",
        r#"{"items":[{"messageId":"30111222"}]}"#,
    ] {
        let body = format!(r#"{{"isSuccess":false,"statusCode":418,"data":{data}}}"#);

        let outcome = outcome_of(ghasedak, &sms(), &reply("200 OK", &body)).await;

        assert_eq!(outcome, refused(SendRefusal::NoCredit), "{data}");
    }
}

#[tokio::test]
async fn a_success_without_a_message_tells_nothing() {
    for data in [
        "null",
        "{}",
        r#"{"items":[]}"#,
        r#"{"items":[{"messageId":""}]}"#,
        r#"{"items":[{"messageId":null}]}"#,
        r#"{"items":[{"cost":900}]}"#,
    ] {
        let body = format!(r#"{{"isSuccess":true,"statusCode":200,"data":{data}}}"#);

        let outcome = outcome_of(ghasedak, &sms(), &reply("200 OK", &body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{data}");
    }
}

#[tokio::test]
async fn its_transport_has_the_usual_troubles() {
    troubles::hold(ghasedak, &sms(), TAKEN).await;
    troubles::hold_poller(ghasedak, TAKEN).await;
}

#[tokio::test]
async fn a_question_has_exactly_this_form() {
    let server = Server::listen().await;
    let ghasedak = ghasedak(server.url(), LONG);

    let (found, request) = server.poll(&ghasedak, "5", &state("5")).await;

    assert_eq!(found, Some(report("5", Some(Arrival::Delivered))));
    assert_eq!(
        request.line,
        "GET /rest/api/v1/WebService/CheckSmsStatus?Ids=5&Type=1 HTTP/1.1"
    );
    assert_eq!(request.header("apikey"), Some("c0a8-k3y"));
    assert_eq!(request.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn every_state_has_its_meaning() {
    for (states, arrival) in [
        (vec!["0", "3", "8", "9", "10", "11", "17", "77"], None),
        (vec!["5", "14", r#""5""#], Some(Arrival::Delivered)),
        (vec!["1", "4", "6", "7", "13", "16"], Some(LOST)),
        (vec!["2", "12", "15"], Some(UNWANTED)),
    ] {
        for given in states {
            let found = report_of(ghasedak, "5", &state(given)).await;

            assert_eq!(found, Some(report("5", arrival)), "{given}");
        }
    }
}

#[tokio::test]
async fn a_report_is_found_among_others_and_in_either_case() {
    let body = r#"{"IsSuccess":true,"StatusCode":200,"Data":{"Items":[
        {"MessageId":"4","Status":4},{"MessageId":"5","Status":5}]}}"#;

    let found = report_of(ghasedak, "5", &reply("200 OK", body)).await;

    assert_eq!(found, Some(report("5", Some(Arrival::Delivered))));
}

#[tokio::test]
async fn of_a_message_that_is_not_known_nothing_is_reported() {
    let none = r#"{"isSuccess":true,"statusCode":200,"data":[]}"#;

    for reply in [
        reply("200 OK", none),
        fault("400 Bad Request", "400"),
        state("null"),
    ] {
        assert_eq!(report_of(ghasedak, "5", &reply).await, None, "{reply}");
    }
    assert_eq!(report_of(ghasedak, "6", &state("5")).await, None);
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_key() {
    let body = format!(r#"{{"isSuccess":false,"statusCode":418,"message":"{CODE}","data":null}}"#);
    let refusal = reply("400 Bad Request", &body);

    log::hold(ghasedak, &sms(), &refusal, "provider.code=418", &["k3y"]).await;
    log::hold_poller(ghasedak, &refusal, &["k3y"]).await;

    let url = Server::listen().await.url();
    let shown = format!("{:?}", settings(url, LONG));
    assert!(!shown.contains("k3y"), "{shown}");
}
