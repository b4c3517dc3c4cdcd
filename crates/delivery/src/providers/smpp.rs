//! A carrier by SMPP 3.4, the protocol of text messages between operators: our own text, over a
//! session that is kept open and on which the carrier reports as well. Servers of 5.0 speak it too.
//!
//! The specification is the SMS Forum's *Short Message Peer to Peer Protocol Specification v3.4*,
//! Issue 1.2. Carriers differ in much that it leaves open, so much is a setting.
//!
//! - What is agreed upon: [`settings`], [`address`], [`message_id`]; texts as octets: [`coding`].
//! - PDUs: `frame` tells them apart, `pdu` writes, `deliver` and `receipt` read.
//! - A session: `connection` opens it, `session` keeps it, `waiting` and `attempt` tell what became
//!   of a message.

pub mod address;
mod attempt;
pub mod coding;
mod connection;
mod deliver;
mod frame;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod message_id;
mod pdu;
pub mod receipt;
mod session;
pub mod settings;
mod status;
mod tls;
mod waiting;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
    time::{Clock, Timestamp},
};
use rusmpp_core::{CommandId, CommandStatus};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::connection::TargetProblem;
use self::{
    address::Address,
    attempt::Attempt,
    coding::Coded,
    connection::Target,
    frame::Frame,
    message_id::ReceiptId,
    pdu::{Envelope, ReceiptWanted},
    session::{Ended, Session, Submitted, Terms},
    settings::{Numbering, SmppSettings, TextSettings, Validity},
};
use crate::{
    provider::{HoldSession, Surroundings, TakeReports},
    text::Texts,
};

/// The provider's name.
pub const NAME: &str = "smpp";

/// The pauses before the session is opened anew: the second time after this one, then twice as long
/// each time. The first time there is none.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause; also the one after a wrong name or password, for which servers lock accounts,
/// and how long a session has lived that was no failure.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Hands messages to a server, over the session that it keeps.
pub struct Smpp {
    target: Target,
    terms: Terms,
    sender: Address,
    destination: Numbering,
    how: TextSettings,
    receipt_id: ReceiptId,
    statuses: BTreeMap<u32, SendRefusal>,
    timeout: Duration,
    texts: Texts,
    clock: Arc<dyn Clock>,
    standing: watch::Sender<Standing>,
}

/// Where the session stands.
enum Standing {
    /// It is about to be there: for the first time, or again after it was lost. What fails to open
    /// is [down](Self::Down) until it is there, so that no message waits for a server that is gone.
    Opening,
    /// It is there.
    Up(Arc<Session>),
    /// It is not there, for this reason.
    Down(SendRefusal),
}

impl Smpp {
    /// A sender whose session begins once it is [held](HoldSession::hold).
    ///
    /// # Errors
    /// When TLS cannot be spoken to the server as it is configured.
    pub fn new(settings: &SmppSettings, surroundings: Surroundings) -> Result<Self, TargetProblem> {
        Ok(Self {
            target: Target::of(settings)?,
            terms: Terms {
                window: settings.window,
                enquire_every: settings.enquire_every,
                receipts: settings.receipts.clone(),
            },
            sender: settings.sender.clone(),
            destination: settings.destination,
            how: settings.texts,
            receipt_id: settings.receipts.id,
            statuses: settings.statuses.clone(),
            timeout: settings.timeout,
            texts: surroundings.texts,
            clock: surroundings.clock,
            standing: watch::Sender::new(Standing::Opening),
        })
    }

    /// The session, once it is there or known not to be.
    async fn session(&self) -> Result<Arc<Session>, SendRefusal> {
        let mut standing = self.standing.subscribe();
        let is_known = |standing: &Standing| !matches!(standing, Standing::Opening);
        match standing.wait_for(is_known).await.as_deref() {
            Ok(Standing::Up(session)) => Ok(Arc::clone(session)),
            Ok(Standing::Down(refusal)) => Err(*refusal),
            Ok(Standing::Opening) | Err(_) => Err(SendRefusal::Temporary),
        }
    }

    /// Hands over all parts of a message, each once the one before it was taken.
    ///
    /// Of several parts the last one is reported, and its name is the message's: that tells of a phone
    /// that could not be reached, and any node can tell whose receipt it is. Where a later part is
    /// refused the message is too, though some of it went: no phone shows what lacks a part.
    async fn hand_over(
        &self,
        message: &Message,
        now: Timestamp,
        attempt: &Arc<Attempt>,
    ) -> SendOutcome {
        let session = match self.session().await {
            Ok(session) => session,
            Err(refusal) => return SendOutcome::Refused(refusal),
        };
        let Some(coded) = self.coded(message, now) else {
            return SendOutcome::Refused(SendRefusal::RejectedContent);
        };
        let to = message.to.e164();
        let validity = self.validity(message, now);
        let mut message_id = None;
        for (index, part) in coded.parts.iter().enumerate() {
            let envelope = Envelope {
                source: self.sender.numbering(),
                source_text: self.sender.text(),
                destination: self.destination,
                destination_digits: to.trim_start_matches('+'),
                validity_period: &validity,
                data_coding: coded.data_coding,
                receipt: if index + 1 == coded.parts.len() {
                    ReceiptWanted::Yes
                } else {
                    ReceiptWanted::No
                },
            };
            let write = |sequence| pdu::submit_sm(&envelope, part, sequence);
            match session.submit(attempt, write).await {
                Submitted::Answered(frame) => match self.read_answer(&frame) {
                    Ok(id) => message_id = id,
                    Err(status) => return self.refused(message, status),
                },
                Submitted::Unfit => return SendOutcome::Refused(SendRefusal::RejectedContent),
                Submitted::Lost => return attempt.give_up(),
            }
        }
        SendOutcome::Accepted(Receipt {
            message_id,
            cost: None,
        })
    }

    fn coded(&self, message: &Message, now: Timestamp) -> Option<Coded> {
        let text = self.texts.of_message(message, now);
        // As good as random, and another one for each message to a number.
        let challenge = message.delivery.challenge.as_uuid();
        let reference = challenge.as_bytes()[15].wrapping_add(message.delivery.attempt);
        coding::code(&text, self.how.alphabet, self.how.long, reference)
    }

    /// For how long the network tries to deliver a message, from now on (SMPP 3.4 §7.1.1.2): up to 99
    /// days, hours, minutes and seconds.
    fn validity(&self, message: &Message, now: Timestamp) -> String {
        if self.how.validity == Validity::Server {
            return String::new();
        }
        let seconds = message.expires_at.since(now).as_secs().max(1);
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        format!(
            "0000{:02}{:02}{:02}{:02}000R",
            days.min(99),
            hours % 24,
            minutes % 60,
            seconds % 60
        )
    }

    /// The server's name for a message that it took, if it has one; or why it did not take it.
    fn read_answer(&self, frame: &Frame) -> Result<Option<MessageId>, CommandStatus> {
        match (frame.id, frame.status) {
            // A refusal that says it is none.
            (CommandId::GenericNack, CommandStatus::EsmeRok) => Err(CommandStatus::EsmeRunknownerr),
            (CommandId::SubmitSmResp, CommandStatus::EsmeRok) => {
                let mut body = frame.body.split(|octet| *octet == 0);
                Ok(body.next().and_then(|id| self.receipt_id.of_answer(id)))
            }
            (_, status) => Err(status),
        }
    }

    fn refused(&self, message: &Message, status: CommandStatus) -> SendOutcome {
        warn!(
            delivery.id = %message.delivery,
            delivery.provider = NAME,
            provider.code = format_args!("{:#06x}", u32::from(status)),
            "the SMPP server did not take a message"
        );
        SendOutcome::Refused(status::meaning(status, &self.statuses))
    }
}

#[async_trait]
impl MessageSender for Smpp {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let attempt = Arc::new(Attempt::default());
        // Whoever waits for this may stop waiting: then nothing more of it may be written.
        let _over = Over(&attempt);
        let handed_over = timeout(self.timeout, self.hand_over(message, now, &attempt)).await;
        handed_over.unwrap_or_else(|_| attempt.give_up())
    }
}

#[async_trait]
impl HoldSession for Smpp {
    async fn hold(&self, reports: Arc<dyn TakeReports>, ending: CancellationToken) {
        let _gone = Gone(&self.standing);
        let mut pause = Duration::ZERO;
        self.standing.send_replace(Standing::Opening);
        while !ending.is_cancelled() {
            let connected = tokio::select! {
                connected = self.target.connect() => connected,
                () = ending.cancelled() => return,
            };
            let standing = match connected {
                Ok(link) => {
                    info!(delivery.provider = NAME, "the SMPP session is open");
                    let (session, running) =
                        session::begin(link, &self.terms, Arc::clone(&reports));
                    self.standing.send_replace(Standing::Up(session));
                    let since = self.clock.now();
                    log(&running.run(&ending).await);
                    if self.clock.now().since(since) >= LONGEST_PAUSE {
                        pause = Duration::ZERO;
                    }
                    if pause.is_zero() {
                        Standing::Opening
                    } else {
                        Standing::Down(SendRefusal::Temporary)
                    }
                }
                Err(not_bound) => {
                    warn!(
                        delivery.provider = NAME,
                        error = &not_bound as &dyn std::error::Error,
                        "there is no SMPP session"
                    );
                    if not_bound.is_for_the_account() {
                        pause = LONGEST_PAUSE;
                        Standing::Down(SendRefusal::BadCredentials)
                    } else {
                        Standing::Down(SendRefusal::Temporary)
                    }
                }
            };
            self.standing.send_replace(standing);
            let _ = timeout(pause, ending.cancelled()).await;
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
    }
}

/// A message of which nothing more is to be written once this is dropped.
struct Over<'a>(&'a Attempt);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// Whoever keeps the session is gone, in whatever way.
struct Gone<'s>(&'s watch::Sender<Standing>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.send_replace(Standing::Down(SendRefusal::Temporary));
    }
}

fn log(ended: &Ended) {
    match ended {
        Ended::AsAsked => info!(delivery.provider = NAME, "the SMPP session is closed"),
        ended => warn!(
            delivery.provider = NAME,
            error = ended as &dyn std::error::Error,
            "the SMPP session is over"
        ),
    }
}
