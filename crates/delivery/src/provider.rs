//! A configured provider: its sender, what it reports, and what keeps both from harm.

pub mod gate;
pub mod health;

use std::sync::Arc;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        follow_up::ReportsBy,
        message::Message,
        outcome::{MessageId, SendOutcome, SendRefusal},
        report::Report,
    },
    ports::{delivery::MessageSender, report::RawReport, store::StoreError},
    route::Handling,
    time::{Clock, Timestamp},
};

use tokio_util::sync::CancellationToken;

use self::{gate::Gate, health::Health};
use crate::text::Texts;

/// A configured provider.
pub struct Provider {
    sender: Sender,
    reports: ReportSource,
    gate: Gate,
    health: Health,
}

/// What carries a provider's messages.
#[derive(Clone)]
enum Sender {
    /// Nothing does: the delivery's row is the message (see [`inbox`](crate::providers::inbox)).
    Row,
    /// This does.
    Carried(Arc<dyn MessageSender>),
}

/// Where a provider's reports come from.
#[derive(Clone)]
pub enum ReportSource {
    /// It has none.
    Nothing,
    /// It calls us.
    Callback(Arc<dyn ReadReports>),
    /// It is asked.
    Polling(Arc<dyn PollReports>),
    /// It tells over the session that it keeps.
    Session(Arc<dyn HoldSession>),
}

/// Reads the reports of a provider that calls us.
pub trait ReadReports: Send + Sync {
    /// What a request says, once it is sure that the provider has made it, as far as the provider
    /// signs anything. The secret in the path has been checked.
    ///
    /// # Errors
    /// [`BadReport`].
    fn read(&self, report: &RawReport, now: Timestamp) -> Result<ReportRead, BadReport>;
}

/// What a request of a provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportRead {
    /// What became of messages; empty when it is about something else.
    Reports(Vec<Report>),
    /// Whether we are there: it wants to hear this.
    Handshake(String),
}

/// Why a report is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadReport {
    /// Its signature is missing, wrong or too old.
    Forged,
    /// It is not of the form that the provider documents.
    Unreadable,
}

/// Asks a provider what became of a message.
#[async_trait]
pub trait PollReports: Send + Sync {
    /// What it says; `None` when it could not be asked, or knows nothing of the message.
    async fn poll(&self, message_id: &MessageId) -> Option<Report>;
}

/// Keeps a session with a provider, over which it reports, and most likely takes messages as well.
#[async_trait]
pub trait HoldSession: Send + Sync {
    /// Keeps it, and begins it anew whenever it is lost. Returns soon after `ending`, by when nothing
    /// is sent any more, once it is closed as the provider would have it.
    async fn hold(&self, reports: Arc<dyn TakeReports>, ending: CancellationToken);
}

/// Takes the reports that come over a session.
#[async_trait]
pub trait TakeReports: Send + Sync {
    /// Notes what one says. The same report may come any number of times.
    ///
    /// # Errors
    /// When the store cannot note it: the provider should send it again.
    async fn take(&self, report: Report) -> Result<(), StoreError>;
}

/// What a sender is made among.
#[derive(Clone)]
pub struct Surroundings {
    /// Writes the texts of messages.
    pub texts: Texts,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the provider is to send its reports; `None` while the public URL of this server is not
    /// configured, and the provider is not to send any.
    pub callback: Option<String>,
    /// The public URL of this server, without a final slash; some providers sign it.
    pub public_url: Option<String>,
}

impl Provider {
    /// A provider whose messages nobody needs to carry.
    #[must_use]
    pub fn kept() -> Self {
        Self::of(Sender::Row, ReportSource::Nothing)
    }

    /// A provider whose messages this sender carries, and whose reports come from there.
    #[must_use]
    pub fn carried(sender: Arc<dyn MessageSender>, reports: ReportSource) -> Self {
        Self::of(Sender::Carried(sender), reports)
    }

    /// The same, with bounds on what it is given at a time.
    #[must_use]
    pub fn within(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    fn of(sender: Sender, reports: ReportSource) -> Self {
        Self {
            sender,
            reports,
            gate: Gate::open(),
            health: Health::default(),
        }
    }

    /// What has to be done for its messages.
    #[must_use]
    pub const fn handling(&self) -> Handling {
        match self.sender {
            Sender::Row => Handling::Kept,
            Sender::Carried(_) => Handling::Carried,
        }
    }

    /// How it tells what became of its messages.
    #[must_use]
    pub const fn reports_by(&self) -> ReportsBy {
        match self.reports {
            ReportSource::Nothing => ReportsBy::Nothing,
            ReportSource::Callback(_) => ReportsBy::Callback,
            ReportSource::Polling(_) => ReportsBy::Polling,
            ReportSource::Session(_) => ReportsBy::Session,
        }
    }

    /// Where its reports come from.
    #[must_use]
    pub const fn reports(&self) -> &ReportSource {
        &self.reports
    }

    /// How it does.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Hands a message over, unless the provider is thought to be down or has enough to do; then the
    /// message is refused at once, and another provider could do better.
    ///
    /// The future may be dropped: the provider is then noted as one that has not answered.
    pub async fn send(&self, message: &Message, clock: &dyn Clock) -> SendOutcome {
        let Sender::Carried(sender) = &self.sender else {
            // Nobody hands over what is kept: a row that says so was made under another
            // configuration.
            return SendOutcome::Refused(SendRefusal::Temporary);
        };
        let _place = match self.health.enter(&self.gate, clock.now()) {
            Ok(place) => place,
            Err(refusal) => return SendOutcome::Refused(refusal),
        };
        let attempt = self.health.begin(clock);
        let outcome = sender.send(message).await;
        attempt.end(&outcome);
        outcome
    }
}
