//! What providers report, and the requests that they report it by.

use phonekey_core::{
    delivery::{
        outcome::{MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
};

/// That a message did not arrive, and another way could do better.
pub(crate) const LOST: Arrival = Arrival::Undelivered(SendRefusal::Temporary);
/// That its owner wants no such messages.
pub(crate) const UNWANTED: Arrival = Arrival::Undelivered(SendRefusal::OptedOut);

/// A report that is read.
pub(crate) fn report(message_id: &str, arrival: Option<Arrival>) -> Report {
    Report {
        message_id: MessageId::new(message_id).unwrap(),
        arrival,
        cost: None,
    }
}

/// A request of a provider's, with these header fields.
pub(crate) fn post(headers: &[(&str, &str)], body: &str) -> RawReport {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    RawReport {
        method: "POST".to_owned(),
        path_and_query: "/delivery/reports/provider/t0ken".to_owned(),
        headers: headers.iter().map(text).collect(),
        body: body.as_bytes().to_vec(),
    }
}
