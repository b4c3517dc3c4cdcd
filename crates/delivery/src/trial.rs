//! One message to find out whether messages get through: the routes and the providers are real, the
//! code is made up and opens nothing, and no store is asked or told.
//!
//! It goes as the router would send it, from the first way to whatever follows a refusal, and each
//! step is told as it happens.

mod session;

use std::time::Duration;

use phonekey_core::{
    code::{Code, CodeLength},
    delivery::{
        Channel, Delivery, DeliveryState,
        follow_up::ReportsBy,
        message::Message,
        outcome::{Cost, MessageId, Receipt, SendOutcome, SendRefusal},
        report::{Arrival, Report},
    },
    id::ChallengeId,
    phone::PhoneNumber,
    random::Random,
    route::{
        self, Handling, Hop, NextStep,
        order::{Strategy, order},
        plan::SendPlan,
        table::Candidates,
    },
    time::{Clock, Timestamp},
};
use tokio::time::{sleep, timeout};

use self::session::Held;
use crate::{
    outlook::Outlook,
    provider::{PollReports, Provider, ReportSource},
    senders::Senders,
};

/// What a message is tried with.
pub struct Trial<'a> {
    /// The routes and the providers.
    pub senders: &'a Senders,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness, for the code.
    pub random: &'a dyn Random,
    /// How long a provider may take in all; then nobody can tell what became of the message.
    pub turn: Duration,
}

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Where the message goes.
    pub to: PhoneNumber,
    /// By which ways.
    pub ways: Ways,
    /// In which language its reader would have it; chosen by the number otherwise.
    pub language: Option<String>,
    /// How long its code is.
    pub code_length: CodeLength,
    /// For how long its code would be good.
    pub lifetime: Duration,
    /// For how long a provider that is asked for its reports is asked.
    pub patience: Duration,
}

/// By which ways a message is tried.
#[derive(Clone, Debug)]
pub enum Ways {
    /// By those of the routes, for a person who asks for this channel or for none.
    Routed(Option<Channel>),
    /// By this one alone, be it on a route or not.
    Only(Hop),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'t> {
    /// The message is written in this language.
    Written {
        /// BCP 47, such as `fa`.
        language: &'t str,
    },
    /// These ways are tried in this order, as long as they refuse.
    Planned {
        /// The ways.
        plan: &'t SendPlan,
        /// Why in this order. A server that goes by conversion knows how its messages did; here
        /// nothing is known, so that is the operator's order.
        strategy: Strategy,
    },
    /// The message is being handed to a provider.
    HandedOver {
        /// By this way.
        hop: &'t Hop,
    },
    /// The provider answered, or did not in time.
    Answered {
        /// By which way.
        hop: &'t Hop,
        /// What it said.
        outcome: &'t SendOutcome,
        /// After how long.
        took: Duration,
        /// The way that is tried next, after a refusal that another one could do better.
        next: Option<&'t Hop>,
    },
    /// What is known of the message after it was taken.
    Followed {
        /// By which way it went.
        hop: &'t Hop,
        /// What is known.
        news: News,
    },
}

/// What is known of a message after its provider took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing: its provider reports nothing.
    NeverReported,
    /// Nothing here: its provider reports to the server.
    ReportedToServer,
    /// Its provider can be asked, and will be for so long.
    Asking(Duration),
    /// Its provider reports over its session, which is kept open for so long.
    Awaiting(Duration),
    /// Its provider could be asked or listened to, but was not to be, or gave the message no name.
    NotAsked,
    /// Its provider says what became of it.
    Reported {
        /// What did.
        arrival: Arrival,
        /// What it cost, if the provider says so.
        cost: Option<Cost>,
    },
    /// Its provider was asked for so long and did not say what became of it.
    NothingYet(Duration),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A provider took the message.
    Taken(Hop),
    /// Every provider refused; this one last, for this reason.
    Refused(Hop, SendRefusal),
    /// Nobody can tell whether this provider took it.
    Unknown(Hop),
    /// It came to a provider whose messages are not sent but kept, so there is nothing to send.
    Kept(Hop),
    /// No way leads to the number by the channel.
    NoWay,
}

/// How often a provider is asked what became of the message.
const ASK_EVERY: Duration = Duration::from_secs(5);

impl Trial<'_> {
    /// Sends a message and tells `observer` each step.
    pub async fn run(&self, errand: &Errand, observer: &mut dyn FnMut(Step<'_>)) -> Ended {
        let asked: Vec<&str> = errand.language.iter().map(String::as_str).collect();
        let language = self.senders.texts().language(&asked, errand.to).to_owned();
        observer(Step::Written {
            language: &language,
        });
        let now = self.clock.now();
        let Some((plan, strategy)) = self.plan(errand, now) else {
            return Ended::NoWay;
        };
        observer(Step::Planned {
            plan: &plan,
            strategy,
        });
        let code = Code::draw(self.random, errand.code_length);
        let mut delivery = plan.first(ChallengeId::generate(self.random, now), now);
        let mut tried = Vec::new();
        loop {
            let hop = way(&delivery, &plan);
            let DeliveryState::Pending { .. } = delivery.state else {
                return Ended::Kept(hop);
            };
            observer(Step::HandedOver { hop: &hop });
            let begun_at = self.clock.now();
            let message = Message {
                delivery: delivery.id,
                to: errand.to,
                channel: delivery.channel,
                language: language.clone(),
                code: code.clone(),
                app_hash: None,
                expires_at: now.plus(errand.lifetime),
            };
            let provider = self.senders.provider(&delivery.provider);
            let mut held = provider.and_then(|provider| Held::of(provider));
            let outcome = self.hand_over(provider.map(AsRef::as_ref), &message).await;
            let at = self.clock.now();
            if !matches!(outcome, SendOutcome::Accepted(_)) {
                end(held.take()).await;
            }
            let next = match &outcome {
                SendOutcome::Refused(reason) => {
                    let reason = *reason;
                    delivery.state = DeliveryState::Refused { at, reason };
                    tried.push(delivery);
                    self.next(errand, &hop, &tried, reason, at)
                }
                SendOutcome::Accepted(_) | SendOutcome::Unknown => None,
            };
            let next_hop = next.as_ref().map(|next| way(next, &plan));
            observer(Step::Answered {
                hop: &hop,
                outcome: &outcome,
                took: at.since(begun_at),
                next: next_hop.as_ref(),
            });
            match (outcome, next) {
                (SendOutcome::Accepted(receipt), _) => {
                    if let Some(provider) = provider {
                        let mut tell = |news| observer(Step::Followed { hop: &hop, news });
                        let patience = errand.patience;
                        follow(provider, held.as_mut(), &receipt, patience, &mut tell).await;
                    }
                    end(held).await;
                    return Ended::Taken(hop);
                }
                (SendOutcome::Unknown, _) => return Ended::Unknown(hop),
                (SendOutcome::Refused(_), Some(next)) => delivery = next,
                (SendOutcome::Refused(reason), None) => return Ended::Refused(hop, reason),
            }
        }
    }

    /// The ways in the order in which a server would try them that knows nothing of them yet.
    fn plan(&self, errand: &Errand, now: Timestamp) -> Option<(SendPlan, Strategy)> {
        match &errand.ways {
            Ways::Only(hop) => {
                let plan = SendPlan::new([hop.clone()], self.turn)?;
                Some((plan, Strategy::Ordered))
            }
            Ways::Routed(channel) => {
                let table = self.senders.table();
                let candidates = table.candidates(errand.to, *channel)?;
                let plan = self.order(&candidates, errand.to, now)?;
                Some((plan, candidates.strategy))
            }
        }
    }

    fn order(
        &self,
        candidates: &Candidates<'_>,
        to: PhoneNumber,
        now: Timestamp,
    ) -> Option<SendPlan> {
        let outlook = Outlook::default();
        let facts = outlook.facts(self.senders, to, now);
        SendPlan::new(order(candidates, &facts, NO_EXPLORATION), self.turn)
    }

    async fn hand_over(&self, provider: Option<&Provider>, message: &Message) -> SendOutcome {
        let Some(provider) = provider else {
            return SendOutcome::Refused(SendRefusal::Temporary);
        };
        let sent = timeout(self.turn, provider.send(message, self.clock)).await;
        sent.unwrap_or(SendOutcome::Unknown)
    }

    /// The message that follows a refusal, as the router would have it.
    fn next(
        &self,
        errand: &Errand,
        hop: &Hop,
        tried: &[Delivery],
        reason: SendRefusal,
        now: Timestamp,
    ) -> Option<Delivery> {
        match route::after_refusal(reason) {
            NextStep::FailOver | NextStep::ChangeChannel => {}
            NextStep::Done | NextStep::Stop(_) => return None,
        }
        let Ways::Routed(_) = errand.ways else {
            return None;
        };
        let table = self.senders.table();
        let candidates = table.candidates_after(errand.to, &hop.provider, hop.channel)?;
        let plan = self.order(&candidates, errand.to, now)?;
        plan.by_another_way(tried, now)
    }
}

/// A draw by which no other way than the best is tried.
const NO_EXPLORATION: f64 = 1.0;

/// The way that a delivery takes.
fn way(delivery: &Delivery, plan: &SendPlan) -> Hop {
    let is_it = |hop: &&Hop| hop.provider == delivery.provider && hop.channel == delivery.channel;
    let planned = plan.hops().find(is_it).cloned();
    planned.unwrap_or_else(|| Hop {
        provider: delivery.provider.clone(),
        channel: delivery.channel,
        handling: Handling::Carried,
    })
}

/// Finds out what became of a message that its provider took.
async fn follow(
    provider: &Provider,
    held: Option<&mut Held>,
    receipt: &Receipt,
    patience: Duration,
    tell: &mut dyn FnMut(News),
) {
    match provider.reports_by() {
        ReportsBy::Nothing => return tell(News::NeverReported),
        ReportsBy::Callback => return tell(News::ReportedToServer),
        ReportsBy::Polling | ReportsBy::Session => {}
    }
    let Some(id) = receipt.message_id.as_ref().filter(|_| !patience.is_zero()) else {
        return tell(News::NotAsked);
    };
    match (provider.reports(), held) {
        (ReportSource::Polling(asked), _) => {
            tell(News::Asking(patience));
            let news = ask(&**asked, id, patience).await;
            tell(news.unwrap_or(News::NothingYet(patience)));
        }
        (_, Some(held)) => {
            tell(News::Awaiting(patience));
            tell(held.news_of(id, patience).await);
        }
        (_, None) => tell(News::NotAsked),
    }
}

async fn end(held: Option<Held>) {
    if let Some(held) = held {
        held.end().await;
    }
}

/// Asks again and again, the last time when `patience` is over.
#[expect(
    clippy::disallowed_methods,
    reason = "the pause between two questions, while an operator waits for the answer"
)]
async fn ask(asked: &dyn PollReports, id: &MessageId, patience: Duration) -> Option<News> {
    let mut left = patience;
    while !left.is_zero() {
        let pause = left.min(ASK_EVERY);
        sleep(pause).await;
        left -= pause;
        let report = asked.poll(id).await;
        if let Some(Report {
            arrival: Some(arrival),
            cost,
            ..
        }) = report
        {
            return Some(News::Reported { arrival, cost });
        }
    }
    None
}
