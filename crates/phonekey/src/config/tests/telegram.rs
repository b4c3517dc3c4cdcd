use phonekey_delivery::{providers::telegram, settings::ProviderKind};

use super::Case;

const SECTION: &str = "
    delivery.routes.default = ['telegram']
    delivery.telegram.token = 'AAHtoken:secret'
";

#[test]
fn a_token_is_enough() {
    let config = Case::new().file(SECTION).load().unwrap();

    let kind = config.delivery.providers.into_values().next();
    let Some(ProviderKind::Telegram(settings)) = kind.map(|it| it.kind) else {
        panic!("no Telegram");
    };
    assert_eq!(settings.base_url.to_string(), telegram::BASE_URL);
    assert_eq!(settings.sender_username, None);
}

#[test]
fn telegram_carries_its_own_channel_alone() {
    let problems = Case::new()
        .file("delivery.routes.default = ['telegram:sms']")
        .problems();

    assert!(
        problems[0].contains("`telegram` carries telegram, not `sms`"),
        "{problems:?}"
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let without_token = "delivery.routes.default = ['telegram']";
    assert_eq!(
        Case::new().file(without_token).problems(),
        ["delivery.telegram.token: is required, since a route uses `telegram`"]
    );
    for (odd, said) in [
        ("challenge.code_length = 9", "must be 8 at most"),
        ("delivery.telegram.sender_username = 'a b c'", "username"),
        (
            "delivery.telegram.base_url = 'http://tg.example'",
            "unencrypted",
        ),
        ("delivery.telegram.timeout = '0s'", "timeout"),
    ] {
        let problems = Case::new().file(&format!("{SECTION}{odd}")).problems();

        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
    }
    let broken = SECTION.replace("AAH", "AAH ");
    let problems = Case::new().file(&broken).problems();
    assert!(problems[0].contains("in one line"), "{problems:?}");
    assert!(!problems[0].contains("secret"), "{problems:?}");
}
