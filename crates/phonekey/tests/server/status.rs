//! `delivery status`, beside a server.

use serde_json::{Value, json};

use crate::{
    played::{SECRET, Webhook},
    support::{Home, VERIFY, mobile, until},
};

const REFUSING: &str = r#"{"status": "refused", "reason": "no_credit"}"#;

/// Messages go to a webhook that refuses them, then to the file.
fn scene(home: &mut Home) -> Webhook {
    let webhook = Webhook::answering(REFUSING);
    home.set("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "webhook, file")
        .set("PHONEKEY_DELIVERY__WEBHOOK__URL", &webhook.url)
        .set("PHONEKEY_DELIVERY__WEBHOOK__SECRETS", SECRET);
    webhook
}

fn status(home: &Home) -> Value {
    let ran = home
        .command(&["delivery", "status", "--json"])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn of(status: &Value, provider: &str) -> Value {
    let mut all = status["providers"].as_array().unwrap().iter();
    all.find(|one| one["name"] == provider).unwrap().clone()
}

fn what_a_server_did_is_told_beside_it(mut home: Home) {
    let _webhook = scene(&mut home);
    let mut server = home.start();
    let mut client = server.client();
    let answer = client.challenge(&home, &mobile(6_000_000));
    assert_eq!(client.post(VERIFY, &answer).status, 200);
    client.challenge(&home, &mobile(6_000_001));

    until(|| of(&status(&home), "webhook")["nodes"][0]["breaker"] == "open");

    let told = status(&home);
    assert_eq!(told["providers"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["running"], 1);
    let webhook = of(&told, "webhook");
    assert_eq!(webhook["nodes"][0]["running"], true);
    assert_eq!(webhook["last_error"]["error"], "no_credit");
    assert_eq!(webhook["last_error"]["meaning"], "the account is empty");
    let one_refused = json!({ "sent": 1, "accepted": 0, "refused": 1, "unknown": 0, "pending": 0 });
    assert_eq!(webhook["last_hour"], one_refused, "then it was down");
    assert_eq!(webhook["last_24_hours"], one_refused);
    let file = of(&told, "file");
    assert_eq!(file["nodes"][0]["breaker"], "closed");
    assert_eq!(file["last_error"], Value::Null);
    assert_eq!(file["last_hour"]["accepted"], 2);
    assert_eq!(file["conversion"], json!({ "sent": 1, "verified": 1 }));
    assert_eq!(file["spent_today"], json!([]));

    assert_eq!(server.stop(), Some(0));
    let left = of(&status(&home), "webhook");
    assert_eq!(left["last_error"]["error"], "no_credit", "it is remembered");
    let table = home.command(&["delivery", "status"]).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("\t1: 1 refused\t1: 1 refused\t"), "{table}");
    assert!(!table.contains("98912"), "{table}");
}

#[test]
fn what_a_server_did_is_told_beside_it_with_sqlite() {
    what_a_server_did_is_told_beside_it(Home::sqlite());
}

#[test]
fn what_a_server_did_is_told_beside_it_with_postgres() {
    if let Some(home) = Home::postgres() {
        what_a_server_did_is_told_beside_it(home);
    }
}

#[test]
fn each_server_has_a_name_of_its_own_in_the_log_and_in_the_status() {
    let home = Home::sqlite();
    let server = home.start();

    until(|| status(&home)["running"] == 1);

    let node = of(&status(&home), "file")["nodes"][0]["name"].clone();
    server.wait_for_log(node.as_str().unwrap());
}
