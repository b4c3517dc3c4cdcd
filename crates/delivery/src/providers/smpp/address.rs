//! Whom a message comes from.

use thiserror::Error;

use super::settings::Numbering;

/// The most characters of an address (SMPP 3.4 §5.2.8).
const LONGEST: usize = 20;

/// The most characters of a name that a phone shows as its sender (3GPP TS 23.040 §9.1.2.5).
const LONGEST_NAME: usize = 11;

/// The digits of a number that has fewer are a short code.
const SHORTEST_NUMBER: usize = 7;

/// A sender: a name, a number, a short code, or whatever the server puts there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    numbering: Numbering,
    text: String,
}

impl Address {
    /// The server chooses the sender.
    #[must_use]
    pub const fn servers_choice() -> Self {
        Self {
            numbering: Numbering { ton: 0, npi: 0 },
            text: String::new(),
        }
    }

    /// Reads a name of up to 11 characters, an international number, with or without `+`, or a short
    /// code, and numbers each as servers mostly want it.
    ///
    /// # Errors
    /// [`InvalidSender`].
    pub fn parse(text: &str) -> Result<Self, InvalidSender> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits {
            let is_part = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
            let is_name = text.len() <= LONGEST_NAME && text.bytes().all(is_part);
            return if is_name && has_letter && text.trim() == text {
                Ok(Self::of(ALPHANUMERIC, text))
            } else {
                Err(InvalidSender)
            };
        }
        if digits.len() > LONGEST {
            return Err(InvalidSender);
        }
        let is_number = digits.len() >= SHORTEST_NUMBER || text.starts_with('+');
        let numbering = if is_number { INTERNATIONAL } else { SHORT_CODE };
        Ok(Self::of(numbering, digits))
    }

    fn of(numbering: Numbering, text: &str) -> Self {
        Self {
            numbering,
            text: text.to_owned(),
        }
    }

    /// The same, numbered otherwise where this says so.
    #[must_use]
    pub fn numbered(mut self, ton: Option<u8>, npi: Option<u8>) -> Self {
        self.numbering.ton = ton.unwrap_or(self.numbering.ton);
        self.numbering.npi = npi.unwrap_or(self.numbering.npi);
        self
    }

    /// Its kind and plan.
    #[must_use]
    pub const fn numbering(&self) -> Numbering {
        self.numbering
    }

    /// Its characters, without `+`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Numbers with their country.
pub const INTERNATIONAL: Numbering = Numbering { ton: 1, npi: 1 };
const SHORT_CODE: Numbering = Numbering { ton: 3, npi: 0 };
const ALPHANUMERIC: Numbering = Numbering { ton: 5, npi: 0 };

/// A text that no message can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "must be a name of up to {LONGEST_NAME} ASCII characters with a letter, a number such as \
     +447700900123, or a short code such as 30001"
)]
pub struct InvalidSender;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_numbered_by_its_form() {
        for (text, ton, npi, sent) in [
            ("PhoneKey", 5, 0, "PhoneKey"),
            ("Shop 24/7", 5, 0, "Shop 24/7"),
            ("+447700900123", 1, 1, "447700900123"),
            ("447700900123", 1, 1, "447700900123"),
            ("30001", 3, 0, "30001"),
            ("+30001", 1, 1, "30001"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.numbering(), Numbering { ton, npi }, "{text}");
            assert_eq!(address.text(), sent);
        }
    }

    #[test]
    fn the_operator_may_number_it_otherwise() {
        let address = Address::parse("30001").unwrap();

        let numbered = address.clone().numbered(Some(0), None);
        assert_eq!(numbered.numbering(), Numbering { ton: 0, npi: 0 });
        let numbered = address.numbered(None, Some(1));
        assert_eq!(numbered.numbering(), Numbering { ton: 3, npi: 1 });
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for odd in [
            "",
            "+",
            "PhoneKey Shop",
            " Shop",
            "فروشگاه",
            "24/7",
            "Shop\0",
            "123456789012345678901",
        ] {
            assert_eq!(Address::parse(odd), Err(InvalidSender), "{odd:?}");
        }
    }
}
