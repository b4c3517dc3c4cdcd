//! What MessageBird says of a message, in answers and reports alike: its status, the status's
//! reason, and the price.

use phonekey_core::delivery::{
    outcome::{Cost, Currency, SendRefusal},
    report::Arrival,
};

use crate::scalar::Scalar;

/// What a status means; `None` while the message is on its way (`scheduled`, `sent`, `buffered`), or
/// for a status that is not known.
pub(super) fn arrival(status: &str, reason: Option<&str>) -> Option<Arrival> {
    match status {
        "delivered" => Some(Arrival::Delivered),
        "expired" => Some(Arrival::Undelivered(SendRefusal::Temporary)),
        "delivery_failed" => Some(Arrival::Undelivered(why(reason.unwrap_or_default()))),
        _ => None,
    }
}

/// Why a message failed, by the words for it
/// (<https://docs.bird.com/api/channels-api/message-status-and-interactions/message-failure-sources/sms-platform-extended-error-codes>).
fn why(reason: &str) -> SendRefusal {
    let reason = reason.to_ascii_lowercase();
    let says = |words| reason.contains(words);
    if says("unknown subscriber") {
        SendRefusal::InvalidNumber
    } else if says("opted out") {
        SendRefusal::OptedOut
    } else if says("insufficient") {
        SendRefusal::NoCredit
    } else if says("rejected") {
        SendRefusal::RejectedContent
    } else {
        SendRefusal::Temporary
    }
}

/// What it cost, if it is said.
pub(super) fn cost(amount: &Scalar, currency: &str) -> Option<Cost> {
    Some(Cost {
        micros: amount.micros()?,
        currency: Currency::from_code(currency)?,
    })
}
