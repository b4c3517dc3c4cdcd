//! What a webhook answers: the status in the first line, the body after it.

use phonekey_core::delivery::outcome::SendOutcome;
use phonekey_delivery::providers::webhook::fuzzing;

use crate::first_line;

/// Only a success can be an acceptance, and only what a row may keep is kept of it.
pub fn holds(input: &[u8]) {
    let (status, body) = first_line(input);
    let Ok(status) = status.parse() else { return };
    if let Some(SendOutcome::Accepted(receipt)) = fuzzing::read(status, body) {
        assert!((200..300).contains(&status), "{status}");
        assert!(receipt.message_id.is_none_or(|id| id.as_str().len() <= 200));
        assert!(
            receipt
                .cost
                .is_none_or(|cost| cost.currency.code().len() == 3)
        );
    }
}
