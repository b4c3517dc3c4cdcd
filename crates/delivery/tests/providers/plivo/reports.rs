//! Plivo's reports, asked for and not. The signatures of [`GIVEN`] are those of Plivo's own Python
//! client (4.63.0, `plivo.utils`).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use phonekey_core::{
    delivery::{
        outcome::{Cost, Currency, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
};
use phonekey_delivery::{
    provider::{BadReport, ReadReports, ReportRead, ReportSource},
    providers::plivo::Plivo,
};
use sha2::Sha256;

use super::{BY_TOKEN, LONG, MESSAGE, elsewhere, plivo, reached_at, settings};
use crate::kit::{LOST, NOW, Server, UNWANTED, post, reply, report, report_of, troubles};

const URL: &str = "https://login.example.org/callbacks/plivo/s3cret";
const NONCE: &str = "05429567804466091622";

const GIVEN: &str = "MessageUUID=5b40a428-bfc7-4daf-9d06-726c558bf3b8&To=14155550123&From=14155550100\
    &Status=undelivered&ErrorCode=80&Units=1&TotalRate=0.00500&TotalAmount=0.00500&MCC=310&MNC=004\
    &Sequence=3";
const V2: &str = "AeENWQ4E6VJ/FMDRMCfvA0O4biluU3JNHdtHQQyiifc=";
const V3: &str = "Vo6WZWEkzSc41rezOmGakXsbSnZeia1oVe6pa4ct9OQ=";

#[test]
fn plivo_calls_where_it_can_and_is_asked_otherwise() {
    let source = |callback| {
        let settings = settings(elsewhere(), LONG);
        Arc::new(Plivo::new(&settings, reached_at(callback)).unwrap()).reports()
    };

    assert!(matches!(source(Some(URL)), ReportSource::Callback(_)));
    assert!(matches!(source(None), ReportSource::Polling(_)));
}

fn read(report: &RawReport) -> Result<ReportRead, BadReport> {
    let plivo = Plivo::new(&settings(elsewhere(), LONG), reached_at(Some(URL))).unwrap();
    plivo.read(report, NOW)
}

/// A report with a signature of the third version.
fn signed(signature: &str, body: &str) -> RawReport {
    let headers = [
        ("x-plivo-signature-v3", signature),
        ("x-plivo-signature-v3-nonce", NONCE),
    ];
    post(&headers, body)
}

/// A report with a signature of the second.
fn signed_by_v2(signature: &str, body: &str) -> RawReport {
    let headers = [
        ("x-plivo-signature-v2", signature),
        ("x-plivo-signature-v2-nonce", NONCE),
    ];
    post(&headers, body)
}

/// The third version's signature of a text, by the token of [`settings`].
fn signature_of(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"phonekey-plivo-token").unwrap();
    mac.update(format!("{text}.{NONCE}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn half_a_cent() -> Cost {
    Cost {
        micros: 5_000,
        currency: Currency::from_code("USD").unwrap(),
    }
}

#[test]
fn a_signed_report_is_read_however_often_it_comes() {
    let expected = ReportRead::Reports(vec![Report {
        cost: Some(half_a_cent()),
        ..report(MESSAGE, Some(LOST))
    }]);
    let while_changing = format!("Zm9v,{V3}");
    for report in [
        signed(V3, GIVEN),
        signed(&while_changing, GIVEN),
        signed_by_v2(V2, GIVEN),
        signed(V3, GIVEN),
    ] {
        assert_eq!(read(&report).as_ref(), Ok(&expected), "{report:?}");
    }
}

#[test]
fn a_report_that_is_not_plivos_is_refused() {
    let altered = GIVEN.replace("undelivered", "delivered");
    let more = format!("{GIVEN}&More=1");
    let get = RawReport {
        method: "GET".to_owned(),
        path_and_query: format!("/callbacks/plivo/s3cret?{GIVEN}"),
        ..signed(V3, "")
    };
    let other_nonce = post(
        &[
            ("x-plivo-signature-v3", V3),
            ("x-plivo-signature-v3-nonce", "05429567804466091623"),
        ],
        GIVEN,
    );
    // The third version counts where there is one.
    let both = post(
        &[
            ("x-plivo-signature-v3", V3),
            ("x-plivo-signature-v3-nonce", NONCE),
            ("x-plivo-signature-v2", V2),
            ("x-plivo-signature-v2-nonce", NONCE),
        ],
        &altered,
    );
    for (name, report) in [
        ("altered", signed(V3, &altered)),
        ("altered, with both", both),
        ("more", signed(V3, &more)),
        ("cut", signed(&V3[..43], GIVEN)),
        ("empty", signed("", GIVEN)),
        ("only commas", signed(",,", GIVEN)),
        ("of the other version", signed(V2, GIVEN)),
        ("of the other version", signed_by_v2(V3, GIVEN)),
        ("no signature", post(&[], GIVEN)),
        ("no nonce", post(&[("x-plivo-signature-v3", V3)], GIVEN)),
        ("no nonce", post(&[("x-plivo-signature-v2", V2)], GIVEN)),
        ("another nonce", other_nonce),
        ("no body", signed(V3, "")),
        ("a query", get),
    ] {
        assert_eq!(read(&report), Err(BadReport::Forged), "{name}");
    }
}

#[test]
fn reports_go_to_the_url_that_was_told() {
    let read_at = |callback| {
        let plivo = Plivo::new(&settings(elsewhere(), LONG), reached_at(callback)).unwrap();
        plivo.read(&signed_by_v2(V2, GIVEN), NOW)
    };

    assert!(read_at(Some(URL)).is_ok());
    let other = "https://login.example.org/callbacks/plivo/other";
    for elsewhere in [Some(other), None] {
        assert_eq!(read_at(elsewhere), Err(BadReport::Forged), "{elsewhere:?}");
    }
}

#[test]
fn a_signed_report_that_is_none_is_unreadable() {
    for (text, body) in [
        (String::new(), String::new()),
        ("?Statussent".to_owned(), "Status=sent".to_owned()),
        (
            format!("?MessageUUID{MESSAGE}"),
            format!("MessageUUID={MESSAGE}"),
        ),
        (
            "?MessageUUIDStatussent".to_owned(),
            "MessageUUID=&Status=sent".to_owned(),
        ),
    ] {
        let signature = signature_of(&format!("{URL}{text}"));

        let read = read(&signed(&signature, &body));

        assert_eq!(read, Err(BadReport::Unreadable), "{body}");
    }
}

/// What a state means, with and without a code.
fn states() -> Vec<(&'static str, Option<&'static str>, Option<Arrival>)> {
    use SendRefusal::{
        BadCredentials, BlockedAsFraud, BlockedCountry, CannotReceive, NoCredit, RejectedContent,
    };
    let lost = |refusal| Some(Arrival::Undelivered(refusal));
    let mut states = vec![
        ("queued", None, None),
        ("sent", Some("000"), None),
        ("something_new", None, None),
        ("delivered", Some("000"), Some(Arrival::Delivered)),
        ("read", None, Some(Arrival::Delivered)),
        ("rejected", None, Some(LOST)),
        ("failed", Some("000"), Some(LOST)),
        ("failed", Some("900"), lost(NoCredit)),
        ("failed", Some("450"), lost(BlockedCountry)),
        ("failed", Some("451"), lost(BlockedAsFraud)),
        ("undelivered", Some("200"), Some(UNWANTED)),
    ];
    let reasons = [
        (RejectedContent, ["10", "30", "110"].as_slice()),
        (BadCredentials, &["40", "201"]),
        (CannotReceive, &["50", "70", "100"]),
        (
            SendRefusal::Temporary,
            &["20", "60", "80", "90", "420", "1000", "new"],
        ),
    ];
    for (reason, codes) in reasons {
        let each = codes
            .iter()
            .map(|code| ("undelivered", Some(*code), lost(reason)));
        states.extend(each);
    }
    states
}

#[test]
fn every_state_is_understood() {
    for (state, code, arrival) in states() {
        let (text, field) = code.map_or((String::new(), String::new()), |code| {
            (format!("ErrorCode{code}"), format!("&ErrorCode={code}"))
        });
        let signature = signature_of(&format!("{URL}?{text}MessageUUID{MESSAGE}Status{state}"));
        let body = format!("Status={state}&MessageUUID={MESSAGE}{field}");

        let read = read(&signed(&signature, &body));

        let expected = ReportRead::Reports(vec![report(MESSAGE, arrival)]);
        assert_eq!(read, Ok(expected), "{state} {code:?}");
    }
}

/// An answer about [`MESSAGE`].
fn answer(state: &str, code: Option<&str>, more: &str) -> String {
    let code = code.map_or("null".to_owned(), |code| format!(r#""{code}""#));
    let body = format!(
        r#"{{"api_id":"x","message_uuid":"{MESSAGE}","message_state":"{state}",
            "error_code":{code},"to_number":"14155550123","units":1{more}}}"#
    );
    reply("200 OK", &body)
}

#[tokio::test]
async fn an_asked_state_has_its_meaning() {
    for (state, code, arrival) in states() {
        let polled = report_of(plivo, MESSAGE, &answer(state, code, "")).await;

        assert_eq!(polled, Some(report(MESSAGE, arrival)), "{state} {code:?}");
    }
    let polled = report_of(plivo, "another", &answer("delivered", None, "")).await;
    assert_eq!(polled, None, "it is about another message");
}

#[tokio::test]
async fn a_message_is_asked_for_by_its_uuid() {
    let server = Server::listen().await;
    let plivo = plivo(server.url(), LONG);

    let answer = answer("delivered", None, r#","total_amount":"0.00500""#);
    let (polled, request) = server.poll(&plivo, MESSAGE, &answer).await;

    let expected = Report {
        cost: Some(half_a_cent()),
        ..report(MESSAGE, Some(Arrival::Delivered))
    };
    assert_eq!(polled, Some(expected));
    assert_eq!(
        request.line,
        "GET /v1/Account/MA0123456789ABCDEFGH/Message/5b40a428-bfc7-4daf-9d06-726c558bf3b8/ HTTP/1.1"
    );
    assert_eq!(request.header("authorization"), Some(BY_TOKEN));
}

#[tokio::test]
async fn an_answer_that_tells_nothing_is_no_report() {
    let body = format!(
        r#"{{"message_uuid":"5","message_state":"delivered","error_code":"000",
            "message":"{MESSAGE}"}}"#
    );

    troubles::hold_poller(plivo, &body).await;
}
