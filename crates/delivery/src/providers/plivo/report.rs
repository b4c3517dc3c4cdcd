//! What Plivo reports of a message, and how it signs that
//! (<https://www.plivo.com/docs/messaging/concepts/signature-validation>).

use std::borrow::Cow;

use phonekey_core::{
    delivery::{
        outcome::{Cost, MessageId, SendRefusal},
        report::{Arrival, Report},
    },
    ports::report::RawReport,
    secret::Secret,
};

use crate::{
    mac::{hmac_sha256, is_base64_of},
    price,
    provider::{BadReport, ReportRead},
};

/// What became of a message in this state, with this error; `None` while it is on its way, and for
/// states that are not known.
pub(super) fn arrival(state: &str, code: Option<&str>) -> Option<Arrival> {
    match state {
        "delivered" | "read" => Some(Arrival::Delivered),
        "failed" | "undelivered" | "rejected" => Some(Arrival::Undelivered(reason(code))),
        _ => None,
    }
}

/// Why a message did not arrive
/// (<https://www.plivo.com/docs/messaging/troubleshooting/error-codes>).
fn reason(code: Option<&str>) -> SendRefusal {
    match code.unwrap_or_default() {
        // The text, to the network; spam; too long.
        "10" | "30" | "110" => SendRefusal::RejectedContent,
        // The sender; a toll-free number of the US to Canada.
        "40" | "201" => SendRefusal::BadCredentials,
        // A landline or the like, for we have checked the number; gone for good; a network without
        // text messages.
        "50" | "70" | "100" => SendRefusal::CannotReceive,
        "200" => SendRefusal::OptedOut,
        "450" => SendRefusal::BlockedCountry,
        "451" => SendRefusal::BlockedAsFraud,
        "900" => SendRefusal::NoCredit,
        // The network (20), a loop (60), the phone (80), no route (90), the code ended before the
        // message left Plivo (420), unknown (1000), and what is not known.
        _ => SendRefusal::Temporary,
    }
}

/// Plivo states its prices without a currency: they are US dollars, as its price list is.
pub(super) fn cost(amount: &str) -> Option<Cost> {
    price::cost(amount, "USD")
}

/// The fields of a form.
type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Reads a report that came to `url` and was signed with `token`.
///
/// Neither a time nor anything else that ends is signed, so a report can come again; it says then what
/// it said before, and changes nothing.
pub(super) fn read(report: &RawReport, url: &str, token: &Secret) -> Result<ReportRead, BadReport> {
    let mut fields: Fields<'_> = form_urlencoded::parse(&report.body).collect();
    fields.sort_unstable();
    if !is_signed(report, url, &fields, token) {
        return Err(BadReport::Forged);
    }
    let field = |name| {
        let mut fields = fields.iter();
        fields.find(|(field, _)| field == name).map(|it| &*it.1)
    };
    let id = field("MessageUUID").and_then(MessageId::new);
    let (id, state) = id.zip(field("Status")).ok_or(BadReport::Unreadable)?;
    Ok(ReportRead::Reports(vec![Report {
        message_id: id,
        arrival: arrival(state, field("ErrorCode")),
        cost: field("TotalAmount").and_then(cost),
    }]))
}

/// By the third version of the signature, which covers the fields; by the second, which covers the URL
/// alone, only where there is none of the third: Plivo's pages promise the third for calls, and the
/// second for messages.
fn is_signed(report: &RawReport, url: &str, fields: &Fields<'_>, token: &Secret) -> bool {
    let mut parts = vec![url.as_bytes()];
    let (signatures, nonce) = if let Some(signatures) = report.header("x-plivo-signature-v3") {
        if !fields.is_empty() {
            parts.push(b"?");
        }
        let texts = fields.iter().flat_map(|(name, value)| [name, value]);
        parts.extend(texts.map(|text| text.as_bytes()));
        parts.push(b".");
        (
            Some(signatures),
            report.header("x-plivo-signature-v3-nonce"),
        )
    } else {
        let signatures = report.header("x-plivo-signature-v2");
        (signatures, report.header("x-plivo-signature-v2-nonce"))
    };
    let Some((signatures, nonce)) = signatures.zip(nonce) else {
        return false;
    };
    parts.push(nonce.as_bytes());
    let code = hmac_sha256(token.expose(), &parts);
    // While tokens are being changed there is one by each.
    let mut signatures = signatures.split(',');
    signatures.any(|signature| is_base64_of(signature.trim(), &code))
}
