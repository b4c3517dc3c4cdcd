//! By which provider and channel a message goes, and when the next one is tried. Pure.
//!
//! - Who may carry a message to a number: [`table`].
//! - In which order: [`order`], by what [`conversion`] and [`breaker`] know of the providers.
//! - One challenge's messages, from the first to the last: [`plan`].
//! - What follows from a provider's answer: [`next_step`].
//! - How providers do, for whoever watches them: [`watch`].

pub mod breaker;
pub mod conversion;
pub mod order;
pub mod plan;
pub mod table;
pub mod watch;

use std::fmt;

use crate::delivery::{
    Channel, ProviderName,
    outcome::{SendOutcome, SendRefusal},
};

/// One way for a message: a provider, and the channel that it uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Who carries it.
    pub provider: ProviderName,
    /// How it goes.
    pub channel: Channel,
    /// What has to be done for it.
    pub handling: Handling,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.channel.name())
    }
}

/// What has to be done for a message once its delivery is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handling {
    /// A node hands it to the provider.
    Carried,
    /// Nothing: the delivery's row is the message, as in the developer's inbox.
    Kept,
}

/// What follows from a provider's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// The message went, or may have gone: wait for the person.
    Done,
    /// Another provider could do better.
    FailOver,
    /// Another channel could: the number has no WhatsApp, or is a landline that can be called.
    ChangeChannel,
    /// No provider should try: the number gets no message, its owner wants none, or it is fraud.
    Stop(SendRefusal),
}

/// Decides what follows from a provider's answer.
///
/// A time-out is no failure: the message may have gone, and a second provider would send it twice.
#[must_use]
pub const fn next_step(outcome: &SendOutcome) -> NextStep {
    match outcome {
        SendOutcome::Accepted(_) | SendOutcome::Unknown => NextStep::Done,
        SendOutcome::Refused(refusal) => after_refusal(*refusal),
    }
}

/// Decides what follows from a definite refusal, or from a report that a message did not arrive
/// (PROVIDERS.md, second paragraph).
#[must_use]
pub const fn after_refusal(refusal: SendRefusal) -> NextStep {
    match refusal {
        SendRefusal::CannotReceive => NextStep::ChangeChannel,
        SendRefusal::InvalidNumber | SendRefusal::OptedOut | SendRefusal::BlockedAsFraud => {
            NextStep::Stop(refusal)
        }
        SendRefusal::BlockedCountry
        | SendRefusal::RateLimited
        | SendRefusal::NoCredit
        | SendRefusal::BadCredentials
        | SendRefusal::BadTemplate
        | SendRefusal::RejectedContent
        | SendRefusal::Temporary => NextStep::FailOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_definite_refusal_that_another_could_do_better_fails_over() {
        let failing_over = SendRefusal::ALL
            .into_iter()
            .filter(|refusal| next_step(&SendOutcome::Refused(*refusal)) == NextStep::FailOver)
            .count();

        assert_eq!(failing_over, 7);
        assert_eq!(next_step(&SendOutcome::Unknown), NextStep::Done);
        assert_eq!(
            next_step(&SendOutcome::Refused(SendRefusal::OptedOut)),
            NextStep::Stop(SendRefusal::OptedOut)
        );
    }
}
