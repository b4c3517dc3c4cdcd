//! `GET /dev/inbox/events`: the inbox as it changes, as server-sent events.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    time::Duration,
};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use phonekey_core::delivery::DeliveryId;

use super::{
    Pages,
    failure::Failure,
    html,
    message::{Look, MessageView},
    query::{InboxQuery, Selection},
};

/// `GET /dev/inbox/events?to=…`
///
/// Each event is one message, as the `article` that the page shows for it: first those that there
/// are, oldest first, then each that is new and each that has changed. A client that connects again
/// has therefore missed nothing.
///
/// The stream ends when the server stops, and when the inbox cannot be read; browsers then connect
/// again by themselves.
pub(super) async fn stream(
    State(pages): State<Pages>,
    query: Result<Query<InboxQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let selection = InboxQuery::read(query)?.selection(&pages.phone)?;
    let feed = Feed {
        pages,
        selection,
        seen_revision: None,
        shown: HashMap::new(),
        ready: VecDeque::new(),
    };
    let events = Sse::new(stream::unfold(feed, Feed::next))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Or nginx holds events back until it has a buffer full of them.
    Ok(([("x-accel-buffering", "no")], events).into_response())
}

/// Within the minute after which most proxies give up on a silent connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One client's view of the inbox.
struct Feed {
    pages: Pages,
    selection: Selection,
    /// The inbox's revision at the last look; none before the first.
    seen_revision: Option<u64>,
    /// What the client was last told of each message in its selection.
    shown: HashMap<DeliveryId, Look>,
    ready: VecDeque<String>,
}

impl Feed {
    /// The next event; none when the stream is over.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let shutdown = self.pages.shutdown.clone();
        loop {
            if let Some(html) = self.ready.pop_front() {
                return Some((Ok(Event::default().data(html)), self));
            }
            shutdown.run_until_cancelled(self.look()).await?.ok()?;
        }
    }

    /// Looks at the inbox, at once or when there may be something to see.
    async fn look(&mut self) -> Result<(), Failure> {
        if let Some(revision) = self.seen_revision {
            self.pages.change_since(revision).await;
        }
        self.seen_revision = Some(self.pages.inbox.revision());
        let messages = self.pages.read(&self.selection).await?;
        let now = self.pages.clock.now();
        let told = std::mem::take(&mut self.shown);
        for message in messages.into_iter().rev() {
            let delivery = message.delivery;
            let view = MessageView::new(message, now);
            if told.get(&delivery) != Some(&view.look()) {
                self.ready.push_back(html::render(&view)?);
            }
            self.shown.insert(delivery, view.look());
        }
        Ok(())
    }
}
