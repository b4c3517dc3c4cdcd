//! What is of interest in a `deliver_sm`, read as leniently as it can be.
//!
//! Servers leave out final zeros, write more than a field may hold, and give lengths that are not
//! there; each of that is to cost no more than the field that it is about.

use rusmpp_core::tlvs::TlvTag;

/// A `deliver_sm` (SMPP 3.4 §4.6.1): a receipt, or a message that somebody has written.
#[derive(Clone, Copy, Default)]
pub(super) struct Delivered<'b> {
    /// What it is.
    pub(super) esm_class: u8,
    /// Its text, in whatever alphabet.
    pub(super) text: &'b [u8],
    /// Which message a receipt is about.
    pub(super) receipted_message_id: Option<&'b [u8]>,
    /// What became of that message.
    pub(super) message_state: Option<u8>,
    /// Why, in the server's numbers.
    pub(super) network_error: Option<u16>,
}

/// Reads a body; `None` when it ends before its text.
pub(super) fn read(body: &[u8]) -> Option<Delivered<'_>> {
    let mut rest = Octets(body);
    rest.c_string()?; // service_type
    rest.address()?; // source
    rest.address()?; // destination
    let esm_class = rest.octet()?;
    rest.octets(2)?; // protocol_id, priority_flag
    rest.c_string()?; // schedule_delivery_time
    rest.c_string()?; // validity_period
    rest.octets(4)?; // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id
    let length = usize::from(rest.octet()?);
    let mut delivered = Delivered {
        esm_class,
        text: rest.up_to(length),
        ..Delivered::default()
    };
    while let Some((tag, value)) = rest.tlv() {
        delivered.note(tag, value);
    }
    Some(delivered)
}

impl<'b> Delivered<'b> {
    fn note(&mut self, tag: TlvTag, value: &'b [u8]) {
        match tag {
            TlvTag::ReceiptedMessageId => self.receipted_message_id = Some(value),
            TlvTag::MessageState => self.message_state = value.first().copied(),
            // The kind of the network, then the error's number.
            TlvTag::NetworkErrorCode => {
                let number = value.get(1..).and_then(|it| it.first_chunk().copied());
                self.network_error = number.map(u16::from_be_bytes);
            }
            TlvTag::MessagePayload if self.text.is_empty() => self.text = value,
            _ => {}
        }
    }
}

/// What is left to read.
struct Octets<'b>(&'b [u8]);

impl<'b> Octets<'b> {
    fn octets(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn up_to(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn octet(&mut self) -> Option<u8> {
        self.octets(1).map(|it| it[0])
    }

    /// Octets up to a zero, which is taken as well.
    fn c_string(&mut self) -> Option<&'b [u8]> {
        let end = self.0.iter().position(|octet| *octet == 0)?;
        let text = self.octets(end)?;
        self.octets(1)?;
        Some(text)
    }

    /// A kind, a plan, and an address of any length.
    fn address(&mut self) -> Option<&'b [u8]> {
        self.octets(2)?;
        self.c_string()
    }

    /// A tag and its value; one that is cut off has what is there.
    fn tlv(&mut self) -> Option<(TlvTag, &'b [u8])> {
        let tag = u16::from_be_bytes(self.octets(2)?.try_into().ok()?);
        let length = u16::from_be_bytes(self.octets(2)?.try_into().ok()?);
        Some((TlvTag::from(tag), self.up_to(usize::from(length))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE_TEXT: &[u8] =
        b"\0\x01\x01989121234567\0\x03\0\x33\x30\x30\x30\x31\0\x04\0\0\0\0\0\0\0\0";

    fn body(text: &[u8], after: &[u8]) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        [BEFORE_TEXT, &[length], text, after].concat()
    }

    #[test]
    fn a_receipt_says_which_message_and_what_became_of_it() {
        let tlvs = b"\x00\x1E\0\x04n-1\0\x04\x27\0\x01\x02\x04\x23\0\x03\x03\x00\x22";
        let body = body(b"id:n-1 stat:DELIVRD", tlvs);

        let delivered = read(&body).unwrap();

        assert_eq!(delivered.esm_class, 4);
        assert_eq!(delivered.text, b"id:n-1 stat:DELIVRD");
        assert_eq!(delivered.receipted_message_id, Some(&b"n-1\0"[..]));
        assert_eq!(delivered.message_state, Some(2));
        assert_eq!(delivered.network_error, Some(0x22));
    }

    #[test]
    fn a_text_may_be_in_a_field_of_its_own() {
        let body = body(b"", b"\x04\x24\0\x06id:n-1");
        assert_eq!(read(&body).unwrap().text, b"id:n-1");
    }

    #[test]
    fn what_is_odd_costs_no_more_than_its_field() {
        let text = b"id:n-1";
        // A field that a server made up, one that is empty, one that ends too early.
        let odd = body(text, b"\x14\0\0\x02xx\x04\x27\0\0\x00\x1E\0\xFFn-1");
        let delivered = read(&odd).unwrap();
        assert_eq!(delivered.text, text);
        assert_eq!(delivered.message_state, None);
        assert_eq!(delivered.receipted_message_id, Some(&b"n-1"[..]));

        // A length beyond the end, and an address beyond its own.
        let long = [BEFORE_TEXT, &[200], text].concat();
        assert_eq!(read(&long).unwrap().text, text);
        let mut long = body(text, b"");
        long.splice(3..3, [b'9'; 40]);
        assert_eq!(read(&long).unwrap().text, text);

        let network = body(text, b"\x04\x23\0\x04\x03\x00\x22\x00");
        assert_eq!(read(&network).unwrap().network_error, Some(0x22));
    }

    #[test]
    fn what_ends_before_its_text_is_nothing() {
        for length in 0..=BEFORE_TEXT.len() {
            assert!(read(&BEFORE_TEXT[..length]).is_none(), "{length}");
        }
    }
}
