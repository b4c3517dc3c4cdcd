//! `provider list`.

use std::fs;

use serde_json::{Value, json};

use crate::shell::Shell;

const ROUTES: &str = "
    http.public_url = 'https://login.example'
    delivery.telegram.token = 'AAHtoken:secret'
    [delivery.routes]
    default = ['kavenegar', 'inbox']
    on_request = ['kavenegar:voice']
    [[delivery.rules]]
    regions = ['TR']
    providers = ['console']
    [delivery.kavenegar]
    api_key = 'a-key-of-kavenegars'
    template = 'login'
";

#[test]
fn every_provider_is_listed_with_what_the_configuration_makes_of_it() {
    let shell = Shell::new();
    fs::write(shell.path("phonekey.toml"), ROUTES).unwrap();

    let ran = shell.run("provider list --json");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    let all: Value = serde_json::from_str(&ran.out()).unwrap();
    let of = |name: &str| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    };
    let kavenegar = json!({
        "name": "kavenegar",
        "channels": ["sms", "voice"],
        "for": "people",
        "configured": true,
        "carries_to": ["all other numbers"],
        "reports": "when asked",
        "could_report": "when asked",
        "page": "docs/providers/kavenegar.md",
    });
    assert_eq!(of("kavenegar"), kavenegar);
    assert_eq!(of("console")["carries_to"], json!(["numbers of TR"]));
    assert_eq!(of("console")["for"], "development");
    let telegram = of("telegram");
    assert_eq!(telegram["configured"], true, "though no route uses it");
    assert_eq!(telegram["carries_to"], json!([]));
    assert_eq!(telegram["reports"], "by callback");
    assert_eq!(of("smsir")["configured"], false);
    assert_eq!(of("smsir")["reports"], Value::Null);
    assert_eq!(of("smsir")["could_report"], "when asked");
    assert!(!ran.out().contains("a-key-of-kavenegars"));
}

#[test]
fn the_list_is_a_table_of_tabs_behind_a_pipe() {
    let ran = Shell::new().run("provider list");

    let inbox = ran.out();
    let inbox = inbox.lines().find(|line| line.starts_with("inbox\t"));
    assert_eq!(
        inbox.unwrap(),
        "inbox\tsms, voice, whatsapp, telegram\tdevelopment\tyes\tall other numbers\tnothing\t\
         docs/configuration.md"
    );
}
