//! The server that a webhook's messages are posted to.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A server that takes every message, after a while. It ends with its owner.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    inbox: Arc<Inbox>,
    serving: JoinHandle<()>,
}

struct Inbox {
    answer_after: Duration,
    challenges: Mutex<HashSet<Uuid>>,
}

#[derive(Deserialize)]
struct Message {
    challenge_id: Uuid,
}

impl Receiver {
    pub(super) async fn start(answer_after: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no port is free")?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let inbox = Arc::new(Inbox {
            answer_after,
            challenges: Mutex::default(),
        });
        let router = Router::new()
            .route("/", post(take))
            .with_state(Arc::clone(&inbox));
        let serving = tokio::spawn(async move {
            // It serves for as long as anyone waits for this.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            inbox,
            serving,
        })
    }

    /// How many challenges' codes have come.
    pub(super) fn sent(&self) -> u64 {
        self.inbox.challenges().len() as u64
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Inbox {
    fn challenges(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is how long the provider takes"
)]
async fn take(State(inbox): State<Arc<Inbox>>, Json(message): Json<Message>) -> StatusCode {
    inbox.challenges().insert(message.challenge_id);
    if !inbox.answer_after.is_zero() {
        tokio::time::sleep(inbox.answer_after).await;
    }
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Connection;

    fn request(challenge: Uuid) -> String {
        let body = format!(r#"{{"challenge_id":"{challenge}","code":"12345"}}"#);
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn it_takes_every_message_and_counts_each_challenge_once() {
        let receiver = Receiver::start(Duration::ZERO).await.unwrap();
        let mut connection = Connection::new(receiver.address);

        for challenge in [1, 2, 1] {
            let request = request(Uuid::from_u128(challenge));
            let answer = connection.send(request.as_bytes()).await.unwrap();
            assert_eq!(answer.status, 204);
        }

        assert_eq!(receiver.sent(), 2);
    }

    #[tokio::test]
    async fn a_slow_one_has_the_message_before_it_answers() {
        let receiver = Receiver::start(Duration::from_mins(10)).await.unwrap();
        let mut connection = Connection::new(receiver.address);
        let request = request(Uuid::nil());

        let inbox = Arc::clone(&receiver.inbox);
        let arrived = async {
            while inbox.challenges().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = connection.send(request.as_bytes()) => panic!("it answered at once"),
            () = arrived => {}
        }

        assert_eq!(receiver.sent(), 1);
    }
}
