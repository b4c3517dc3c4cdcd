//! Three providers behind the real router, people who log in by them, and a time that passes only
//! when it is told to.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    challenge::messages::MessagePolicy,
    code::CodeBook,
    delivery::ProviderName,
    flow::{self, Flows, ResendRequest, StartRequest, VerifyRequest},
    id::ChallengeId,
    keys::{KeyRing, RefreshKeys, SigningKey},
    policy::Policy,
    route::{
        order::Strategy,
        table::{RouteRule, RoutingTable, Scope},
    },
    secret::{MasterSecret, Secret},
    testing::{ManualClock, MemoryStore, SeededRandom, values},
    time::{Clock, Timestamp},
};
use phonekey_delivery::{
    provider::Surroundings,
    report::ReportTokens,
    router::{Router, RouterWorld},
    senders::Senders,
    settings::Pace,
    text::Texts,
};
use tokio::{task::yield_now, time::advance};

use crate::{
    fault::{Fate, Fault},
    played::{Played, Sent},
    senders::{Exchanges, provider},
    wire::Wire,
};

/// How long an exchange with a provider may take (`delivery.….timeout`).
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a provider (`delivery.deadline`).
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);
/// `delivery.unknown_after`.
pub(crate) const UNKNOWN_AFTER: Duration = Duration::from_secs(10);
/// `delivery.unreported_after`.
pub(crate) const UNREPORTED_AFTER: Duration = Duration::from_secs(20);
/// How often the server looks after messages (its housekeeping does so every two seconds).
pub(crate) const FOLLOW_UP_EVERY: Duration = Duration::from_secs(2);

/// The grain of the simulated time; all times above are multiples of it.
const SECOND: Duration = Duration::from_secs(1);

/// The providers' wires, in the order in which they are asked.
const WIRES: [Wire; 3] = [Wire::Kavenegar, Wire::SmsIr, Wire::Webhook];

/// Three providers, and a server that sends by them.
pub(crate) struct Scene {
    pub(crate) providers: [Played; 3],
    clock: Arc<ManualClock>,
    router: Arc<Router>,
    flows: Arc<Flows>,
    exchanges: Arc<Exchanges>,
    began_at: Timestamp,
    /// Keeps the runtime's clock from running ahead to the next timer whenever all tasks wait, for
    /// they wait for sockets as well.
    _standstill: std::sync::mpsc::Sender<()>,
}

/// Somebody who has asked for a code.
pub(crate) struct Person {
    number: String,
    challenge: ChallengeId,
    asked_at: Timestamp,
    /// How long until the server said that the code is on its way.
    pub(crate) answered_after: Duration,
}

impl Scene {
    /// Providers that fail in these ways, if any. The test's time is paused.
    pub(crate) fn of(faults: [Option<Fault>; 3]) -> Self {
        let (standstill, never) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || never.recv());

        let clock = Arc::new(ManualClock::default());
        let exchanges = Arc::new(Exchanges::default());
        let (mut index, began_at) = (0, clock.now());
        let providers = faults.map(|fault| {
            let played = Played::start(WIRES[index], fault, &clock, &exchanges);
            index += 1;
            played
        });
        let store = Arc::new(MemoryStore::default());
        let random = Arc::new(SeededRandom::new(7));
        let master = MasterSecret::new(Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")).unwrap();
        let book = Arc::new(CodeBook::new(&master, &[], Vec::new()));
        let policy = Policy {
            messages: MessagePolicy {
                unknown_after: UNKNOWN_AFTER,
                unreported_after: Some(UNREPORTED_AFTER),
                ..MessagePolicy::default()
            },
            ..Policy::default()
        };
        let pace = Pace {
            deadline: DEADLINE,
            ..Pace::default()
        };
        let router = Arc::new(Router::new(
            senders(&providers, &clock, &exchanges),
            ReportTokens::new(&master),
            pace,
            policy.messages,
            RouterWorld {
                store: Arc::clone(&store) as _,
                book: Arc::clone(&book),
                clock: Arc::clone(&clock) as _,
                random: Arc::clone(&random) as _,
                number: Arc::new(policy.number.clone()),
            },
        ));
        let token_secret = Secret::new("a-token-secret-Zr1mT0vYx3KpLw7NcB5dGh");
        let keys = KeyRing::new(
            SigningKey::hs256(&token_secret),
            RefreshKeys::new(&token_secret, &master),
            Vec::new(),
        );
        let world = flow::World {
            store,
            dispatcher: Arc::clone(&router) as _,
            clock: Arc::clone(&clock) as _,
            random,
            book,
            keys: Arc::new(keys),
        };
        Self {
            providers,
            clock,
            router,
            flows: Arc::new(Flows::new(world, policy)),
            exchanges,
            began_at,
            _standstill: standstill,
        }
    }

    /// The `number`-th person asks for a code; returns once the server has answered.
    pub(crate) async fn person(&self, number: usize) -> Person {
        let (number, asked_at) = (format!("0912{number:07}"), self.clock.now());
        let (flows, receiver) = (Arc::clone(&self.flows), number.clone());
        let started = self.until_answered(async move {
            let request = StartRequest {
                receiver: &receiver,
                languages: &["fa"],
                channel: None,
                app_hash: None,
            };
            flows.start(request).await
        });
        let started = started.await.unwrap();
        Person {
            number,
            challenge: started.challenge,
            asked_at,
            answered_after: self.clock.now().since(asked_at),
        }
    }

    /// A person asks for the code once more.
    pub(crate) async fn ask_again(&self, person: &Person) {
        let (flows, receiver) = (Arc::clone(&self.flows), person.number.clone());
        let challenge = person.challenge;
        let resent = self.until_answered(async move {
            let request = ResendRequest {
                challenge,
                receiver: &receiver,
                channel: None,
            };
            flows.resend(request).await
        });
        resent.await.unwrap();
    }

    /// A person gives the code that came, which must be right.
    pub(crate) async fn log_in(&self, person: &Person) {
        let messages = self.messages(person);
        let came = messages.iter().find(|sent| sent.came_at.is_some()).unwrap();
        let request = VerifyRequest {
            challenge: person.challenge,
            receiver: &person.number,
            code: &came.code,
        };
        self.flows.verify(request).await.unwrap();
    }

    /// Lets time pass until the person has a code, at most so long after it was asked for. How long
    /// it took; `None` when it did not come.
    pub(crate) async fn await_code(&self, person: &Person, at_most: Duration) -> Option<Duration> {
        loop {
            if let Some(came_after) = self.came_after(person) {
                return Some(came_after);
            }
            if self.clock.now().since(person.asked_at) >= at_most {
                return None;
            }
            self.pass(SECOND).await;
        }
    }

    /// How long after it was asked for a code has come, if one has.
    fn came_after(&self, person: &Person) -> Option<Duration> {
        let came = self.messages(person).into_iter();
        let first = came.filter_map(|sent| sent.came_at).min()?;
        Some(first.since(person.asked_at))
    }

    /// Lets time pass, with all that the server does in it.
    pub(crate) async fn pass(&self, time: Duration) {
        for _ in 0..time.as_secs() {
            self.clock.advance(SECOND);
            advance(SECOND).await;
            self.settle().await;
            let now = self.clock.now();
            let passed = now.since(self.began_at).as_secs();
            if passed.is_multiple_of(FOLLOW_UP_EVERY.as_secs()) {
                let router = Arc::clone(&self.router);
                let chores = async move {
                    router.follow_up_once(now).await.unwrap();
                    router.resume_once(now).await.unwrap()
                };
                let resumed = self.within_a_moment(chores).await;
                assert_eq!(resumed, 0, "no lease ends while its holder works");
            }
        }
    }

    /// What the providers were asked to send to a person, provider by provider.
    pub(crate) fn messages(&self, person: &Person) -> Vec<Sent> {
        let sent = self.providers.iter().flat_map(Played::sent);
        sent.filter(|sent| sent.number == person.number).collect()
    }

    /// How many messages the person may have got, for all that we can tell.
    pub(crate) fn reaching(&self, person: &Person) -> usize {
        let messages = self.messages(person).into_iter();
        messages
            .filter(|sent| sent.fate != Some(Fate::NotSent))
            .count()
    }

    /// Runs a request, letting time pass while it waits.
    async fn until_answered<T: Send + 'static>(
        &self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let request = tokio::spawn(request);
        self.settle().await;
        while !request.is_finished() {
            self.pass(SECOND).await;
        }
        request.await.unwrap()
    }

    /// Runs what needs no time to pass.
    async fn within_a_moment<T: Send + 'static>(
        &self,
        chores: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let chores = tokio::spawn(chores);
        self.settle().await;
        assert!(chores.is_finished(), "it waits for time to pass");
        chores.await.unwrap()
    }

    /// Returns once nothing more happens without time passing.
    async fn settle(&self) {
        let mut calm = 0;
        for _ in 0..PATIENCE {
            if calm == CALM {
                return;
            }
            // Each turn runs every task that can go on, and looks at the sockets once.
            yield_now().await;
            calm = if self.exchanges.are_over() {
                calm + 1
            } else {
                0
            };
        }
        panic!("an exchange does not end");
    }
}

/// So many turns of the runtime without an exchange: between two exchanges of the router's there are
/// some steps of the store in memory, each of a turn or two.
const CALM: usize = 30;
/// Turns after which something hangs.
const PATIENCE: usize = 1_000_000;

/// The real senders, in the order of their servers.
fn senders(
    providers: &[Played; 3],
    clock: &Arc<ManualClock>,
    exchanges: &Arc<Exchanges>,
) -> Senders {
    let names = ["first", "second", "third"];
    let texts = Texts::falling_back_to("fa").unwrap();
    let table = RoutingTable::new(vec![RouteRule {
        scope: Scope::Everywhere,
        hops: names.map(values::hop).into(),
        on_request: Vec::new(),
        strategy: Strategy::Ordered,
    }]);
    let made = names.into_iter().zip(WIRES).zip(providers);
    let made = made.map(|((name, wire), played)| {
        let surroundings = Surroundings {
            texts: texts.clone(),
            clock: Arc::clone(clock) as Arc<dyn Clock>,
            callback: None,
            public_url: None,
        };
        let made = provider(wire, &played.url(), surroundings, exchanges);
        (ProviderName::new(name), made)
    });
    Senders::of(table, texts.clone(), made)
}
