//! The reader of PDUs, within reach of a fuzz target.

use std::collections::BTreeMap;

use bytes::BytesMut;
use phonekey_core::delivery::report::Report;
use rusmpp_core::CommandId;

use super::{
    deliver, frame,
    message_id::ReceiptId,
    receipt,
    settings::{ReceiptMark, ReceiptSettings},
};

/// What came of reading some octets as a server's.
pub struct Read {
    /// How many PDUs there were.
    pub frames: usize,
    /// The octets of these.
    pub octets: usize,
    /// What was reported.
    pub reports: Vec<Report>,
}

/// Reads octets until they end, or until there is no telling where the next PDU begins.
#[must_use]
pub fn read(octets: &[u8]) -> Read {
    let how = ReceiptSettings {
        id: ReceiptId::HexToDecimal,
        mark: ReceiptMark::FlagOrText,
        errors: BTreeMap::new(),
    };
    let mut buffer = BytesMut::from(octets);
    let mut read = Read {
        frames: 0,
        octets: 0,
        reports: Vec::new(),
    };
    while let Ok(Some(frame)) = frame::take(&mut buffer) {
        read.frames += 1;
        read.octets += 16 + frame.body.len();
        if frame.id == CommandId::DeliverSm {
            let delivered = deliver::read(&frame.body);
            let report = delivered.and_then(|it| receipt::report(&it, &how));
            read.reports.extend(report);
        }
    }
    read
}
