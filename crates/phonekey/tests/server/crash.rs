//! `kill -9` under load: nothing that was answered is lost, and no code ever works twice.
//!
//! A few rounds by default; `PHONEKEY_CRASH_ROUNDS=50` for the long form.

use std::sync::atomic::AtomicUsize;

use crate::{
    load::{Load, assert_users_are_unique},
    support::{Home, long_form},
};

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
    let numbers = AtomicUsize::new(0);
    let mut server = home.start();
    for round in 0..long_form("PHONEKEY_CRASH_ROUNDS").unwrap_or(default) {
        let load = Load::new(home, &server, &numbers);
        let answered = load.during(|| {
            load.await_right(ANSWERS_BEFORE_KILL + round * 37 % 100);
            server.kill();
        });
        assert_eq!(load.unavailable(), 0, "round {round}");
        server = home.start();
        answered.check(home, &server, round);
    }
    assert_users_are_unique(home, 50);
}
