//! Twilio's error codes, which mean the same in an answer and in a report
//! (<https://www.twilio.com/docs/api/errors>).

use phonekey_core::delivery::outcome::SendRefusal;

/// What a code means; `None` for one that is not known.
pub(super) fn refusal(code: i64) -> Option<SendRefusal> {
    let refusal = match code {
        21_211 | 21_217 | 21_401 | 21_421 => SendRefusal::InvalidNumber,
        // No mobile number; a landline; barred, or one that gets nothing of this kind. 30005 is for
        // numbers that nobody has and for phones that nobody finds alike.
        21_614 | 21_635 | 30_004 | 30_005 | 30_006 => SendRefusal::CannotReceive,
        21_610 => SendRefusal::OptedOut,
        // The country is not switched on; no sender of ours reaches it, or the one there is is not
        // for it: no reason to send nowhere else.
        21_408 | 21_612 | 21_657 | 21_659 | 21_703 => SendRefusal::BlockedCountry,
        30_450 | 30_453 => SendRefusal::BlockedAsFraud,
        14_107 | 20_429 | 21_611 | 30_001 | 30_022 | 30_023 | 30_027 => SendRefusal::RateLimited,
        // "Not active", for want of funds first of all.
        10_001 | 20_005 | 90_010 => SendRefusal::NoCredit,
        code if is_about_us(code) => SendRefusal::BadCredentials,
        21_602 | 21_605 | 21_617 | 21_618 | 21_619 | 30_007 => SendRefusal::RejectedContent,
        // The phone is off, the network is busy or does not answer, nobody knows why, and the code
        // ended before the message left Twilio.
        30_003 | 30_008 | 30_017 | 30_036 | 30_410 => SendRefusal::Temporary,
        _ => return None,
    };
    Some(refusal)
}

/// The key, the account, its sender and the registrations that networks ask of it, and the URL for
/// reports.
const fn is_about_us(code: i64) -> bool {
    matches!(
        code,
        20_003
            | 20_008
            | 20_403
            | 20_404
            | 21_212
            | 21_601
            | 21_603
            | 21_606
            | 21_607
            | 21_608
            | 21_609
            | 21_616
            | 21_626
            | 21_660
            | 21_701
            | 21_702
            | 21_704
            | 21_705
            | 30_002
            | 30_018
            | 30_024
            | 30_032
            | 30_034
            | 30_035
    )
}
