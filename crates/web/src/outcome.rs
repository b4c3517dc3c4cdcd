//! What became of a request, carried to the one line that logs it.

use std::{error::Error as StdError, sync::Arc};

use phonekey_core::refusal::Error;

/// Travels as a response extension from where a request fails to the request log.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The refusal's code.
    pub refusal: Option<&'static str>,
    /// The fault with its sources, outermost first.
    pub fault: Option<Arc<str>>,
}

impl Outcome {
    /// The outcome of a flow that failed.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Refused(refusal) => Self {
                refusal: Some(refusal.code()),
                fault: None,
            },
            Error::Fault(fault) => Self {
                refusal: None,
                fault: Some(chain(fault)),
            },
        }
    }
}

fn chain(error: &dyn StdError) -> Arc<str> {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text.into()
}
