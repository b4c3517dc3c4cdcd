use phonekey_core::{
    delivery::{
        outcome::{Cost, Currency, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{BadReport, ReadReports, ReportRead},
};
use serde_json::{Value, json};

use super::infobip;
use crate::kit::{LONG, LOST, NOW, Request, Server, UNWANTED, post, reply, report, report_of};

/// A message's result, as reports and logs have it.
fn result(id: &str, status: &Value, error: &Value) -> Value {
    json!({"bulkId": "b", "messageId": id, "to": "989121234567", "sender": "PhoneKey",
        "sentAt": "2026-08-11T09:15:04.250+0000", "doneAt": "2026-08-11T09:15:09.250+0000",
        "messageCount": 1, "mccMnc": "43211", "status": status, "error": error, "new": [1]})
}

fn status(group: i64, id: i64) -> Value {
    json!({"groupId": group, "groupName": "X", "id": id, "name": "Y", "description": "z"})
}

fn error(id: i64, permanent: bool) -> Value {
    json!({"groupId": 1, "groupName": "X", "id": id, "name": "Y", "permanent": permanent})
}

fn posted(results: &[Value]) -> RawReport {
    let body = json!({"results": results}).to_string();
    post(&[("content-type", "application/json")], &body)
}

fn read(report: &RawReport) -> Result<ReportRead, BadReport> {
    infobip(BaseUrl::parse("https://infobip.example/").unwrap(), LONG).read(report, NOW)
}

#[test]
fn all_reports_of_a_request_are_read() {
    let request = posted(&[
        result("m-1", &status(3, 5), &error(0, false)),
        json!({"messageId": "m-2", "inbound": true}),
        result("", &status(3, 5), &error(0, false)),
        result("m-3", &status(4, 15), &Value::Null),
    ]);
    let expected = Ok(ReportRead::Reports(vec![
        report("m-1", Some(Arrival::Delivered)),
        report("m-3", Some(LOST)),
    ]));

    assert_eq!(read(&request), expected);
    // The same may come again.
    assert_eq!(read(&request), expected);
}

#[test]
fn every_reported_status_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BadTemplate, BlockedAsFraud, CannotReceive, InvalidNumber, NoCredit,
        RateLimited, RejectedContent,
    };
    let lost = |reason| Some(Arrival::Undelivered(reason));
    for (status, error, arrival) in [
        (status(1, 3), error(0, false), None),
        (status(9, 9), error(0, false), None),
        // The second one of its name; what became of the first, its own report says.
        (status(5, 23), error(5492, true), None),
        (status(3, 2), error(0, false), Some(Arrival::Delivered)),
        (status(3, 5), error(0, false), Some(Arrival::Delivered)),
        (status(2, 4), error(0, false), Some(LOST)),
        (status(2, 4), error(0, true), Some(LOST)),
        (status(2, 9), error(1, true), lost(InvalidNumber)),
        (status(2, 9), error(6, false), Some(LOST)),
        (status(2, 9), error(13, false), lost(CannotReceive)),
        (status(2, 9), error(27, false), Some(LOST)),
        (status(2, 9), error(352, true), lost(InvalidNumber)),
        (status(2, 9), error(355, true), lost(RejectedContent)),
        (status(2, 9), error(433, true), lost(BadCredentials)),
        (status(2, 9), error(563, false), lost(BadCredentials)),
        (status(2, 9), error(603, true), Some(UNWANTED)),
        (status(2, 9), error(607, true), lost(RejectedContent)),
        (status(2, 9), error(608, false), lost(BlockedAsFraud)),
        (status(2, 9), error(4099, true), lost(NoCredit)),
        (status(2, 9), error(4104, true), lost(RateLimited)),
        (status(2, 9), error(4108, true), lost(BadTemplate)),
        (status(2, 9), error(9999, true), lost(CannotReceive)),
        (status(2, 9), error(9999, false), Some(LOST)),
        (status(2, 9), Value::Null, Some(LOST)),
        (status(4, 15), error(4100, true), Some(LOST)),
        (status(4, 87), error(608, true), lost(BlockedAsFraud)),
        // What the status says goes before what the error says.
        (status(5, 12), error(9999, true), lost(NoCredit)),
        (status(5, 10), error(2050, true), Some(UNWANTED)),
    ] {
        let request = posted(&[result("m-1", &status, &error)]);

        let expected = Ok(ReportRead::Reports(vec![report("m-1", arrival)]));
        assert_eq!(read(&request), expected, "{status} {error}");
    }
}

/// The report of a delivered message with this more.
fn charged(more: &Value) -> Report {
    let mut result = result("m-1", &status(3, 5), &Value::Null);
    for (name, value) in more.as_object().unwrap() {
        result[name] = value.clone();
    }
    let Ok(ReportRead::Reports(mut reports)) = read(&posted(&[result])) else {
        panic!("no reports");
    };
    reports.remove(0)
}

#[test]
fn a_report_tells_what_all_segments_cost() {
    let price = json!({"pricePerMessage": 0.0075, "currency": "EUR"});
    let euros = |micros| {
        let currency = Currency::from_code("EUR").unwrap();
        Some(Cost { micros, currency })
    };
    for (more, cost) in [
        (json!({"price": price, "messageCount": 1}), euros(7500)),
        (json!({"price": price, "messageCount": 2}), euros(15_000)),
        (json!({"price": price, "messageCount": null}), euros(7500)),
        (json!({"price": price, "messageCount": 0}), euros(7500)),
        (json!({"price": null}), None),
        (json!({"price": "0.0075 EUR"}), None),
        (
            json!({"price": {"pricePerMessage": null, "currency": null}}),
            None,
        ),
        (
            json!({"price": {"pricePerMessage": 0.01, "currency": "credits"}}),
            None,
        ),
    ] {
        let report = charged(&more);

        assert_eq!(report.cost, cost, "{more}");
        assert_eq!(report.arrival, Some(Arrival::Delivered), "{more}");
    }
}

#[test]
fn what_is_no_report_is_unreadable() {
    for body in ["", "<html>", "[1]", "{}", r#"{"results":{}}"#] {
        assert_eq!(read(&post(&[], body)), Err(BadReport::Unreadable), "{body}");
    }
}

fn logs(results: &[Value]) -> String {
    reply("200 OK", &json!({"results": results}).to_string())
}

#[tokio::test]
async fn a_message_is_asked_for_in_the_logs() {
    let server = Server::listen().await;
    let infobip = infobip(server.url(), LONG);
    let logs = logs(&[result("m-1", &status(3, 5), &error(0, false))]);

    let (polled, request): (_, Request) = server.poll(&infobip, "m-1", &logs).await;

    assert_eq!(polled, Some(report("m-1", Some(Arrival::Delivered))));
    assert_eq!(request.line, "GET /sms/3/logs?messageId=m-1 HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("App api-k3y"));
    assert_eq!(request.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn the_logs_say_what_reports_say() {
    let other = result("m-2", &status(3, 5), &Value::Null);
    let pending = result("m-1", &status(1, 7), &Value::Null);
    let rejected = result("m-1", &status(5, 10), &error(2050, true));
    for (results, expected) in [
        (vec![], None),
        (vec![other.clone()], None),
        (vec![pending], Some(report("m-1", None))),
        (vec![other, rejected], Some(report("m-1", Some(UNWANTED)))),
    ] {
        let polled = report_of(infobip, "m-1", &logs(&results)).await;

        assert_eq!(polled, expected, "{results:?}");
    }
}
