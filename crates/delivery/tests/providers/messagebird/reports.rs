use std::{fmt::Write, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use phonekey_core::{
    delivery::{
        outcome::{Cost, Currency, MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
    secret::Secret,
    time::Timestamp,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{BadReport, PollReports, ReadReports, ReportRead, Surroundings},
    providers::messagebird::{MessageBird, MessageBirdSettings},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokio::select;

use super::{ID, messagebird, settings, taken};
use crate::kit::{LONG, LOST, NOW, Server, UNWANTED, report, report_of, surroundings};

/// A request of MessageBird's with this query.
fn get(query: &str) -> RawReport {
    RawReport {
        method: "GET".to_owned(),
        path_and_query: format!("/delivery/reports/messagebird/t0ken?{query}"),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// Reads a report for an account with this signing key, on a server at `https://login.example`.
fn read(report: &RawReport, key: Option<&str>, now: Timestamp) -> Result<ReportRead, BadReport> {
    let settings = MessageBirdSettings {
        signing_key: key.map(Secret::new),
        ..settings(
            BaseUrl::parse("https://messagebird.example/").unwrap(),
            LONG,
        )
    };
    let messagebird = MessageBird::new(&settings, surroundings()).unwrap();
    messagebird.read(report, now)
}

fn one(report: Report) -> ReportRead {
    ReportRead::Reports(vec![report])
}

const QUERY: &str = "id=6fe65f90454aa61536e6a88b88972670&reference=x-1&recipient=989121234567\
    &status=delivered&statusDatetime=2026-08-11T09%3A15%3A04%2B00%3A00";

#[test]
fn a_report_is_read_and_may_come_again() {
    let request = get(QUERY);
    let expected = Ok(one(report(ID, Some(Arrival::Delivered))));

    assert_eq!(read(&request, None, NOW), expected);
    assert_eq!(read(&request, None, NOW), expected);
}

#[test]
fn every_reported_status_has_its_meaning() {
    use SendRefusal::{InvalidNumber, NoCredit, RejectedContent};
    let lost = |reason| Some(Arrival::Undelivered(reason));
    for (status, reason, arrival) in [
        ("scheduled", "", None),
        ("sent", "pending+DLR", None),
        ("buffered", "", None),
        ("something_new", "unknown+subscriber", None),
        (
            "delivered",
            "successfully+delivered",
            Some(Arrival::Delivered),
        ),
        ("expired", "unavailable+subscriber", Some(LOST)),
        ("delivery_failed", "Unknown+subscriber", lost(InvalidNumber)),
        ("delivery_failed", "opted+out", Some(UNWANTED)),
        ("delivery_failed", "insufficient+balance", lost(NoCredit)),
        ("delivery_failed", "carrier+rejected", lost(RejectedContent)),
        ("delivery_failed", "unavailable+subscriber", Some(LOST)),
        ("delivery_failed", "generic+delivery+failure", Some(LOST)),
        ("delivery_failed", "", Some(LOST)),
    ] {
        let request = get(&format!("id={ID}&status={status}&statusReason={reason}"));

        let expected = Ok(one(report(ID, arrival)));
        assert_eq!(read(&request, None, NOW), expected, "{status} {reason}");
    }
}

#[test]
fn a_report_tells_the_cost_where_it_has_one() {
    let euros = Cost {
        micros: 7500,
        currency: Currency::from_code("EUR").unwrap(),
    };
    for (more, cost) in [
        (
            "&price[amount]=0.0075&price[currency]=EUR",
            Some(euros.clone()),
        ),
        (
            "&price%5Bamount%5D=0.0075&price%5Bcurrency%5D=EUR",
            Some(euros),
        ),
        ("&price[amount]=0.0075", None),
        ("&price[amount]=free&price[currency]=EUR", None),
    ] {
        let expected = Report {
            cost,
            ..report(ID, Some(Arrival::Delivered))
        };

        let read = read(&get(&format!("{QUERY}{more}")), None, NOW);

        assert_eq!(read, Ok(one(expected)), "{more}");
    }
}

#[test]
fn what_is_no_report_is_unreadable() {
    for query in [
        "",
        "status=delivered",
        &format!("id={ID}"),
        "id=&status=delivered",
    ] {
        let read = read(&get(query), None, NOW);

        assert_eq!(read, Err(BadReport::Unreadable), "{query}");
    }
}

const KEY: &str = "phonekey-messagebird-key";

/// Python made this token by MessageBird's own algorithm, with [`KEY`]: good for a minute from the
/// second of [`NOW`].
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTc4NjQzOTcwNCwiZXhwIjoxNzg2NDM5NzY0LCJqdGkiOiIxMTExMTEx\
    MS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJ1cmxfaGFzaCI6IjQ1NDVhYTNhMDNhNDU4ZThlMTljMGU4OTlj\
    N2FjMTQ3OTc4OGRkOTdmYjM5MDFhMzU4NmE5ZmE4YTAyOWRiNTIifQ.\
    JJEWj4NcmZtaOUAkKafc_Ezcu7ToQVl1R9BodBFVRjA";

#[test]
fn a_signed_report_is_read() {
    let request = RawReport {
        path_and_query: "/callbacks/messagebird/s3cret?id=6fe65f90454aa61536e6a88b88972670\
             &reference=pk-7f3a&recipient=31612345678&status=delivered\
             &statusDatetime=2026-08-11T09%3A15%3A04%2B00%3A00"
            .to_owned(),
        ..with(TOKEN.to_owned(), get(""))
    };
    let settings = MessageBirdSettings {
        signing_key: Some(Secret::new(KEY)),
        ..settings(
            BaseUrl::parse("https://messagebird.example/").unwrap(),
            LONG,
        )
    };
    let surroundings = Surroundings {
        public_url: Some("https://login.example.org".to_owned()),
        ..surroundings()
    };
    let messagebird = MessageBird::new(&settings, surroundings).unwrap();

    let read = messagebird.read(&request, NOW);

    assert_eq!(read, Ok(one(report(ID, Some(Arrival::Delivered)))));
}

fn with(token: String, report: RawReport) -> RawReport {
    RawReport {
        headers: vec![("messagebird-signature-jwt".to_owned(), token)],
        ..report
    }
}

fn hash_of(bytes: &[u8]) -> String {
    let mut hash = String::new();
    for byte in Sha256::digest(bytes) {
        write!(hash, "{byte:02x}").unwrap();
    }
    hash
}

/// What MessageBird claims of a report with [`QUERY`].
fn claims() -> Value {
    let url = format!("https://login.example/delivery/reports/messagebird/t0ken?{QUERY}");
    json!({"iss": "MessageBird", "nbf": 1_786_439_704, "exp": 1_786_439_764, "jti": "j",
        "url_hash": hash_of(url.as_bytes())})
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn token(algorithm: &str, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = json!({"alg": algorithm, "typ": "JWT"});
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = match algorithm {
        "HS384" => mac::<Hmac<Sha384>>(&signed),
        "HS512" => mac::<Hmac<Sha512>>(&signed),
        "none" => Vec::new(),
        _ => mac::<Hmac<Sha256>>(&signed),
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn mac<M: Mac + KeyInit>(signed: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn each_of_the_methods_that_messagebird_may_use_is_taken() {
    for algorithm in ["HS256", "HS384", "HS512"] {
        let request = with(token(algorithm, &claims()), get(QUERY));

        let read = read(&request, Some(KEY), NOW);

        let delivered = one(report(ID, Some(Arrival::Delivered)));
        assert_eq!(read, Ok(delivered), "{algorithm}");
    }
}

#[test]
fn a_report_that_is_not_messagebirds_is_refused() {
    let signed = |claims: &Value| with(token("HS256", claims), get(QUERY));
    let sound = token("HS256", &claims());
    let body = RawReport {
        body: b"more".to_vec(),
        ..signed(&claims())
    };
    let other_body = RawReport {
        body: b"less".to_vec(),
        ..signed(&claims_with("payload_hash", hash_of(b"more").into()))
    };
    let altered = QUERY.replace("delivered", "expired");
    let (other_order, id) = QUERY.split_once('&').map(|(id, rest)| (rest, id)).unwrap();
    for (name, request) in [
        ("none", get(QUERY)),
        ("empty", with(String::new(), get(QUERY))),
        ("no token", with("a.b".to_owned(), get(QUERY))),
        ("cut", with(sound[..sound.len() - 2].to_owned(), get(QUERY))),
        ("unsigned", with(token("none", &claims()), get(QUERY))),
        (
            "another method",
            with(token("RS256", &claims()), get(QUERY)),
        ),
        ("another issuer", signed(&claims_with("iss", "Bird".into()))),
        ("no hash", signed(&claims_with("url_hash", Value::Null))),
        ("altered", with(sound.clone(), get(&altered))),
        (
            "another order",
            with(sound.clone(), get(&format!("{other_order}&{id}"))),
        ),
        ("a body", body),
        ("another body", other_body),
        (
            "no body",
            signed(&claims_with("payload_hash", hash_of(b"more").into())),
        ),
    ] {
        let read = read(&request, Some(KEY), NOW);

        assert_eq!(read, Err(BadReport::Forged), "{name}");
    }
    let read = read(&with(sound, get(QUERY)), Some("another-key"), NOW);
    assert_eq!(read, Err(BadReport::Forged));
}

#[test]
fn a_body_is_signed_as_well() {
    let claims = claims_with("payload_hash", hash_of(b"more").into());
    let request = RawReport {
        method: "POST".to_owned(),
        body: b"more".to_vec(),
        ..with(token("HS256", &claims), get(QUERY))
    };

    assert!(read(&request, Some(KEY), NOW).is_ok());
}

#[test]
fn a_token_is_good_for_as_long_as_it_says() {
    let request = with(token("HS256", &claims()), get(QUERY));
    let read_at = |now| read(&request, Some(KEY), now);
    let (from, to) = (
        Timestamp::from_seconds(1_786_439_704),
        Timestamp::from_seconds(1_786_439_764),
    );
    let (second, more) = (Duration::from_secs(1), Duration::from_millis(1001));

    assert!(read_at(from.minus(second)).is_ok());
    assert!(read_at(to.plus(second)).is_ok());
    for late in [from.minus(more), to.plus(more)] {
        assert_eq!(read_at(late), Err(BadReport::Forged));
    }
}

/// A signature shows whose report it is, and not that it is one.
#[test]
fn a_signed_report_that_is_none_is_unreadable() {
    let url = "https://login.example/delivery/reports/messagebird/t0ken?a=b";
    let claims = claims_with("url_hash", hash_of(url.as_bytes()).into());

    let read = read(&with(token("HS256", &claims), get("a=b")), Some(KEY), NOW);

    assert_eq!(read, Err(BadReport::Unreadable));
}

#[tokio::test]
async fn a_message_is_asked_for_by_its_name() {
    let server = Server::listen().await;
    let messagebird = messagebird(server.url(), LONG);
    let answer = taken(&json!({"status": "delivered",
        "price": {"amount": 0.0075, "currency": "EUR"}}));

    let (polled, request) = server.poll(&messagebird, ID, &answer).await;

    let cost = Cost {
        micros: 7500,
        currency: Currency::from_code("EUR").unwrap(),
    };
    let expected = Report {
        cost: Some(cost),
        ..report(ID, Some(Arrival::Delivered))
    };
    assert_eq!(polled, Some(expected));
    assert_eq!(request.line, format!("GET /messages/{ID} HTTP/1.1"));
    assert_eq!(request.header("authorization"), Some("AccessKey live_k3y"));
}

#[tokio::test]
async fn an_asked_status_has_its_meaning() {
    for (status, reason, arrival) in [
        ("sent", "pending DLR", None),
        ("expired", "expired", Some(LOST)),
        ("delivery_failed", "opted out", Some(UNWANTED)),
    ] {
        let answer = taken(&json!({"status": status, "statusReason": reason}));

        let polled = report_of(messagebird, ID, &answer).await;

        assert_eq!(polled, Some(report(ID, arrival)), "{status}");
    }
}

#[tokio::test]
async fn a_name_that_is_none_of_messagebirds_is_not_asked_for() {
    let server = Server::listen().await;
    let messagebird = messagebird(server.url(), LONG);
    let id = MessageId::new("../balance").unwrap();

    let answered = server.answer("");
    let polled = select! {
        polled = messagebird.poll(&id) => polled,
        request = answered => panic!("asked: {request:?}"),
    };

    assert_eq!(polled, None);
}
