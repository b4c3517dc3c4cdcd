//! The fields of a body, read by Django REST framework's rules and refused in its words.

use std::borrow::Cow;

use phonekey_core::{
    delivery::{Channel, message::AppHash},
    digits,
};
use uuid::Uuid;

/// A value as it came: of JSON, or of a form, where all is text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A JSON number, as it was written.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A list, an object or an uploaded file.
    Compound,
}

/// Why a field is refused; `Display` is the framework's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FieldError {
    #[error("This field is required.")]
    Required,
    #[error("This field may not be null.")]
    Null,
    #[error("This field may not be blank.")]
    Blank,
    #[error("Not a valid string.")]
    NotText,
    #[error("Must be a valid UUID.")]
    NotUuid,
    #[error("Ensure this field has no more than {0} characters.")]
    TooLong(usize),
    #[error("Ensure this field has at least {0} characters.")]
    TooShort(usize),
    #[error("Null characters are not allowed.")]
    NulCharacter,
    #[error("The mobile number is invalid")]
    InvalidMobile,
    #[error("Not a valid channel; use sms, voice, whatsapp or telegram.")]
    NotChannel,
}

/// The most characters of a `receiver` whose form is not checked at once.
pub(super) const LONGEST_RECEIVER: usize = 64;

/// The text of a field, trimmed: a `CharField` without its length rules.
pub(super) fn text(value: Option<&Value>) -> Result<Cow<'_, str>, FieldError> {
    let text = match value {
        None => return Err(FieldError::Required),
        Some(Value::Null) => return Err(FieldError::Null),
        Some(Value::Bool(_) | Value::Compound) => return Err(FieldError::NotText),
        Some(Value::Text(text) | Value::Number(text)) => trim(text),
    };
    if text.is_empty() {
        return Err(FieldError::Blank);
    }
    Ok(Cow::Borrowed(text))
}

/// The text of a field, trimmed, of at most `longest` characters and without NUL.
pub(super) fn short_text(
    value: Option<&Value>,
    longest: usize,
) -> Result<Cow<'_, str>, FieldError> {
    let text = text(value)?;
    if text.chars().count() > longest {
        return Err(FieldError::TooLong(longest));
    }
    without_nul(text)
}

/// The text, if it has no NUL.
pub(super) fn without_nul(text: Cow<'_, str>) -> Result<Cow<'_, str>, FieldError> {
    if text.contains('\0') {
        Err(FieldError::NulCharacter)
    } else {
        Ok(text)
    }
}

/// Why a text that is no servable number is refused: by the Django project's rules, in its order.
pub(super) fn refused_mobile(text: &str) -> FieldError {
    match text.chars().count() {
        14.. => FieldError::TooLong(13),
        ..10 => FieldError::TooShort(10),
        _ if text.contains('\0') => FieldError::NulCharacter,
        _ => FieldError::InvalidMobile,
    }
}

/// A channel by its name; `None` when none is asked for.
pub(super) fn channel(value: Option<&Value>) -> Result<Option<Channel>, FieldError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) if trim(text).is_empty() => Ok(None),
        Some(Value::Text(text)) => {
            let channel = Channel::from_name(trim(text));
            channel.map(Some).ok_or(FieldError::NotChannel)
        }
        Some(Value::Number(_) | Value::Bool(_) | Value::Compound) => Err(FieldError::NotChannel),
    }
}

/// The hash of an app; `None` for what is none, since a client that names no app of the operator's
/// gets a message all the same.
pub(super) fn app_hash(value: Option<&Value>) -> Option<AppHash> {
    match value? {
        Value::Text(text) => AppHash::parse(trim(text)),
        Value::Null | Value::Number(_) | Value::Bool(_) | Value::Compound => None,
    }
}

/// A UUID in any spelling that Python's `UUID` reads, or as an integer.
pub(super) fn uuid(value: Option<&Value>) -> Result<Uuid, FieldError> {
    let uuid = match value {
        None => return Err(FieldError::Required),
        Some(Value::Null) => return Err(FieldError::Null),
        Some(Value::Text(text)) => uuid_from_text(text),
        Some(Value::Number(number)) => number.parse().ok().map(Uuid::from_u128),
        Some(Value::Bool(bit)) => Some(Uuid::from_u128(u128::from(*bit))),
        Some(Value::Compound) => None,
    };
    uuid.ok_or(FieldError::NotUuid)
}

fn uuid_from_text(text: &str) -> Option<Uuid> {
    let bare = text.replace("urn:", "").replace("uuid:", "");
    let bare = bare.trim_matches(['{', '}']).replace('-', "");
    let bare = digits::fold(&bare);
    let hexadecimal = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal
        .then(|| u128::from_str_radix(&bare, 16).ok())
        .flatten()
        .map(Uuid::from_u128)
}

/// Python's `strip`: Unicode's white space and the four ASCII separators.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0190d5e6-8f7a-7bbb-9abc-0123456789ab";

    fn text_value(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_uuid_is_read_in_every_spelling_of_pythons() {
        let expected = Uuid::parse_str(UUID).unwrap();
        for spelling in [
            UUID.to_owned(),
            UUID.to_uppercase(),
            UUID.replace('-', ""),
            format!("urn:uuid:{UUID}"),
            format!("{{{UUID}}}"),
            "0-190d5e68f7a7bbb9abc0123456789ab".to_owned(),
            UUID.replace('1', "۱"),
        ] {
            assert_eq!(
                uuid(Some(&text_value(&spelling))),
                Ok(expected),
                "{spelling}"
            );
        }
        let number = Value::Number(expected.as_u128().to_string());
        assert_eq!(uuid(Some(&number)), Ok(expected));
        assert_eq!(uuid(Some(&Value::Bool(true))), Ok(Uuid::from_u128(1)));
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        let spaced = format!(" {UUID}");
        let upper = format!("URN:UUID:{UUID}");
        for text in [
            "",
            " ",
            "x",
            &UUID[1..],
            &spaced,
            &upper,
            "g190d5e68f7a7bbb9abc0123456789ab",
        ] {
            assert_eq!(
                uuid(Some(&text_value(text))),
                Err(FieldError::NotUuid),
                "{text:?}"
            );
        }
        for value in [
            Value::Compound,
            Value::Number("1.5".to_owned()),
            Value::Number("-1".to_owned()),
            Value::Number("340282366920938463463374607431768211456".to_owned()),
        ] {
            assert_eq!(uuid(Some(&value)), Err(FieldError::NotUuid), "{value:?}");
        }
    }

    #[test]
    fn a_text_is_trimmed_and_bounded() {
        assert_eq!(
            short_text(Some(&text_value("\u{a0} 12345\r\n")), 5).unwrap(),
            "12345"
        );
        assert_eq!(
            short_text(Some(&text_value("123456")), 5),
            Err(FieldError::TooLong(5))
        );
        assert_eq!(
            short_text(Some(&text_value("12\0")), 5),
            Err(FieldError::NulCharacter)
        );
        assert_eq!(text(Some(&text_value(" \t\n "))), Err(FieldError::Blank));
        assert_eq!(text(Some(&Value::Bool(true))), Err(FieldError::NotText));
        assert_eq!(text(None), Err(FieldError::Required));
    }
}
