//! Many at once against the real server, and against two servers over one database.

use std::{collections::HashSet, sync::Barrier, thread};

use crate::support::{Client, Home, REFRESH, VERIFY, claims, mobile};
use serde_json::json;

/// Requests at once.
const CONTESTANTS: usize = 200;

#[test]
fn one_right_code_works_once_on_sqlite() {
    let home = Home::sqlite();
    one_code_works_once(&home, 1);
}

#[test]
fn one_right_code_works_once_over_two_servers_on_postgres() {
    if let Some(home) = Home::postgres() {
        one_code_works_once(&home, 2);
    }
}

#[test]
fn first_logins_of_one_number_make_one_user_on_sqlite() {
    let home = Home::sqlite();
    first_logins_make_one_user(&home, 1);
}

#[test]
fn first_logins_of_one_number_make_one_user_over_two_servers_on_postgres() {
    if let Some(home) = Home::postgres() {
        first_logins_make_one_user(&home, 2);
    }
}

#[test]
fn racing_refreshes_all_get_the_same_successor_on_sqlite() {
    let home = Home::sqlite();
    refreshes_get_the_same_successor(&home, 1);
}

#[test]
fn racing_refreshes_all_get_the_same_successor_over_two_servers_on_postgres() {
    if let Some(home) = Home::postgres() {
        refreshes_get_the_same_successor(&home, 2);
    }
}

fn one_code_works_once(home: &Home, servers: usize) {
    let servers: Vec<_> = (0..servers).map(|_| home.start()).collect();
    let addresses: Vec<&str> = servers
        .iter()
        .map(|server| server.address.as_str())
        .collect();
    for round in 0..5 {
        let answer = servers[0].client().challenge(home, &mobile(round));

        let statuses = race(&addresses, CONTESTANTS, |_, client| {
            client.post(VERIFY, &answer).status
        });

        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert!(
            statuses.iter().all(|status| [200, 400].contains(status)),
            "{statuses:?}"
        );
    }
}

/// As many challenges as contestants, all for one number, all answered right at once. The first
/// success ends the others, so one or more log in, and all as the same user.
fn first_logins_make_one_user(home: &Home, servers: usize) {
    let servers: Vec<_> = (0..servers).map(|_| home.start()).collect();
    let addresses: Vec<&str> = servers
        .iter()
        .map(|server| server.address.as_str())
        .collect();
    let mut client = servers[0].client();
    let answers: Vec<_> = (0..CONTESTANTS)
        .map(|_| client.challenge(home, &mobile(7)))
        .collect();

    let outcomes = race(&addresses, CONTESTANTS, |number, client| {
        let answer = client.post(VERIFY, &answers[number]);
        (
            answer.status,
            (answer.status == 200).then(|| claims(&answer.body["access"])),
        )
    });

    assert!(
        outcomes
            .iter()
            .all(|(status, _)| [200, 400].contains(status)),
        "{outcomes:?}"
    );
    let users: HashSet<String> = outcomes
        .iter()
        .filter_map(|(_, claims)| claims.as_ref())
        .map(|claims| claims["user_id"].to_string())
        .collect();
    assert_eq!(users.len(), 1, "{outcomes:?}");
    assert_eq!(home.users(), ["+989120000007"]);
}

fn refreshes_get_the_same_successor(home: &Home, servers: usize) {
    let servers: Vec<_> = (0..servers).map(|_| home.start()).collect();
    let addresses: Vec<&str> = servers
        .iter()
        .map(|server| server.address.as_str())
        .collect();
    let tokens = servers[0].client().log_in(home, &mobile(1));
    let body = json!({ "refresh": tokens["refresh"] });

    let answers = race(&addresses, CONTESTANTS, |_, client| {
        client.post(REFRESH, &body)
    });

    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    let successors: HashSet<String> = answers
        .iter()
        .map(|answer| answer.body["refresh"].to_string())
        .collect();
    assert_eq!(successors.len(), 1);
}

/// Runs `count` contestants at the same moment, each over a connection of its own made before.
fn race<T: Send>(
    addresses: &[&str],
    count: usize,
    run: impl Fn(usize, &mut Client) -> T + Sync,
) -> Vec<T> {
    let gate = Barrier::new(count);
    thread::scope(|scope| {
        let contestants: Vec<_> = (0..count)
            .map(|number| {
                let (gate, run) = (&gate, &run);
                let address = addresses[number % addresses.len()];
                scope.spawn(move || {
                    let mut client = Client::connect(address);
                    gate.wait();
                    run(number, &mut client)
                })
            })
            .collect();
        contestants
            .into_iter()
            .map(|contestant| contestant.join().unwrap())
            .collect()
    })
}
