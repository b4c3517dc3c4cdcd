use phonekey_delivery::{
    providers::messagebird::{self, MessageBirdSettings},
    settings::ProviderKind,
};

use super::Case;

const SECTION: &str = "
    [delivery.routes]
    default = ['messagebird']
    [delivery.messagebird]
    access_key = 'k3y-0f-4n-4cc0unt'
";

fn settings(more: &str) -> MessageBirdSettings {
    let config = Case::new().file(&format!("{SECTION}{more}")).load();
    let providers = config.unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::MessageBird(settings)) = kind else {
        panic!("no MessageBird: {kind:?}");
    };
    *settings
}

#[test]
fn a_key_and_an_originator_are_enough() {
    let settings = settings("originator = 'PhoneKey'");

    assert_eq!(settings.access_key.expose(), b"k3y-0f-4n-4cc0unt");
    assert_eq!(settings.originator, "PhoneKey");
    assert!(settings.signing_key.is_none());
    assert_eq!(settings.base_url.to_string(), messagebird::BASE_URL);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings(
        "
        originator = '+31612345678'
        signing_key = 's1gn1ng'
        base_url = 'https://sms.example/m'
        timeout = '2s'
        ",
    );

    assert_eq!(settings.originator, "31612345678");
    assert_eq!(settings.signing_key.unwrap().expose(), b"s1gn1ng");
    assert_eq!(settings.base_url.to_string(), "https://sms.example/m");
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("[delivery.routes]\ndefault = ['messagebird']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.messagebird.access_key: is required, since a route uses `messagebird`",
            "delivery.messagebird.originator: is required, since a route uses `messagebird`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (odd, said) in [
        ("originator = 'PhoneKey 2026'", "1 to 11 letters"),
        (
            "originator = 'Phone'\nsigning_key = 's1gn s1gn'",
            "in one line",
        ),
        (
            "originator = 'Phone'\nbase_url = 'http://sms.example'",
            "unencrypted",
        ),
        ("originator = 'Phone'\ntimeout = '2m'", "timeout"),
    ] {
        let problems = Case::new().file(&format!("{SECTION}{odd}")).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
        assert!(!problems[0].contains("s1gn s1gn"), "{problems:?}");
    }
}
