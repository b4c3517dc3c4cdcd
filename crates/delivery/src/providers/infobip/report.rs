//! What Infobip reports of messages, and what its logs say of one.

use phonekey_core::{
    delivery::{
        outcome::{Cost, Currency, MessageId},
        report::Report,
    },
    ports::report::RawReport,
};
use serde::Deserialize;
use serde_json::Value;

use super::fate::{NetworkError, Status};
use crate::{
    http::Reply,
    provider::{BadReport, ReportRead},
    scalar::Scalar,
};

/// Reads a report, of one message or of many. Infobip signs none whose address came with its
/// message.
pub(super) fn read(report: &RawReport) -> Result<ReportRead, BadReport> {
    let results = results(&report.body).ok_or(BadReport::Unreadable)?;
    Ok(ReportRead::Reports(results.collect()))
}

/// What the logs say of a message; `None` when they do not tell.
pub(super) fn of_logs(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let body = reply
        .body
        .as_deref()
        .filter(|_| reply.status.is_success())?;
    results(body)?.find(|report| report.message_id == *message_id)
}

/// What is not about a message is passed over: a report that nobody takes would come again, together
/// with all others in it.
fn results(body: &[u8]) -> Option<impl Iterator<Item = Report>> {
    let notice: Notice = serde_json::from_slice(body).ok()?;
    let results = notice.results.into_iter();
    Some(results.filter_map(|result| {
        serde_json::from_value::<Outcome>(result)
            .ok()?
            .into_report()
    }))
}

#[derive(Deserialize)]
struct Notice {
    results: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    message_id: String,
    status: Status,
    error: Option<NetworkError>,
    /// Read by itself, so that an odd one does not cost the rest.
    price: Option<Value>,
    message_count: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    /// That of one segment.
    price_per_message: Scalar,
    currency: String,
}

impl Outcome {
    /// The report that it is; `None` when its name can be none of ours.
    fn into_report(self) -> Option<Report> {
        let segments = self.message_count.unwrap_or(1);
        let price = self.price.map(serde_json::from_value::<Price>);
        Some(Report {
            message_id: MessageId::new(self.message_id)?,
            arrival: self.status.fate(self.error.as_ref()).arrival(),
            cost: price.and_then(|price| price.ok()?.of(segments)),
        })
    }
}

impl Price {
    fn of(&self, segments: i64) -> Option<Cost> {
        let micros = self.price_per_message.micros()?;
        Some(Cost {
            micros: micros.checked_mul(segments.max(1))?,
            currency: Currency::from_code(&self.currency)?,
        })
    }
}
