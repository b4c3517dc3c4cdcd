use phonekey_delivery::{providers::smsir::SmsIrSettings, settings::ProviderKind};

use super::{kind, problems, refuse_each};

const KEY: &str = "api_key = 'Xr7k3y'";
const TEMPLATE: &str = "template_id = 123456";

fn settings(more: &str) -> SmsIrSettings {
    let kind = kind("smsir", &format!("{KEY}\n{TEMPLATE}\n{more}"));
    let ProviderKind::SmsIr(settings) = kind else {
        panic!("not SMS.ir: {kind:?}");
    };
    settings
}

#[test]
fn a_key_and_a_template_are_enough() {
    let settings = settings("");

    assert_eq!(settings.api_key.expose(), b"Xr7k3y");
    assert_eq!(settings.template_id, 123_456);
    assert_eq!(settings.parameter, "CODE");
    assert_eq!(settings.base_url.to_string(), "https://api.sms.ir/");
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings("parameter = 'otp'\nbase_url = 'https://sms.example'\ntimeout = '2s'");

    assert_eq!(settings.parameter, "otp");
    assert_eq!(settings.base_url.to_string(), "https://sms.example/");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    assert_eq!(
        problems("smsir", ""),
        [
            "delivery.smsir.api_key: is required, since a route uses `smsir`",
            "delivery.smsir.template_id: is required, since a route uses `smsir`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    refuse_each("smsir", TEMPLATE, &[("api_key = 'k3y k3y'", "in one line")]);
    refuse_each(
        "smsir",
        KEY,
        &[
            ("template_id = 0", "template's number"),
            ("template_id = 'login'", "template's number"),
        ],
    );
    refuse_each(
        "smsir",
        &format!("{KEY}\n{TEMPLATE}"),
        &[
            ("parameter = '#CODE#'", "without its `#`"),
            ("base_url = 'http://sms.example'", "unencrypted"),
            ("timeout = '2m'", "timeout"),
        ],
    );
}
