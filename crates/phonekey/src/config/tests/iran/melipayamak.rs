use phonekey_delivery::{providers::melipayamak::MeliPayamakSettings, settings::ProviderKind};

use super::{kind, problems, refuse_each};

const USERNAME: &str = "username = 'shop'";
const KEY: &str = "api_key = 'c0a8-k3y'";
const TEXT: &str = "body_id = 90210";

fn settings(more: &str) -> MeliPayamakSettings {
    let section = format!("{USERNAME}\n{KEY}\n{TEXT}\n{more}");
    let kind = kind("melipayamak", &section);
    let ProviderKind::MeliPayamak(settings) = kind else {
        panic!("not MeliPayamak: {kind:?}");
    };
    settings
}

#[test]
fn an_account_and_a_text_are_enough() {
    let settings = settings("");

    assert_eq!(settings.username, "shop");
    assert_eq!(settings.api_key.expose(), b"c0a8-k3y");
    assert_eq!(settings.body_id, 90_210);
    assert_eq!(
        settings.base_url.to_string(),
        "https://rest.payamak-panel.com/"
    );
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings("base_url = 'https://sms.example/m'\ntimeout = '2s'");

    assert_eq!(settings.base_url.to_string(), "https://sms.example/m");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    assert_eq!(
        problems("melipayamak", ""),
        [
            "delivery.melipayamak.api_key: is required, since a route uses `melipayamak`",
            "delivery.melipayamak.body_id: is required, since a route uses `melipayamak`",
            "delivery.melipayamak.username: is required, since a route uses `melipayamak`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    refuse_each(
        "melipayamak",
        &format!("{USERNAME}\n{TEXT}"),
        &[("api_key = 'k3y k3y'", "in one line")],
    );
    refuse_each(
        "melipayamak",
        &format!("{USERNAME}\n{KEY}"),
        &[
            ("body_id = 0", "template's number"),
            ("body_id = 'login'", "template's number"),
        ],
    );
    refuse_each(
        "melipayamak",
        &format!("{KEY}\n{TEXT}"),
        &[("username = 'shop '", "username")],
    );
    refuse_each(
        "melipayamak",
        &format!("{USERNAME}\n{KEY}\n{TEXT}"),
        &[
            ("base_url = 'http://sms.example'", "unencrypted"),
            ("timeout = '2m'", "timeout"),
        ],
    );
}
