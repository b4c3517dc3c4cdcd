//! The order in which providers are tried, and when the next one is. Pure.

use crate::delivery::{ProviderName, SendOutcome, SendRefusal};

/// Providers in the order in which they are tried; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    first: ProviderName,
    others: Vec<ProviderName>,
}

impl Route {
    /// A route over these providers; `None` when there are none.
    #[must_use]
    pub fn new(providers: impl IntoIterator<Item = ProviderName>) -> Option<Self> {
        let mut providers = providers.into_iter();
        Some(Self {
            first: providers.next()?,
            others: providers.collect(),
        })
    }

    /// The provider that is tried first.
    #[must_use]
    pub const fn first(&self) -> &ProviderName {
        &self.first
    }

    /// All providers, in order.
    pub fn providers(&self) -> impl Iterator<Item = &ProviderName> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The provider that is tried after `provider`.
    #[must_use]
    pub fn after(&self, provider: &ProviderName) -> Option<&ProviderName> {
        self.providers()
            .skip_while(|candidate| *candidate != provider)
            .nth(1)
    }
}

/// What follows from a provider's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// The message went, or may have gone: wait for the person.
    Done,
    /// Another provider could do better.
    FailOver,
    /// No provider should try: the number gets no message, its owner wants none, or it is fraud.
    Stop(SendRefusal),
}

/// Decides what follows from a provider's answer (PROVIDERS.md, second paragraph).
///
/// A time-out is no failure: the message may have gone, and a second provider would send it twice.
#[must_use]
pub const fn next_step(outcome: &SendOutcome) -> NextStep {
    match outcome {
        SendOutcome::Accepted(_) | SendOutcome::Unknown => NextStep::Done,
        SendOutcome::Refused(refusal) => match refusal {
            SendRefusal::InvalidNumber
            | SendRefusal::CannotReceive
            | SendRefusal::OptedOut
            | SendRefusal::BlockedAsFraud => NextStep::Stop(*refusal),
            SendRefusal::BlockedCountry
            | SendRefusal::RateLimited
            | SendRefusal::NoCredit
            | SendRefusal::BadCredentials
            | SendRefusal::BadTemplate
            | SendRefusal::RejectedContent
            | SendRefusal::Temporary => NextStep::FailOver,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_goes_on_in_its_order() {
        let name = ProviderName::new;
        let route = Route::new(["a", "b"].map(ProviderName::new)).unwrap();

        assert_eq!(route.first(), &name("a"));
        assert_eq!(route.after(&name("a")), Some(&name("b")));
        assert_eq!(route.after(&name("b")), None);
        assert_eq!(route.after(&name("x")), None);
        assert!(Route::new([]).is_none());
    }

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
