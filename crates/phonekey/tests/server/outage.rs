//! The database goes away and comes back: 503 with `Retry-After`, then all is well by itself.

use std::{thread, time::Duration};

use crate::{
    proxy::Proxy,
    support::{CREATE, Home, REFRESH, VERIFY, mobile},
};
use serde_json::json;

#[test]
fn a_database_that_goes_away_is_503_until_it_is_back() {
    let Some(mut home) = Home::postgres() else {
        return;
    };
    let proxy = Proxy::before(&mut home);
    let mut server = home.start();
    let mut client = server.client();
    let tokens = client.log_in(&home, &mobile(1));
    let waiting = client.challenge(&home, &mobile(2));

    proxy.cut();
    let bodies = [
        (CREATE, json!({ "receiver": mobile(3) })),
        (VERIFY, waiting.clone()),
        (REFRESH, json!({ "refresh": tokens["refresh"] })),
    ];
    for _ in 0..3 {
        for (path, body) in &bodies {
            let answer = client.post(path, body);
            assert_eq!(answer.status, 503, "{path}: {answer:?}");
            assert!(
                answer.headers.contains_key("retry-after"),
                "{path}: {answer:?}"
            );
        }
    }
    assert_eq!(client.get("/health/live").status, 200);
    assert_eq!(client.get("/health/ready").status, 503);

    proxy.mend();
    until(|| client.get("/health/ready").status == 200);
    assert_eq!(
        client.post(VERIFY, &waiting).status,
        200,
        "an answered create is lost"
    );
    let renewed = client.post(REFRESH, &json!({ "refresh": tokens["refresh"] }));
    assert_eq!(renewed.status, 200, "{renewed:?}");
    client.log_in(&home, &mobile(3));
    assert_eq!(server.stop(), Some(0));
}

/// Asks until it is so, for at most the time-out of the test runner.
fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        thread::park_timeout(Duration::from_millis(50));
    }
}
