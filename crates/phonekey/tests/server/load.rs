//! Many people who log in at once, and what must hold of whatever they were answered.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use crate::support::{CREATE, Client, Home, REFRESH, Server, VERIFY, claims, mobile, text};
use serde_json::{Value, json};

/// Clients at once.
pub(crate) const CLIENTS: usize = 16;

/// Clients that log in, each time with another number, until they are told to stop or their
/// connection breaks.
pub(crate) struct Load<'a> {
    home: &'a Home,
    address: String,
    /// The next number; the numbers of a home are used once.
    numbers: &'a AtomicUsize,
    right: AtomicUsize,
    unavailable: AtomicUsize,
    at_work: AtomicUsize,
    over: AtomicBool,
}

/// What the server answered, and what is to be asked of it again.
#[derive(Default)]
pub(crate) struct Answered {
    /// Challenges that were created and not yet verified: the answers to give.
    created: Vec<Value>,
    /// Logins: the answer that was given and the tokens that came back.
    logged_in: Vec<(Value, Value)>,
    /// Challenges whose verify broke off or was answered 503: it may have counted or not, but once
    /// at most.
    in_doubt: Vec<Value>,
}

impl<'a> Load<'a> {
    /// A load on `server`.
    pub(crate) fn new(home: &'a Home, server: &Server, numbers: &'a AtomicUsize) -> Self {
        Self {
            home,
            address: server.address.clone(),
            numbers,
            right: AtomicUsize::new(0),
            unavailable: AtomicUsize::new(0),
            at_work: AtomicUsize::new(CLIENTS),
            over: AtomicBool::new(false),
        }
    }

    /// Runs the load for as long as `meanwhile` runs.
    pub(crate) fn during(&self, meanwhile: impl FnOnce()) -> Answered {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    scope.spawn(move || {
                        let _leaves = Defer(|| {
                            self.at_work.fetch_sub(1, Ordering::Relaxed);
                        });
                        self.work(client)
                    })
                })
                .collect();
            // Also when `meanwhile` fails, or the clients would never end.
            let over = Defer(|| self.over.store(true, Ordering::Relaxed));
            meanwhile();
            drop(over);
            let mut all = Answered::default();
            for client in clients {
                all.add(client.join().unwrap());
            }
            all
        })
    }

    /// Returns once `count` more requests have been answered well.
    pub(crate) fn await_right(&self, count: usize) {
        self.await_more(&self.right, count);
    }

    /// Returns once `count` more requests have been answered 503.
    pub(crate) fn await_unavailable(&self, count: usize) {
        self.await_more(&self.unavailable, count);
    }

    /// How many requests have been answered 503.
    pub(crate) fn unavailable(&self) -> usize {
        self.unavailable.load(Ordering::Relaxed)
    }

    fn await_more(&self, counter: &AtomicUsize, count: usize) {
        let enough = counter.load(Ordering::Relaxed) + count;
        while counter.load(Ordering::Relaxed) < enough {
            let at_work = self.at_work.load(Ordering::Relaxed);
            assert_ne!(at_work, 0, "all clients have ended");
            thread::yield_now();
        }
    }

    /// Every third challenge is left for later.
    fn work(&self, client: usize) -> Answered {
        let mut answered = Answered::default();
        let Ok(mut connection) = Client::try_connect(&self.address) else {
            return answered;
        };
        for turn in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let receiver = mobile(self.numbers.fetch_add(1, Ordering::Relaxed));
            let Ok(created) = connection.try_post(CREATE, &json!({ "receiver": receiver })) else {
                break;
            };
            if created.status == 503 {
                created.assert_unavailable(CREATE);
                self.unavailable.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            assert_eq!(created.status, 200, "{created:?}");
            self.right.fetch_add(1, Ordering::Relaxed);
            let uuid = text(&created.body["uuid"]);
            let code = self.home.code(&uuid);
            let answer = json!({ "code": code, "uuid": uuid, "receiver": receiver });
            if (turn + client).is_multiple_of(3) {
                answered.created.push(answer);
                continue;
            }
            let Ok(tokens) = connection.try_post(VERIFY, &answer) else {
                answered.in_doubt.push(answer);
                break;
            };
            if tokens.status == 503 {
                tokens.assert_unavailable(VERIFY);
                self.unavailable.fetch_add(1, Ordering::Relaxed);
                answered.in_doubt.push(answer);
                continue;
            }
            assert_eq!(tokens.status, 200, "{tokens:?}");
            self.right.fetch_add(1, Ordering::Relaxed);
            answered.logged_in.push((answer, tokens.body));
        }
        answered
    }
}

/// Runs when it is dropped, also by a panic.
struct Defer<F: FnMut()>(F);

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Answered {
    fn add(&mut self, other: Self) {
        self.created.extend(other.created);
        self.logged_in.extend(other.logged_in);
        self.in_doubt.extend(other.in_doubt);
    }

    /// Asks the server about everything: what was answered is there, and no code works twice.
    pub(crate) fn check(self, home: &Home, server: &Server, round: usize) {
        let mut client = server.client();
        assert!(
            !self.logged_in.is_empty() && !self.created.is_empty(),
            "round {round}"
        );
        for answer in self.created {
            let tokens = client.post(VERIFY, &answer);
            assert_eq!(
                tokens.status, 200,
                "round {round}: an answered create is lost: {tokens:?}"
            );
            assert_eq!(
                client.post(VERIFY, &answer).status,
                400,
                "round {round}: a code worked twice"
            );
        }
        for (answer, tokens) in self.logged_in {
            assert_eq!(
                client.post(VERIFY, &answer).status,
                400,
                "round {round}: a code worked twice"
            );
            let renewed = client.post(REFRESH, &json!({ "refresh": tokens["refresh"] }));
            assert_eq!(
                renewed.status, 200,
                "round {round}: an answered login is lost: {renewed:?}"
            );
            assert_eq!(
                claims(&renewed.body["access"])["user_id"],
                claims(&tokens["access"])["user_id"],
                "round {round}: another user"
            );
        }
        for answer in self.in_doubt {
            let again = client.post(VERIFY, &answer).status;
            assert!([200, 400].contains(&again), "round {round}: {again}");
            assert_eq!(
                client.post(VERIFY, &answer).status,
                400,
                "round {round}: a code worked twice"
            );
            client.log_in(home, &text(&answer["receiver"]));
        }
    }
}

/// Every number is one user's, of at least `fewest`.
pub(crate) fn assert_users_are_unique(home: &Home, fewest: usize) {
    let mut numbers = home.users();
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert!(count >= fewest, "{count} users");
    assert_eq!(numbers.len(), count, "a user is doubled");
}
