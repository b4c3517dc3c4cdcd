use std::{sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{SendOutcome, SendRefusal},
        report::{Arrival, Report},
    },
    ports::{delivery::MessageSender, report::RawReport},
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{BadReport, ReadReports, ReportRead, ReportSource},
    providers::whatsapp::{Template, WebhookKeys, WhatsApp, WhatsAppSettings},
};
use sha2::Sha256;

use crate::kit::{LONG, NOW, Server, accepted, message, post, refused, reply, report, troubles};

const ID: &str = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAERgSQUJD/+=";

const SUCCESS: &str = r#"{"messaging_product":"whatsapp",
    "contacts":[{"input":"+447700900123","wa_id":"447700900123"}],
    "messages":[{"id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAERgSQUJD/+="}]}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> WhatsAppSettings {
    WhatsAppSettings {
        base_url,
        version: "v25.0".to_owned(),
        phone_number_id: "1060001".to_owned(),
        token: Secret::new("EAAtoken"),
        template: Template {
            name: "login_code".to_owned(),
            languages: vec!["en_US".to_owned(), "fa".to_owned()],
        },
        webhook: Some(WebhookKeys {
            app_secret: Secret::new("4pp-s3cret"),
            verify_token: Secret::new("v3rify-t0ken"),
        }),
        timeout,
    }
}

fn whatsapp(base_url: BaseUrl, timeout: Duration) -> WhatsApp {
    WhatsApp::new(&settings(base_url, timeout)).unwrap()
}

fn to_britain() -> Message {
    message(Channel::WhatsApp, "+447700900123")
}

async fn outcome_of(reply: &str) -> SendOutcome {
    let server = Server::listen().await;
    let whatsapp = whatsapp(server.url(), LONG);
    server.exchange(&whatsapp, &to_britain(), reply).await.0
}

#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let whatsapp = whatsapp(server.url(), LONG);
    let message = to_britain();

    let reply = reply("200 OK", SUCCESS);
    let (outcome, request) = server.exchange(&whatsapp, &message, &reply).await;

    assert_eq!(outcome, accepted(ID));
    assert_eq!(request.line, "POST /v25.0/1060001/messages HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("authorization"), "Bearer EAAtoken");
    assert_eq!(header("content-type"), "application/json");
    let head = concat!(
        r#"{"messaging_product":"whatsapp","recipient_type":"individual","to":"+447700900123","#,
        r#""type":"template","biz_opaque_callback_data":"#,
    );
    let tail = concat!(
        r#","template":{"name":"login_code","language":{"code":"en_US"},"components":["#,
        r#"{"type":"body","parameters":[{"type":"text","text":"482913"}]},"#,
        r#"{"type":"button","sub_type":"url","index":"0","#,
        r#""parameters":[{"type":"text","text":"482913"}]}]}}"#,
    );
    assert_eq!(
        request.body,
        format!(r#"{head}"{}"{tail}"#, message.delivery)
    );
}

#[tokio::test]
async fn nobody_is_written_to_whom_meta_bars() {
    let server = Server::listen().await;
    let whatsapp = whatsapp(server.url(), LONG);

    for number in [
        "+989121234567",
        "+5351234567",
        "+8501921234567",
        "+963944123456",
    ] {
        let outcome = whatsapp.send(&message(Channel::WhatsApp, number)).await;

        assert_eq!(outcome, refused(SendRefusal::CannotReceive), "{number}");
    }
    let (outcome, _) = server
        .exchange(
            &whatsapp,
            &message(Channel::WhatsApp, "+96170123456"),
            &reply("200 OK", SUCCESS),
        )
        .await;
    assert_eq!(outcome, accepted(ID), "+961 is Lebanon");
}

#[tokio::test]
async fn every_error_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BadTemplate, BlockedCountry, CannotReceive, InvalidNumber, NoCredit,
        OptedOut, RateLimited, RejectedContent, Temporary,
    };
    let cases: [(&[i64], Option<SendRefusal>); 12] = [
        (
            &[
                0, 3, 10, 33, 104, 190, 200, 250, 299, 368, 131_005, 131_030, 131_031, 131_037,
                131_045, 133_000, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015, 133_016,
            ],
            Some(BadCredentials),
        ),
        (&[130_497], Some(BlockedCountry)),
        (&[131_042, 134_011], Some(NoCredit)),
        (
            &[4, 80_007, 130_429, 131_048, 131_056, 131_064],
            Some(RateLimited),
        ),
        (&[131_021], Some(InvalidNumber)),
        (&[131_026, 130_403, 130_472, 131_049], Some(CannotReceive)),
        (&[131_050], Some(OptedOut)),
        (
            &[
                100, 131_008, 131_009, 131_047, 131_051, 131_055, 131_063, 132_000, 132_001,
                132_005, 132_012, 132_015, 132_016, 132_018, 132_068, 132_069, 134_100, 134_102,
            ],
            Some(BadTemplate),
        ),
        (&[132_007], Some(RejectedContent)),
        (&[2, 131_016, 133_004, 131_057, 2_494_100], Some(Temporary)),
        (&[1, 131_000, 135_000], None),
        (&[-1, 5, 300, 999_999], Some(BadTemplate)),
    ];
    for (codes, meaning) in cases {
        for code in codes {
            let body = error(*code, "Some detail");
            let outcome = outcome_of(&reply("400 Bad Request", &body)).await;

            let expected = meaning.map_or(SendOutcome::Unknown, refused);
            assert_eq!(outcome, expected, "{code}");
        }
    }
}

fn error(code: i64, details: &str) -> String {
    format!(
        r#"{{"error":{{"message":"(#{code}) Text","type":"OAuthException","code":{code},
        "error_data":{{"messaging_product":"whatsapp","details":"{details}"}},
        "fbtrace_id":"AbC","is_transient":false}}}}"#
    )
}

#[tokio::test]
async fn the_code_counts_and_not_the_status() {
    for status in ["200 OK", "401 No", "404 No", "500 Oops", "503 Busy"] {
        let outcome = outcome_of(&reply(status, &error(131_042, ""))).await;

        assert_eq!(outcome, refused(SendRefusal::NoCredit), "{status}");
    }
    let unknown = async |status| outcome_of(&reply(status, &error(999_999, ""))).await;
    assert_eq!(unknown("500 Oops").await, SendOutcome::Unknown);
    assert_eq!(unknown("200 OK").await, SendOutcome::Unknown);
    assert_eq!(
        unknown("401 No").await,
        refused(SendRefusal::BadCredentials)
    );
    assert_eq!(unknown("429 No").await, refused(SendRefusal::RateLimited));
}

#[tokio::test]
async fn a_value_that_is_wrong_may_be_the_number() {
    let outcome = async |details| outcome_of(&reply("400 No", &error(131_009, details))).await;

    let number = refused(SendRefusal::CannotReceive);
    assert_eq!(
        outcome("Recipient is not a valid phone number").await,
        number
    );
    let value = refused(SendRefusal::BadTemplate);
    assert_eq!(outcome("Parameter value is not valid").await, value);
}

#[tokio::test]
async fn what_is_taken_may_wait_but_not_for_a_paused_template() {
    let taken = async |status: &str| {
        let body = format!(r#"{{"messages":[{{"id":"wamid.A","message_status":"{status}"}}]}}"#);
        outcome_of(&reply("200 OK", &body)).await
    };

    assert_eq!(taken("accepted").await, accepted("wamid.A"));
    assert_eq!(
        taken("held_for_quality_assessment").await,
        accepted("wamid.A")
    );
    assert_eq!(taken("paused").await, refused(SendRefusal::BadTemplate));
}

#[tokio::test]
async fn an_acceptance_without_a_name_for_the_message_tells_nothing() {
    for body in [
        r#"{"messages":[]}"#,
        r#"{"messages":[{}]}"#,
        r#"{"messages":[{"id":""}]}"#,
        r#"{"error":{"message":"no code"}}"#,
        r#"{"error":"text"}"#,
    ] {
        let outcome = outcome_of(&reply("200 OK", body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{body}");
    }
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(whatsapp, &to_britain(), SUCCESS).await;
    troubles::hold_statuses(whatsapp, &to_britain()).await;
}

fn read(report: &RawReport) -> Result<ReportRead, BadReport> {
    whatsapp(BaseUrl::parse("https://graph.example/").unwrap(), LONG).read(report, NOW)
}

/// Python signed this body as it stands, with its escaped letter:
/// `hmac.new(b"4pp-s3cret", body, "sha256").hexdigest()`.
const BODY: &str = concat!(
    r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","#,
    r#""value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111""#,
    r#","phone_number_id":"1060001"},"statuses":[{"id":"wamid.HBgM=","status":"failed","timesta"#,
    r#"mp":"1786439700","recipient_id":"447700900123","biz_opaque_callback_data":"d","errors":["#,
    r#"{"code":131026,"title":"Message undeliverable","message":"\u0646","error_data":{"details"#,
    r#"":"x"}}]}]}}]}]}"#,
);
const SIGNATURE: &str = "sha256=a78dc67ca3b1ba4642daab7ba1bf89d645eb6a02a8cfabd886bf7bce141dd9bc";

fn signed(signature: &str, body: &str) -> RawReport {
    post(&[("x-hub-signature-256", signature)], body)
}

const NOT_ON_WHATSAPP: Option<Arrival> = Some(Arrival::Undelivered(SendRefusal::CannotReceive));

#[test]
fn a_signed_report_is_read() {
    let read = read(&signed(SIGNATURE, BODY));

    let failed = report("wamid.HBgM=", NOT_ON_WHATSAPP);
    assert_eq!(read, Ok(ReportRead::Reports(vec![failed])));
}

#[test]
fn a_report_that_is_not_metas_is_refused() {
    let altered = BODY.replace("failed", "read");
    let unescaped = BODY.replace("\\u0646", "\u{646}");
    let other = SIGNATURE.replace("sha256=", "sha1=");
    let digits = SIGNATURE.trim_start_matches("sha256=");
    for (name, report) in [
        ("altered", signed(SIGNATURE, &altered)),
        ("unescaped", signed(SIGNATURE, &unescaped)),
        ("of another kind", signed(&other, BODY)),
        ("without its kind", signed(digits, BODY)),
        ("cut", signed(&SIGNATURE[..69], BODY)),
        ("empty", signed("sha256=", BODY)),
        ("none", post(&[], BODY)),
        ("old", post(&[("x-hub-signature", SIGNATURE)], BODY)),
    ] {
        assert_eq!(read(&report), Err(BadReport::Forged), "{name}");
    }
    let without_keys = WhatsAppSettings {
        webhook: None,
        ..settings(BaseUrl::parse("https://graph.example/").unwrap(), LONG)
    };
    let whatsapp = Arc::new(WhatsApp::new(&without_keys).unwrap());
    let report = signed(SIGNATURE, BODY);
    assert_eq!(whatsapp.read(&report, NOW), Err(BadReport::Forged));
    assert!(matches!(whatsapp.reports(), ReportSource::Nothing));
}

/// What is read of a body that Meta signs.
fn read_signed(body: &str) -> Result<ReportRead, BadReport> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"4pp-s3cret").unwrap();
    mac.update(body.as_bytes());
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect();
    read(&signed(&format!("sha256={digits}"), body))
}

/// A notice of statuses of the messages of a number.
fn notice(phone_number_id: &str, statuses: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{
        "field":"messages","value":{{"messaging_product":"whatsapp",
        "metadata":{{"phone_number_id":"{phone_number_id}"}},"statuses":[{statuses}]}}}}]}}]}}"#
    )
}

fn reports(reports: &[Report]) -> ReportRead {
    ReportRead::Reports(reports.to_vec())
}

#[test]
fn every_status_has_its_meaning() {
    let lost = |refusal| Some(Arrival::Undelivered(refusal));
    let status = |status: &str, more: &str| {
        let status = format!(r#"{{"id":"wamid.A","status":"{status}","timestamp":"1"{more}}}"#);
        read_signed(&notice("1060001", &status))
    };
    let said = |arrival| Ok(reports(&[report("wamid.A", arrival)]));

    let pricing =
        r#","pricing":{"billable":true,"pricing_model":"PMP","category":"authentication"}"#;
    assert_eq!(status("sent", pricing), said(None));
    assert_eq!(status("delivered", pricing), said(Some(Arrival::Delivered)));
    assert_eq!(status("read", ""), said(Some(Arrival::Delivered)));
    assert_eq!(status("played", ""), said(None));
    assert_eq!(status("something_new", ""), said(None));
    assert_eq!(status("failed", ""), said(lost(SendRefusal::Temporary)));
    for (code, refusal) in [
        (131_026, SendRefusal::CannotReceive),
        (131_042, SendRefusal::NoCredit),
        (131_000, SendRefusal::Temporary),
        (999_999, SendRefusal::Temporary),
    ] {
        let errors = format!(r#","errors":[{{"code":{code},"title":"x"}}]"#);
        assert_eq!(status("failed", &errors), said(lost(refusal)), "{code}");
    }
}

#[test]
fn many_reports_come_at_once_and_a_broken_one_costs_only_itself() {
    let statuses = r#"{"id":"wamid.A","status":"read"},{"id":7,"status":"read"},{"status":"read"},
        {"id":"","status":"read"},{"id":"wamid.B","status":"sent"}"#;

    assert_eq!(
        read_signed(&notice("1060001", statuses)),
        Ok(reports(&[
            report("wamid.A", Some(Arrival::Delivered)),
            report("wamid.B", None)
        ]))
    );
}

#[test]
fn what_is_about_something_else_is_taken_and_left() {
    let message = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{
        "field":"messages","value":{"metadata":{"phone_number_id":"1060001"},
        "messages":[{"from":"447700900123","type":"text"}]}},
        {"field":"template_category_update","value":{"x":1}},{"field":"account_alerts"}]},{}]}"#;
    let another_number = notice("2", r#"{"id":"wamid.A","status":"read"}"#);

    for body in [message, &another_number, r#"{"entry":[]}"#] {
        assert_eq!(read_signed(body), Ok(reports(&[])), "{body}");
    }
    for body in ["", "{}", "[]", "text"] {
        assert_eq!(read_signed(body), Err(BadReport::Unreadable), "{body}");
    }
}

fn asked(query: &str) -> Result<ReportRead, BadReport> {
    read(&RawReport {
        method: "GET".to_owned(),
        path_and_query: format!("/delivery/reports/whatsapp/t0ken?{query}"),
        ..post(&[], "")
    })
}

#[test]
fn meta_hears_its_challenge_if_it_knows_the_token() {
    let known = "hub.mode=subscribe&hub.verify_token=v3rify-t0ken";

    let answer = asked(&format!("{known}&hub.challenge=1158201444"));

    let challenge = "1158201444".to_owned();
    assert_eq!(answer, Ok(ReportRead::Handshake(challenge)));
    for odd in [
        known.to_owned(),
        format!("{known}&hub.challenge="),
        format!("{known}&hub.challenge=a%20b"),
        format!("{known}&hub.challenge=a%0Ab"),
        format!("{known}&hub.challenge={}", "1".repeat(257)),
    ] {
        assert_eq!(asked(&odd), Err(BadReport::Unreadable), "{odd}");
    }
}

#[test]
fn nobody_else_hears_anything() {
    for query in [
        "",
        "hub.challenge=1",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=v3rify-t0ke&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=v3rify-t0kenn&hub.challenge=1",
        "hub.mode=unsubscribe&hub.verify_token=v3rify-t0ken&hub.challenge=1",
        "hub.verify_token=v3rify-t0ken&hub.challenge=1",
    ] {
        assert_eq!(asked(query), Err(BadReport::Forged), "{query}");
    }
}

#[test]
fn settings_show_no_key() {
    let shown = format!(
        "{:?}",
        settings(BaseUrl::parse("https://graph.example/").unwrap(), LONG)
    );

    for key in ["EAAtoken", "4pp-s3cret", "v3rify-t0ken"] {
        assert!(!shown.contains(key), "{shown}");
    }
}
