use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{secret::Secret, testing::SeededRandom};

const PHONE: &str = "+989121234567";

fn master(seed: &str) -> MasterSecret {
    MasterSecret::new(Secret::new(format!(
        "{seed}-q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue"
    )))
    .unwrap()
}

fn subject(book: &CodeBook, number: u128, length: u8) -> CodeSubject {
    CodeSubject {
        challenge: ChallengeId::from_uuid(Uuid::from_u128(number)),
        phone: PhoneNumber::from_e164(PHONE).unwrap(),
        key_version: book.current_version(),
        length: CodeLength::new(length).unwrap(),
        created_at: Timestamp::from_millis(0),
    }
}

#[test]
fn the_same_challenge_has_the_same_code_each_time() {
    let book = CodeBook::new(&master("a"), &[], Vec::new());
    let subject = subject(&book, 1, 6);

    assert_eq!(
        book.code(&subject).unwrap().expose(),
        book.code(&subject).unwrap().expose()
    );
}

#[test]
fn a_code_depends_on_challenge_number_and_secret() {
    let book = CodeBook::new(&master("a"), &[], Vec::new());
    let other_book = CodeBook::new(&master("b"), &[], Vec::new());
    let subject = subject(&book, 1, 10);
    let code = |book: &CodeBook, subject: CodeSubject| {
        book.code(&CodeSubject {
            key_version: book.current_version(),
            ..subject
        })
        .unwrap()
    };
    let other_phone = PhoneNumber::from_e164("+989121234568").unwrap();
    let other_challenge = ChallengeId::from_uuid(Uuid::from_u128(2));

    let first = code(&book, subject);

    assert!(!first.matches(&code(&other_book, subject)));
    assert!(!first.matches(&code(
        &book,
        CodeSubject {
            phone: other_phone,
            ..subject
        }
    )));
    assert!(!first.matches(&code(
        &book,
        CodeSubject {
            challenge: other_challenge,
            ..subject
        }
    )));
}

#[test]
fn live_codes_outlast_a_change_of_the_secret() {
    let before = CodeBook::new(&master("a"), &[], Vec::new());
    let subject = subject(&before, 7, 5);
    let code = before.code(&subject).unwrap();

    let after = CodeBook::new(&master("b"), &[master("a")], Vec::new());
    assert!(after.code(&subject).unwrap().matches(&code));

    let forgotten = CodeBook::new(&master("b"), &[], Vec::new());
    assert!(forgotten.code(&subject).is_none());
}

#[test]
fn a_test_number_has_its_code_until_its_end() {
    let phone = PhoneNumber::from_e164(PHONE).unwrap();
    let number = TestNumber {
        phone,
        code: Code::parse("11111").unwrap(),
        until: Timestamp::from_millis(1000),
    };
    let book = CodeBook::new(&master("a"), &[], vec![number]);
    let opened_at = |millis| CodeSubject {
        created_at: Timestamp::from_millis(millis),
        ..subject(&book, 9, 5)
    };

    assert_eq!(book.code(&opened_at(999)).unwrap().expose(), "11111");
    assert_ne!(book.code(&opened_at(1000)).unwrap().expose(), "11111");
    assert!(
        book.test_number(phone, Timestamp::from_millis(1000))
            .is_none()
    );
}

#[test]
fn a_code_does_not_show_itself() {
    assert_eq!(format!("{:?}", Code::parse("12345").unwrap()), "Code(…)");
}

#[test]
fn only_digits_of_the_right_number_are_a_code() {
    assert_eq!(Code::parse(" ۱۲۳۴۵\n").unwrap().expose(), "12345");
    assert_eq!(Code::parse("01234").unwrap().expose(), "01234");
    for text in ["", "123", "12345678901", "12a45", "1234.", "-1234", "12 45"] {
        assert!(Code::parse(text).is_none(), "{text:?}");
    }
}

/// Chi-square over the digits of each position: 9 degrees of freedom, of which 0.1 % lie above
/// 27.9 and 0.1 % below 1.15. The secret is fixed, so the figures are too.
#[test]
fn t08_every_digit_is_as_likely_at_every_position() {
    const CODES: u32 = 50_000;
    let book = CodeBook::new(&master("a"), &[], Vec::new());
    for length in CodeLength::MIN..=CodeLength::MAX {
        let mut counts = vec![[0_u32; 10]; usize::from(length)];
        for number in 0..CODES {
            let code = book
                .code(&subject(&book, u128::from(number), length))
                .unwrap();
            for (position, digit) in code.expose().bytes().enumerate() {
                counts[position][usize::from(digit - b'0')] += 1;
            }
        }
        for (position, counts) in counts.iter().enumerate() {
            let expected = f64::from(CODES) / 10.0;
            let chi_square: f64 = counts
                .iter()
                .map(|count| (f64::from(*count) - expected).powi(2) / expected)
                .sum();
            assert!(
                (1.15..27.9).contains(&chi_square),
                "{length} digits, {position}: {chi_square}"
            );
        }
    }
}

/// Every code of five digits but the right one is refused (SECURITY.md T14).
#[test]
fn t14_exactly_one_of_all_codes_matches() {
    let book = CodeBook::new(&master("a"), &[], Vec::new());
    let code = book.code(&subject(&book, 3, 5)).unwrap();

    let matching = (0..100_000)
        .filter(|number| code.matches(&Code::parse(&format!("{number:05}")).unwrap()))
        .count();

    assert_eq!(matching, 1);
}

#[test]
fn a_code_that_is_drawn_has_its_length_and_is_another_each_time() {
    let random = SeededRandom::new(1);
    for length in 4..=10 {
        let length = CodeLength::new(length).unwrap();
        let codes = [(); 2].map(|()| Code::draw(&random, length));

        assert!(codes.iter().all(|code| code.length() == length));
        assert!(Code::parse(codes[0].expose()).is_some());
        assert!(!codes[0].matches(&codes[1]));
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,20}") {
        let _ = Code::parse(&text);
    }

    #[test]
    fn a_derived_code_reads_back_as_itself(number: u128, length in 4_u8..=10) {
        let book = CodeBook::new(&master("a"), &[], Vec::new());
        let code = book.code(&subject(&book, number, length)).unwrap();

        prop_assert_eq!(code.expose().len(), usize::from(length));
        prop_assert!(Code::parse(code.expose()).unwrap().matches(&code));
    }
}
