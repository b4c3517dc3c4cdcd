//! One message on its way to the server: whether anything of it may have been read.

use std::sync::atomic::{AtomicU8, Ordering};

use phonekey_core::delivery::outcome::{SendOutcome, SendRefusal};

/// A message that is being handed over, in one part or in several.
///
/// Who sends and who writes to the connection meet here: once the one has given up, the other writes
/// nothing more; and once something is written, giving up tells so.
#[derive(Debug, Default)]
pub(super) struct Attempt(AtomicU8);

const WRITTEN: u8 = 0b01;
const GIVEN_UP: u8 = 0b10;

impl Attempt {
    /// Whether the next part is to be written; from then on the server may have read it.
    pub(super) fn begin_writing(&self) -> bool {
        let begun = |state| (state & GIVEN_UP == 0).then_some(state | WRITTEN);
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, begun)
            .is_ok()
    }

    /// Gives the message up. What became of it: it was certainly not sent, or nobody can tell.
    pub(super) fn give_up(&self) -> SendOutcome {
        if self.0.fetch_or(GIVEN_UP, Ordering::SeqCst) & WRITTEN == 0 {
            SendOutcome::Refused(SendRefusal::Temporary)
        } else {
            SendOutcome::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_SENT: SendOutcome = SendOutcome::Refused(SendRefusal::Temporary);

    #[test]
    fn what_was_given_up_is_not_written() {
        let attempt = Attempt::default();

        assert_eq!(attempt.give_up(), NOT_SENT);
        assert!(!attempt.begin_writing());
        assert_eq!(attempt.give_up(), NOT_SENT);
    }

    #[test]
    fn what_was_written_may_have_gone_and_nothing_follows_it() {
        let attempt = Attempt::default();
        assert!(attempt.begin_writing());
        assert!(attempt.begin_writing(), "the second part");

        assert_eq!(attempt.give_up(), SendOutcome::Unknown);
        assert!(!attempt.begin_writing());
    }
}
