//! What a provider reports of a message after it took it.

use super::{
    Delivery, follow_up,
    outcome::{Cost, MessageId, SendRefusal},
};
use crate::{
    route::{self, NextStep},
    time::Timestamp,
};

/// Whether a message reached its phone, as its provider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It did.
    Delivered,
    /// It did not, and will not.
    Undelivered(SendRefusal),
}

impl Arrival {
    /// Whether a report of `self` still stands once `later` has come. A message that has arrived
    /// cannot unarrive, whatever comes late or out of order (SECURITY.md T59).
    #[must_use]
    pub const fn stands_against(self, later: Self) -> bool {
        match (self, later) {
            (Self::Delivered, _) | (Self::Undelivered(_), Self::Undelivered(_)) => true,
            (Self::Undelivered(_), Self::Delivered) => false,
        }
    }

    /// What follows from it.
    #[must_use]
    pub const fn next_step(self) -> NextStep {
        match self {
            Self::Delivered => NextStep::Done,
            Self::Undelivered(reason) => route::after_refusal(reason),
        }
    }

    /// Why the message was lost, if it was.
    #[must_use]
    pub const fn lost_because(self) -> Option<SendRefusal> {
        match self {
            Self::Delivered => None,
            Self::Undelivered(reason) => Some(reason),
        }
    }

    /// Its name in databases, pages and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered(_) => "undelivered",
        }
    }
}

/// Notes a report in its delivery, together with what it says of the cost.
///
/// # Errors
/// [`NothingNew`] when what is known stands against it; nothing is changed then.
pub fn note(
    delivery: &mut Delivery,
    arrival: Arrival,
    cost: Option<Cost>,
    now: Timestamp,
) -> Result<(), NothingNew> {
    let stands = |known: DeliveryReport| known.arrival.stands_against(arrival);
    if delivery.report.is_some_and(stands) {
        return Err(NothingNew);
    }
    delivery.report = Some(DeliveryReport { at: now, arrival });
    delivery.follow_up_at = follow_up::after_report(arrival, now);
    if cost.is_some() {
        delivery.receipt.cost = cost;
    }
    Ok(())
}

/// A report that tells nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingNew;

/// What is kept of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// When it came.
    pub at: Timestamp,
    /// What it said.
    pub arrival: Arrival,
}

/// One message's report as a provider sends it, or answers when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The provider's own name for the message.
    pub message_id: MessageId,
    /// What became of it; `None` while it is on its way.
    pub arrival: Option<Arrival>,
    /// What it cost, where the report tells it.
    pub cost: Option<Cost>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_arrived_cannot_unarrive() {
        let lost = Arrival::Undelivered(SendRefusal::Temporary);

        assert!(Arrival::Delivered.stands_against(lost));
        assert!(Arrival::Delivered.stands_against(Arrival::Delivered));
        assert!(lost.stands_against(lost));
        assert!(!lost.stands_against(Arrival::Delivered));
    }

    #[test]
    fn an_opt_out_is_not_got_round_by_another_provider() {
        let lost = |reason| Arrival::Undelivered(reason).next_step();

        assert_eq!(Arrival::Delivered.next_step(), NextStep::Done);
        assert_eq!(lost(SendRefusal::Temporary), NextStep::FailOver);
        let opted_out = SendRefusal::OptedOut;
        assert_eq!(lost(opted_out), NextStep::Stop(opted_out));
    }
}
