//! Who waits for which answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    frame::Frame,
    pdu::{FIRST_SEQUENCE, LAST_SEQUENCE},
};

/// The requests of a session that are not answered yet, by their sequence numbers.
pub(super) struct Waiting(Mutex<Table>);

struct Table {
    next: u32,
    /// `None` once the session is over.
    waiters: Option<HashMap<u32, oneshot::Sender<Frame>>>,
}

impl Waiting {
    /// Nobody waits; the first sequence number was the bind's.
    pub(super) fn after_bind() -> Self {
        Self(Mutex::new(Table {
            next: FIRST_SEQUENCE + 1,
            waiters: Some(HashMap::new()),
        }))
    }

    /// The number of a request whose answer nobody waits for.
    pub(super) fn next_sequence(&self) -> u32 {
        self.table().take_number()
    }

    /// A request whose answer somebody waits for; `None` once the session is over.
    pub(super) fn begin(&self) -> Option<Waiter<'_>> {
        let (tell, answer) = oneshot::channel();
        let mut table = self.table();
        let sequence = table.take_number();
        table.waiters.as_mut()?.insert(sequence, tell);
        Some(Waiter {
            waiting: self,
            sequence,
            answer,
        })
    }

    /// Hands an answer to who waits for it. One that comes too late is let be.
    pub(super) fn answer(&self, frame: Frame) {
        let waiter = {
            let mut table = self.table();
            let waiters = table.waiters.as_mut();
            waiters.and_then(|waiters| waiters.remove(&frame.sequence))
        };
        if let Some(waiter) = waiter {
            let _ = waiter.send(frame);
        }
    }

    /// Tells all who wait that no answer will come.
    pub(super) fn close(&self) {
        self.table().waiters = None;
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn take_number(&mut self) -> u32 {
        let number = self.next;
        self.next = if number >= LAST_SEQUENCE {
            FIRST_SEQUENCE
        } else {
            number + 1
        };
        number
    }
}

/// A request that waits for its answer. Dropped, it waits no longer.
pub(super) struct Waiter<'w> {
    waiting: &'w Waiting,
    pub(super) sequence: u32,
    answer: oneshot::Receiver<Frame>,
}

impl Waiter<'_> {
    /// The answer; `None` when none will come.
    pub(super) async fn answer(mut self) -> Option<Frame> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut table = self.waiting.table();
        if let Some(waiters) = table.waiters.as_mut() {
            waiters.remove(&self.sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rusmpp_core::{CommandId, CommandStatus};

    use super::*;

    fn answer_to(sequence: u32) -> Frame {
        Frame {
            id: CommandId::SubmitSmResp,
            status: CommandStatus::EsmeRok,
            sequence,
            body: Bytes::new(),
        }
    }

    #[tokio::test]
    async fn an_answer_goes_to_who_waits_for_it() {
        let waiting = Waiting::after_bind();
        let (first, second) = (waiting.begin().unwrap(), waiting.begin().unwrap());
        assert_eq!((first.sequence, second.sequence), (2, 3));

        waiting.answer(answer_to(3));
        waiting.answer(answer_to(2));

        assert_eq!(first.answer().await.unwrap().sequence, 2);
        assert_eq!(second.answer().await.unwrap().sequence, 3);
    }

    #[tokio::test]
    async fn who_waits_no_longer_is_forgotten() {
        let waiting = Waiting::after_bind();
        drop(waiting.begin());

        assert!(waiting.table().waiters.as_ref().unwrap().is_empty());
        waiting.answer(answer_to(2));
    }

    #[tokio::test]
    async fn nobody_waits_once_the_session_is_over() {
        let waiting = Waiting::after_bind();
        let waiter = waiting.begin().unwrap();

        waiting.close();

        assert!(waiter.answer().await.is_none());
        assert!(waiting.begin().is_none());
    }

    #[test]
    fn numbers_begin_anew_after_the_largest() {
        let waiting = Waiting::after_bind();
        waiting.table().next = LAST_SEQUENCE;

        assert_eq!(waiting.next_sequence(), LAST_SEQUENCE);
        assert_eq!(waiting.next_sequence(), FIRST_SEQUENCE);
    }
}
