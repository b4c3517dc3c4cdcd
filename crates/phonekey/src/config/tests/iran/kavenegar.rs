use phonekey_delivery::{providers::kavenegar::KavenegarSettings, settings::ProviderKind};

use super::{kind, problems, refuse_each};
use crate::config::tests::Case;

const KEY: &str = "api_key = '4B3x9k3y'";
const TEMPLATE: &str = "template = 'login'";

fn settings(more: &str) -> KavenegarSettings {
    let kind = kind("kavenegar", &format!("{KEY}\n{TEMPLATE}\n{more}"));
    let ProviderKind::Kavenegar(settings) = kind else {
        panic!("not Kavenegar: {kind:?}");
    };
    settings
}

#[test]
fn a_key_and_a_template_are_enough() {
    let settings = settings("");

    assert_eq!(settings.api_key.expose(), b"4B3x9k3y");
    assert_eq!(settings.template, "login");
    assert_eq!(settings.voice_template, "login");
    assert_eq!(settings.base_url.to_string(), "https://api.kavenegar.com/");
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings(
        "voice_template = 'login-call'\nbase_url = 'https://sms.example/k'\ntimeout = '2s'",
    );

    assert_eq!(settings.voice_template, "login-call");
    assert_eq!(settings.base_url.to_string(), "https://sms.example/k");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    assert_eq!(
        problems("kavenegar", ""),
        [
            "delivery.kavenegar.api_key: is required, since a route uses `kavenegar`",
            "delivery.kavenegar.template: is required, since a route uses `kavenegar`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    refuse_each(
        "kavenegar",
        TEMPLATE,
        &[
            ("api_key = 'https://api.kavenegar.com/v1/k3y/'", "no URL"),
            ("api_key = 'k3y k3y'", "in one line"),
        ],
    );
    refuse_each(
        "kavenegar",
        KEY,
        &[
            ("template = ' login'", "without spaces around"),
            ("template = \"log\\nin\"", "in one line"),
        ],
    );
    refuse_each(
        "kavenegar",
        &format!("{KEY}\n{TEMPLATE}"),
        &[
            ("voice_template = 'login '", "voice_template"),
            ("base_url = 'http://kavenegar.example'", "unencrypted"),
            ("timeout = '2m'", "timeout"),
        ],
    );
}

#[test]
fn it_carries_text_messages_and_calls() {
    let case = |hop: &str| {
        let route = format!("[delivery.routes]\ndefault = ['{hop}']");
        Case::new().file(&format!("{route}\n[delivery.kavenegar]\n{KEY}\n{TEMPLATE}"))
    };

    assert!(case("kavenegar:voice").load().is_ok());
    let problems = case("kavenegar:whatsapp").problems();
    assert!(problems[0].contains("carries sms, voice"), "{problems:?}");
}
