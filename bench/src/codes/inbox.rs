//! What the target's inbox for developers answers.

use std::borrow::Cow;

use anyhow::{Context, Result};
use serde::Deserialize;
use uuid::Uuid;

/// The code of each challenge in an answer, which is an array of messages or an object with one
/// as `messages`. A message without a code (an expired one, say) is left out.
pub(crate) fn codes_in(answer: &[u8]) -> Result<Vec<(Uuid, String)>> {
    let listing: Listing<'_> =
        serde_json::from_slice(answer).context("the inbox's answer is not understood")?;
    let (Listing::Bare(messages) | Listing::Wrapped { messages }) = listing;
    Ok(messages
        .into_iter()
        .filter_map(|message| {
            Some((
                Uuid::try_parse(&message.uuid?).ok()?,
                message.code?.into_owned(),
            ))
        })
        .collect())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Listing<'a> {
    Bare(#[serde(borrow)] Vec<Message<'a>>),
    Wrapped {
        #[serde(borrow)]
        messages: Vec<Message<'a>>,
    },
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    uuid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_array_and_a_wrapped_one_are_read_alike() {
        let bare =
            br#"[{"uuid":"00000000-0000-4000-8000-000000000001","to":"+98","code":"11111"}]"#;
        let wrapped =
            br#"{"messages":[{"code":"11111","uuid":"00000000000040008000000000000001"}],"next":null}"#;

        let expected = vec![(
            Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001),
            "11111".to_owned(),
        )];

        assert_eq!(codes_in(bare).unwrap(), expected);
        assert_eq!(codes_in(wrapped).unwrap(), expected);
    }

    #[test]
    fn a_message_without_a_code_is_left_out() {
        let answer =
            br#"[{"uuid":"00000000-0000-4000-8000-000000000001","code":null},{"code":"1"},{}]"#;

        assert!(codes_in(answer).unwrap().is_empty());
    }

    #[test]
    fn an_answer_that_is_no_listing_is_an_error() {
        assert!(codes_in(b"<html>").is_err());
        assert!(codes_in(br#"{"detail":"Not found."}"#).is_err());
    }
}
