//! Looking after messages that providers took: asking what became of them, noting what is reported,
//! and sending a code once more where its message did not arrive.

use phonekey_core::{
    challenge::Challenge,
    delivery::{
        Delivery, ProviderName,
        follow_up::{Look, look},
        report::Report,
    },
    ports::store::{
        DueDelivery, MessageTerms, NoteOutcome, NoteReport, SendAgain, SendAgainOutcome, StoreError,
    },
};
use std::sync::Arc;
use tokio::sync::oneshot;
use tracing::{debug, info};

use crate::{carrier::Carrier, provider::ReportSource};

/// What noting a report came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    /// Something is known of the message that was not known before.
    News,
    /// Nothing is.
    Nothing,
}

impl Carrier {
    /// Does what is to be done for a message that is due to be looked after.
    pub(crate) async fn look_after(self: &Arc<Self>, due: &DueDelivery) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (delivery, challenge) = (&due.delivery, &due.challenge);
        let reports = self.reports_by(delivery);
        match look(delivery, reports, &self.messages, now) {
            Look::Nothing => Ok(()),
            Look::SendAgain => self.send_again(challenge, delivery).await,
            Look::Ask => self.ask(delivery).await.map(drop),
            Look::AskThenSendAgain => match self.ask(delivery).await? {
                Noted::News => Ok(()),
                Noted::Nothing => self.send_again(challenge, delivery).await,
            },
        }
    }

    /// Asks the provider of a message what became of it, and notes that.
    async fn ask(self: &Arc<Self>, delivery: &Delivery) -> Result<Noted, StoreError> {
        let provider = self.senders.provider(&delivery.provider);
        let source = provider.map(|provider| provider.reports());
        let (Some(ReportSource::Polling(poller)), Some(id)) =
            (source, &delivery.receipt.message_id)
        else {
            return Ok(Noted::Nothing);
        };
        match poller.poll(id).await {
            Some(report) => self.note(&delivery.provider, report).await,
            None => Ok(Noted::Nothing),
        }
    }

    /// Notes reports that a provider has sent.
    pub(crate) async fn note_all(
        self: &Arc<Self>,
        provider: &ProviderName,
        reports: Vec<Report>,
    ) -> Result<(), StoreError> {
        for report in reports {
            self.note(provider, report).await?;
        }
        Ok(())
    }

    /// Notes a report, and sends the code once more if another way could do better.
    async fn note(
        self: &Arc<Self>,
        provider: &ProviderName,
        report: Report,
    ) -> Result<Noted, StoreError> {
        let Some(arrival) = report.arrival else {
            return Ok(Noted::Nothing);
        };
        let step = NoteReport {
            provider: provider.clone(),
            message_id: report.message_id,
            arrival,
            cost: report.cost,
            now: self.clock.now(),
        };
        let due = match self.store.note_report(step).await? {
            NoteOutcome::Noted(due) => due,
            NoteOutcome::Known => return Ok(Noted::Nothing),
            NoteOutcome::Unknown => {
                debug!(delivery.provider = %provider, "a report is about no message of ours");
                return Ok(Noted::Nothing);
            }
        };
        info!(
            delivery.id = %due.delivery.id,
            delivery.provider = %provider,
            delivery.arrival = arrival.name(),
            "message reported"
        );
        let reports = self.reports_by(&due.delivery);
        let now = self.clock.now();
        if look(&due.delivery, reports, &self.messages, now) == Look::SendAgain {
            self.send_again(&due.challenge, &due.delivery).await?;
        }
        Ok(Noted::News)
    }

    /// Sends the code of a message once more, if the rules allow it and there is another way. What
    /// has begun goes on in the background.
    async fn send_again(
        self: &Arc<Self>,
        challenge: &Challenge,
        delivery: &Delivery,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(plan) = self.plan_after(challenge, delivery, now) else {
            return Ok(());
        };
        let Some(place) = self.under_way.place().await else {
            // Shutting down: it is looked after again by another node, or after the next start.
            return Ok(());
        };
        let step = SendAgain {
            id: delivery.id,
            terms: MessageTerms {
                plan,
                messages: self.messages,
                number: Arc::clone(&self.number),
            },
            now,
        };
        match self.store.send_again(step).await? {
            SendAgainOutcome::Next(next) => {
                info!(
                    delivery.id = %next.id,
                    delivery.provider = %next.provider,
                    "the code goes once more, since its message may not have arrived"
                );
                let (carrier, challenge) = (Arc::clone(self), challenge.clone());
                let (answer, _nobody_waits) = oneshot::channel();
                place.spawn(async move { carrier.carry(&challenge, *next, answer).await });
            }
            SendAgainOutcome::None(reason) => {
                debug!(delivery.id = %delivery.id, ?reason, "the code does not go once more");
            }
        }
        Ok(())
    }
}
