//! A session: messages out; answers and receipts in.
//!
//! [`Session`] is what senders share, [`Running`] what keeps it alive. All that is written goes
//! through one queue to one task: a sender that is dropped in the midst leaves no half of a PDU.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use phonekey_core::delivery::report::Report;
use rusmpp_core::{CommandId, CommandStatus, pdus::owned::Pdu};
use thiserror::Error;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt, ReadHalf},
    sync::{Semaphore, mpsc},
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::debug;

use super::{
    NAME,
    attempt::Attempt,
    connection::{Link, Stream},
    deliver,
    frame::{Frame, Frames, NoFrame},
    pdu, receipt,
    settings::ReceiptSettings,
    waiting::Waiting,
};
use crate::provider::TakeReports;

/// The longest that the server may take to say that it is there; no longer than it may be silent
/// without being asked.
const ENQUIRE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a receipt may take to be noted: servers give up on an answer after some ten seconds.
const NOTE_PATIENCE: Duration = Duration::from_secs(8);

/// Receipts that are noted at a time; what is more is to come again.
const MOST_NOTES: usize = 64;

/// PDUs that wait to be written. There are no more messages than the window has places; the rest are
/// answers, and a server that does not read them is given up.
const LONGEST_QUEUE: usize = 1024;

/// How long it may take to part from the server.
const CLOSING_PATIENCE: Duration = Duration::from_secs(3);

/// How long it may take to write what was queued last.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

/// A session, as senders see it.
pub(super) struct Session {
    outbox: mpsc::Sender<Outgoing>,
    waiting: Waiting,
    window: Semaphore,
}

/// What is to be written.
enum Outgoing {
    /// A part of a message, unless that was given up.
    Part(Bytes, Arc<Attempt>),
    /// Anything else.
    Other(Bytes),
    /// Nothing more.
    End,
}

/// What came of handing over one part of a message.
pub(super) enum Submitted {
    /// The server answered.
    Answered(Frame),
    /// It cannot be written at all.
    Unfit,
    /// No answer will come.
    Lost,
}

impl Session {
    /// Hands over one part of a message, once there is a place in the window. `write` makes its PDU,
    /// given the sequence number.
    ///
    /// Bounded by its caller, who then gives the attempt up.
    pub(super) async fn submit(
        &self,
        attempt: &Arc<Attempt>,
        write: impl FnOnce(u32) -> Option<Bytes>,
    ) -> Submitted {
        let Ok(_place) = self.window.acquire().await else {
            return Submitted::Lost;
        };
        let Some(waiter) = self.waiting.begin() else {
            return Submitted::Lost;
        };
        let Some(octets) = write(waiter.sequence) else {
            return Submitted::Unfit;
        };
        let part = Outgoing::Part(octets, Arc::clone(attempt));
        if self.outbox.try_send(part).is_err() {
            return Submitted::Lost;
        }
        let answer = waiter.answer().await;
        answer.map_or(Submitted::Lost, Submitted::Answered)
    }

    /// Whoever waits learns that no answer will come; nobody begins to.
    fn shut(&self) {
        self.window.close();
        self.waiting.close();
    }
}

/// What a session goes by.
pub(super) struct Terms {
    /// The most messages that may wait for an answer at a time.
    pub(super) window: u16,
    /// After so long without a word from the server it is asked whether it is there.
    pub(super) enquire_every: Duration,
    /// How receipts are to be understood.
    pub(super) receipts: ReceiptSettings,
}

/// What keeps a session alive. Dropped, the session is over.
pub(super) struct Running<'t> {
    session: Arc<Session>,
    terms: &'t Terms,
    frames: Frames<ReadHalf<Box<dyn Stream>>>,
    writing: AbortOnDropHandle<()>,
    reports: Arc<dyn TakeReports>,
    /// Receipts that are being noted, by the numbers that they are to be answered with.
    notes: JoinSet<(u32, CommandStatus)>,
    most_notes: usize,
    silence: Silence,
}

/// What is known of a server that says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// It said something not long ago.
    Short,
    /// It was asked whether it is there.
    Asked,
}

/// Why a session is over.
#[derive(Debug, Error)]
pub(super) enum Ended {
    /// We have parted from the server.
    #[error("the session is closed")]
    AsAsked,
    /// The server has parted from us.
    #[error("the server has ended the session")]
    ByServer,
    /// The server does not know the session any more.
    #[error("the server does not know the session any more")]
    Forgotten,
    /// There is no connection any more.
    #[error("the session is lost")]
    Lost(#[source] NoFrame),
    /// The server says nothing any more.
    #[error("the server is silent")]
    Silent,
    /// The server takes nothing any more.
    #[error("the server reads nothing")]
    Deaf,
}

/// Begins a session.
pub(super) fn begin(
    link: Link,
    terms: &Terms,
    reports: Arc<dyn TakeReports>,
) -> (Arc<Session>, Running<'_>) {
    let (outbox, queue) = mpsc::channel(LONGEST_QUEUE);
    let session = Arc::new(Session {
        outbox,
        waiting: Waiting::after_bind(),
        window: Semaphore::new(usize::from(terms.window)),
    });
    let running = Running {
        session: Arc::clone(&session),
        terms,
        frames: link.frames,
        writing: AbortOnDropHandle::new(tokio::spawn(write(link.writer, queue))),
        reports,
        notes: JoinSet::new(),
        most_notes: MOST_NOTES,
        silence: Silence::Short,
    };
    (session, running)
}

impl Running<'_> {
    /// Keeps the session until it is lost, or until `ending`, and then closes it.
    pub(super) async fn run(mut self, ending: &CancellationToken) -> Ended {
        let ended = tokio::select! {
            ended = self.read() => ended,
            () = ending.cancelled() => Ended::AsAsked,
        };
        if let Ended::AsAsked = ended {
            let _ = timeout(CLOSING_PATIENCE, self.part()).await;
        }
        self.session.shut();
        if self.session.outbox.try_send(Outgoing::End).is_ok() {
            let _ = timeout(FLUSH_PATIENCE, self.session.outbox.closed()).await;
        }
        ended
    }

    async fn read(&mut self) -> Ended {
        loop {
            let patience = match self.silence {
                Silence::Short => self.terms.enquire_every,
                Silence::Asked => ENQUIRE_PATIENCE.min(self.terms.enquire_every),
            };
            let heard = tokio::select! {
                heard = timeout(patience, self.frames.next()) => heard,
                Some(noted) = self.notes.join_next() => {
                    match self.answer_noted(&noted) {
                        Ok(()) => continue,
                        Err(ended) => return ended,
                    }
                }
                () = self.session.outbox.closed() => return Ended::Lost(NoFrame::Closed),
            };
            let heard = match (heard, self.silence) {
                (Ok(Ok(frame)), _) => {
                    self.silence = Silence::Short;
                    self.handle(&frame)
                }
                (Ok(Err(no_frame)), _) => return Ended::Lost(no_frame),
                (Err(_), Silence::Asked) => return Ended::Silent,
                (Err(_), Silence::Short) => {
                    self.silence = Silence::Asked;
                    let sequence = self.session.waiting.next_sequence();
                    self.write(pdu::enquire_link(sequence))
                }
            };
            if let Err(ended) = heard {
                return ended;
            }
        }
    }

    /// Takes leave of the server, once what it told is noted. What it tells by then comes again.
    async fn part(&mut self) {
        self.most_notes = 0;
        while let Some(noted) = self.notes.join_next().await {
            if self.answer_noted(&noted).is_err() {
                return;
            }
        }
        let sequence = self.session.waiting.next_sequence();
        if self.write(pdu::unbind(sequence)).is_err() {
            return;
        }
        // Some servers close the connection without an answer.
        while let Ok(frame) = self.frames.next().await {
            if frame.id == CommandId::UnbindResp || self.handle(&frame).is_err() {
                return;
            }
        }
    }

    fn handle(&mut self, frame: &Frame) -> Result<(), Ended> {
        let (sequence, is_answer) = (frame.sequence, u32::from(frame.id) & IS_ANSWER != 0);
        match frame.id {
            CommandId::SubmitSmResp | CommandId::GenericNack => {
                let forgotten = frame.status == CommandStatus::EsmeRinvbndsts;
                self.session.waiting.answer(frame.clone());
                if forgotten {
                    return Err(Ended::Forgotten);
                }
                Ok(())
            }
            CommandId::DeliverSm => self.deliver(frame),
            CommandId::EnquireLink => self.answer(Pdu::EnquireLinkResp, sequence),
            CommandId::Unbind => {
                self.answer(Pdu::UnbindResp, sequence)?;
                Err(Ended::ByServer)
            }
            // Neither wants an answer.
            CommandId::AlertNotification | CommandId::Outbind => Ok(()),
            _ if is_answer => Ok(()),
            _ => {
                let status = CommandStatus::EsmeRinvcmdid;
                self.write(pdu::answer(Pdu::GenericNack, status, sequence))
            }
        }
    }

    /// Takes a receipt, or a message that somebody has written, which nobody reads. Each is answered:
    /// one that is not comes again and again, and may hold up what stands behind it.
    fn deliver(&mut self, frame: &Frame) -> Result<(), Ended> {
        let delivered = deliver::read(&frame.body);
        let report = delivered.and_then(|it| receipt::report(&it, &self.terms.receipts));
        let report = match report {
            Some(report) if report.arrival.is_some() => report,
            Some(_) => return self.taken(frame.sequence, CommandStatus::EsmeRok),
            None => {
                debug!(
                    delivery.provider = NAME,
                    "the server told of nothing that is a receipt"
                );
                return self.taken(frame.sequence, CommandStatus::EsmeRok);
            }
        };
        if self.notes.len() >= self.most_notes {
            return self.taken(frame.sequence, CommandStatus::EsmeRxTAppn);
        }
        let (reports, sequence) = (Arc::clone(&self.reports), frame.sequence);
        self.notes
            .spawn(async move { (sequence, note(&*reports, report).await) });
        Ok(())
    }

    /// Answers a receipt. One whose noting panicked comes again by itself.
    fn answer_noted(&self, noted: &Result<(u32, CommandStatus), JoinError>) -> Result<(), Ended> {
        match noted {
            Ok((sequence, status)) => self.taken(*sequence, *status),
            Err(_) => Ok(()),
        }
    }

    fn taken(&self, sequence: u32, status: CommandStatus) -> Result<(), Ended> {
        self.write(pdu::deliver_sm_resp(status, sequence))
    }

    fn answer(&self, pdu: Pdu, sequence: u32) -> Result<(), Ended> {
        self.write(pdu::answer(pdu, CommandStatus::EsmeRok, sequence))
    }

    fn write(&self, octets: Bytes) -> Result<(), Ended> {
        let queued = self.session.outbox.try_send(Outgoing::Other(octets));
        queued.map_err(|_| Ended::Deaf)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.session.shut();
        self.writing.abort();
    }
}

/// The bit by which an answer differs from its request (SMPP 3.4 §5.1.2.1).
const IS_ANSWER: u32 = 0x8000_0000;

/// Notes a receipt; whether it is taken, or to come again.
async fn note(reports: &dyn TakeReports, report: Report) -> CommandStatus {
    match timeout(NOTE_PATIENCE, reports.take(report)).await {
        Ok(Ok(())) => CommandStatus::EsmeRok,
        Ok(Err(_)) | Err(_) => CommandStatus::EsmeRxTAppn,
    }
}

/// Writes what is queued, one PDU after the other, until there is no more.
async fn write(mut writer: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Outgoing>) {
    while let Some(outgoing) = queue.recv().await {
        let octets = match outgoing {
            Outgoing::Part(octets, attempt) if attempt.begin_writing() => octets,
            Outgoing::Part(..) => continue,
            Outgoing::Other(octets) => octets,
            Outgoing::End => break,
        };
        if writer.write_all(&octets).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
}
