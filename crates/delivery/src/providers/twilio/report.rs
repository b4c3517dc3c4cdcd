//! What Twilio reports of a message, and how it signs that
//! (<https://www.twilio.com/docs/usage/security#validating-requests>).

use std::{collections::BTreeSet, iter};

use phonekey_core::{
    delivery::{
        outcome::{MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
    secret::Secret,
};
use reqwest::Url;

use super::error;
use crate::{
    mac::{hmac_sha1, is_base64_of},
    provider::{BadReport, ReportRead},
};

/// What became of a message in this state, with this error; `None` while it is on its way, and for
/// states that are not known.
pub(super) fn arrival(status: &str, code: Option<i64>) -> Option<Arrival> {
    match status {
        "delivered" | "read" => Some(Arrival::Delivered),
        "undelivered" | "failed" | "canceled" => {
            let reason = code.and_then(error::refusal);
            Some(Arrival::Undelivered(
                reason.unwrap_or(SendRefusal::Temporary),
            ))
        }
        _ => None,
    }
}

/// Where Twilio sends its reports, and what they are known by.
pub(super) struct Callback {
    url: Url,
    /// The URL as Twilio may sign it: it does not always say the port that it calls, nor leave out
    /// the usual one.
    signed_as: [String; 2],
    auth_token: Secret,
}

/// The longest URL that Twilio takes.
const LONGEST_URL_BYTES: usize = 4000;

impl Callback {
    /// `None` for a URL that Twilio would not call: it takes names of hosts alone, and none with an
    /// underscore.
    pub(super) fn new(url: &str, auth_token: Secret) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let host = url.domain()?;
        let is_public = host.contains('.') && !host.contains('_');
        if !is_public || url.as_str().len() > LONGEST_URL_BYTES {
            return None;
        }
        let (scheme, path) = (url.scheme(), url.path());
        let port = url.port_or_known_default()?;
        let signed_as = [
            format!("{scheme}://{host}{path}"),
            format!("{scheme}://{host}:{port}{path}"),
        ];
        Some(Self {
            url,
            signed_as,
            auth_token,
        })
    }

    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Reads a report whose signature is right.
    ///
    /// Neither a time nor anything else that ends is signed, so a report can come again; it says then
    /// what it said before, and changes nothing.
    pub(super) fn read(&self, report: &RawReport) -> Result<ReportRead, BadReport> {
        let signature = report.header("x-twilio-signature");
        // Sorted, and each pair once; Twilio signs whatever it sends, and sends more over the years.
        let fields: BTreeSet<_> = form_urlencoded::parse(&report.body).collect();
        let texts = || fields.iter().flat_map(|(name, value)| [name, value]);
        let is_signed = |url: &String| {
            let texts = texts().map(|text| text.as_bytes());
            let parts: Vec<&[u8]> = iter::once(url.as_bytes()).chain(texts).collect();
            let code = hmac_sha1(self.auth_token.expose(), &parts);
            signature.is_some_and(|signature| is_base64_of(signature, &code))
        };
        if !self.signed_as.iter().any(is_signed) {
            return Err(BadReport::Forged);
        }
        let field = |name| {
            let mut fields = fields.iter();
            fields.find(|(field, _)| field == name).map(|it| &*it.1)
        };
        let id = field("MessageSid").and_then(MessageId::new);
        let (id, status) = id
            .zip(field("MessageStatus"))
            .ok_or(BadReport::Unreadable)?;
        let code = field("ErrorCode").and_then(|code| code.parse().ok());
        Ok(ReportRead::Reports(vec![Report {
            message_id: id,
            arrival: arrival(status, code),
            cost: None,
        }]))
    }
}
