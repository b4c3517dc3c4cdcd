//! The real senders, and a count of what they have under way.

use std::sync::{
    Arc,
    atomic::{AtomicIsize, Ordering},
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, SendOutcome},
        report::Report,
    },
    ports::delivery::MessageSender,
    secret::Secret,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    provider::{PollReports, Provider, ReportSource, Surroundings, gate::Gate},
    providers::{
        kavenegar::{Kavenegar, KavenegarSettings},
        smsir::{SmsIr, SmsIrSettings},
        webhook::{Webhook, WebhookUrl, signature::WebhookSecret},
    },
    settings::{Bounds, WebhookSettings},
};

use crate::{scene::TIMEOUT, wire::Wire};

/// Counts the exchanges that will end without time passing: those that senders have begun, but for
/// those that a server holds.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(AtomicIsize);

/// Something counted, until it is dropped.
pub(crate) struct Counted<'e> {
    exchanges: &'e Exchanges,
    by: isize,
}

impl Exchanges {
    fn begin(&self) -> Counted<'_> {
        self.count(1)
    }

    /// A server lets one wait for time to pass.
    pub(crate) fn hold(&self) -> Counted<'_> {
        self.count(-1)
    }

    /// Whether none is under way. (A server that has not yet seen that a sender has given up
    /// makes the count negative, and is waited for as well.)
    pub(crate) fn are_over(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn count(&self, by: isize) -> Counted<'_> {
        self.0.fetch_add(by, Ordering::SeqCst);
        Counted {
            exchanges: self,
            by,
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.exchanges.0.fetch_sub(self.by, Ordering::SeqCst);
    }
}

/// A sender whose exchanges are counted.
struct Watched<S> {
    sender: S,
    exchanges: Arc<Exchanges>,
}

#[async_trait]
impl<S: MessageSender> MessageSender for Watched<S> {
    async fn send(&self, message: &Message) -> SendOutcome {
        let _counted = self.exchanges.begin();
        self.sender.send(message).await
    }
}

#[async_trait]
impl<S: PollReports> PollReports for Watched<S> {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let _counted = self.exchanges.begin();
        self.sender.poll(message_id).await
    }
}

/// The provider of a wire, with the server at `url`.
pub(crate) fn provider(
    wire: Wire,
    url: &str,
    surroundings: Surroundings,
    exchanges: &Arc<Exchanges>,
) -> Provider {
    let base_url = BaseUrl::parse(url).unwrap();
    let api_key = Secret::new("Xr7k3y");
    let made = match wire {
        Wire::Kavenegar => asked(
            Kavenegar::new(&KavenegarSettings {
                base_url,
                api_key,
                template: "login".to_owned(),
                voice_template: "login".to_owned(),
                timeout: TIMEOUT,
            })
            .unwrap(),
            exchanges,
        ),
        Wire::SmsIr => asked(
            SmsIr::new(&SmsIrSettings {
                base_url,
                api_key,
                template_id: 123_456,
                parameter: "CODE".to_owned(),
                timeout: TIMEOUT,
            })
            .unwrap(),
            exchanges,
        ),
        Wire::Webhook => {
            let settings = WebhookSettings {
                url: WebhookUrl::parse(url).unwrap(),
                secrets: vec![
                    WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
                ],
                timeout: TIMEOUT,
            };
            let sender = Webhook::new(&settings, surroundings).unwrap();
            Provider::carried(watched(sender, exchanges), ReportSource::Nothing)
        }
    };
    let Bounds {
        under_way,
        per_second,
    } = Bounds::default();
    made.within(Gate::new(usize::from(under_way), per_second))
}

/// A provider that reports when it is asked.
fn asked<S>(sender: S, exchanges: &Arc<Exchanges>) -> Provider
where
    S: MessageSender + PollReports + 'static,
{
    let sender = watched(sender, exchanges);
    let reports = ReportSource::Polling(Arc::clone(&sender) as _);
    Provider::carried(sender, reports)
}

fn watched<S>(sender: S, exchanges: &Arc<Exchanges>) -> Arc<Watched<S>> {
    Arc::new(Watched {
        sender,
        exchanges: Arc::clone(exchanges),
    })
}
