//! Providers that do as they are told, and routes over them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        Channel, DeliveryId, ProviderName,
        message::Message,
        outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
    route::{
        Handling, Hop,
        order::Strategy,
        table::{RouteRule, RoutingTable, Scope},
    },
    testing::values,
};
use phonekey_delivery::{
    provider::{Provider, ReportSource},
    senders::Senders,
};
use tokio::sync::watch;

use crate::world::texts;

/// A provider that answers as it is told to, once it may.
pub(crate) struct Fake {
    outcome: Mutex<SendOutcome>,
    sent: Mutex<Vec<Message>>,
    may_answer: watch::Sender<bool>,
}

impl Fake {
    pub(crate) fn answering(outcome: SendOutcome) -> Arc<Self> {
        let fake = Self::held(outcome);
        fake.release();
        fake
    }

    /// One that answers nothing until it is [released](Self::release).
    pub(crate) fn held(outcome: SendOutcome) -> Arc<Self> {
        Arc::new(Self {
            outcome: Mutex::new(outcome),
            sent: Mutex::default(),
            may_answer: watch::Sender::new(false),
        })
    }

    pub(crate) fn accepting() -> Arc<Self> {
        Self::answering(accepted())
    }

    /// One that calls each message by this name.
    pub(crate) fn accepting_as(message_id: &str) -> Arc<Self> {
        Self::answering(SendOutcome::Accepted(Receipt {
            message_id: MessageId::new(message_id),
            cost: None,
        }))
    }

    pub(crate) fn refusing(refusal: SendRefusal) -> Arc<Self> {
        Self::answering(refused(refusal))
    }

    /// From now on it answers this.
    pub(crate) fn answer(&self, outcome: SendOutcome) {
        *self.outcome.lock().unwrap() = outcome;
    }

    pub(crate) fn release(&self) {
        self.may_answer.send_replace(true);
    }

    /// From now on it answers nothing until it is [released](Self::release).
    pub(crate) fn hold(&self) {
        self.may_answer.send_replace(false);
    }

    /// What it was handed, oldest first.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.sent.lock().unwrap().clone()
    }

    /// The deliveries that it was handed, oldest first.
    pub(crate) fn sent(&self) -> Vec<DeliveryId> {
        let messages = self.messages();
        messages.iter().map(|message| message.delivery).collect()
    }

    /// The provider that sends by this and reports nothing.
    pub(crate) fn silent(self: &Arc<Self>) -> Provider {
        self.reporting(ReportSource::Nothing)
    }

    /// The provider that sends by this and reports in this way.
    pub(crate) fn reporting(self: &Arc<Self>, reports: ReportSource) -> Provider {
        Provider::carried(Arc::clone(self) as Arc<dyn MessageSender>, reports)
    }
}

#[async_trait]
impl MessageSender for Fake {
    async fn send(&self, message: &Message) -> SendOutcome {
        self.sent.lock().unwrap().push(message.clone());
        let mut may_answer = self.may_answer.subscribe();
        let _ = may_answer.wait_for(|may| *may).await;
        self.outcome.lock().unwrap().clone()
    }
}

pub(crate) fn accepted() -> SendOutcome {
    SendOutcome::Accepted(Receipt::default())
}

pub(crate) fn refused(refusal: SendRefusal) -> SendOutcome {
    SendOutcome::Refused(refusal)
}

/// Text messages by the providers `a`, `b`, … in this order.
pub(crate) fn senders<const N: usize>(fakes: [&Arc<Fake>; N]) -> Senders {
    let providers = ["a", "b", "c"].into_iter().zip(fakes);
    let providers: Vec<_> = providers
        .map(|(name, fake)| (name, fake.silent()))
        .collect();
    let hops = providers.iter().map(|(name, _)| sms(name)).collect();
    senders_of(everywhere(hops), providers)
}

/// These providers, by this rule alone.
pub(crate) fn senders_of<'n>(
    rule: RouteRule,
    providers: impl IntoIterator<Item = (&'n str, Provider)>,
) -> Senders {
    let providers = providers.into_iter();
    let named = providers.map(|(name, provider)| (ProviderName::new(name), provider));
    Senders::of(RoutingTable::new(vec![rule]), texts(), named)
}

/// These ways to all numbers, in this order.
pub(crate) fn everywhere(hops: Vec<Hop>) -> RouteRule {
    RouteRule {
        scope: Scope::Everywhere,
        hops,
        on_request: Vec::new(),
        strategy: Strategy::Ordered,
    }
}

/// A provider's text messages.
pub(crate) fn sms(provider: &str) -> Hop {
    values::hop(provider)
}

/// A provider's calls.
pub(crate) fn voice(provider: &str) -> Hop {
    Hop {
        channel: Channel::Voice,
        ..values::hop(provider)
    }
}

/// The developer's inbox.
pub(crate) fn inbox() -> Hop {
    Hop {
        handling: Handling::Kept,
        ..values::hop("inbox")
    }
}
