//! Messages on standard output, one line each. For development alone.

use std::{
    io::{self, Stderr, Stdout, Write},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{Receipt, SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
    time::Clock,
};
use tracing::error;

use crate::text::Texts;

/// The provider's name.
pub const NAME: &str = "console";

/// Writes each message as one line: its number, its code, its text.
///
/// A write that blocks, such as one to a pipe that nobody reads, blocks the sending task's thread.
pub struct Console<W> {
    to: Mutex<W>,
    texts: Texts,
    clock: Arc<dyn Clock>,
}

impl Console<Stdout> {
    /// On standard output.
    #[must_use]
    pub fn on_stdout(texts: Texts, clock: Arc<dyn Clock>) -> Self {
        Self::new(io::stdout(), texts, clock)
    }
}

impl Console<Stderr> {
    /// On standard error.
    #[must_use]
    pub fn on_stderr(texts: Texts, clock: Arc<dyn Clock>) -> Self {
        Self::new(io::stderr(), texts, clock)
    }
}

impl<W: Write + Send> Console<W> {
    /// On `to`.
    #[must_use]
    pub const fn new(to: W, texts: Texts, clock: Arc<dyn Clock>) -> Self {
        Self {
            to: Mutex::new(to),
            texts,
            clock,
        }
    }

    fn line(&self, message: &Message) -> String {
        let text = self.texts.of_message(message, self.clock.now());
        format!(
            "{}  {}  {}\n",
            message.to.e164(),
            message.code.expose(),
            text.replace('\n', " / ")
        )
    }
}

#[async_trait]
impl<W: Write + Send> MessageSender for Console<W> {
    async fn send(&self, message: &Message) -> SendOutcome {
        let line = self.line(message);
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        match to.write_all(line.as_bytes()).and_then(|()| to.flush()) {
            Ok(()) => SendOutcome::Accepted(Receipt::default()),
            Err(error) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "the console takes no message"
                );
                SendOutcome::Refused(SendRefusal::Temporary)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use phonekey_core::{
        code::Code,
        delivery::{Channel, DeliveryId},
        id::ChallengeId,
        phone::PhoneNumber,
        testing::{ManualClock, SeededRandom},
    };

    use super::*;

    #[tokio::test]
    async fn a_message_is_one_line() {
        let clock = Arc::new(ManualClock::default());
        let texts = Texts::falling_back_to("en").unwrap();
        let console = Console::new(Vec::new(), texts, Arc::clone(&clock) as Arc<dyn Clock>);
        let message = Message {
            delivery: DeliveryId {
                challenge: ChallengeId::generate(&SeededRandom::new(1), clock.now()),
                attempt: 1,
            },
            to: PhoneNumber::from_e164("+989121234567").unwrap(),
            channel: Channel::Sms,
            language: "en".to_owned(),
            code: Code::parse("12345").unwrap(),
            app_hash: None,
            expires_at: clock.now().plus(Duration::from_mins(2)),
        };

        let outcome = console.send(&message).await;

        assert_eq!(outcome, SendOutcome::Accepted(Receipt::default()));
        let written = String::from_utf8(console.to.into_inner().unwrap()).unwrap();
        assert_eq!(
            written,
            "+989121234567  12345  Your login code: / 12345 / Valid for 2 min. Do not give it to \
             anyone.\n"
        );
    }
}
