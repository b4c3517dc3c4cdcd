//! What MessageBird reports of a message: the parameters of a query.

use std::collections::BTreeMap;

use phonekey_core::{
    delivery::{outcome::MessageId, report::Report},
    ports::report::RawReport,
};

use super::fate;
use crate::{
    provider::{BadReport, ReportRead},
    scalar::Scalar,
};

/// Reads a report whose signature has been checked, where there is a key for that.
pub(super) fn read(report: &RawReport) -> Result<ReportRead, BadReport> {
    let parameters: BTreeMap<_, _> = form_urlencoded::parse(report.query().as_bytes()).collect();
    let parameter = |name| parameters.get(name).map(AsRef::as_ref);
    let id = parameter("id").and_then(MessageId::new);
    let (Some(message_id), Some(status)) = (id, parameter("status")) else {
        return Err(BadReport::Unreadable);
    };
    let price = parameter("price[amount]").zip(parameter("price[currency]"));
    Ok(ReportRead::Reports(vec![Report {
        message_id,
        arrival: fate::arrival(status, parameter("statusReason")),
        cost: price.and_then(|(amount, currency)| fate::cost(&Scalar::of(amount), currency)),
    }]))
}
