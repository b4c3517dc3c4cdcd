use proptest::prelude::*;

use super::*;

fn iran() -> PhonePolicy {
    PhonePolicy::only(Region::IRAN)
}

fn world() -> PhonePolicy {
    PhonePolicy {
        served: ServedRegions::All,
        ..iran()
    }
}

fn parse(text: &str) -> Result<String, PhoneError> {
    PhoneNumber::parse(text, &world()).map(PhoneNumber::e164)
}

#[test]
fn every_spelling_of_an_iranian_mobile_is_one_number() {
    for spelling in [
        "09121234567",
        "+989121234567",
        "00989121234567",
        "989121234567",
        "9121234567",
        "+98 (0) 912 123 4567",
        "0912-123-4567",
        "[0912] 123.45/67",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "۰۰۹۸۹۱۲۱۲۳۴۵۶۷",
        "\u{200f}۰۹۱۲ ۱۲۳ ۴۵۶۷\u{200e}",
        "＋98 912 123 4567",
        "  09121234567\r\n",
    ] {
        assert_eq!(
            parse(spelling),
            Ok("+989121234567".to_owned()),
            "{spelling:?}"
        );
    }
}

#[test]
fn iranian_operator_prefixes_need_no_metadata() {
    assert_eq!(parse("09601234567"), Ok("+989601234567".to_owned()));
}

#[test]
fn numbers_of_other_regions_are_read_by_the_metadata() {
    assert_eq!(parse("+44 7400 123456"), Ok("+447400123456".to_owned()));
    assert_eq!(parse("0090 501 234 56 78"), Ok("+905012345678".to_owned()));
    assert_eq!(parse("+1 201-555-0123"), Ok("+12015550123".to_owned()));
    assert_eq!(parse("+39 312 345 6789"), Ok("+393123456789".to_owned()));
}

#[test]
fn national_form_follows_the_default_region() {
    let turkey = PhonePolicy::only("TR".parse().unwrap());

    let number = PhoneNumber::parse("0501 234 56 78", &turkey).unwrap();

    assert_eq!(number.e164(), "+905012345678");
    assert!(PhoneNumber::parse("09121234567", &turkey).is_err());
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "",
        "+",
        "0",
        "912",
        "0912123456",
        "091212345678",
        "0912123456789",
        "0912123456a",
        "09121234567 ext 5",
        "ali@a.example",
        "+9809121234567890",
        "++989121234567",
        "0912+1234567",
        "12345678901",
        "٫٫٫",
        "+999123456789",
    ] {
        assert_eq!(parse(text), Err(PhoneError::Invalid), "{text:?}");
    }
}

#[test]
fn a_region_that_is_not_served_is_named() {
    let error = PhoneNumber::parse("+447400123456", &iran()).unwrap_err();

    assert_eq!(error, PhoneError::RegionNotServed("GB".parse().unwrap()));
}

#[test]
fn a_number_that_gets_no_sms_is_refused_unless_configured() {
    assert_eq!(
        parse("02122223333"),
        Err(PhoneError::KindRefused(NumberKind::FixedLine))
    );

    let landlines = PhonePolicy {
        kinds: vec![NumberKind::FixedLine],
        ..world()
    };
    assert!(PhoneNumber::parse("02122223333", &landlines).is_ok());
}

#[test]
fn a_number_hides_itself() {
    let number = PhoneNumber::from_e164("+989121234567").unwrap();

    assert_eq!(format!("{number:?}"), "+98*****4567");
}

#[test]
fn unknown_regions_are_refused() {
    assert!("XX".parse::<Region>().is_err());
    assert!("Iran".parse::<Region>().is_err());
    assert_eq!("ir".parse::<Region>().unwrap(), Region::IRAN);
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = PhoneNumber::parse(&text, &world());
    }

    #[test]
    fn no_text_of_digits_and_signs_panics(text in "[0-9+() ۰-۹\u{200f}-]{0,40}") {
        let _ = PhoneNumber::parse(&text, &world());
    }

    #[test]
    fn reading_what_was_read_changes_nothing(text in "(00|\\+)?[1-9][0-9]{6,14}") {
        if let Ok(number) = PhoneNumber::parse(&text, &world()) {
            prop_assert_eq!(PhoneNumber::parse(&number.e164(), &world()), Ok(number));
            prop_assert_eq!(PhoneNumber::from_key(number.to_key()), Some(number));
        }
    }

    #[test]
    fn two_subscribers_are_never_one_number(first in 0_u64..1_000_000_000, second in 0_u64..1_000_000_000) {
        let number = |subscriber| PhoneNumber::parse(&format!("09{subscriber:09}"), &iran()).unwrap();

        prop_assert_eq!(number(first) == number(second), first == second);
    }
}

#[test]
fn a_number_knows_its_region() {
    let region = |text: &str| {
        let phone = PhoneNumber::from_e164(text).unwrap();
        phone.region().map(|region| region.to_string())
    };

    assert_eq!(region("+989121234567"), Some("IR".to_owned()));
    assert_eq!(region("+989991234567"), Some("IR".to_owned()));
    assert_eq!(region("+14155552671"), Some("US".to_owned()));
    assert_eq!(region("+16135550123"), Some("CA".to_owned()));
    assert_eq!(region("+905321234567"), Some("TR".to_owned()));
    assert_eq!(region("+2100000000"), None);
}

#[test]
fn a_prefix_begins_the_numbers_that_its_digits_begin() {
    let begins = |prefix: &str, phone: &str| {
        let phone = PhoneNumber::from_e164(phone).unwrap();
        Prefix::parse(prefix).unwrap().begins(phone)
    };

    assert!(begins("98912", "+989121234567"));
    assert!(begins("+98", "+989121234567"));
    assert!(!begins("98935", "+989121234567"));
    assert!(!begins("9891212345678", "+989121234567"));
    for odd in ["", "+", "0912", "+98a", "123456789012345", "۹۸"] {
        assert_eq!(Prefix::parse(odd), None, "{odd:?}");
    }
}
