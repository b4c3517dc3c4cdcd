//! What the rules need of those who take delivery reports.

use async_trait::async_trait;

use super::store::StoreError;
use crate::delivery::ProviderName;

/// Takes the reports that providers send.
#[async_trait]
pub trait ReportReceiver: Send + Sync {
    /// Whether a provider's reports come to the path with this token, so that a long one is worth
    /// reading.
    fn expects(&self, provider: &ProviderName, token: &str) -> bool;

    /// Checks whose report it is and notes what it says. The same report may come any number of
    /// times.
    ///
    /// # Errors
    /// When the store cannot note it: the provider should send it again.
    async fn receive(
        &self,
        provider: &ProviderName,
        token: &str,
        report: &RawReport,
    ) -> Result<ReportAnswer, StoreError>;
}

/// A provider's request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawReport {
    /// Its method, in upper case.
    pub method: String,
    /// The path and query that the provider called, after the public URL of this server.
    pub path_and_query: String,
    /// Its header fields: names in lower case, values that are text.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl RawReport {
    /// The first field of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Its query, without the question mark.
    #[must_use]
    pub fn query(&self) -> &str {
        self.path_and_query
            .split_once('?')
            .map_or("", |(_, query)| query)
    }
}

/// What a provider is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportAnswer {
    /// It is noted, or was, or is about nothing of ours.
    Noted,
    /// The provider wants to hear this text, to know that we are who it was told.
    Handshake(String),
    /// It is not from the provider.
    Forged,
    /// It says nothing that can be understood.
    Unreadable,
    /// No such provider sends reports here.
    NotHere,
}
