//! What Vonage reports of a message, which it calls a delivery receipt.

use std::{collections::BTreeMap, time::Duration};

use phonekey_core::{
    delivery::{
        outcome::{MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
    secret::Secret,
    time::Timestamp,
};

use super::signature;
use crate::{
    provider::{BadReport, ReportRead},
    scalar::Scalar,
};

/// How far the time of a signed report may be from ours (SECURITY.md T59).
const WINDOW: Duration = Duration::from_mins(5);

/// The fields of a report, by name.
pub(super) type Fields = BTreeMap<String, String>;

/// Reads a report; if the account signs them, one whose signature is right and whose time is near
/// `now`.
pub(super) fn read(
    report: &RawReport,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<ReportRead, BadReport> {
    let fields = fields(report).ok_or(BadReport::Unreadable)?;
    if let Some(secret) = secret {
        check(&fields, secret, now)?;
    }
    let field = |name| fields.get(name).ok_or(BadReport::Unreadable);
    let (id, status) = (field("messageId")?, field("status")?);
    let code = fields.get("err-code").and_then(|code| code.parse().ok());
    Ok(ReportRead::Reports(vec![Report {
        message_id: MessageId::new(id).ok_or(BadReport::Unreadable)?,
        arrival: arrival(status, code),
        // It costs what the answer to the message said; a report says it of one segment.
        cost: None,
    }]))
}

fn check(fields: &Fields, secret: &Secret, now: Timestamp) -> Result<(), BadReport> {
    if !signature::is_right(fields, secret) {
        return Err(BadReport::Forged);
    }
    let time = fields.get("timestamp").ok_or(BadReport::Forged)?;
    let signed_at = time.parse().map(Timestamp::from_seconds);
    let signed_at = signed_at.map_err(|_| BadReport::Unreadable)?;
    if now.since(signed_at).max(signed_at.since(now)) > WINDOW {
        return Err(BadReport::Forged);
    }
    Ok(())
}

/// The fields, in whichever of three ways the account is set to send them: a query, a form, JSON.
fn fields(report: &RawReport) -> Option<Fields> {
    let body = report.body.trim_ascii();
    if body.starts_with(b"{") {
        let fields: BTreeMap<String, Scalar> = serde_json::from_slice(body).ok()?;
        let text = |(name, value): (String, Scalar)| (name, value.as_str().to_owned());
        return Some(fields.into_iter().map(text).collect());
    }
    let form = if body.is_empty() {
        report.query().as_bytes()
    } else {
        body
    };
    Some(form_urlencoded::parse(form).into_owned().collect())
}

/// What a status means; `None` while the message is on its way (`accepted`, `buffered`), or for one
/// that tells nothing (`unknown`).
fn arrival(status: &str, code: Option<i64>) -> Option<Arrival> {
    match status {
        "delivered" => Some(Arrival::Delivered),
        "expired" => Some(Arrival::Undelivered(SendRefusal::Temporary)),
        "failed" | "rejected" => Some(Arrival::Undelivered(reason(code))),
        _ => None,
    }
}

/// Why a message did not arrive.
fn reason(code: Option<i64>) -> SendRefusal {
    match code {
        // The number is in no network any more.
        Some(3) => SendRefusal::InvalidNumber,
        // Its owner bars messages, is too young for them, or cannot pay for them; or the network
        // bars them.
        Some(4 | 13..=15) => SendRefusal::CannotReceive,
        Some(6 | 10) => SendRefusal::RejectedContent,
        // Its owner asked for none, or has not agreed to any.
        Some(9 | 53) => SendRefusal::OptedOut,
        // What the regulator has to know beforehand: the entity, the sender's name, the text.
        Some(50..=52 | 54) => SendRefusal::BadTemplate,
        // The phone is away, the network has an error, there is no route, or it is not said.
        _ => SendRefusal::Temporary,
    }
}
