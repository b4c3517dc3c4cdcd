//! The session that a provider keeps, held for as long as a message is tried.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{outcome::MessageId, report::Report},
    ports::store::StoreError,
};
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
    reports: UnboundedReceiver<Report>,
}

impl Held {
    /// Begins the session of a provider that has one.
    pub(super) fn of(provider: &Provider) -> Option<Self> {
        let ReportSource::Session(session) = provider.reports() else {
            return None;
        };
        let (told, reports) = unbounded_channel();
        let ending = CancellationToken::new();
        let (session, until) = (Arc::clone(session), ending.clone());
        let task =
            tokio::spawn(
                async move { HoldSession::hold(&*session, Arc::new(Told(told)), until).await },
            );
        Some(Self {
            ending,
            task,
            reports,
        })
    }

    /// What is reported of a message within this time.
    pub(super) async fn news_of(&mut self, id: &MessageId, patience: Duration) -> News {
        let reported = async {
            while let Some(report) = self.reports.recv().await {
                if let (true, Some(arrival)) = (report.message_id == *id, report.arrival) {
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
struct Told(UnboundedSender<Report>);

#[async_trait]
impl TakeReports for Told {
    async fn take(&self, report: Report) -> Result<(), StoreError> {
        // Of what came before the trial, or after it, there is nobody to tell.
        let _ = self.0.send(report);
        Ok(())
    }
}
