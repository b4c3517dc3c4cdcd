//! What this node knows of the ways a message may take: which providers take messages, and how many
//! of their messages end in a right code.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use phonekey_core::{
    delivery::ProviderName,
    phone::PhoneNumber,
    ports::store::{DeliveryStore, StoreError},
    route::{
        Hop,
        breaker::Admission,
        conversion::{Conversion, Conversions},
        order::{Availability, Facts, Strategy},
    },
    time::Timestamp,
};

use crate::senders::Senders;

/// How far back conversions are counted: long enough for many messages, short enough that a provider
/// which has broken down falls behind within minutes.
pub const CONVERSION_WINDOW: Duration = Duration::from_mins(30);

/// What is known at this moment.
#[derive(Debug, Default)]
pub(crate) struct Outlook {
    conversions: RwLock<Arc<Conversions>>,
}

impl Outlook {
    /// Counts again, if any rule goes by it.
    pub(crate) async fn refresh(
        &self,
        senders: &Senders,
        store: &dyn DeliveryStore,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rules = senders.table().rules();
        if !rules
            .iter()
            .any(|rule| rule.strategy == Strategy::Conversion)
        {
            return Ok(());
        }
        let figures = store.conversions(now.minus(CONVERSION_WINDOW), now).await?;
        let conversions = Arc::new(Conversions::of(figures));
        *self
            .conversions
            .write()
            .unwrap_or_else(PoisonError::into_inner) = conversions;
        Ok(())
    }

    /// What is known of the ways to a number.
    pub(crate) fn facts<'s>(
        &self,
        senders: &'s Senders,
        phone: PhoneNumber,
        now: Timestamp,
    ) -> KnownFacts<'s> {
        let conversions = self
            .conversions
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        KnownFacts {
            senders,
            conversions: Arc::clone(&conversions),
            phone,
            now,
        }
    }
}

/// What is known of the ways to one number at one moment.
pub(crate) struct KnownFacts<'s> {
    senders: &'s Senders,
    conversions: Arc<Conversions>,
    phone: PhoneNumber,
    now: Timestamp,
}

impl Facts for KnownFacts<'_> {
    fn availability(&self, provider: &ProviderName) -> Availability {
        let admission = self
            .senders
            .provider(provider)
            .map(|provider| provider.health().would_admit(self.now));
        match admission {
            Some(Admission::Admitted) => Availability::Up,
            Some(Admission::Refused) | None => Availability::Down,
        }
    }

    fn conversion(&self, hop: &Hop) -> Conversion {
        self.conversions.for_number(hop, self.phone)
    }
}
