//! Reports as some provider would send them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        ProviderName,
        outcome::{MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
    time::Timestamp,
};
use phonekey_delivery::provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource};

use crate::world::tokens;

/// What a provider says of a message when it is asked, and how often it was.
#[derive(Default)]
pub(crate) struct FakePoller {
    arrival: Mutex<Option<Arrival>>,
    asked: Mutex<HashMap<MessageId, usize>>,
}

impl FakePoller {
    pub(crate) fn source(self: &Arc<Self>) -> ReportSource {
        ReportSource::Polling(Arc::clone(self) as Arc<dyn PollReports>)
    }

    /// From now on this is what became of every message.
    pub(crate) fn answer(&self, arrival: Arrival) {
        *self.arrival.lock().unwrap() = Some(arrival);
    }

    /// How often it was asked for a message.
    pub(crate) fn asked_for(&self, message_id: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        let id = MessageId::new(message_id).unwrap();
        asked.get(&id).copied().unwrap_or_default()
    }
}

#[async_trait]
impl PollReports for FakePoller {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let mut asked = self.asked.lock().unwrap();
        *asked.entry(message_id.clone()).or_default() += 1;
        Some(Report {
            message_id: message_id.clone(),
            arrival: *self.arrival.lock().unwrap(),
            cost: None,
        })
    }
}

/// Reads bodies such as `m-1 delivered` and `m-1 temporary`: a message and what became of it, one a
/// line. The header `signature` must say `ours`.
pub(crate) struct FakeReader;

impl ReadReports for FakeReader {
    fn read(&self, report: &RawReport, _: Timestamp) -> Result<ReportRead, BadReport> {
        if report.header("signature") != Some("ours") {
            return Err(BadReport::Forged);
        }
        let body = std::str::from_utf8(&report.body).map_err(|_| BadReport::Unreadable)?;
        if let Some(text) = body.strip_prefix("hello ") {
            return Ok(ReportRead::Handshake(text.to_owned()));
        }
        let reports: Option<Vec<Report>> = body.lines().map(read_line).collect();
        reports
            .map(ReportRead::Reports)
            .ok_or(BadReport::Unreadable)
    }
}

fn read_line(line: &str) -> Option<Report> {
    let (message_id, word) = line.split_once(' ')?;
    let arrival = match word {
        "underway" => None,
        "delivered" => Some(Arrival::Delivered),
        reason => Some(Arrival::Undelivered(SendRefusal::from_name(reason)?)),
    };
    Some(Report {
        message_id: MessageId::new(message_id)?,
        arrival,
        cost: None,
    })
}

/// The secret part of a provider's path.
pub(crate) fn token(provider: &str) -> String {
    let path = tokens().path(&ProviderName::new(provider));
    path.rsplit('/').next().unwrap().to_owned()
}

/// A report of the provider `a` that [`FakeReader`] takes for signed.
pub(crate) fn signed(body: &str) -> RawReport {
    RawReport {
        method: "POST".to_owned(),
        path_and_query: "/delivery/reports/a/…".to_owned(),
        headers: vec![("signature".to_owned(), "ours".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}
