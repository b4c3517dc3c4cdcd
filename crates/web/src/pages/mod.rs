//! The developer's pages: the inbox that codes go to in place of an SMS, and a login to try.
//!
//! | path | what |
//! |---|---|
//! | `GET /dev/inbox` | the messages, as a page (`inbox`) |
//! | `GET /dev/inbox/events` | the same, as server-sent events (`events`) |
//! | `GET /dev/inbox/messages` | the same, as JSON for tests in any language (`messages`) |
//! | `GET /dev/try` | the whole login in a browser (`try_login`) |
//! | `GET /dev/assets/…` | scripts and styles (`assets`) |
//!
//! They show codes to whoever can reach them. So they are mounted only while a route sends to the
//! inbox, which the program refuses on an address other than loopback unless it is told to in as
//! many words (SECURITY.md T67). Nothing on them is inline and nothing comes from elsewhere
//! (`headers`), and every text is escaped by its template.

mod assets;
mod events;
mod example;
mod failure;
mod headers;
mod host;
mod html;
mod inbox;
mod message;
mod messages;
mod query;
mod try_login;

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware, routing::get};
use phonekey_core::{
    phone::PhonePolicy,
    ports::delivery::{Inbox, InboxMessage},
    time::Clock,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use failure::Failure;
use query::Selection;

/// The routes of the developer's pages.
///
/// `phone` reads the numbers that are asked for. Once `shutdown` is cancelled, event streams end and
/// waiting requests are answered with what there is, so that nothing holds up a graceful stop.
///
/// `GET /dev/inbox/messages` answers after up to 30 s and `GET /dev/inbox/events` never ends by
/// itself: a time-out on requests must leave room for the one and leave out the other.
pub fn router(
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    phone: PhonePolicy,
    shutdown: CancellationToken,
) -> Router {
    let pages = Pages {
        inbox,
        clock,
        phone: Arc::new(phone),
        shutdown,
    };
    let fresh = Router::new()
        .route("/dev/inbox", get(inbox::show))
        .route("/dev/inbox/events", get(events::stream))
        .route("/dev/inbox/messages", get(messages::list))
        .route("/dev/try", get(try_login::show))
        .route_layer(middleware::map_response(headers::never_store))
        .with_state(pages);
    Router::new()
        .route("/dev/assets/{version}/{name}", get(assets::serve))
        .merge(fresh)
        .route_layer(middleware::from_fn(host::only_addresses))
        .route_layer(middleware::map_response(headers::lock_down))
}

/// What the pages stand on.
#[derive(Clone)]
struct Pages {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    phone: Arc<PhonePolicy>,
    shutdown: CancellationToken,
}

impl Pages {
    /// The messages that are asked for, newest first.
    async fn read(&self, selection: &Selection) -> Result<Vec<InboxMessage>, Failure> {
        let mut messages = self
            .inbox
            .messages(selection.to, selection.limit)
            .await
            .map_err(Failure::store)?;
        messages.retain(|message| selection.is_new(message));
        Ok(messages)
    }

    /// Returns when a message has arrived since `revision`, and after [`LOOK_AGAIN`] at the latest.
    async fn change_since(&self, revision: u64) {
        let arrival = self.inbox.changed_since(revision);
        // Elapsed or not, the caller looks again.
        let _ = timeout(LOOK_AGAIN, arrival).await;
    }
}

/// How long what the revision does not count may go unseen: a code that was answered or has
/// expired, and a message that another node sent.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
