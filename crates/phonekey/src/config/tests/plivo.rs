use phonekey_delivery::{
    providers::plivo::{self, Origin, PlivoSettings},
    settings::ProviderKind,
};

use super::Case;

const ACCOUNT: &str = "
    delivery.routes.default = ['plivo']
    delivery.plivo.auth_id = 'MA0123456789ABCDEFGH'
    delivery.plivo.auth_token = 's3cret-t0ken'
";
const NUMBER: &str = "delivery.plivo.src = '+14155550100'\n";
const POWERPACK: &str = "delivery.plivo.powerpack_uuid = '5ec4c8c9-cd74-42b5-9e41-0d7670d6bb46'\n";

fn settings(more: &str) -> PlivoSettings {
    let config = Case::new().file(&format!("{ACCOUNT}{more}")).load();
    let providers = config.unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::Plivo(settings)) = kind else {
        panic!("no Plivo: {kind:?}");
    };
    *settings
}

#[test]
fn an_account_and_a_number_are_enough() {
    let settings = settings(NUMBER);

    assert_eq!(settings.auth_id.as_str(), "MA0123456789ABCDEFGH");
    assert_eq!(settings.auth_token.expose(), b"s3cret-t0ken");
    assert_eq!(settings.origin, Origin::Sender("+14155550100".to_owned()));
    assert_eq!(settings.base_url.to_string(), plivo::BASE_URL);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let more = "delivery.plivo.base_url = 'https://sms.example/p'\ndelivery.plivo.timeout = '2s'";
    let settings = settings(&format!("{POWERPACK}{more}"));

    assert_eq!(
        settings.origin,
        Origin::Powerpack("5ec4c8c9-cd74-42b5-9e41-0d7670d6bb46".to_owned())
    );
    assert_eq!(settings.base_url.to_string(), "https://sms.example/p");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn messages_come_from_numbers_short_codes_and_names() {
    for src in ["14155550100", "+14155550100", "12345", "PhoneKey", "K3y"] {
        let settings = settings(&format!("delivery.plivo.src = '{src}'"));

        assert_eq!(settings.origin, Origin::Sender(src.to_owned()));
    }
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("delivery.routes.default = ['plivo']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.plivo.auth_id: is required, since a route uses `plivo`",
            "delivery.plivo.auth_token: is required, since a route uses `plivo`",
            "delivery.plivo.src: is required, since a route uses `plivo`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let refuse = |file: &str, said: &str| {
        let problems = Case::new().file(file).problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
        assert!(!problems[0].contains("s3cret"), "{problems:?}");
    };

    refuse(
        &format!("{ACCOUNT}{NUMBER}{POWERPACK}"),
        "cannot be together",
    );
    for src in [
        "Phone Key",
        "Phone-Key",
        "PhoneKeyGmbH",
        "+1 415",
        "12",
        "+",
        "123456789012345",
    ] {
        let file = format!("{ACCOUNT}delivery.plivo.src = '{src}'");
        refuse(&file, "delivery.plivo.src: must be a number");
    }
    for uuid in [
        "5ec4c8c9",
        "5ec4c8c9-cd74-42b5-9e41-0d7670d6bb4z",
        "5ec4c8c9-cd74-42b5-9e41",
    ] {
        let file = format!("{ACCOUNT}delivery.plivo.powerpack_uuid = '{uuid}'");
        refuse(&file, "delivery.plivo.powerpack_uuid: must be a UUID");
    }
    for (whole, odd, said) in [
        ("MA0123456789ABCDEFGH", "XX0123456789ABCDEFGH", "Auth ID"),
        ("MA0123456789ABCDEFGH", "MA0123", "Auth ID"),
        ("s3cret-t0ken", "s3cret t0ken", "in one line"),
    ] {
        refuse(&format!("{ACCOUNT}{NUMBER}").replace(whole, odd), said);
    }
    for (odd, said) in [
        ("base_url = 'http://plivo.example'", "unencrypted"),
        ("timeout = '2m'", "timeout"),
    ] {
        refuse(&format!("{ACCOUNT}{NUMBER}delivery.plivo.{odd}"), said);
    }
}
