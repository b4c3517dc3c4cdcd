//! Bodies: JSON, forms and multipart forms.

use std::collections::HashMap;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use multer::Multipart;
use serde_json::value::RawValue;

use super::field::Value;
use crate::arrival::TooSlow;

/// The most bytes of a body that anybody may send (SECURITY.md T56).
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// A body on its way.
pub(crate) enum Received {
    /// All of it.
    Whole(Bytes),
    /// More than is kept.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// It broke off.
    Broken,
}

/// Receives a body of at most `most` bytes. What is over the limit is left unread.
pub(crate) async fn receive(body: Body, most: usize) -> Received {
    let mut pieces = body.into_data_stream();
    let mut kept = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) if kept.len() + piece.len() > most => return Received::TooLarge,
            Ok(piece) => kept.extend_from_slice(&piece),
            Err(error) if TooSlow::caused(&error) => return Received::TooSlow,
            Err(_) => return Received::Broken,
        }
    }
    Received::Whole(kept.freeze())
}

/// The fields of a body.
pub(super) type Fields = HashMap<String, Value>;

/// What a body turned out to be.
pub(super) enum Parsed {
    /// An object, or a form.
    Fields(Fields),
    /// JSON, but no object; Python's name of what it is.
    NotAnObject(&'static str),
    /// JSON's `null`.
    Null,
}

/// Why a body cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Its type is none of the three; the header as it came.
    UnsupportedType(String),
    /// It is no JSON, or no multipart form; the framework's text.
    Malformed(String),
}

/// Reads a body by its `Content-Type`. An empty body is an object without fields, whatever its type.
pub(super) async fn parse(content_type: Option<&str>, body: Bytes) -> Result<Parsed, BodyError> {
    if body.is_empty() {
        return Ok(Parsed::Fields(Fields::new()));
    }
    let content_type = content_type.unwrap_or_default();
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => parse_json(&body),
        "application/x-www-form-urlencoded" => {
            let fields = form_urlencoded::parse(&body);
            let text = |text: std::borrow::Cow<'_, str>| Value::Text(text.into_owned());
            Ok(Parsed::Fields(
                fields
                    .map(|(name, value)| (name.into_owned(), text(value)))
                    .collect(),
            ))
        }
        "multipart/form-data" => parse_multipart(content_type, body).await,
        _ => Err(BodyError::UnsupportedType(content_type.to_owned())),
    }
}

fn parse_json(body: &[u8]) -> Result<Parsed, BodyError> {
    let malformed =
        |error: serde_json::Error| BodyError::Malformed(format!("JSON parse error - {error}"));
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        // The texts of the fields are kept as they came: a number keeps its digits, and what is
        // nested in fields that nobody reads costs no memory.
        let raw: HashMap<String, &RawValue> = serde_json::from_slice(body).map_err(malformed)?;
        let fields = raw.into_iter().map(|(name, raw)| Ok((name, value(raw)?)));
        return fields
            .collect::<Result<_, _>>()
            .map(Parsed::Fields)
            .map_err(malformed);
    }
    let value: serde_json::Value = serde_json::from_slice(body).map_err(malformed)?;
    Ok(match value {
        serde_json::Value::Null => Parsed::Null,
        serde_json::Value::Bool(_) => Parsed::NotAnObject("bool"),
        serde_json::Value::Number(number) if number.is_f64() => Parsed::NotAnObject("float"),
        serde_json::Value::Number(_) => Parsed::NotAnObject("int"),
        serde_json::Value::String(_) => Parsed::NotAnObject("str"),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Parsed::NotAnObject("list"),
    })
}

fn value(raw: &RawValue) -> Result<Value, serde_json::Error> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'"') => Value::Text(serde_json::from_str(text)?),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        Some(b'[' | b'{') | None => Value::Compound,
        Some(_) => Value::Number(text.to_owned()),
    })
}

async fn parse_multipart(content_type: &str, body: Bytes) -> Result<Parsed, BodyError> {
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        return Err(BodyError::Malformed(
            "Multipart form parse error - Invalid boundary in multipart: None".to_owned(),
        ));
    };
    let mut parts = Multipart::new(Body::from(body).into_data_stream(), boundary);
    let mut fields = Fields::new();
    // What breaks off keeps the fields before it, as in Django.
    while let Ok(Some(part)) = parts.next_field().await {
        let Some(name) = part.name().map(str::to_owned) else {
            continue;
        };
        let is_file = part.file_name().is_some();
        let Ok(content) = part.bytes().await else {
            break;
        };
        // Bytes that are no UTF-8 become U+FFFD, as Django reads forms, whatever charset is named.
        let text = || Value::Text(String::from_utf8_lossy(&content).into_owned());
        fields.insert(name, if is_file { Value::Compound } else { text() });
    }
    Ok(Parsed::Fields(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fields(content_type: &str, body: &str) -> Fields {
        match parse(Some(content_type), Bytes::copy_from_slice(body.as_bytes())).await {
            Ok(Parsed::Fields(fields)) => fields,
            _ => panic!("no fields: {body:?}"),
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[tokio::test]
    async fn json_keeps_numbers_as_they_were_written() {
        let fields = fields(
            "application/json; charset=latin-1",
            r#"{"a":05e0,"a":340282366920938463463374607431768211455,"b":65128.0,"c":null,"d":[[1]],"e":"\u06f1"}"#
                .replace("05e0", "5e0")
                .as_str(),
        )
        .await;

        assert_eq!(
            fields["a"],
            Value::Number("340282366920938463463374607431768211455".to_owned())
        );
        assert_eq!(fields["b"], Value::Number("65128.0".to_owned()));
        assert_eq!(fields["c"], Value::Null);
        assert_eq!(fields["d"], Value::Compound);
        assert_eq!(fields["e"], text("۱"));
    }

    #[tokio::test]
    async fn the_last_of_equal_form_fields_wins() {
        let fields = fields("application/x-www-form-urlencoded", "a=1&a=+2%DB%B1&b").await;

        assert_eq!(fields["a"], text(" 2۱"));
        assert_eq!(fields["b"], text(""));
    }

    #[tokio::test]
    async fn a_multipart_form_has_texts_and_files() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n\
                    Content-Disposition: form-data; name=\"b\"; filename=\"f\"\r\n\r\n2\r\n--x--\r\n";
        let fields = fields("multipart/form-data; boundary=x", body).await;

        assert_eq!(fields["a"], text("1"));
        assert_eq!(fields["b"], Value::Compound);
    }

    #[tokio::test]
    async fn what_is_no_body_of_its_type_is_refused() {
        let refused = async |content_type: &str, body: &str| {
            parse(Some(content_type), Bytes::copy_from_slice(body.as_bytes()))
                .await
                .err()
        };
        let deep = "[".repeat(5000);

        for body in [
            "{",
            "abc",
            "   ",
            "{\"a\":09}",
            "{\"a\":1,}",
            "{} x",
            "\u{feff}{}",
            "NaN",
            &deep,
        ] {
            let error = refused("application/json", body).await;
            assert!(
                matches!(&error, Some(BodyError::Malformed(text)) if text.starts_with("JSON parse error - ")),
                "{body:?}: {error:?}"
            );
        }
        assert!(refused("multipart/form-data", "x").await.is_some());
        assert_eq!(
            refused("text/plain", "{}").await,
            Some(BodyError::UnsupportedType("text/plain".to_owned()))
        );
        assert_eq!(refused("text/plain", "").await, None);
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_not_kept() {
        let receive =
            async |size: usize| receive(Body::from(vec![b' '; size]), MAX_BODY_BYTES).await;

        assert!(matches!(receive(MAX_BODY_BYTES).await, Received::Whole(_)));
        assert!(matches!(
            receive(MAX_BODY_BYTES + 1).await,
            Received::TooLarge
        ));
    }
}
