//! How a provider does: its breaker, and what it last refused for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use phonekey_core::{
    delivery::outcome::{SendOutcome, SendRefusal},
    route::{
        breaker::{self, Admission, Breaker, Position},
        watch::Trouble,
    },
    time::{Clock, Timestamp},
};

use super::gate::{Gate, Place};

/// How one provider does, as this node has seen it.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    breaker: Breaker,
    last_trouble: Option<Trouble>,
}

impl Health {
    /// A place at the provider's gate for a message, if the provider is thought to work. The message
    /// that gets one while the breaker is not closed is the probe.
    ///
    /// The breaker is asked first and the gate under its lock: a provider that is down uses up none
    /// of its pace, and a gate that is shut uses up no probe.
    pub(super) fn enter(&self, gate: &Gate, now: Timestamp) -> Result<Place, SendRefusal> {
        let mut state = self.state();
        if state.breaker.would_admit(now) == Admission::Refused {
            return Err(SendRefusal::Temporary);
        }
        let place = gate.enter(now).ok_or(SendRefusal::RateLimited)?;
        state.breaker.admit(now);
        Ok(place)
    }

    /// Whether a message could go. Changes nothing.
    #[must_use]
    pub fn would_admit(&self, now: Timestamp) -> Admission {
        self.state().breaker.would_admit(now)
    }

    /// Where its breaker stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.state().breaker.position()
    }

    /// What went wrong last.
    #[must_use]
    pub fn last_trouble(&self) -> Option<Trouble> {
        self.state().last_trouble
    }

    /// Notes that a message is being handed over.
    pub(super) fn begin<'h>(&'h self, clock: &'h dyn Clock) -> Attempt<'h> {
        Attempt {
            health: self,
            clock,
            is_open: true,
        }
    }

    fn record(&self, outcome: &SendOutcome, now: Timestamp) {
        let mut state = self.state();
        match breaker::Health::of(outcome) {
            Some(health) => state.breaker.record(health, now),
            None => state.breaker.learned_nothing(),
        }
        let refusal = match outcome {
            SendOutcome::Accepted(_) => return,
            SendOutcome::Refused(refusal) => Some(*refusal),
            SendOutcome::Unknown => None,
        };
        state.last_trouble = Some(Trouble { at: now, refusal });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message that is being handed over. Dropped without an answer, the provider has not answered in
/// time.
pub(super) struct Attempt<'h> {
    health: &'h Health,
    clock: &'h dyn Clock,
    is_open: bool,
}

impl Attempt<'_> {
    /// Notes the answer.
    pub(super) fn end(mut self, outcome: &SendOutcome) {
        self.is_open = false;
        self.health.record(outcome, self.clock.now());
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.health.record(&SendOutcome::Unknown, self.clock.now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use phonekey_core::testing::ManualClock;

    use super::*;

    fn bring_down(health: &Health, clock: &ManualClock) {
        let dead = SendOutcome::Refused(SendRefusal::NoCredit);
        health.begin(clock).end(&dead);
    }

    #[test]
    fn a_provider_that_is_down_uses_up_none_of_its_pace() {
        let (health, clock) = (Health::default(), ManualClock::default());
        let gate = Gate::new(10, Some(1));
        bring_down(&health, &clock);

        let refused = health.enter(&gate, clock.now()).unwrap_err();

        assert_eq!(refused, SendRefusal::Temporary);
        assert!(gate.enter(clock.now()).is_some());
    }

    #[test]
    fn a_gate_that_is_shut_uses_up_no_probe() {
        let (health, clock) = (Health::default(), ManualClock::default());
        bring_down(&health, &clock);
        clock.advance(Duration::from_secs(10));
        let (shut, open) = (Gate::new(0, None), Gate::open());

        let refused = health.enter(&shut, clock.now()).unwrap_err();

        assert_eq!(refused, SendRefusal::RateLimited);
        assert!(
            health.enter(&open, clock.now()).is_ok(),
            "the probe is left"
        );
        let second = health.enter(&open, clock.now()).unwrap_err();
        assert_eq!(second, SendRefusal::Temporary);
    }

    #[test]
    fn a_send_that_is_given_up_counts_as_one_without_an_answer() {
        let (health, clock) = (Health::default(), ManualClock::default());

        for _ in 0..10 {
            drop(health.begin(&clock));
        }

        assert_eq!(health.would_admit(clock.now()), Admission::Refused);
        let trouble = health.last_trouble().unwrap();
        assert_eq!(trouble.refusal, None);
    }

    #[test]
    fn the_last_refusal_is_remembered() {
        let (health, clock) = (Health::default(), ManualClock::default());
        let refused = SendOutcome::Refused(SendRefusal::NoCredit);

        health.begin(&clock).end(&refused);

        let trouble = health.last_trouble().unwrap();
        assert_eq!(trouble.refusal, Some(SendRefusal::NoCredit));
        assert!(matches!(health.position(), Position::Open { .. }));
    }
}
