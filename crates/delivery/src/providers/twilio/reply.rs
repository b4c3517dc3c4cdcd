//! What Twilio's answer means.

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{Cost, MessageId, Receipt, SendOutcome},
    report::{Arrival, Report},
};
use serde::Deserialize;
use tracing::warn;

use super::{Sid, error, report::arrival};
use crate::{http::Reply, price, scalar::Scalar};

/// A message as Twilio describes it.
#[derive(Deserialize)]
struct Resource {
    sid: String,
    status: String,
    error_code: Option<Scalar>,
    /// `null` until the message is billed, then negative.
    price: Option<Scalar>,
    price_unit: Option<String>,
}

/// What is wrong, in the form of Twilio's older services and of its newer ones alike. The texts
/// beside the code name the number, so they are logged nowhere.
#[derive(Deserialize)]
struct Failure {
    code: i64,
}

impl Resource {
    fn read(reply: &Reply) -> Option<Self> {
        let body = reply.body.as_deref().filter(|_| reply.status.is_success());
        serde_json::from_slice(body?).ok()
    }

    fn error_code(&self) -> Option<i64> {
        self.error_code.as_ref().and_then(Scalar::integer)
    }

    fn cost(&self) -> Option<Cost> {
        let (price, unit) = self.price.as_ref().zip(self.price_unit.as_deref())?;
        price::cost(price.as_str(), unit)
    }
}

/// What became of the message.
pub(super) fn outcome(reply: &Reply, delivery: DeliveryId) -> SendOutcome {
    if let Some(message) = Resource::read(reply) {
        return taken(message, delivery);
    }
    let body = reply.body.as_deref().unwrap_or_default();
    let Ok(Failure { code }) = serde_json::from_slice(body) else {
        return reply.outcome_by_status();
    };
    warn!(delivery.id = %delivery, provider.code = code, "Twilio did not take a message");
    // A failure of Twilio's own may have come after the message went, whatever it says.
    let refusal = error::refusal(code).filter(|_| reply.status.is_client_error());
    refusal.map_or_else(|| reply.outcome_by_status(), SendOutcome::Refused)
}

fn taken(message: Resource, delivery: DeliveryId) -> SendOutcome {
    let code = message.error_code();
    if let Some(Arrival::Undelivered(reason)) = arrival(&message.status, code) {
        warn!(delivery.id = %delivery, provider.code = code, "Twilio did not send a message");
        return SendOutcome::Refused(reason);
    }
    let cost = message.cost();
    // `MM` when it is more than a text.
    let is_sid = ["SM", "MM"].map(|kind| Sid::parse(kind, &message.sid).is_some());
    let id = MessageId::new(message.sid).filter(|_| is_sid.contains(&true));
    id.map_or(SendOutcome::Unknown, |id| {
        SendOutcome::Accepted(Receipt {
            message_id: Some(id),
            cost,
        })
    })
}

/// What Twilio knows of a message; `None` when it does not tell.
pub(super) fn report(reply: &Reply, message_id: &MessageId) -> Option<Report> {
    let message = Resource::read(reply).filter(|message| message.sid == message_id.as_str())?;
    Some(Report {
        message_id: message_id.clone(),
        arrival: arrival(&message.status, message.error_code()),
        cost: message.cost(),
    })
}
