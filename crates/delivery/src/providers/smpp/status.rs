//! What the status in a server's answer means.

use std::collections::BTreeMap;

use phonekey_core::delivery::outcome::SendRefusal;
use rusmpp_core::CommandStatus;

/// Why a message was not taken.
///
/// Servers use numbers of their own, and some of the specification's for what it does not mean by
/// them, so what the operator says of a number comes first.
pub(super) fn meaning(
    status: CommandStatus,
    of_this_server: &BTreeMap<u32, SendRefusal>,
) -> SendRefusal {
    use CommandStatus as Status;
    if let Some(refusal) = of_this_server.get(&u32::from(status)) {
        return *refusal;
    }
    match status {
        // The sender, its kind, the kind of our numbers, the service and the rights of the account:
        // for the operator to correct.
        Status::EsmeRinvsrcadr
        | Status::EsmeRinvsrcton
        | Status::EsmeRinvsrcnpi
        | Status::EsmeRinvdstton
        | Status::EsmeRinvdstnpi
        | Status::EsmeRbindfail
        | Status::EsmeRinvpaswd
        | Status::EsmeRinvsysid
        | Status::EsmeRinvsertyp
        | Status::EsmeRinvsystyp
        | Status::EsmeRsertypunauth
        | Status::EsmeRprohibited
        | Status::EsmeRsertypdenied => SendRefusal::BadCredentials,
        Status::EsmeRinvdstadr => SendRefusal::InvalidNumber,
        Status::EsmeRmsgqful | Status::EsmeRthrottled => SendRefusal::RateLimited,
        Status::EsmeRdeliveryfailure => SendRefusal::CannotReceive,
        // What the message is like: its length, flags, times, alphabet and fields.
        Status::EsmeRinvmsglen
        | Status::EsmeRinvprtflg
        | Status::EsmeRinvregdlvflg
        | Status::EsmeRinvesmclass
        | Status::EsmeRinvsched
        | Status::EsmeRinvexpiry
        | Status::EsmeRxPAppn
        | Status::EsmeRxRAppn
        | Status::EsmeRinvtlvstream
        | Status::EsmeRtlvnotallwd
        | Status::EsmeRinvtlvlen
        | Status::EsmeRmissingtlv
        | Status::EsmeRinvtlvval
        | Status::EsmeRinvdcs => SendRefusal::RejectedContent,
        _ => SendRefusal::Temporary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_knows_better_than_the_specification() {
        let own = BTreeMap::from([
            (0x45, SendRefusal::OptedOut),
            (0x401, SendRefusal::NoCredit),
        ]);
        let means = |status: u32| meaning(CommandStatus::from(status), &own);

        assert_eq!(means(0x45), SendRefusal::OptedOut);
        assert_eq!(means(0x401), SendRefusal::NoCredit);
        assert_eq!(means(0x402), SendRefusal::Temporary);
        assert_eq!(means(0x0B), SendRefusal::InvalidNumber);
    }
}
