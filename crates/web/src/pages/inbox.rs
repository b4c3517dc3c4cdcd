//! `GET /dev/inbox`: the inbox as a page.

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{Html, IntoResponse, Response},
};
use http::{HeaderMap, header};
use phonekey_core::{phone::PhoneNumber, time::Timestamp};

use super::{
    Pages, assets, example, failure::Failure, html, message::MessageView, query::InboxQuery,
};

/// `GET /dev/inbox?to=…`
///
/// Complete without a script, which only keeps it up to date.
pub(super) async fn show(
    State(pages): State<Pages>,
    headers: HeaderMap,
    query: Result<Query<InboxQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let query = InboxQuery::read(query)?;
    let page = InboxPage {
        assets: assets::folder(),
        example: example::number(&pages.phone),
        origin: origin(&headers),
        now: pages.clock.now(),
        typed: query.to.trim().to_owned(),
        content: Content::default(),
        alert: None,
    };
    match pages.content(&query, page.now).await {
        Ok(content) => {
            let page = InboxPage { content, ..page };
            Ok(Html(html::render(&page)?).into_response())
        }
        Err(failure) => {
            let alert = Some(failure.message.clone());
            let page = InboxPage { alert, ..page };
            Ok(failure.told_by(Html(html::render(&page)?)))
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    assets: String,
    example: &'static str,
    origin: String,
    now: Timestamp,
    /// What stands in the field for the number.
    typed: String,
    content: Content,
    alert: Option<String>,
}

/// What the inbox has for a query.
#[derive(Default)]
struct Content {
    /// The number that it was asked for, in E.164 form.
    to: Option<String>,
    limit: u16,
    messages: Vec<MessageView>,
}

impl Pages {
    async fn content(&self, query: &InboxQuery, now: Timestamp) -> Result<Content, Failure> {
        let selection = query.selection(&self.phone)?;
        let messages = self.read(&selection).await?;
        Ok(Content {
            to: selection.to.map(PhoneNumber::e164),
            limit: selection.limit,
            messages: messages
                .into_iter()
                .map(|message| MessageView::new(message, now))
                .collect(),
        })
    }
}

/// Where the browser found us, for a line to be pasted into a shell: so a host with any character
/// that a shell could read something into is not repeated.
fn origin(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| host.bytes().all(is_plain))
        .unwrap_or("localhost:8000");
    format!("http://{host}")
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
}
