mod reports;

use std::time::Duration;

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
    provider::Surroundings,
    providers::plivo::{AuthId, Origin, Plivo, PlivoSettings},
};
use serde_json::{Value, json};

use crate::kit::{
    LONG, NOW, Server, accepted, log, message, outcome_of, refused, reply, surroundings, troubles,
};

const MESSAGE: &str = "5b40a428-bfc7-4daf-9d06-726c558bf3b8";

const TAKEN: &str = r#"{"api_id":"948b53a2-3f08-11e7-b6f4-061564b78b75",
    "message":"message(s) queued","message_uuid":["5b40a428-bfc7-4daf-9d06-726c558bf3b8"]}"#;

fn settings(base_url: BaseUrl, timeout: Duration) -> PlivoSettings {
    PlivoSettings {
        base_url,
        auth_id: AuthId::parse("MA0123456789ABCDEFGH").unwrap(),
        auth_token: Secret::new("phonekey-plivo-token"),
        origin: Origin::Sender("+14155550100".to_owned()),
        timeout,
    }
}

fn plivo(base_url: BaseUrl, timeout: Duration) -> Plivo {
    Plivo::new(&settings(base_url, timeout), surroundings()).unwrap()
}

fn reached_at(callback: Option<&str>) -> Surroundings {
    Surroundings {
        callback: callback.map(str::to_owned),
        ..surroundings()
    }
}

fn elsewhere() -> BaseUrl {
    BaseUrl::parse("https://plivo.example/").unwrap()
}

fn sms() -> Message {
    message(Channel::Sms, "+14155550123")
}

/// Python: `base64.b64encode(b"MA0123456789ABCDEFGH:phonekey-plivo-token")`.
const BY_TOKEN: &str = "Basic TUEwMTIzNDU2Nzg5QUJDREVGR0g6cGhvbmVrZXktcGxpdm8tdG9rZW4=";

#[tokio::test]
async fn a_message_has_exactly_this_form() {
    let server = Server::listen().await;
    let plivo = plivo(server.url(), LONG);

    let reply = reply("202 Accepted", TAKEN);
    let (outcome, request) = server.exchange(&plivo, &sms(), &reply).await;

    assert_eq!(outcome, accepted(MESSAGE));
    assert_eq!(
        request.line,
        "POST /v1/Account/MA0123456789ABCDEFGH/Message/ HTTP/1.1"
    );
    assert_eq!(request.header("authorization"), Some(BY_TOKEN));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.body,
        concat!(
            r#"{"src":"+14155550100","dst":"+14155550123","#,
            r#""text":"Your login code:\n482913\nValid for 2 min. Do not give it to anyone.","#,
            r#""type":"sms","log":"false","message_expiry":120,"#,
            r#""url":"https://login.example/delivery/reports/provider/t0ken","method":"POST"}"#,
        )
    );
}

/// What Plivo is asked for a message from this origin, by a server that is reached at `callback`.
async fn asked(origin: Origin, callback: Option<&str>, message: &Message) -> Value {
    let server = Server::listen().await;
    let settings = PlivoSettings {
        origin,
        ..settings(server.url(), LONG)
    };
    let plivo = Plivo::new(&settings, reached_at(callback)).unwrap();
    let reply = reply("202 Accepted", TAKEN);
    let (_, request) = server.exchange(&plivo, message, &reply).await;
    serde_json::from_str(&request.body).unwrap()
}

#[tokio::test]
async fn a_powerpack_may_send_and_nobody_be_called() {
    let uuid = "5ec4c8c9-cd74-42b5-9e41-0d7670d6bb46";

    let body = asked(Origin::Powerpack(uuid.to_owned()), None, &sms()).await;

    assert_eq!(body["powerpack_uuid"], json!(uuid));
    for none in ["src", "url", "method"] {
        assert_eq!(body.get(none), None, "{none}");
    }
}

#[tokio::test]
async fn a_message_waits_no_longer_than_its_code_is_good() {
    for (seconds, expiry) in [(0, 5), (90, 90), (86_400, 10_799)] {
        let message = Message {
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            ..sms()
        };

        let body = asked(Origin::Sender("PhoneKey".to_owned()), None, &message).await;

        assert_eq!(body["message_expiry"], json!(expiry), "{seconds}");
    }
}

fn fault(status: &str, words: &str) -> String {
    let body = json!({"api_id": "7b7c7f26-3f09-11e7-b6f4-061564b78b75", "error": words});
    reply(status, &body.to_string())
}

#[tokio::test]
async fn every_refusal_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, BlockedCountry, InvalidNumber, NoCredit, RateLimited, RejectedContent,
    };
    for (status, words, refusal) in [
        (
            "400 No",
            "'14155550123' is not a valid phone number.",
            InvalidNumber,
        ),
        ("400 No", "dst parameter not present", InvalidNumber),
        ("400 No", "src parameter not present", BadCredentials),
        ("400 No", "Invalid Sender ID", BadCredentials),
        ("400 No", "Invalid source number", BadCredentials),
        (
            "400 No",
            "powerpack_uuid is not a valid phone number",
            BadCredentials,
        ),
        ("400 No", "text exceeds maximum length", RejectedContent),
        ("400 No", "Insufficient Credit", NoCredit),
        ("401 No", "authentication failed", BadCredentials),
        ("402 No", "no", NoCredit),
        ("403 No", "insufficient credit", NoCredit),
        ("403 No", "no permission for this region", BlockedCountry),
        ("404 No", "not found", BadCredentials),
        ("405 No", "method not allowed", RejectedContent),
        ("422 No", "dst", RejectedContent),
        ("429 No", "too many requests", RateLimited),
    ] {
        let outcome = outcome_of(plivo, &sms(), &fault(status, words)).await;

        assert_eq!(outcome, refused(refusal), "{status} {words}");
    }
}

#[tokio::test]
async fn a_failure_of_plivos_tells_nothing() {
    for status in ["500 Oops", "503 Busy"] {
        let outcome = outcome_of(plivo, &sms(), &fault(status, "insufficient credit")).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{status}");
    }
}

#[tokio::test]
async fn an_acceptance_without_the_name_of_one_message_tells_nothing() {
    for names in ["[]", r#"[""]"#, r#"["a","b"]"#, r#""a""#, "[7]", "null"] {
        let body = format!(r#"{{"message":"message(s) queued","message_uuid":{names}}}"#);

        let outcome = outcome_of(plivo, &sms(), &reply("202 Accepted", &body)).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{names}");
    }
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold(plivo, &sms(), TAKEN).await;
    troubles::hold_statuses(plivo, &sms()).await;
}

#[tokio::test]
async fn the_log_holds_the_status_and_nothing_secret() {
    let refusal = fault("400 No", "'14155550123' is not a valid phone number.");
    let secrets = ["phonekey-plivo-token", "TUEwMTIz", "4155550123", "t0ken"];
    log::hold(plivo, &sms(), &refusal, "provider.code=400", &secrets).await;
    log::hold_poller(plivo, &refusal, &secrets).await;
}

#[test]
fn settings_show_no_key() {
    let shown = format!("{:?}", settings(elsewhere(), LONG));

    assert!(!shown.contains("phonekey-plivo-token"), "{shown}");
}
