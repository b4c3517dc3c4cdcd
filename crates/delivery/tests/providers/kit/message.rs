//! Messages to send, where they are sent from, and what may become of them.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    code::Code,
    delivery::{
        Channel, DeliveryId,
        message::Message,
        outcome::{Cost, MessageId, Receipt, SendOutcome, SendRefusal},
    },
    phone::PhoneNumber,
    testing::{ManualClock, values},
    time::{Clock, Timestamp},
};
use phonekey_delivery::{provider::Surroundings, text::Texts};

/// The present: 2026-08-11T09:15:04.250Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_786_439_704_250);

/// The code of every [`message`].
pub(crate) const CODE: &str = "482913";

/// A number of Iran.
pub(crate) const IRAN: &str = "+989121234567";

/// The first message of a challenge, in English, whose code is good for two minutes.
pub(crate) fn message(channel: Channel, to: &str) -> Message {
    Message {
        delivery: DeliveryId {
            challenge: values::challenge().id,
            attempt: 1,
        },
        to: PhoneNumber::from_e164(to).unwrap(),
        channel,
        language: "en".to_owned(),
        code: Code::parse(CODE).unwrap(),
        app_hash: None,
        expires_at: NOW.plus(Duration::from_mins(2)),
    }
}

/// A server that is reached from outside, at [`NOW`].
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        texts: Texts::falling_back_to("fa").unwrap(),
        clock: Arc::new(ManualClock::at(NOW)) as Arc<dyn Clock>,
        callback: Some("https://login.example/delivery/reports/provider/t0ken".to_owned()),
        public_url: Some("https://login.example".to_owned()),
    }
}

pub(crate) fn accepted(message_id: &str) -> SendOutcome {
    SendOutcome::Accepted(Receipt {
        message_id: Some(MessageId::new(message_id).unwrap()),
        cost: None,
    })
}

/// The same by a provider that tells what the message costs.
pub(crate) fn accepted_for(message_id: &str, cost: Cost) -> SendOutcome {
    SendOutcome::Accepted(Receipt {
        message_id: Some(MessageId::new(message_id).unwrap()),
        cost: Some(cost),
    })
}

pub(crate) const fn refused(refusal: SendRefusal) -> SendOutcome {
    SendOutcome::Refused(refusal)
}
