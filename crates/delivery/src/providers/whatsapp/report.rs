//! What Meta's webhook says
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview>).

use phonekey_core::{
    delivery::{
        outcome::{MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::{WebhookKeys, error::CloudError};
use crate::{
    mac::is_hex_hmac,
    provider::{BadReport, ReportRead},
};

/// Reads what Meta sends: its question whether this is the right place, or what became of messages
/// of the number with this id.
pub(super) fn read(
    report: &RawReport,
    keys: &WebhookKeys,
    phone_number_id: &str,
) -> Result<ReportRead, BadReport> {
    if report.method == "GET" {
        return handshake(report.query(), keys);
    }
    let signature = report.header("x-hub-signature-256");
    let digits = signature.and_then(|it| it.strip_prefix("sha256="));
    let digits = digits.ok_or(BadReport::Forged)?;
    if !is_hex_hmac(digits, keys.app_secret.expose(), &[&report.body]) {
        return Err(BadReport::Forged);
    }
    let notice: Notice = serde_json::from_slice(&report.body).map_err(|_| BadReport::Unreadable)?;
    let changes = notice.entry.into_iter().flat_map(|entry| entry.changes);
    let ours = changes
        .filter_map(|change| serde_json::from_value::<Messages>(change.value).ok())
        .filter(|messages| messages.metadata.phone_number_id == phone_number_id);
    let statuses = ours.flat_map(|messages| messages.statuses);
    Ok(ReportRead::Reports(
        statuses
            .filter_map(|status| serde_json::from_value::<Status>(status).ok()?.into_report())
            .collect(),
    ))
}

/// The longest challenge that is repeated; Meta's have ten digits.
const LONGEST_CHALLENGE_BYTES: usize = 256;

fn handshake(query: &str, keys: &WebhookKeys) -> Result<ReportRead, BadReport> {
    let value = |name| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let token = value("hub.verify_token").unwrap_or_default();
    let is_known: bool = keys.verify_token.expose().ct_eq(token.as_bytes()).into();
    if !is_known || value("hub.mode").as_deref() != Some("subscribe") {
        return Err(BadReport::Forged);
    }
    let challenge = value("hub.challenge").ok_or(BadReport::Unreadable)?;
    let is_sound = (1..=LONGEST_CHALLENGE_BYTES).contains(&challenge.len())
        && challenge.bytes().all(|byte| byte.is_ascii_graphic());
    if is_sound {
        Ok(ReportRead::Handshake(challenge.into_owned()))
    } else {
        Err(BadReport::Unreadable)
    }
}

/// What is not about messages is passed over: Meta sends whatever the app subscribes to, and repeats
/// for days what it gets no answer to.
#[derive(Deserialize)]
struct Notice {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Messages {
    metadata: Metadata,
    #[serde(default)]
    statuses: Vec<Value>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    #[serde(rename = "status")]
    state: String,
    #[serde(default)]
    errors: Vec<CloudError>,
}

impl Status {
    fn into_report(self) -> Option<Report> {
        let arrival = match self.state.as_str() {
            "delivered" | "read" => Some(Arrival::Delivered),
            "failed" => {
                let error = self.errors.first();
                let reason = error.map_or(SendRefusal::Temporary, CloudError::reason);
                Some(Arrival::Undelivered(reason))
            }
            // `sent`, or what is not known.
            _ => None,
        };
        Some(Report {
            message_id: MessageId::new(self.id)?,
            arrival,
            cost: None,
        })
    }
}
