//! The session that a provider keeps, held for as long as a message is tried.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{outcome::MessageId, report::Report},
    ports::store::StoreError,
};
use thiserror::Error;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::News;
use crate::provider::{HoldSession, Provider, ReportSource, TakeReports};

/// A session that is open.
pub(super) struct Held {
    ending: CancellationToken,
    task: JoinHandle<()>,
    own: Arc<OnceLock<MessageId>>,
    reports: UnboundedReceiver<Report>,
}

impl Held {
    /// Begins the session of a provider that has one.
    pub(super) fn of(provider: &Provider) -> Option<Self> {
        let ReportSource::Session(session) = provider.reports() else {
            return None;
        };
        let (told, reports) = unbounded_channel();
        let own = Arc::new(OnceLock::new());
        let taker = Arc::new(Told {
            own: Arc::clone(&own),
            told,
        });
        let ending = CancellationToken::new();
        let (session, until) = (Arc::clone(session), ending.clone());
        let task = tokio::spawn(async move { HoldSession::hold(&*session, taker, until).await });
        Some(Self {
            ending,
            task,
            own,
            reports,
        })
    }

    /// What is reported of a message within this time.
    pub(super) async fn news_of(&mut self, id: &MessageId, patience: Duration) -> News {
        let _ = self.own.set(id.clone());
        let reported = async {
            while let Some(report) = self.reports.recv().await {
                if let Some(arrival) = report.arrival {
                    return Some((arrival, report.cost));
                }
            }
            None
        };
        match timeout(patience, reported).await {
            Ok(Some((arrival, cost))) => News::Reported { arrival, cost },
            Ok(None) | Err(_) => News::NothingYet(patience),
        }
    }

    /// Closes it as the provider would have it.
    pub(super) async fn end(self) {
        self.ending.cancel();
        // A panic of the session has been reported by the panic hook.
        let _ = self.task.await;
    }
}

/// Where the session leaves its reports.
///
/// A carrier reports over whichever session of an account it likes. So what is not about the message
/// that is tried, or comes before its name is known, is not taken: the carrier sends it again, most
/// likely to the server that it is meant for.
struct Told {
    own: Arc<OnceLock<MessageId>>,
    told: UnboundedSender<Report>,
}

#[async_trait]
impl TakeReports for Told {
    async fn take(&self, report: Report) -> Result<(), StoreError> {
        if self.own.get() != Some(&report.message_id) {
            return Err(StoreError::Unavailable {
                source: Box::new(NotOurs),
            });
        }
        // After the trial there is nobody to tell.
        let _ = self.told.send(report);
        Ok(())
    }
}

/// A report is about a message of a server's.
#[derive(Debug, Error)]
#[error("the report is not about the message that is tried")]
struct NotOurs;
