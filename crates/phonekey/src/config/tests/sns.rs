use phonekey_delivery::{
    providers::sns::{Origin, SnsSettings},
    settings::ProviderKind,
};

use super::Case;

const SECTION: &str = r#"
    [delivery.routes]
    default = ["sns"]
    [delivery.sns]
    region = "eu-central-1"
    access_key_id = "AKIAIOSFODNN7EXAMPLE"
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
"#;

fn settings(more: &str) -> SnsSettings {
    let config = Case::new().file(&format!("{SECTION}{more}")).load();
    let providers = config.unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::Sns(settings)) = kind else {
        panic!("no SNS: {kind:?}");
    };
    *settings
}

#[test]
fn a_region_and_a_key_are_enough() {
    let settings = settings("");

    assert_eq!(
        settings.base_url.to_string(),
        "https://sns.eu-central-1.amazonaws.com/"
    );
    assert_eq!(settings.origin, None);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings(
        r#"
        session_token = "FwoGZXIvYXdzE=="
        sender_id = "Phone-Key"
        max_price = "0.50"
        india_entity_id = "1701"
        india_template_id = "1707"
        base_url = "http://127.0.0.1:4566"
        timeout = "2s"
        "#,
    );

    assert!(settings.credentials.session_token.is_some());
    assert_eq!(
        settings.origin,
        Some(Origin::SenderId("Phone-Key".to_owned()))
    );
    assert_eq!(settings.max_price.as_deref(), Some("0.50"));
    assert_eq!(settings.india.unwrap().template_id, "1707");
    assert_eq!(settings.base_url.to_string(), "http://127.0.0.1:4566/");
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("[delivery.routes]\ndefault = ['sns']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.sns.access_key_id: is required, since a route uses `sns`",
            "delivery.sns.region: is required, since a route uses `sns`",
            "delivery.sns.secret_access_key: is required, since a route uses `sns`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let both = "sender_id = 'PhoneKey'\norigination_number = '+447700900123'";
    for (odd, said) in [
        ("sender_id = '12345'", "sender_id"),
        ("sender_id = 'Phone Key'", "sender_id"),
        ("sender_id = 'PK'", "sender_id"),
        (
            "origination_number = '+44 7700 900123'",
            "origination_number",
        ),
        (both, "cannot be together"),
        ("max_price = '50 cents'", "max_price"),
        ("max_price = '0.0'", "max_price"),
        ("india_entity_id = '1701'", "india_template_id"),
        ("india_template_id = '1707'", "india_entity_id"),
        ("base_url = 'http://sns.example'", "unencrypted"),
        ("base_url = 'https://sns.example/?key=1'", "base_url"),
        ("session_token = 'a b'", "session_token"),
        ("timeout = '2m'", "timeout"),
    ] {
        let problems = Case::new().file(&format!("{SECTION}{odd}")).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
    }
}
