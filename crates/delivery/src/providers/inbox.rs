//! The developer's inbox: the delivery's row is the message, and its code is derived when it is
//! shown. For development alone.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use phonekey_core::{
    code::CodeBook,
    delivery::{ProviderName, message::Message},
    phone::PhoneNumber,
    ports::{
        delivery::{Inbox, InboxMessage},
        store::{DeliveryStore, DueDelivery, StoreError},
    },
};
use tokio::sync::watch;

use crate::text::Texts;

/// The provider's name.
pub const NAME: &str = "inbox";

/// What the inbox shows in place of a text whose code nobody can derive any more.
pub const UNREADABLE: &str = "This message cannot be shown: its code came from a master secret \
                              that is no longer configured. Ask for another code.";

/// Counts the messages that arrive in the inbox by way of this node.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals(Arc<watch::Sender<u64>>);

impl Arrivals {
    pub(crate) fn none_yet() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Notes that a message has arrived, and wakes who waits for one.
    pub(crate) fn add(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// The inbox of a store's deliveries; made by [`Router::inbox`](crate::router::Router::inbox).
#[derive(Clone)]
pub struct StoredInbox {
    pub(crate) store: Arc<dyn DeliveryStore>,
    pub(crate) book: Arc<CodeBook>,
    pub(crate) texts: Texts,
    pub(crate) arrivals: Arrivals,
}

impl fmt::Debug for StoredInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredInbox(…)")
    }
}

#[async_trait]
impl Inbox for StoredInbox {
    async fn messages(
        &self,
        to: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<InboxMessage>, StoreError> {
        let provider = ProviderName::new(NAME);
        let deliveries = self.store.recent_deliveries(&provider, to, limit).await?;
        Ok(deliveries.into_iter().map(|due| self.show(due)).collect())
    }

    fn revision(&self) -> u64 {
        *self.arrivals.0.borrow()
    }

    async fn changed_since(&self, revision: u64) {
        let mut arrivals = self.arrivals.0.subscribe();
        // It fails only when the counter is dropped, and `self` holds it.
        let _ = arrivals.wait_for(|current| *current != revision).await;
    }
}

impl StoredInbox {
    /// The message as its owner would have got it, however late it is looked at.
    fn show(&self, due: DueDelivery) -> InboxMessage {
        let DueDelivery {
            delivery,
            challenge,
        } = due;
        let sent_at = delivery.created_at;
        let (text, code) = match self.book.code(&challenge.code_subject()) {
            Some(code) => {
                let message = Message {
                    delivery: delivery.id,
                    to: challenge.phone,
                    channel: delivery.channel,
                    language: challenge.language.clone(),
                    code,
                    app_hash: challenge.app_hash,
                    expires_at: challenge.expires_at,
                };
                let text = self.texts.of_message(&message, sent_at);
                (text, message.code.expose().to_owned())
            }
            None => (UNREADABLE.to_owned(), String::new()),
        };
        InboxMessage {
            delivery: delivery.id,
            challenge,
            text,
            code,
            sent_at,
        }
    }
}
