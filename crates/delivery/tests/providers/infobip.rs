mod reports;

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{ReportSource, Surroundings},
    providers::infobip::{Infobip, InfobipSettings},
};
use serde_json::{Value, json};

use crate::kit::{
    CODE, IRAN, LONG, NOW, Server, accepted, log, message, outcome_of, refused, reply,
    surroundings, troubles,
};

const SUCCESS: &str = r#"{"bulkId":"2034072219640523072","messages":[{"messageId":"m-1",
    "destination":"989121234567","status":{"groupId":1,"groupName":"PENDING","id":26,
    "name":"PENDING_ACCEPTED","description":"Message accepted"},
    "details":{"messageCount":1},"new":[1]}]}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> InfobipSettings {
    InfobipSettings {
        base_url,
        api_key: Secret::new("api-k3y"),
        sender: None,
        timeout,
    }
}

fn infobip(base_url: BaseUrl, timeout: Duration) -> Infobip {
    Infobip::new(&settings(base_url, timeout), surroundings()).unwrap()
}

fn to_iran() -> Message {
    message(Channel::Sms, IRAN)
}

#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let settings = InfobipSettings {
        sender: Some("PhoneKey".to_owned()),
        ..settings(server.url(), LONG)
    };
    let infobip = Infobip::new(&settings, surroundings()).unwrap();
    let message = to_iran();

    let reply = reply("200 OK", SUCCESS);
    let (outcome, request) = server.exchange(&infobip, &message, &reply).await;

    assert_eq!(outcome, accepted("m-1"));
    assert_eq!(request.line, "POST /sms/3/messages HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("authorization"), "App api-k3y");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("accept"), "application/json");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let challenge = message.delivery.challenge;
    assert_eq!(
        body,
        json!({"messages": [{
            "sender": "PhoneKey",
            "destinations": [{"to": "989121234567", "messageId": format!("{challenge}-1")}],
            "content": {
                "text": "Your login code:\n482913\nValid for 2 min. Do not give it to anyone."
            },
            "options": {"validityPeriod": {"amount": 120, "timeUnit": "SECONDS"}},
            "webhooks": {
                "delivery": {
                    "url": "https://login.example/delivery/reports/provider/t0ken",
                    "notify": true,
                },
                "contentType": "application/json",
            },
        }]})
    );
}

/// The message that Infobip is asked for by a server that is reached at `callback`.
async fn asked(callback: Option<&str>, message: &Message) -> Value {
    let server = Server::listen().await;
    let surroundings = Surroundings {
        callback: callback.map(str::to_owned),
        ..surroundings()
    };
    let infobip = Infobip::new(&settings(server.url(), LONG), surroundings).unwrap();
    let reply = reply("200 OK", SUCCESS);
    let (_, request) = server.exchange(&infobip, message, &reply).await;
    let body: Value = serde_json::from_str(&request.body).unwrap();
    body["messages"][0].clone()
}

#[tokio::test]
async fn what_is_not_configured_is_not_said() {
    let message = asked(None, &to_iran()).await;

    assert_eq!(message.get("sender"), None);
    assert_eq!(message.get("webhooks"), None);
}

#[tokio::test]
async fn it_gives_up_when_the_code_ends_as_far_as_infobip_lets_it() {
    let most = 48 * 3600;
    for (seconds, amount) in [(0, 1), (90, 90), (most + 1, most)] {
        let message = Message {
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            ..to_iran()
        };

        let asked = asked(None, &message).await;

        let validity = &asked["options"]["validityPeriod"];
        assert_eq!(*validity, json!({"amount": amount, "timeUnit": "SECONDS"}));
    }
}

#[test]
fn without_a_public_url_infobip_is_asked() {
    let source = |callback: Option<&str>| {
        let surroundings = Surroundings {
            callback: callback.map(str::to_owned),
            ..surroundings()
        };
        let settings = settings(BaseUrl::parse("https://infobip.example/").unwrap(), LONG);
        Arc::new(Infobip::new(&settings, surroundings).unwrap()).reports()
    };

    assert!(matches!(source(None), ReportSource::Polling(_)));
    assert!(matches!(
        source(Some("https://login.example/x")),
        ReportSource::Callback(_)
    ));
}

fn answer(group: i64, id: i64) -> String {
    let status = json!({"groupId": group, "groupName": "X", "id": id, "name": "Y",
        "description": CODE});
    let body = json!({"messages": [{"messageId": "m-1", "status": status}]});
    reply("200 OK", &body.to_string())
}

#[tokio::test]
async fn every_status_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BlockedAsFraud, BlockedCountry, InvalidNumber, NoCredit, OptedOut,
        RateLimited, RejectedContent, Temporary,
    };
    for (group, id) in [(0, 0), (1, 3), (1, 7), (1, 26), (1, 999), (3, 2), (3, 5)] {
        let outcome = outcome_of(infobip, &to_iran(), &answer(group, id)).await;

        assert_eq!(outcome, accepted("m-1"), "{group} {id}");
    }
    for (group, id, meaning) in [
        (2, 4, Temporary),
        (2, 9, Temporary),
        (2, 31, Temporary),
        (2, 100, Temporary),
        (4, 15, Temporary),
        (4, 29, Temporary),
        (4, 87, BlockedAsFraud),
        (5, 6, BlockedCountry),
        (5, 8, InvalidNumber),
        (5, 10, OptedOut),
        (5, 11, BlockedCountry),
        (5, 12, NoCredit),
        (5, 13, BlockedCountry),
        (5, 14, OptedOut),
        (5, 17, NoCredit),
        (5, 18, BadCredentials),
        (5, 19, BlockedCountry),
        (5, 20, RateLimited),
        (5, 21, Temporary),
        (5, 24, RejectedContent),
        (5, 25, RejectedContent),
        (5, 51, InvalidNumber),
        (5, 52, InvalidNumber),
        (5, 87, BlockedAsFraud),
        (5, 999, Temporary),
    ] {
        let outcome = outcome_of(infobip, &to_iran(), &answer(group, id)).await;

        assert_eq!(outcome, refused(meaning), "{group} {id}");
    }
    let unheard_of = outcome_of(infobip, &to_iran(), &answer(9, 1)).await;
    assert_eq!(unheard_of, SendOutcome::Unknown);
}

/// Another node may have handed it over before it went down.
#[tokio::test]
async fn a_message_that_infobip_has_already_is_taken() {
    let outcome = outcome_of(infobip, &to_iran(), &answer(5, 23)).await;

    assert_eq!(outcome, accepted("m-1"));
}

#[tokio::test]
async fn a_message_whose_name_is_not_repeated_has_the_one_it_was_given() {
    let message = to_iran();
    let body = r#"{"messages":[{"status":{"groupId":1,"id":26}}]}"#;

    let outcome = outcome_of(infobip, &message, &reply("200 OK", body)).await;

    assert_eq!(
        outcome,
        accepted(&format!("{}-1", message.delivery.challenge))
    );
}

#[tokio::test]
async fn an_answer_about_no_message_tells_nothing() {
    for body in [
        r#"{"messages":[]}"#,
        r#"{"messages":[{"messageId":"m-1"}]}"#,
        r#"{"messages":[{"messageId":"","status":{"groupId":1,"id":26}}]}"#,
        r#"{"messages":[{"messageId":"m-1","status":{"groupId":"1","id":26}}]}"#,
    ] {
        let outcome = outcome_of(infobip, &to_iran(), &reply("200 OK", body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{body}");
    }
}

/// A refusal that names this field.
fn refusal(status: &str, property: &str) -> String {
    let body = json!({"errorCode": "E400", "description": CODE, "action": "x",
        "violations": [{"property": property, "violation": CODE}], "resources": []});
    reply(status, &body.to_string())
}

#[tokio::test]
async fn a_refused_request_says_which_field_is_wrong() {
    use SendRefusal::{BadCredentials, InvalidNumber, RateLimited, RejectedContent};
    let to = "messages[0].destinations[0].to";
    for (status, property, meaning) in [
        ("400 Bad Request", to, InvalidNumber),
        ("400 Bad Request", "to", InvalidNumber),
        ("400 Bad Request", "messages[0].sender", BadCredentials),
        (
            "400 Bad Request",
            "messages[0].content.text",
            RejectedContent,
        ),
        (
            "400 Bad Request",
            "messages[0].destinations.auto",
            RejectedContent,
        ),
        ("401 Unauthorized", to, BadCredentials),
        ("403 Forbidden", to, BadCredentials),
        ("429 Too Many Requests", to, RateLimited),
    ] {
        let refusal = refusal(status, property);

        let outcome = outcome_of(infobip, &to_iran(), &refusal).await;

        assert_eq!(outcome, refused(meaning), "{status} {property}");
    }
    let server_error = outcome_of(infobip, &to_iran(), &refusal("500 Oops", to)).await;
    assert_eq!(server_error, SendOutcome::Unknown);
}

#[tokio::test]
async fn the_older_form_of_a_refusal_goes_by_its_status() {
    let body = r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"no"}}}"#;

    let outcome = outcome_of(infobip, &to_iran(), &reply("401 Unauthorized", body)).await;

    assert_eq!(outcome, refused(SendRefusal::BadCredentials));
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(infobip, &to_iran(), SUCCESS).await;
    troubles::hold_statuses(infobip, &to_iran()).await;
    troubles::hold_poller(infobip, SUCCESS).await;
}

#[tokio::test]
async fn neither_the_log_nor_the_settings_show_the_key() {
    let rejected = answer(5, 12);
    let refused = refusal("400 Bad Request", "to");

    log::hold(
        infobip,
        &to_iran(),
        &rejected,
        "provider.code=12",
        &["api-k3y"],
    )
    .await;
    log::hold(
        infobip,
        &to_iran(),
        &refused,
        "provider.code=\"E400\"",
        &["api-k3y"],
    )
    .await;
    log::hold_poller(infobip, &refused, &["api-k3y"]).await;

    let shown = format!("{:?}", settings(Server::listen().await.url(), LONG));
    assert!(!shown.contains("api-k3y"), "{shown}");
}
