//! The Cloud API's error codes
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>).

use phonekey_core::delivery::outcome::{SendOutcome, SendRefusal};
use serde::Deserialize;

/// An error in an answer or in a report. Its texts may name the number, so they are logged nowhere.
#[derive(Deserialize)]
pub(super) struct CloudError {
    pub(super) code: i64,
    error_data: Option<ErrorData>,
}

#[derive(Deserialize)]
struct ErrorData {
    details: Option<String>,
}

impl CloudError {
    /// What it means for the message; `None` when its code is not known. Meta asks to go by the
    /// code alone, whatever the HTTP status.
    pub(super) fn meaning(&self) -> Option<SendOutcome> {
        let refusal = match self.code {
            // A failure of Meta's own, which may have come after the message went.
            1 | 131_000 | 135_000 => return Some(SendOutcome::Unknown),
            130_497 => SendRefusal::BlockedCountry,
            131_042 | 134_011 => SendRefusal::NoCredit,
            4 | 80_007 | 130_429 | 131_048 | 131_056 | 131_064 => SendRefusal::RateLimited,
            131_021 => SendRefusal::InvalidNumber,
            131_026 | 130_403 | 130_472 | 131_049 => SendRefusal::CannotReceive,
            131_009 if self.is_about_the_receiver() => SendRefusal::CannotReceive,
            131_050 => SendRefusal::OptedOut,
            132_007 => SendRefusal::RejectedContent,
            2 | 131_016 | 131_057 | 133_004 | 2_494_100 => SendRefusal::Temporary,
            code if is_about_us(code) => SendRefusal::BadCredentials,
            code if is_about_the_template(code) => SendRefusal::BadTemplate,
            _ => return None,
        };
        Some(SendOutcome::Refused(refusal))
    }

    /// Why a message that was taken did not arrive.
    pub(super) fn reason(&self) -> SendRefusal {
        match self.meaning() {
            Some(SendOutcome::Refused(refusal)) => refusal,
            _ => SendRefusal::Temporary,
        }
    }

    fn is_about_the_receiver(&self) -> bool {
        let details = self.error_data.as_ref().and_then(|it| it.details.as_ref());
        let details = details.map(|text| text.to_ascii_lowercase());
        details.is_some_and(|text| text.contains("recipient") || text.contains("phone number"))
    }
}

/// The token and its rights, the account, and the sender's registration.
const fn is_about_us(code: i64) -> bool {
    matches!(
        code,
        0 | 3
            | 10
            | 33
            | 104
            | 190
            | 200..=299
            | 368
            | 131_005
            | 131_030
            | 131_031
            | 131_037
            | 131_045
            | 133_000
            | 133_005
            | 133_006
            | 133_008..=133_010
            | 133_015
            | 133_016
    )
}

/// The template, or what is put into it.
const fn is_about_the_template(code: i64) -> bool {
    matches!(
        code,
        100 | 131_008
            | 131_009
            | 131_047
            | 131_051
            | 131_055
            | 131_063
            | 132_000
            | 132_001
            | 132_005
            | 132_012
            | 132_015
            | 132_016
            | 132_018
            | 132_068
            | 132_069
            | 134_100..=134_102
    )
}
