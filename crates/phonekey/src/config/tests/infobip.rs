use phonekey_delivery::{providers::infobip::InfobipSettings, settings::ProviderKind};

use super::Case;

const SECTION: &str = "
    [delivery.routes]
    default = ['infobip']
    [delivery.infobip]
    base_url = 'https://abc123.api.infobip.com'
    api_key = 'k3y-0f-4n-4cc0unt'
";

fn settings(more: &str) -> InfobipSettings {
    let config = Case::new().file(&format!("{SECTION}{more}")).load();
    let providers = config.unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::Infobip(settings)) = kind else {
        panic!("no Infobip: {kind:?}");
    };
    *settings
}

#[test]
fn a_host_and_a_key_are_enough() {
    let settings = settings("");

    assert_eq!(
        settings.base_url.to_string(),
        "https://abc123.api.infobip.com/"
    );
    assert_eq!(settings.api_key.expose(), b"k3y-0f-4n-4cc0unt");
    assert_eq!(settings.sender, None);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let settings = settings("sender = 'Phone Key'\ntimeout = '2s'");

    assert_eq!(settings.sender.as_deref(), Some("Phone Key"));
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("[delivery.routes]\ndefault = ['infobip']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.infobip.api_key: is required, since a route uses `infobip`",
            "delivery.infobip.base_url: is required, since a route uses `infobip`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (odd, said) in [
        ("sender = 'PhoneKey 2026'", "1 to 11 letters"),
        ("timeout = '2m'", "timeout"),
    ] {
        let problems = Case::new().file(&format!("{SECTION}{odd}")).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
    }
    for (part, odd, said) in [
        ("https://", "http://", "unencrypted"),
        ("https://", "", "not a URL"),
        ("k3y-0f", "App k3y-0f", "in one line"),
    ] {
        let problems = Case::new().file(&SECTION.replace(part, odd)).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
        assert!(!problems[0].contains("k3y"), "{problems:?}");
    }
}
