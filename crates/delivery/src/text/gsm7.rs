//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1).
//!
//! The national language tables are not used: a provider or a phone that does not know them shows
//! other letters.

/// Calls for the extension table: the septet before each of its characters.
const ESCAPE: u8 = 0x1B;

/// The septets of a text, one in each byte; `None` if a character is not in the alphabet.
#[must_use]
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for character in text.chars() {
        if let Some(septet) = basic(character) {
            septets.push(septet);
        } else {
            septets.extend([ESCAPE, extended(character)?]);
        }
    }
    Some(septets)
}

/// How many septets a character takes: one, or two for those of the extension table; `None` if it is
/// not in the alphabet.
#[must_use]
pub const fn septets_of(character: char) -> Option<usize> {
    if basic(character).is_some() {
        Some(1)
    } else if extended(character).is_some() {
        Some(2)
    } else {
        None
    }
}

/// Its place in the basic table.
const fn basic(character: char) -> Option<u8> {
    Some(match character {
        ' '..='#' | '%'..='?' | 'A'..='Z' | 'a'..='z' => character as u8,
        '@' => 0x00,
        '£' => 0x01,
        '$' => 0x02,
        '¥' => 0x03,
        'è' => 0x04,
        'é' => 0x05,
        'ù' => 0x06,
        'ì' => 0x07,
        'ò' => 0x08,
        'Ç' => 0x09,
        '\n' => 0x0A,
        'Ø' => 0x0B,
        'ø' => 0x0C,
        '\r' => 0x0D,
        'Å' => 0x0E,
        'å' => 0x0F,
        'Δ' => 0x10,
        '_' => 0x11,
        'Φ' => 0x12,
        'Γ' => 0x13,
        'Λ' => 0x14,
        'Ω' => 0x15,
        'Π' => 0x16,
        'Ψ' => 0x17,
        'Σ' => 0x18,
        'Θ' => 0x19,
        'Ξ' => 0x1A,
        'Æ' => 0x1C,
        'æ' => 0x1D,
        'ß' => 0x1E,
        'É' => 0x1F,
        '¤' => 0x24,
        '¡' => 0x40,
        'Ä' => 0x5B,
        'Ö' => 0x5C,
        'Ñ' => 0x5D,
        'Ü' => 0x5E,
        '§' => 0x5F,
        '¿' => 0x60,
        'ä' => 0x7B,
        'ö' => 0x7C,
        'ñ' => 0x7D,
        'ü' => 0x7E,
        'à' => 0x7F,
        _ => return None,
    })
}

/// Its place in the extension table.
const fn extended(character: char) -> Option<u8> {
    Some(match character {
        '\u{C}' => 0x0A,
        '^' => 0x14,
        '{' => 0x28,
        '}' => 0x29,
        '\\' => 0x2F,
        '[' => 0x3C,
        '~' => 0x3D,
        ']' => 0x3E,
        '|' => 0x40,
        '€' => 0x65,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The basic table of TS 23.038, in its order; the escape stands for itself.
    const TABLE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1B}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCD\
                         EFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

    #[test]
    fn each_character_of_the_basic_table_is_its_own_place() {
        assert_eq!(TABLE.chars().count(), 128);
        for (place, character) in (0..).zip(TABLE.chars()) {
            let septets = encode(&character.to_string());

            if character == '\u{1B}' {
                assert_eq!(septets, None);
            } else {
                assert_eq!(septets, Some(vec![place]), "{character:?}");
                assert_eq!(septets_of(character), Some(1), "{character:?}");
            }
        }
    }

    #[test]
    fn nothing_but_the_two_tables_is_in_the_alphabet() {
        let known = |character: &char| septets_of(*character).is_some();
        let known: String = ('\0'..=char::MAX).filter(known).collect();

        let mut tables: Vec<char> = TABLE.replace('\u{1B}', "\u{C}^{}\\[~]|€").chars().collect();
        tables.sort_unstable();
        assert_eq!(known, String::from_iter(tables));
    }

    #[test]
    fn the_extension_table_takes_two_septets() {
        assert_eq!(
            encode("\u{C}^{}\\[~]|€").unwrap(),
            b"\x1B\x0A\x1B\x14\x1B\x28\x1B\x29\x1B\x2F\x1B\x3C\x1B\x3D\x1B\x3E\x1B\x40\x1B\x65"
        );
        assert_eq!(septets_of('€'), Some(2));
    }

    #[test]
    fn letters_that_look_as_if_they_were_in_it_are_not() {
        for letter in [
            "ç", "ş", "ğ", "ı", "í", "ó", "ã", "õ", "ê", "á", "`", "Α", "ک",
        ] {
            assert_eq!(encode(letter), None, "{letter}");
        }
    }
}
