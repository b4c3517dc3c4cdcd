//! A circuit breaker: keeps messages from a provider that fails, and finds out when it has
//! recovered.
//!
//! Closed, it lets everything through and remembers the last answers. When half of them are
//! failures it opens and lets nothing through for a while; then one message is let through as a
//! probe, and its answer decides.

use std::{collections::VecDeque, time::Duration};

use crate::{
    delivery::outcome::{SendOutcome, SendRefusal},
    time::Timestamp,
};

/// Answers that are remembered (SECURITY.md T69: 50 % errors over 20).
const WINDOW: usize = 20;

/// How long a breaker stays open at first (SECURITY.md T69), doubled by each probe that fails.
pub const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// The longest it stays open: a provider that is down for hours is probed this often.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// How long a probe may stay without an answer before another one is let through.
const PROBE_PATIENCE: Duration = Duration::from_mins(1);

/// One provider's breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    position: Position,
    /// The last answers, oldest first.
    recent: VecDeque<Health>,
    next_pause: Duration,
}

/// Whether a breaker lets messages through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It does.
    Closed,
    /// It does not, until then.
    Open {
        /// When it lets a probe through.
        until: Timestamp,
    },
    /// It has let a probe through and waits for its answer.
    HalfOpen {
        /// When it did.
        probed_at: Timestamp,
    },
}

impl Position {
    /// Its name in logs and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half-open",
        }
    }

    /// The moment that belongs to it.
    #[must_use]
    pub const fn moment(self) -> Option<Timestamp> {
        match self {
            Self::Closed => None,
            Self::Open { until } => Some(until),
            Self::HalfOpen { probed_at } => Some(probed_at),
        }
    }

    /// The position with this name and moment.
    #[must_use]
    pub fn from_parts(name: &str, moment: Option<Timestamp>) -> Option<Self> {
        match (name, moment) {
            ("closed", None) => Some(Self::Closed),
            ("open", Some(until)) => Some(Self::Open { until }),
            ("half-open", Some(probed_at)) => Some(Self::HalfOpen { probed_at }),
            _ => None,
        }
    }
}

/// Whether a message may go to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admitted,
    /// The provider is thought to be down.
    Refused,
}

/// What an answer tells of the provider, whatever it means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Good,
    /// It failed this time.
    Failing,
    /// It will fail every time until somebody does something about it.
    Dead,
}

impl Health {
    /// What an answer tells; `None` for one that is about this message alone.
    #[must_use]
    pub const fn of(outcome: &SendOutcome) -> Option<Self> {
        match outcome {
            SendOutcome::Accepted(_) => Some(Self::Good),
            SendOutcome::Unknown => Some(Self::Failing),
            SendOutcome::Refused(refusal) => match refusal {
                SendRefusal::InvalidNumber
                | SendRefusal::CannotReceive
                | SendRefusal::OptedOut
                | SendRefusal::BlockedAsFraud => Some(Self::Good),
                SendRefusal::RateLimited | SendRefusal::Temporary => Some(Self::Failing),
                SendRefusal::NoCredit | SendRefusal::BadCredentials => Some(Self::Dead),
                SendRefusal::BlockedCountry
                | SendRefusal::BadTemplate
                | SendRefusal::RejectedContent => None,
            },
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            position: Position::Closed,
            recent: VecDeque::with_capacity(WINDOW),
            next_pause: FIRST_PAUSE,
        }
    }
}

impl Breaker {
    /// Whether it lets messages through.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Whether a message could go now. Changes nothing.
    #[must_use]
    pub fn would_admit(&self, now: Timestamp) -> Admission {
        let admits = match self.position {
            Position::Closed => true,
            Position::Open { until } => now >= until,
            Position::HalfOpen { probed_at } => now.since(probed_at) >= PROBE_PATIENCE,
        };
        if admits {
            Admission::Admitted
        } else {
            Admission::Refused
        }
    }

    /// Whether a message may go now. One that may when the breaker is not closed is the probe, and
    /// its answer must be [recorded](Self::record).
    pub fn admit(&mut self, now: Timestamp) -> Admission {
        let admission = self.would_admit(now);
        if admission == Admission::Admitted && self.position != Position::Closed {
            self.position = Position::HalfOpen { probed_at: now };
        }
        admission
    }

    /// Notes what an answer tells of the provider.
    pub fn record(&mut self, health: Health, now: Timestamp) {
        match (self.position, health) {
            (Position::Closed, Health::Dead) => self.open(now),
            (Position::Closed, _) => {
                if self.recent.len() == WINDOW {
                    self.recent.pop_front();
                }
                self.recent.push_back(health);
                let failures = self.recent.iter().filter(|it| **it != Health::Good).count();
                if failures * 2 >= WINDOW {
                    self.open(now);
                }
            }
            (Position::HalfOpen { .. }, Health::Good) => *self = Self::default(),
            (Position::HalfOpen { .. }, _) => self.open(now),
            // A late answer to what went before it opened.
            (Position::Open { .. }, _) => {}
        }
    }

    /// Notes that an answer tells nothing of the provider. Was it the probe's, the next message is
    /// the probe.
    pub fn learned_nothing(&mut self) {
        if let Position::HalfOpen { probed_at } = self.position {
            self.position = Position::Open { until: probed_at };
        }
    }

    fn open(&mut self, now: Timestamp) {
        self.position = Position::Open {
            until: now.plus(self.next_pause),
        };
        self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
    }

    fn failing(breaker: &mut Breaker, times: usize, now: Timestamp) {
        for _ in 0..times {
            breaker.record(Health::Failing, now);
        }
    }

    #[test]
    fn it_opens_when_half_of_the_last_twenty_failed() {
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            breaker.record(Health::Good, at(0));
        }
        failing(&mut breaker, 9, at(0));
        assert_eq!(breaker.admit(at(0)), Admission::Admitted);

        failing(&mut breaker, 1, at(0));

        assert_eq!(breaker.admit(at(9)), Admission::Refused);
    }

    #[test]
    fn a_single_failure_opens_nothing_but_bad_credentials_do() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, 9, at(0));
        assert_eq!(breaker.position(), Position::Closed);

        let refused = SendOutcome::Refused(SendRefusal::BadCredentials);
        breaker.record(Health::of(&refused).unwrap(), at(0));

        assert_eq!(breaker.position(), Position::Open { until: at(10) });
    }

    #[test]
    fn one_probe_goes_through_at_a_time() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, 10, at(0));

        assert_eq!(breaker.would_admit(at(10)), Admission::Admitted);
        assert_eq!(breaker.admit(at(10)), Admission::Admitted);
        assert_eq!(breaker.admit(at(10)), Admission::Refused);
        assert_eq!(breaker.admit(at(69)), Admission::Refused);
        assert_eq!(
            breaker.admit(at(70)),
            Admission::Admitted,
            "the probe was lost"
        );
    }

    #[test]
    fn a_good_probe_closes_it_and_a_bad_one_doubles_the_pause() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, 10, at(0));
        breaker.admit(at(10));
        breaker.record(Health::Failing, at(11));
        assert_eq!(breaker.position(), Position::Open { until: at(31) });

        breaker.admit(at(31));
        breaker.record(Health::Good, at(32));

        assert_eq!(breaker.position(), Position::Closed);
        failing(&mut breaker, 10, at(40));
        assert_eq!(breaker.position(), Position::Open { until: at(50) });
    }

    #[test]
    fn a_probe_that_told_nothing_is_followed_by_another_at_once() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, 10, at(0));
        breaker.admit(at(10));

        breaker.learned_nothing();

        assert_eq!(breaker.admit(at(11)), Admission::Admitted);
        assert_eq!(breaker.admit(at(11)), Admission::Refused);
        breaker.record(Health::Failing, at(12));
        breaker.learned_nothing();
        let pause_is_doubled = Position::Open { until: at(32) };
        assert_eq!(breaker.position(), pause_is_doubled);
    }

    #[test]
    fn no_pause_is_longer_than_five_minutes() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, 10, at(0));
        let mut now = at(0);
        for _ in 0..12 {
            let Position::Open { until } = breaker.position() else {
                panic!("it is open");
            };
            assert!(until.since(now) <= LONGEST_PAUSE);
            now = until;
            breaker.admit(now);
            breaker.record(Health::Failing, now);
        }
    }

    #[test]
    fn late_answers_do_not_move_an_open_breaker() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, 10, at(0));

        breaker.record(Health::Good, at(1));
        breaker.record(Health::Failing, at(2));

        assert_eq!(breaker.position(), Position::Open { until: at(10) });
    }
}
