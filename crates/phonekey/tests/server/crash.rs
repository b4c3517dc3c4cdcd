//! `kill -9` under load: nothing that was answered is lost, and no code ever works twice.
//!
//! A few rounds by default; `PHONEKEY_CRASH_ROUNDS=50` for the long form.

use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::support::{CREATE, Client, Home, REFRESH, Server, VERIFY, claims, mobile, text};
use serde_json::{Value, json};

/// Clients at once.
const CLIENTS: usize = 16;

/// Answers after which the server is killed, different each round.
const ANSWERS_BEFORE_KILL: usize = 150;

#[test]
fn kill_9_loses_nothing_on_sqlite() {
    rounds(&Home::sqlite(), 4);
}

#[test]
fn kill_9_loses_nothing_on_postgres() {
    if let Some(home) = Home::postgres() {
        rounds(&home, 2);
    }
}

fn rounds(home: &Home, default: usize) {
    let rounds = env::var("PHONEKEY_CRASH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let numbers = AtomicUsize::new(0);
    let mut server = home.start();
    for round in 0..rounds.unwrap_or(default) {
        let answered = load_until_killed(home, &mut server, &numbers, round);
        server = home.start();
        check(home, &server, answered, round);
    }
    assert_users_are_unique(home);
}

/// What the server answered before it died.
#[derive(Default)]
struct Answered {
    /// Challenges that were created and not yet verified: the answers to give.
    created: Vec<Value>,
    /// Logins: the answer that was given and the tokens that came back.
    logged_in: Vec<(Value, Value)>,
    /// Challenges whose verify broke off: it may have counted or not, but once at most.
    in_doubt: Vec<Value>,
}

fn load_until_killed(
    home: &Home,
    server: &mut Server,
    numbers: &AtomicUsize,
    round: usize,
) -> Answered {
    let answers = AtomicUsize::new(0);
    let address = server.address.clone();
    let kill_after = ANSWERS_BEFORE_KILL + round * 37 % 100;
    let mut all = Answered::default();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let (answers, address) = (&answers, &address);
                    move || work(home, address, client, numbers, answers)
                })
            })
            .collect();
        while answers.load(Ordering::Relaxed) < kill_after {
            thread::yield_now();
        }
        server.kill();
        for client in clients {
            let answered = client.join().unwrap();
            all.created.extend(answered.created);
            all.logged_in.extend(answered.logged_in);
            all.in_doubt.extend(answered.in_doubt);
        }
    });
    all
}

/// Creates and verifies until the connection breaks. Every third challenge is left for later.
fn work(
    home: &Home,
    address: &str,
    client: usize,
    numbers: &AtomicUsize,
    answers: &AtomicUsize,
) -> Answered {
    let mut answered = Answered::default();
    let Ok(mut connection) = Client::try_connect(address) else {
        return answered;
    };
    for turn in 0.. {
        let receiver = mobile(numbers.fetch_add(1, Ordering::Relaxed));
        let Ok(created) = connection.try_post(CREATE, &json!({ "receiver": receiver })) else {
            return answered;
        };
        assert_eq!(created.status, 200, "{created:?}");
        answers.fetch_add(1, Ordering::Relaxed);
        let uuid = text(&created.body["uuid"]);
        let answer = json!({ "code": home.code(&uuid), "uuid": uuid, "receiver": receiver });
        if (turn + client).is_multiple_of(3) {
            answered.created.push(answer);
            continue;
        }
        let Ok(tokens) = connection.try_post(VERIFY, &answer) else {
            answered.in_doubt.push(answer);
            return answered;
        };
        assert_eq!(tokens.status, 200, "{tokens:?}");
        answers.fetch_add(1, Ordering::Relaxed);
        answered.logged_in.push((answer, tokens.body));
    }
    answered
}

fn check(home: &Home, server: &Server, answered: Answered, round: usize) {
    let mut client = server.client();
    assert!(
        !answered.logged_in.is_empty() && !answered.created.is_empty(),
        "round {round}"
    );
    for answer in answered.created {
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
    for (answer, tokens) in answered.logged_in {
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
    for answer in answered.in_doubt {
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

fn assert_users_are_unique(home: &Home) {
    let listed = home.command(&["user", "list", "--json"]).output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let users: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let mut numbers: Vec<String> = users.iter().map(|user| text(&user["phone"])).collect();
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert!(count > 50, "{count} users");
    assert_eq!(numbers.len(), count, "a user is doubled");
}
