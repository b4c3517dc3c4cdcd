use phonekey_core::{
    delivery::{DeliveryId, message::AppHash},
    testing::values,
};

use super::*;

/// A message of a code that is good for two minutes from [`now`] on.
fn message(channel: Channel, language: &str) -> Message {
    let challenge = values::challenge();
    Message {
        delivery: DeliveryId {
            challenge: challenge.id,
            attempt: 1,
        },
        to: challenge.phone,
        channel,
        language: language.to_owned(),
        code: Code::parse("12345").unwrap(),
        app_hash: None,
        expires_at: challenge.expires_at,
    }
}

fn now() -> Timestamp {
    values::challenge().created_at
}

fn texts(domain: Option<&str>) -> Texts {
    let domain = domain.map(|name| name.parse().unwrap());
    Texts::new(Templates::shipped(), "fa", domain).unwrap()
}

fn sms(language: &str) -> String {
    texts(None).of_message(&message(Channel::Sms, language), now())
}

#[test]
fn persian_puts_the_code_on_a_line_of_its_own_so_that_its_digits_stand_in_order() {
    assert_eq!(
        sms("fa"),
        "کد ورود شما:\n12345\nتا 2 دقیقه معتبر است. آن را به کسی ندهید."
    );
}

#[test]
fn english_reads_so() {
    assert_eq!(
        sms("en"),
        "Your login code:\n12345\nValid for 2 min. Do not give it to anyone."
    );
}

#[test]
fn a_site_has_the_last_line_of_text_messages_alone() {
    let texts = texts(Some("Example.com"));
    let english = |channel| texts.of_message(&message(channel, "en"), now());

    assert_eq!(
        english(Channel::Sms),
        format!("{}\n@example.com #12345", sms("en"))
    );
    assert_eq!(english(Channel::WhatsApp), sms("en"));
    assert_eq!(english(Channel::Telegram), sms("en"));
    assert!(!english(Channel::Voice).contains('@'));
}

#[test]
fn an_app_has_the_last_line_before_a_site_has_it() {
    let to_app = |channel| Message {
        app_hash: AppHash::parse("FA+9qCX9VSu"),
        ..message(channel, "en")
    };

    let text = texts(Some("example.com")).of_message(&to_app(Channel::Sms), now());
    assert_eq!(text, format!("{}\nFA+9qCX9VSu", sms("en")));
    let heard = texts(None).of_message(&to_app(Channel::Voice), now());
    assert!(!heard.contains("FA+9"), "{heard}");
}

#[test]
fn a_wording_is_shortened_rather_than_charged_twice() {
    let text = texts(Some("example.com")).of_message(&message(Channel::Sms, "fa"), now());
    assert_eq!(
        text,
        "کد ورود شما:\n12345\nآن را به کسی ندهید.\n@example.com #12345"
    );

    let domain = format!("{}.example.com", "a".repeat(25));
    let text = texts(Some(&domain)).of_message(&message(Channel::Sms, "fa"), now());
    assert_eq!(text, format!("کد ورود:\n12345\n@{domain} #12345"));
}

#[test]
fn a_wording_that_saves_nothing_is_not_shortened() {
    let domain = format!("{}.example.com", "a".repeat(48));

    let text = texts(Some(&domain)).of_message(&message(Channel::Sms, "fa"), now());

    assert_eq!(text, format!("{}\n@{domain} #12345", sms("fa")));
}

#[test]
fn a_call_reads_the_code_digit_by_digit_and_twice() {
    let heard = |language| texts(None).of_message(&message(Channel::Voice, language), now());

    assert_eq!(
        heard("en"),
        "Your login code is: 1, 2, 3, 4, 5. Once more: 1, 2, 3, 4, 5."
    );
    assert_eq!(
        heard("fa"),
        "کد ورود شما: 1, 2, 3, 4, 5. یک بار دیگر: 1, 2, 3, 4, 5."
    );
}

#[test]
fn a_call_reads_a_text_twice_that_names_the_code_once() {
    let template = Template::parse("Code {code}.").unwrap();

    let heard = spoken(&template, &Code::parse("1234").unwrap(), 2);

    assert_eq!(heard, "Code 1, 2, 3, 4.\nCode 1, 2, 3, 4.");
}

#[test]
fn a_language_is_found_by_its_tag_then_without_its_last_parts() {
    assert_eq!(sms("en-GB"), sms("en"));
    assert_eq!(sms("EN_us"), sms("en"));
    assert_eq!(sms("pt-Latn-BR"), sms("pt"));
    assert_ne!(sms("pt"), sms("en"));
}

#[test]
fn the_first_language_asked_for_that_there_is_then_the_regions_then_the_fallback() {
    let number = |digits| PhoneNumber::from_e164(digits).unwrap();
    let (iran, turkey, swiss) = ("+989121234567", "+905321234567", "+41781234567");
    let texts = Texts::falling_back_to("es").unwrap();
    let chosen = |asked: &[&str], to| texts.language(asked, number(to)).to_owned();

    assert_eq!(chosen(&["de", "fr-CH", "en"], iran), "fr");
    assert_eq!(chosen(&["de"], iran), "fa");
    assert_eq!(chosen(&["de"], turkey), "tr");
    assert_eq!(chosen(&["", "*", "-", "und"], turkey), "tr");
    assert_eq!(chosen(&[], swiss), "es");
    assert!(Texts::falling_back_to("de").is_none());
}

#[test]
fn minutes_are_rounded_to_the_nearest_and_never_none() {
    let says = |seconds, minutes: &str| {
        let message = Message {
            expires_at: now().plus(Duration::from_secs(seconds)),
            ..message(Channel::Sms, "en")
        };
        let text = texts(None).of_message(&message, now());
        text.contains(&format!("for {minutes} min"))
    };

    assert!(says(0, "1"));
    assert!(says(30, "1"));
    assert!(says(89, "1"));
    assert!(says(119, "2"));
    assert!(says(600, "10"));
}
