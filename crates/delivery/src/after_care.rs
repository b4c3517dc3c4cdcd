//! Looking after messages that providers took: asking what became of them, noting what is reported,
//! and sending a code once more where its message did not arrive.

use std::{pin::Pin, sync::Arc};

use phonekey_core::{
    challenge::Challenge,
    delivery::{
        Delivery, ProviderName,
        follow_up::{Look, look},
        outcome::MessageId,
        report::Report,
    },
    ports::store::{
        DueDelivery, MessageTerms, NoteOutcome, NoteReport, SendAgain, SendAgainOutcome, StoreError,
    },
    time::Timestamp,
};
use tokio::sync::oneshot;
use tracing::{debug, error, info};

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

    /// Notes the report of a message that was just settled, if it came before. Returns at once.
    pub(crate) fn note_early_one(
        self: &Arc<Self>,
        provider: &ProviderName,
        message_id: &MessageId,
    ) {
        if let Some(report) = self.early.take(provider, message_id) {
            let (carrier, provider) = (Arc::clone(self), provider.clone());
            self.under_way.spawn(carrier.noted(provider, report));
        }
    }

    /// Notes those reports that came before their messages were known, and whose messages are known
    /// by now: another node may have settled them.
    pub(crate) async fn note_early_ones(self: &Arc<Self>, now: Timestamp) {
        for (provider, report) in self.early.due(now) {
            match self.note_known(&provider, &report).await {
                Ok(Some(_)) => {
                    self.early.take(&provider, &report.message_id);
                }
                Ok(None) => {}
                // The others would fare no better; they are looked at again.
                Err(error) => return log_unnoted(&provider, &error),
            }
        }
    }

    /// Notes a report that nobody waits for.
    ///
    /// It is boxed since a note may have a message carried, and a message carried may have a note
    /// made: a future cannot hold itself.
    fn noted(
        self: Arc<Self>,
        provider: ProviderName,
        report: Report,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            if let Err(error) = self.note(&provider, report).await {
                log_unnoted(&provider, &error);
            }
        })
    }

    /// Notes a report, and sends the code once more if another way could do better. A report of a
    /// message that is not known is kept for a while.
    async fn note(
        self: &Arc<Self>,
        provider: &ProviderName,
        report: Report,
    ) -> Result<Noted, StoreError> {
        if let Some(noted) = self.note_known(provider, &report).await? {
            return Ok(noted);
        }
        self.early.keep(provider, report.clone(), self.clock.now());
        // It may have been settled since, by who did not see what is kept only now.
        let Some(noted) = self.note_known(provider, &report).await? else {
            debug!(delivery.provider = %provider, "a report is about no message of ours, so far");
            return Ok(Noted::Nothing);
        };
        self.early.take(provider, &report.message_id);
        Ok(noted)
    }

    /// Notes a report of a message that is known; `None` if it is not.
    async fn note_known(
        self: &Arc<Self>,
        provider: &ProviderName,
        report: &Report,
    ) -> Result<Option<Noted>, StoreError> {
        let Some(arrival) = report.arrival else {
            return Ok(Some(Noted::Nothing));
        };
        let step = NoteReport {
            provider: provider.clone(),
            message_id: report.message_id.clone(),
            arrival,
            cost: report.cost.clone(),
            now: self.clock.now(),
        };
        let due = match self.store.note_report(step).await? {
            NoteOutcome::Noted(due) => due,
            NoteOutcome::Known => return Ok(Some(Noted::Nothing)),
            NoteOutcome::Unknown => return Ok(None),
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
        Ok(Some(Noted::News))
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

fn log_unnoted(provider: &ProviderName, error: &StoreError) {
    error!(
        delivery.provider = %provider,
        error = error as &dyn std::error::Error,
        "a report could not be noted"
    );
}
