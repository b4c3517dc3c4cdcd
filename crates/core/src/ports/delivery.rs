//! What the rules need of the senders.

use async_trait::async_trait;

use crate::{
    challenge::Challenge,
    delivery::{
        Channel, Delivery, DeliveryId,
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    phone::PhoneNumber,
    route::plan::SendPlan,
    time::Timestamp,
};

/// One provider: carries a message, or says definitely that it does not.
///
/// An implementation bounds its own time, and tells apart what was certainly not sent
/// ([`SendOutcome::Refused`]) from what may have been ([`SendOutcome::Unknown`]).
#[async_trait]
pub trait MessageSender: Send + Sync {
    /// Hands the message over.
    async fn send(&self, message: &Message) -> SendOutcome;
}

/// Plans deliveries and carries them out, provider after provider.
#[async_trait]
pub trait Dispatcher: Send + Sync {
    /// The ways for a message to a number, in the order in which they should be tried; `None` when
    /// there is none by the channel that its caller asks for.
    fn plan(
        &self,
        phone: PhoneNumber,
        channel: Option<Channel>,
        now: Timestamp,
    ) -> Option<SendPlan>;

    /// The language that a message to a number is written in, for a caller who would have it in one
    /// of `asked` (BCP 47, best first).
    fn language(&self, asked: &[&str], phone: PhoneNumber) -> String;

    /// Carries out a planned delivery after its commit, and waits for a provider's acceptance as
    /// long as a caller should. What is not settled by then goes on in the background.
    async fn dispatch(&self, challenge: &Challenge, delivery: Delivery) -> DispatchOutcome;
}

/// What a caller learns of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispatchOutcome {
    /// A provider took the message, or may have.
    Sent,
    /// Nobody carries a message to this number.
    NumberRefused(SendRefusal),
    /// Every provider refused for reasons of its own.
    Unavailable(SendRefusal),
}

/// The developer's inbox: what the provider `inbox` holds, for a page and for tests.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// The newest `limit` messages, newest first; those to one number if it is given.
    async fn messages(
        &self,
        to: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<InboxMessage>, super::store::StoreError>;

    /// Counts the messages that have arrived at this node; read it before [`messages`](Self::messages).
    fn revision(&self) -> u64;

    /// Returns once the revision is no longer `revision`.
    async fn changed_since(&self, revision: u64);
}

/// A message as the inbox shows it.
#[derive(Clone, Debug)]
pub struct InboxMessage {
    /// The delivery that it is.
    pub delivery: DeliveryId,
    /// The challenge whose code it carries.
    pub challenge: Challenge,
    /// Its text.
    pub text: String,
    /// Its code.
    pub code: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}
