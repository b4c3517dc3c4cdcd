use phonekey_delivery::{providers::ghasedak::GhasedakSettings, settings::ProviderKind};

use super::{kind, problems, refuse_each};

const KEY: &str = "api_key = 'c0a8-k3y'";
const TEMPLATE: &str = "template = 'login'";

fn settings(more: &str) -> GhasedakSettings {
    let kind = kind("ghasedak", &format!("{KEY}\n{TEMPLATE}\n{more}"));
    let ProviderKind::Ghasedak(settings) = kind else {
        panic!("not Ghasedak: {kind:?}");
    };
    settings
}

#[test]
fn a_key_and_a_template_are_enough() {
    let settings = settings("");

    assert_eq!(settings.api_key.expose(), b"c0a8-k3y");
    assert_eq!(settings.template, "login");
    assert_eq!(settings.voice_template, "login");
    assert_eq!(settings.parameter, "Code");
    assert_eq!(
        settings.base_url.to_string(),
        "https://gateway.ghasedak.me/"
    );
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings(
        r"
        voice_template = 'login-call'
        parameter = 'کد'
        base_url = 'https://sms.example/g'
        timeout = '2s'
        ",
    );

    assert_eq!(settings.voice_template, "login-call");
    assert_eq!(settings.parameter, "کد");
    assert_eq!(settings.base_url.to_string(), "https://sms.example/g");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    assert_eq!(
        problems("ghasedak", ""),
        [
            "delivery.ghasedak.api_key: is required, since a route uses `ghasedak`",
            "delivery.ghasedak.template: is required, since a route uses `ghasedak`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    refuse_each(
        "ghasedak",
        TEMPLATE,
        &[("api_key = 'k3y k3y'", "in one line")],
    );
    refuse_each(
        "ghasedak",
        &format!("{KEY}\n{TEMPLATE}"),
        &[
            ("voice_template = 'login '", "voice_template"),
            ("parameter = '%Code%'", "without its `%`"),
            ("base_url = 'http://sms.example'", "unencrypted"),
            ("timeout = '2m'", "timeout"),
        ],
    );
}
