use phonekey_delivery::{
    providers::vonage::{self, VonageSettings},
    settings::ProviderKind,
};

use super::Case;

const SECTION: &str = "
    [delivery.routes]
    default = ['vonage']
    [delivery.vonage]
    api_key = 'a1b2c3d4'
    api_secret = 'k3y-0f-4n-4cc0unt'
";

fn settings(more: &str) -> VonageSettings {
    let config = Case::new().file(&format!("{SECTION}{more}")).load();
    let providers = config.unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::Vonage(settings)) = kind else {
        panic!("no Vonage: {kind:?}");
    };
    *settings
}

#[test]
fn an_account_and_a_sender_are_enough() {
    let settings = settings("from = 'PhoneKey'");

    assert_eq!(settings.api_key, "a1b2c3d4");
    assert_eq!(settings.api_secret.expose(), b"k3y-0f-4n-4cc0unt");
    assert_eq!(settings.from, "PhoneKey");
    assert!(settings.signature_secret.is_none());
    assert_eq!(settings.currency, None);
    assert_eq!(settings.base_url.to_string(), vonage::BASE_URL);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings(
        "
        from = '+447700900123'
        signature_secret = 's1gn4ture'
        currency = 'eur'
        base_url = 'https://sms.example/v'
        timeout = '2s'
        ",
    );

    assert_eq!(settings.from, "447700900123");
    assert_eq!(settings.signature_secret.unwrap().expose(), b"s1gn4ture");
    assert_eq!(settings.currency.unwrap().code(), "EUR");
    assert_eq!(settings.base_url.to_string(), "https://sms.example/v");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("[delivery.routes]\ndefault = ['vonage']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.vonage.api_key: is required, since a route uses `vonage`",
            "delivery.vonage.api_secret: is required, since a route uses `vonage`",
            "delivery.vonage.from: is required, since a route uses `vonage`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (odd, said) in [
        ("from = 'PhoneKey 2026'", "1 to 11 letters"),
        ("from = '12'", "1 to 11 letters"),
        ("from = ' Phone'", "1 to 11 letters"),
        ("from = 'کلید'", "1 to 11 letters"),
        (
            "from = 'Phone'\nsignature_secret = 's1gn s1gn'",
            "in one line",
        ),
        ("from = 'Phone'\ncurrency = '€'", "three letters"),
        (
            "from = 'Phone'\nbase_url = 'http://sms.example'",
            "unencrypted",
        ),
        ("from = 'Phone'\ntimeout = '2m'", "timeout"),
    ] {
        let problems = Case::new().file(&format!("{SECTION}{odd}")).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
        assert!(!problems[0].contains("s1gn"), "{problems:?}");
    }
    let key = SECTION.replace("a1b2c3d4", "a1b2:c3d4");
    let problems = Case::new().file(&format!("{key}from = 'Phone'")).problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("dashboard"), "{problems:?}");
}
