//! A dispatcher that carries nothing and remembers everything.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::values;
use crate::{
    challenge::Challenge,
    delivery::{Channel, Delivery},
    phone::PhoneNumber,
    ports::delivery::{DispatchOutcome, Dispatcher},
    route::{Handling, Hop, plan::SendPlan},
    time::Timestamp,
};

/// Accepts, or answers as it is told to, and remembers the challenges it was given.
#[derive(Debug)]
pub struct RecordingDispatcher {
    outcome: Mutex<DispatchOutcome>,
    dispatched: Mutex<Vec<Challenge>>,
}

impl Default for RecordingDispatcher {
    fn default() -> Self {
        Self {
            outcome: Mutex::new(DispatchOutcome::Sent),
            dispatched: Mutex::default(),
        }
    }
}

impl RecordingDispatcher {
    /// From now on it answers this.
    pub fn answer(&self, outcome: DispatchOutcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    /// The challenges it was given, oldest first.
    #[must_use]
    pub fn dispatched(&self) -> Vec<Challenge> {
        self.dispatched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Dispatcher for RecordingDispatcher {
    fn plan(&self, _: PhoneNumber, channel: Option<Channel>, _: Timestamp) -> Option<SendPlan> {
        let hop = Hop {
            channel: channel.unwrap_or(Channel::Sms),
            handling: Handling::Kept,
            ..values::hop("recording")
        };
        SendPlan::new([hop], Duration::from_secs(30))
    }

    fn language(&self, asked: &[&str], _: PhoneNumber) -> String {
        asked.first().copied().unwrap_or("fa").to_owned()
    }

    async fn dispatch(&self, challenge: &Challenge, _: Delivery) -> DispatchOutcome {
        self.dispatched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(challenge.clone());
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
