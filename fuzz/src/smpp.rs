//! What an SMPP server sends: PDUs, receipts among them, one behind the other.

use phonekey_delivery::providers::smpp::fuzzing;

/// No more is read than came, each receipt from its own octets, and of it only what a row may keep.
pub fn holds(input: &[u8]) {
    let read = fuzzing::read(input);
    assert!(read.octets <= input.len());
    assert!(read.frames * 16 <= read.octets);
    assert!(read.reports.len() <= read.frames);
    for report in read.reports {
        assert!(report.message_id.as_str().len() <= 200);
    }
}
