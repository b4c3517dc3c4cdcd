//! The disk fills up and is emptied again: a clear fault meanwhile, then all is well by itself.
//!
//! One round under load by default; `PHONEKEY_DISK_ROUNDS=50` for the long form (SECURITY.md T73).

use std::sync::atomic::AtomicUsize;

use crate::{
    load::{CLIENTS, Load, assert_users_are_unique},
    support::{CREATE, Home, REFRESH, VERIFY, long_form, mobile, until},
};
use serde_json::json;

#[test]
fn t73_a_full_disk_is_503_and_takes_nothing_back() {
    let Some(home) = Home::on_small_disk() else {
        return;
    };
    let mut server = home.start();
    let mut client = server.client();
    let used = client.challenge(&home, &mobile(1));
    let tokens = client.post(VERIFY, &used).body;
    let waiting = client.challenge(&home, &mobile(2));
    let refresh = json!({ "refresh": tokens["refresh"] });

    home.disk().fill();
    for _ in 0..3 {
        for (path, body) in [
            (CREATE, &json!({ "receiver": mobile(3) })),
            (VERIFY, &waiting),
            (REFRESH, &refresh),
        ] {
            client.post(path, body).assert_unavailable(path);
        }
        let again = client.post(VERIFY, &used);
        assert_eq!(again.status, 400, "a code worked twice: {again:?}");
    }
    assert_eq!(client.get("/health/live").status, 200);
    // Looked at once a second at most.
    until(|| client.get("/health/ready").status == 503);

    home.disk().empty();
    let verified = client.post(VERIFY, &waiting);
    assert_eq!(verified.status, 200, "a create is lost: {verified:?}");
    let renewed = client.post(REFRESH, &refresh);
    assert_eq!(renewed.status, 200, "a login is lost: {renewed:?}");
    assert_eq!(client.post(VERIFY, &used).status, 400);
    client.log_in(&home, &mobile(3));
    until(|| client.get("/health/ready").status == 200);
    assert_eq!(server.stop(), Some(0));
    assert_users_are_unique(&home, 3);
    assert_sound(&home);
}

#[test]
fn t73_a_server_killed_on_a_full_disk_starts_again_with_all_it_answered() {
    let Some(home) = Home::on_small_disk() else {
        return;
    };
    let numbers = AtomicUsize::new(0);
    let mut server = home.start();
    let load = Load::new(&home, &server, &numbers);

    let answered = load.during(|| {
        load.await_right(100);
        home.disk().fill();
        load.await_unavailable(CLIENTS);
        server.kill();
    });
    home.disk().empty();
    let server = home.start();

    answered.check(&home, &server, 0);
    assert_users_are_unique(&home, 50);
    assert_sound(&home);
}

#[test]
fn t73_a_disk_that_fills_up_under_load_loses_nothing() {
    for round in 0..long_form("PHONEKEY_DISK_ROUNDS").unwrap_or(1) {
        let Some(home) = Home::on_small_disk() else {
            return;
        };
        let numbers = AtomicUsize::new(0);
        let mut server = home.start();
        let load = Load::new(&home, &server, &numbers);

        let answered = load.during(|| {
            load.await_right(50 + round * 37 % 400);
            home.disk().fill();
            load.await_unavailable(10 * CLIENTS);
            home.disk().empty();
            let refused = load.unavailable();
            load.await_right(100);
            // Only what was under way when space returned may have met the full disk.
            let late = load.unavailable() - refused;
            assert!(late <= 2 * CLIENTS, "round {round}: {late} refused");
        });

        answered.check(&home, &server, round);
        assert_eq!(server.stop(), Some(0), "round {round}");
        assert_users_are_unique(&home, 50);
        assert_sound(&home);
    }
}

#[test]
fn t73_files_that_may_not_grow_are_503_and_no_end_of_the_server() {
    let home = Home::sqlite();
    let mut server = home.start();
    let mut client = server.client();
    let waiting = client.challenge(&home, &mobile(1));

    server.limit_file_size("1");
    for (path, body) in [
        (CREATE, &json!({ "receiver": mobile(2) })),
        (VERIFY, &waiting),
    ] {
        client.post(path, body).assert_unavailable(path);
    }
    until(|| client.get("/health/ready").status == 503);

    server.limit_file_size("unlimited");
    assert_eq!(client.post(VERIFY, &waiting).status, 200);
    assert_eq!(server.stop(), Some(0));
    assert_sound(&home);
}

/// Has SQLite look for damage in the file.
fn assert_sound(home: &Home) {
    let checked = home
        .program("python3")
        .args(["-c", INTEGRITY_CHECK, "data/phonekey.db"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&checked.stdout),
        "[('ok',)]\n",
        "{checked:?}"
    );
}

const INTEGRITY_CHECK: &str = "
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute('pragma integrity_check').fetchall())";
