//! The database goes away and comes back: 503 with `Retry-After`, then all is well by itself.
//!
//! It is away for a few requests by default; `PHONEKEY_OUTAGE_SECONDS=10` for the long form.

use std::{
    sync::atomic::AtomicUsize,
    thread,
    time::{Duration, Instant},
};

use crate::{
    load::{CLIENTS, Load, assert_users_are_unique},
    proxy::Proxy,
    support::{CREATE, Home, REFRESH, VERIFY, long_form, mobile, until},
};
use serde_json::json;

#[test]
fn t71_a_database_that_goes_away_is_503_until_it_is_back() {
    let Some(mut home) = Home::postgres() else {
        return;
    };
    let proxy = Proxy::before(&mut home);
    let mut server = home.start();
    let mut client = server.client();
    let used = client.challenge(&home, &mobile(1));
    let tokens = client.post(VERIFY, &used).body;
    let waiting = client.challenge(&home, &mobile(2));
    let refresh = json!({ "refresh": tokens["refresh"] });

    proxy.cut();
    during_the_outage(|| {
        for (path, body) in [
            (CREATE, &json!({ "receiver": mobile(3) })),
            (VERIFY, &waiting),
            (VERIFY, &used),
            (REFRESH, &refresh),
        ] {
            client.post(path, body).assert_unavailable(path);
        }
    });
    assert_eq!(client.get("/health/live").status, 200);
    assert_eq!(client.get("/health/ready").status, 503);

    proxy.mend();
    until(|| client.get("/health/ready").status == 200);
    let verified = client.post(VERIFY, &waiting);
    assert_eq!(verified.status, 200, "a create is lost: {verified:?}");
    let renewed = client.post(REFRESH, &refresh);
    assert_eq!(renewed.status, 200, "a login is lost: {renewed:?}");
    assert_eq!(client.post(VERIFY, &used).status, 400);
    client.log_in(&home, &mobile(3));
    assert_eq!(server.stop(), Some(0));
    assert_users_are_unique(&home, 3);
}

#[test]
fn t71_a_database_that_goes_away_under_load_loses_nothing() {
    let Some(mut home) = Home::postgres() else {
        return;
    };
    let proxy = Proxy::before(&mut home);
    let numbers = AtomicUsize::new(0);
    let mut server = home.start();
    let load = Load::new(&home, &server, &numbers);

    let answered = load.during(|| {
        load.await_right(100);
        proxy.cut();
        load.await_unavailable(10 * CLIENTS);
        proxy.mend();
        load.await_right(100);
    });

    answered.check(&home, &server, 0);
    assert_eq!(server.stop(), Some(0));
    assert_users_are_unique(&home, 50);
}

/// It takes the server some seconds to give a connection up that says nothing; the test's
/// client would call it a hang after 30 s.
#[test]
fn t71_a_database_that_says_nothing_is_503_until_it_speaks_again() {
    let Some(mut home) = Home::postgres() else {
        return;
    };
    let proxy = Proxy::before(&mut home);
    let mut server = home.start();
    let mut client = server.client();
    let tokens = client.log_in(&home, &mobile(1));
    let waiting = client.challenge(&home, &mobile(2));
    let requests = [
        (CREATE, json!({ "receiver": mobile(3) })),
        (VERIFY, waiting.clone()),
        (REFRESH, json!({ "refresh": tokens["refresh"] })),
    ];

    proxy.freeze();
    thread::scope(|scope| {
        for (path, body) in &requests {
            let mut client = server.client();
            scope.spawn(move || client.post(path, body).assert_unavailable(path));
        }
    });

    proxy.mend();
    until(|| client.get("/health/ready").status == 200);
    let verified = client.post(VERIFY, &waiting);
    assert!([200, 400].contains(&verified.status), "{verified:?}");
    assert_eq!(client.post(VERIFY, &waiting).status, 400);
    let (path, body) = &requests[2];
    let renewed = client.post(path, body);
    assert_eq!(renewed.status, 200, "a login is lost: {renewed:?}");
    client.log_in(&home, &mobile(3));
    assert_eq!(server.stop(), Some(0));
}

/// Does it three times, or for as long as the long form asks.
#[expect(
    clippy::disallowed_methods,
    reason = "the long form is so many seconds of the real world"
)]
fn during_the_outage(mut does: impl FnMut()) {
    let seconds = long_form("PHONEKEY_OUTAGE_SECONDS").unwrap_or(0);
    let (began, mut times) = (Instant::now(), 0);
    while times < 3 || began.elapsed() < Duration::from_secs(seconds) {
        does();
        times += 1;
    }
}
