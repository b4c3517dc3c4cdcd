use phonekey_delivery::{
    providers::twilio::{self, Credentials, Origin, TwilioSettings},
    settings::ProviderKind,
};

use super::Case;

const ACCOUNT: &str = "
    delivery.routes.default = ['twilio']
    delivery.twilio.account_sid = 'AC0123456789abcdef0123456789abcdef'
";
const TOKEN: &str = "delivery.twilio.auth_token = 'c0ffee0123456789'\n";
const KEY: &str = "delivery.twilio.api_key_sid = 'SK0123456789abcdef0123456789abcdef'\n";
const KEY_SECRET: &str = "delivery.twilio.api_key_secret = 'k3y-s3cret'\n";
const NUMBER: &str = "delivery.twilio.from = '+15005550006'\n";
const SERVICE: &str =
    "delivery.twilio.messaging_service_sid = 'MG0123456789abcdef0123456789abcdef'\n";

fn settings(section: &[&str]) -> TwilioSettings {
    let config = Case::new().file(&format!("{ACCOUNT}{}", section.concat()));
    let providers = config.load().unwrap().delivery.providers;
    let kind = providers.into_values().next().map(|it| it.kind);
    let Some(ProviderKind::Twilio(settings)) = kind else {
        panic!("no Twilio: {kind:?}");
    };
    *settings
}

fn problems(section: &[&str]) -> Vec<String> {
    let file = format!("{ACCOUNT}{}", section.concat());
    Case::new().file(&file).problems()
}

#[test]
fn an_account_its_token_and_a_number_are_enough() {
    let settings = settings(&[TOKEN, NUMBER]);

    assert_eq!(
        settings.account_sid.as_str(),
        "AC0123456789abcdef0123456789abcdef"
    );
    let Credentials::AuthToken(token) = settings.credentials else {
        panic!("no token: {:?}", settings.credentials);
    };
    assert_eq!(token.expose(), b"c0ffee0123456789");
    assert_eq!(settings.origin, Origin::Sender("+15005550006".to_owned()));
    assert_eq!(settings.base_url.to_string(), twilio::BASE_URL);
    assert_eq!(settings.timeout.as_secs(), 5);
}

#[test]
fn everything_else_may_be_said() {
    let more = "delivery.twilio.base_url = 'https://api.dublin.ie1.twilio.com'\n\
                delivery.twilio.timeout = '2s'";
    let settings = settings(&[TOKEN, KEY, KEY_SECRET, SERVICE, more]);

    let Credentials::ApiKey {
        sid,
        secret,
        auth_token,
    } = settings.credentials
    else {
        panic!("no key: {:?}", settings.credentials);
    };
    assert_eq!(sid.as_str(), "SK0123456789abcdef0123456789abcdef");
    assert_eq!(secret.expose(), b"k3y-s3cret");
    assert_eq!(auth_token.unwrap().expose(), b"c0ffee0123456789");
    assert!(matches!(settings.origin, Origin::Service(_)));
    assert_eq!(
        settings.base_url.to_string(),
        "https://api.dublin.ie1.twilio.com/"
    );
    assert_eq!(settings.timeout.as_secs(), 2);
}

#[test]
fn a_key_sends_without_the_token() {
    let settings = settings(&[KEY, KEY_SECRET, NUMBER]);

    let Credentials::ApiKey { auth_token, .. } = settings.credentials else {
        panic!("no key: {:?}", settings.credentials);
    };
    assert!(auth_token.is_none());
}

#[test]
fn messages_come_from_numbers_short_codes_and_names() {
    for from in ["+15005550006", "12345", "PhoneKey", "Key & Co", "K-1_2+3"] {
        let said = format!("delivery.twilio.from = '{from}'");

        let settings = settings(&[TOKEN, &said]);

        assert_eq!(settings.origin, Origin::Sender(from.to_owned()));
    }
}

#[test]
fn what_a_route_needs_is_asked_for_all_at_once() {
    let problems = Case::new()
        .file("delivery.routes.default = ['twilio']")
        .problems();

    assert_eq!(
        problems,
        [
            "delivery.twilio.account_sid: is required, since a route uses `twilio`",
            "delivery.twilio.auth_token: is required, since a route uses `twilio`",
            "delivery.twilio.from: is required, since a route uses `twilio`",
        ]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let refuse = |section: &[&str], said: &str| {
        let problems = problems(section);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
        assert!(!problems[0].contains("s3cret"), "{problems:?}");
    };

    refuse(&[TOKEN, NUMBER, SERVICE], "cannot be together");
    refuse(&[TOKEN, KEY, NUMBER], "api_key_secret: is required");
    refuse(&[TOKEN, KEY_SECRET, NUMBER], "api_key_sid: is required");
    for from in [
        "+1 500 555 0006",
        "12",
        "PhoneKey GmbH",
        "کلید",
        " Key",
        "+",
    ] {
        let said = format!("delivery.twilio.from = '{from}'\n");
        refuse(&[TOKEN, &said], "delivery.twilio.from: must be a number");
    }
    for (odd, said) in [
        ("api_key_sid = 'AC0123456789abcdef0123456789abcdef'", "`SK`"),
        ("api_key_sid = 'SK0123'", "`SK`"),
        ("api_key_secret = 'k3y s3cret'", "in one line"),
    ] {
        refuse(&[TOKEN, NUMBER, &format!("delivery.twilio.{odd}")], said);
    }
    for (odd, said) in [
        ("messaging_service_sid = 'MG1'", "`MG`"),
        ("base_url = 'http://twilio.example'", "unencrypted"),
        ("timeout = '0s'", "timeout"),
    ] {
        refuse(&[TOKEN, NUMBER, &format!("delivery.twilio.{odd}")], said);
    }
}
