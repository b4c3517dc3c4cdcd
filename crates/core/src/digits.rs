//! Decimal digits of any script, folded to ASCII.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// `text` with each decimal digit of any script (Persian, Arabic-Indic, full-width, …) as ASCII.
///
/// Unicode promises that decimal digits stand in unbroken runs from zero to nine (Unicode Standard
/// §4.6), so a digit's place in its run is its value and no table of scripts is needed.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_character).collect())
}

fn fold_character(character: char) -> char {
    if character.is_ascii() || !is_decimal(character) {
        return character;
    }
    let place = (1..=LONGEST_RUN)
        .take_while(|distance| {
            (character as u32)
                .checked_sub(*distance)
                .and_then(char::from_u32)
                .is_some_and(is_decimal)
        })
        .count();
    char::from(b'0' + u8::try_from(place % 10).unwrap_or(0))
}

fn is_decimal(character: char) -> bool {
    character.general_category() == GeneralCategory::DecimalNumber
}

/// The mathematical digits U+1D7CE–U+1D7FF are five runs in a row, 50 characters.
const LONGEST_RUN: u32 = 49;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_many_scripts_become_ascii() {
        for digits in [
            "۰۱۲۳۴۵۶۷۸۹",
            "٠١٢٣٤٥٦٧٨٩",
            "０１２３４５６７８９",
            "०१२३४५६७८९",
            "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡",
            "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
        ] {
            assert_eq!(fold(digits), "0123456789");
        }
    }

    #[test]
    fn other_characters_stay() {
        assert_eq!(fold("+98 ½ ② ۱x"), "+98 ½ ② 1x");
    }

    #[test]
    fn every_decimal_digit_of_unicode_folds_to_its_value() {
        let digits: Vec<char> = ('\u{80}'..=char::MAX).filter(|c| is_decimal(*c)).collect();

        assert!(digits.len() > 600, "{}", digits.len());
        for (place, digit) in digits.iter().enumerate() {
            assert_eq!(
                fold_character(*digit).to_digit(10),
                u32::try_from(place % 10).ok(),
                "{digit:?}"
            );
        }
    }
}
