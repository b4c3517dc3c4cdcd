//! The sessions that providers keep: begun when the server starts, ended when all is sent.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{ProviderName, report::Report},
    ports::store::StoreError,
};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;

use crate::{
    carrier::Carrier,
    provider::{HoldSession, ReportSource, TakeReports},
};

/// How long a session stays down that ended by a panic.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(5);

/// The sessions of this node.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    ending: CancellationToken,
    tracker: TaskTracker,
}

impl Sessions {
    /// Has every provider that has a session keep it.
    pub(crate) fn hold(&self, carrier: &Arc<Carrier>) {
        for (name, provider) in carrier.senders.providers() {
            let ReportSource::Session(session) = provider.reports() else {
                continue;
            };
            let reports: Arc<dyn TakeReports> = Arc::new(ReportsOf {
                provider: name.clone(),
                carrier: Arc::clone(carrier),
            });
            let ending = self.ending.clone();
            self.tracker
                .spawn(hold_for_ever(Arc::clone(session), reports, ending));
        }
    }

    /// Ends them, and returns once they have ended.
    pub(crate) async fn end(&self) {
        self.ending.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Keeps one session, whatever happens to it.
async fn hold_for_ever(
    session: Arc<dyn HoldSession>,
    reports: Arc<dyn TakeReports>,
    ending: CancellationToken,
) {
    while !ending.is_cancelled() {
        let (session, reports) = (Arc::clone(&session), Arc::clone(&reports));
        let held = {
            let ending = ending.clone();
            tokio::spawn(async move { session.hold(reports, ending).await })
        };
        let Err(error) = held.await else { return };
        error!(
            error = &error as &dyn std::error::Error,
            "the session of a provider panicked; it begins anew"
        );
        let _ = timeout(PAUSE_AFTER_PANIC, ending.cancelled()).await;
    }
}

/// Where one provider's session leaves its reports.
struct ReportsOf {
    provider: ProviderName,
    carrier: Arc<Carrier>,
}

#[async_trait]
impl TakeReports for ReportsOf {
    async fn take(&self, report: Report) -> Result<(), StoreError> {
        self.carrier.note_all(&self.provider, vec![report]).await
    }
}
