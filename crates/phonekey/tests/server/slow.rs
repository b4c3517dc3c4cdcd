//! A provider that takes seconds: nothing that was answered is lost when the server stops meanwhile.

use std::{thread, time::Duration};

use crate::{
    receiver::{Manner, Receiver},
    support::{CREATE, Home, Server, VERIFY, mobile, text, until},
};
use serde_json::json;

/// People whose messages are under way when the server stops.
const PEOPLE: usize = 40;

#[test]
fn a_server_that_stops_waits_for_a_slow_provider_and_sends_nothing_twice() {
    let (home, receiver) = home(Manner::After(Duration::from_secs(2)));
    let mut server = home.start();
    let answered = created(&server);

    assert_eq!(server.stop(), Some(0));

    assert!(
        answered
            .iter()
            .all(|challenge| receiver.has_taken(challenge))
    );
    let _server = after_all_leases(&home, &receiver);
    let copies = answered.iter().map(|challenge| receiver.copies(challenge));
    assert_eq!(copies.collect::<Vec<_>>(), [1; PEOPLE]);
}

#[test]
fn what_a_server_cannot_wait_for_is_sent_after_the_next_start() {
    let (mut home, receiver) = home(Manner::Never);
    home.set("PHONEKEY_HTTP__SHUTDOWN_DEADLINE", "0s");
    let mut server = home.start();
    let answered = created(&server);

    assert_eq!(server.stop(), Some(0));

    server.wait_for_log("stopped at the deadline");
    receiver.answer(Manner::AtOnce);
    let server = home.start();
    until(|| {
        answered
            .iter()
            .all(|challenge| receiver.has_taken(challenge))
    });
    let mut client = server.client();
    for message in receiver.arrived().iter().filter(|message| message.is_taken) {
        assert_eq!(receiver.copies(&message.challenge), 2);
        let tokens = client.post(VERIFY, &message.answer);
        assert_eq!(tokens.status, 200, "{tokens:?}");
    }
}

fn home(manner: Manner) -> (Home, Receiver) {
    let (mut home, receiver) = (Home::sqlite(), Receiver::start(manner));
    receiver.serve(&mut home);
    (home, receiver)
}

/// Has all people ask for a code at once; their challenges.
fn created(server: &Server) -> Vec<String> {
    let asked = thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE)
            .map(|person| {
                scope.spawn(move || {
                    let receiver = json!({ "receiver": mobile(person) });
                    server.client().post(CREATE, &receiver)
                })
            })
            .collect();
        let answers = people.into_iter().map(|person| person.join().unwrap());
        answers.collect::<Vec<_>>()
    });
    let challenges = asked.into_iter().map(|created| {
        assert_eq!(created.status, 200, "{created:?}");
        text(&created.body["uuid"])
    });
    challenges.collect()
}

/// A server that has taken up all that an earlier one left pending: one more message, left behind
/// after all others, tells when.
fn after_all_leases(home: &Home, receiver: &Receiver) -> Server {
    receiver.answer(Manner::Never);
    let mut server = home.start();
    let last = server
        .client()
        .post(CREATE, &json!({ "receiver": mobile(PEOPLE) }));
    let last = text(&last.body["uuid"]);
    server.kill();
    receiver.answer(Manner::AtOnce);
    let server = home.start();
    until(|| receiver.has_taken(&last));
    server
}
