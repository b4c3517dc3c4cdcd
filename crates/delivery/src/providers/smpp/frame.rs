//! Where one PDU ends and the next begins, and who is meant by it.
//!
//! A PDU is read within the octets that its own length gives it, and its head apart from its body: so
//! a body that is not as it should be disturbs nothing but itself.

use bytes::{Buf, Bytes, BytesMut};
use rusmpp_core::{CommandId, CommandStatus};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The octets of a head: length, id, status and sequence number.
const HEAD: usize = 16;

/// The longest PDU that is read. Receipts are some hundred octets long; what says more is no SMPP.
const LONGEST: usize = 64 * 1024;

/// A PDU. Its body may hold a text or a number, so it is not shown.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) id: CommandId,
    pub(super) status: CommandStatus,
    pub(super) sequence: u32,
    pub(super) body: Bytes,
}

/// Takes the first PDU out of what was read; `None` while some of it is missing.
pub(super) fn take(buffer: &mut BytesMut) -> Result<Option<Frame>, BadLength> {
    let Some(length) = buffer.first_chunk().copied().map(u32::from_be_bytes) else {
        return Ok(None);
    };
    let fits = |length: &usize| (HEAD..=LONGEST).contains(length);
    let length = usize::try_from(length).ok().filter(fits).ok_or(BadLength)?;
    if buffer.len() < length {
        return Ok(None);
    }
    let mut frame = buffer.split_to(length).freeze();
    frame.advance(4);
    Ok(Some(Frame {
        id: CommandId::from(frame.get_u32()),
        status: CommandStatus::from(frame.get_u32()),
        sequence: frame.get_u32(),
        body: frame,
    }))
}

/// A length that no PDU has: whatever follows cannot be told apart any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("what came is no SMPP")]
pub(super) struct BadLength;

/// Reads one PDU after the other.
pub(super) struct Frames<R> {
    reader: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn of(reader: R) -> Self {
        Self {
            reader,
            buffer: BytesMut::new(),
        }
    }

    /// The next PDU. The future may be dropped: nothing is lost by that.
    pub(super) async fn next(&mut self) -> Result<Frame, NoFrame> {
        loop {
            if let Some(frame) = take(&mut self.buffer)? {
                return Ok(frame);
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(NoFrame::Closed);
            }
        }
    }
}

/// Why there is no further PDU.
#[derive(Debug, Error)]
pub(super) enum NoFrame {
    /// The server has closed the connection.
    #[error("the server has closed the connection")]
    Closed,
    /// The connection is lost.
    #[error("the connection is lost")]
    Lost(#[from] std::io::Error),
    /// The server does not speak SMPP.
    #[error(transparent)]
    BadLength(#[from] BadLength),
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENQUIRE: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 9];

    #[test]
    fn a_pdu_is_whole_or_not_there_yet() {
        let mut buffer = BytesMut::new();
        for octet in &ENQUIRE[..15] {
            buffer.extend_from_slice(&[*octet]);
            assert!(take(&mut buffer).unwrap().is_none());
        }
        buffer.extend_from_slice(&[9, 0xFF]);

        let frame = take(&mut buffer).unwrap().unwrap();

        assert_eq!(frame.id, CommandId::EnquireLink);
        assert_eq!((frame.sequence, frame.body.len()), (9, 0));
        assert_eq!(&buffer[..], [0xFF], "the next one's");
    }

    #[test]
    fn a_length_that_cannot_be_ends_it() {
        for length in [0, 15, 64 * 1024 + 1, u32::MAX] {
            let mut buffer = BytesMut::from(&length.to_be_bytes()[..]);
            assert_eq!(take(&mut buffer).err(), Some(BadLength), "{length}");
        }
        let mut longest = BytesMut::from(&(64_u32 * 1024).to_be_bytes()[..]);
        assert!(take(&mut longest).unwrap().is_none());
    }
}
