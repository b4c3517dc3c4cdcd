use std::time::Duration;

use phonekey_core::{
    delivery::{outcome::SendRefusal, report::Arrival},
    ports::report::RawReport,
    secret::Secret,
    time::Timestamp,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{BadReport, ReadReports, ReportRead},
    providers::vonage::{Vonage, VonageSettings},
};

use super::settings;
use crate::kit::{LONG, LOST, NOW, UNWANTED, post, report, surroundings};

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
