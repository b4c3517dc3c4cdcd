//! What Telegram Gateway reports of a message.

use std::time::Duration;

use phonekey_core::{
    delivery::{
        outcome::{MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
    secret::Secret,
    time::Timestamp,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    mac::is_hex_hmac,
    provider::{BadReport, ReportRead},
};

/// How far the time of a report may be from ours (SECURITY.md T59).
const WINDOW: Duration = Duration::from_mins(5);

/// What Telegram knows of a request, as far as it matters here. `verification_status` is left out:
/// it may hold a code that somebody entered.
#[derive(Deserialize)]
pub(super) struct RequestStatus {
    pub(super) request_id: String,
    delivery_status: Option<DeliveryStatus>,
}

#[derive(Deserialize)]
struct DeliveryStatus {
    status: String,
}

impl RequestStatus {
    /// The report that it is; `None` when its id can be none of ours.
    pub(super) fn into_report(self) -> Option<Report> {
        let status = self.delivery_status.map(|it| it.status);
        let arrival = match status.as_deref() {
            Some("delivered" | "read") => Some(Arrival::Delivered),
            // It did not come in time, or was taken back: another way could do better.
            Some("expired" | "revoked") => Some(Arrival::Undelivered(SendRefusal::Temporary)),
            // `sent`, or what is not known.
            _ => None,
        };
        Some(Report {
            message_id: MessageId::new(self.request_id)?,
            arrival,
            cost: None,
        })
    }
}

/// Reads a report whose signature is right and whose time is near `now`.
///
/// The signature is the HMAC, by the SHA-256 of the access token, of the time, a line feed and the
/// body as it came.
pub(super) fn read(
    report: &RawReport,
    token: &Secret,
    now: Timestamp,
) -> Result<ReportRead, BadReport> {
    let header = |name| report.header(name).ok_or(BadReport::Forged);
    let (time, signature) = (
        header("x-request-timestamp")?,
        header("x-request-signature")?,
    );
    let key = Sha256::digest(token.expose());
    if !is_hex_hmac(signature, &key, &[time.as_bytes(), b"\n", &report.body]) {
        return Err(BadReport::Forged);
    }
    let sent_at = time.parse().map(Timestamp::from_seconds);
    let sent_at = sent_at.map_err(|_| BadReport::Unreadable)?;
    if now.since(sent_at).max(sent_at.since(now)) > WINDOW {
        return Err(BadReport::Forged);
    }
    let status: RequestStatus =
        serde_json::from_slice(&report.body).map_err(|_| BadReport::Unreadable)?;
    Ok(ReportRead::Reports(
        status.into_report().into_iter().collect(),
    ))
}
