//! Values that a provider writes as a number in one place and as a text in another.

use phonekey_core::delivery::outcome::MessageId;
use serde::Deserialize;

use crate::price;

/// A number or a text of JSON, as its text.
#[derive(Debug, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct Scalar(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(serde_json::Number),
    Text(String),
}

impl From<Written> for Scalar {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(number) => Self(number.to_string()),
            Written::Text(text) => Self::of(&text),
        }
    }
}

impl Scalar {
    /// What is written in a form.
    pub(crate) fn of(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole number that it is, if it is one.
    pub(crate) fn integer(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The amount that it is, in millionths (see [`price::micros`]).
    pub(crate) fn micros(&self) -> Option<i64> {
        price::micros(&self.0)
    }

    /// The message's name that it is: not empty, and more than 0 if it is a number. Some providers
    /// give a message that they do not send the name 0.
    pub(crate) fn message_id(&self) -> Option<MessageId> {
        let is_none = self.integer().is_some_and(|number| number <= 0);
        MessageId::new(self.as_str()).filter(|_| !is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Scalar> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn numbers_and_texts_are_read_alike() {
        for json in ["90210044", r#""90210044""#, r#"" 90210044 ""#] {
            let scalar = read(json).unwrap();

            assert_eq!(scalar.integer(), Some(90_210_044), "{json}");
            assert_eq!(scalar.as_str(), "90210044", "{json}");
        }
        assert_eq!(read("1.5").unwrap().integer(), None);
        for odd in ["null", "true", "[1]", r#"{"id":1}"#] {
            assert!(read(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_long_number_keeps_all_its_digits() {
        let id = read("9223372036854775807").unwrap().message_id();

        assert_eq!(id, MessageId::new("9223372036854775807"));
    }

    #[test]
    fn an_amount_may_be_a_number_or_a_text() {
        assert_eq!(read(r#""0.03330000""#).unwrap().micros(), Some(33_300));
        assert_eq!(read("0.0075").unwrap().micros(), Some(7500));
    }

    #[test]
    fn nothing_and_nought_name_no_message() {
        for none in ["0", "-7", r#""0""#, r#""""#] {
            assert_eq!(read(none).unwrap().message_id(), None, "{none}");
        }
        let named = read(r#""a-7""#).unwrap().message_id();
        assert_eq!(named, MessageId::new("a-7"));
    }
}
