//! The PDUs that we write, by the codec of `rusmpp-core`.
//!
//! None of its values is ever shown: their `Debug` tells the password and the text.

use bytes::Bytes;
use rusmpp_core::{
    CommandId, CommandStatus,
    command::owned::Command,
    encode::{Encode, Length},
    pdus::owned::{DeliverSmResp, Pdu, SubmitSm},
    tlvs::owned::MessageSubmissionRequestTlvValue,
    types::owned::{AnyOctetString, COctetString, EmptyOrFullCOctetString, OctetString},
    values::{
        DataCoding, EsmClass, InterfaceVersion, Npi, RegisteredDelivery, Ton, owned::MessagePayload,
    },
};

use super::{
    coding::Part,
    settings::{Account, Numbering},
};

/// The sequence number of the first PDU of a session (SMPP 3.4 §5.1.4).
pub(super) const FIRST_SEQUENCE: u32 = 1;

/// The largest sequence number; then they begin anew.
pub(super) const LAST_SEQUENCE: u32 = 0x7FFF_FFFF;

/// Asks to be let in, for sending and receiving, in version 3.4, which servers of 5.0 take as well.
///
/// The body is ours: the codec takes passwords of up to eight characters, and servers give longer
/// ones.
pub(super) fn bind_transceiver(account: &Account) -> Bytes {
    let nothing: &[u8] = b"";
    let mut body = Vec::new();
    for text in [
        account.system_id.as_bytes(),
        account.password.expose(),
        account.system_type.as_bytes(),
    ] {
        body.extend_from_slice(text);
        body.push(0);
    }
    // Of which numbers we are: none in particular.
    let (ton, npi) = (0, 0);
    body.extend([u8::from(InterfaceVersion::Smpp3_4), ton, npi]);
    body.extend_from_slice(nothing);
    body.push(0);
    let pdu = Pdu::Other {
        command_id: CommandId::BindTransceiver,
        body: AnyOctetString::from_vec(body),
    };
    written(&Command::new(CommandStatus::EsmeRok, FIRST_SEQUENCE, pdu))
}

/// Where a message comes from and goes to, and how.
pub(super) struct Envelope<'e> {
    pub(super) source: Numbering,
    pub(super) source_text: &'e str,
    pub(super) destination: Numbering,
    /// Without `+`.
    pub(super) destination_digits: &'e str,
    /// Empty, or 16 characters.
    pub(super) validity_period: &'e str,
    pub(super) data_coding: u8,
    pub(super) receipt: ReceiptWanted,
}

/// Whether the server is to report what became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiptWanted {
    Yes,
    No,
}

/// Hands a message over; `None` if something of it is too long, or not ASCII where it has to be.
pub(super) fn submit_sm(envelope: &Envelope<'_>, part: &Part, sequence: u32) -> Option<Bytes> {
    // Said in full: by the codec's defaults a message would be an acknowledgement.
    let (esm_class, octets) = match part {
        Part::Whole(octets) => (0x00, octets.as_slice()),
        Part::Headed(octets) => (0x40, octets.as_slice()),
        Part::Payload(_) => (0x00, &[][..]),
    };
    let registered_delivery = match envelope.receipt {
        ReceiptWanted::Yes => 1,
        ReceiptWanted::No => 0,
    };
    let mut submit = SubmitSm::builder()
        .source_addr_ton(Ton::from(envelope.source.ton))
        .source_addr_npi(Npi::from(envelope.source.npi))
        .source_addr(c_string(envelope.source_text)?)
        .dest_addr_ton(Ton::from(envelope.destination.ton))
        .dest_addr_npi(Npi::from(envelope.destination.npi))
        .destination_addr(c_string(envelope.destination_digits)?)
        .esm_class(EsmClass::from(esm_class))
        .validity_period(
            EmptyOrFullCOctetString::from_string(envelope.validity_period.to_owned()).ok()?,
        )
        .registered_delivery(RegisteredDelivery::from(registered_delivery))
        .data_coding(DataCoding::from(envelope.data_coding))
        .short_message(OctetString::from_slice(octets).ok()?)
        .build();
    if let Part::Payload(octets) = part {
        let payload = AnyOctetString::from_slice(octets);
        submit.push_tlv(MessageSubmissionRequestTlvValue::MessagePayload(
            MessagePayload::new(payload),
        ));
    }
    Some(written(&Command::new(
        CommandStatus::EsmeRok,
        sequence,
        submit,
    )))
}

/// Asks whether the server is there.
pub(super) fn enquire_link(sequence: u32) -> Bytes {
    written(&Command::new(
        CommandStatus::EsmeRok,
        sequence,
        Pdu::EnquireLink,
    ))
}

/// Takes leave.
pub(super) fn unbind(sequence: u32) -> Bytes {
    written(&Command::new(CommandStatus::EsmeRok, sequence, Pdu::Unbind))
}

/// Answers a request of the server's that has nothing to tell in return.
pub(super) fn answer(pdu: Pdu, status: CommandStatus, sequence: u32) -> Bytes {
    written(&Command::new(status, sequence, pdu))
}

/// Says whether a receipt or a message was taken.
pub(super) fn deliver_sm_resp(status: CommandStatus, sequence: u32) -> Bytes {
    written(&Command::new(status, sequence, DeliverSmResp::default()))
}

fn c_string<const MAX: usize>(text: &str) -> Option<COctetString<1, MAX>> {
    COctetString::from_string(text.to_owned()).ok()
}

/// The octets of a PDU: its length, which counts itself, and the rest.
fn written(command: &Command) -> Bytes {
    let length = 4 + command.length();
    let mut octets = vec![0; length];
    let (head, rest) = octets.split_at_mut(4);
    head.copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    command.encode(rest);
    octets.into()
}
