//! `kill -9` between the commit of a challenge and the provider's answer: whoever was answered gets
//! the message after the next start, nobody gets it more than twice, and its code works.
//!
//! A few rounds by default; `PHONEKEY_UNSENT_ROUNDS=20` for the long form.

use std::{sync::Mutex, thread, time::Duration};

use crate::{
    receiver::{Manner, Receiver},
    support::{CREATE, Client, Home, Server, VERIFY, long_form, mobile, text, until},
};
use serde_json::json;

/// People who ask for a code at once.
const PEOPLE: usize = 16;

/// How the provider answers before the server is killed, in turn: not at all, or so late that some
/// of its answers are heard and noted and others are not.
const MANNERS: [Manner; 2] = [Manner::Never, Manner::After(Duration::from_millis(60))];

/// When the server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many people have been answered.
    Answered(usize),
    /// So many messages have come to the provider, when hardly anyone has been answered.
    Arrived(usize),
}

#[test]
fn kill_9_leaves_no_message_unsent_on_sqlite() {
    rounds(2, || Some(Home::sqlite()));
}

#[test]
fn kill_9_leaves_no_message_unsent_on_postgres() {
    rounds(1, Home::postgres);
}

/// Each round has a home of its own: the messages that one leaves behind must not be killed twice.
fn rounds(default: usize, home: impl Fn() -> Option<Home>) {
    for round in 0..long_form("PHONEKEY_UNSENT_ROUNDS").unwrap_or(default) {
        let Some(home) = home() else { return };
        let moment = match round % 3 {
            1 => Moment::Arrived(1 + round % PEOPLE),
            _ => Moment::Answered(PEOPLE - round % PEOPLE),
        };
        let manner = MANNERS[round / 2 % 2];
        one_round(
            home,
            moment,
            manner,
            &format!("round {round}, {moment:?}, {manner:?}"),
        );
    }
}

fn one_round(mut home: Home, moment: Moment, manner: Manner, round: &str) {
    let receiver = Receiver::start(manner);
    receiver.serve(&mut home);
    let answered = killed_at(moment, home.start(), &receiver);
    let before = receiver.arrived();

    receiver.answer(Manner::AtOnce);
    let mut server = home.start();
    until(|| {
        answered
            .iter()
            .all(|challenge| receiver.has_taken(challenge))
    });

    let mut client = server.client();
    let mut logged_in = Vec::new();
    for message in receiver.arrived() {
        if message.is_taken && !logged_in.contains(&message.challenge) {
            let tokens = client.post(VERIFY, &message.answer);
            assert_eq!(tokens.status, 200, "{round}: {tokens:?}");
            logged_in.push(message.challenge);
        }
    }
    assert_eq!(server.stop(), Some(0), "{round}");
    for message in receiver.arrived() {
        let challenge = &message.challenge;
        let copies = receiver.copies(challenge);
        let early = before
            .iter()
            .filter(|it| it.challenge == *challenge)
            .count();
        assert!(early <= 1, "{round}: {early} copies before the kill");
        assert!(copies <= 2, "{round}: {copies} copies");
    }
}

/// Has people ask a server for codes and kills it at this moment; the challenges of those who were
/// answered.
fn killed_at(moment: Moment, mut server: Server, receiver: &Receiver) -> Vec<String> {
    let answered = Mutex::new(Vec::new());
    let clients: Vec<_> = (0..PEOPLE).map(|_| server.client()).collect();
    thread::scope(|scope| {
        for (person, client) in clients.into_iter().enumerate() {
            let answered = &answered;
            scope.spawn(move || ask(client, person, answered));
        }
        until(|| match moment {
            Moment::Answered(count) => answered.lock().unwrap().len() >= count,
            Moment::Arrived(count) => receiver.arrived().len() >= count,
        });
        server.kill();
    });
    answered.into_inner().unwrap()
}

/// Asks for a code; nobody knows what became of a request that broke off.
fn ask(mut client: Client, person: usize, answered: &Mutex<Vec<String>>) {
    let Ok(created) = client.try_post(CREATE, &json!({ "receiver": mobile(person) })) else {
        return;
    };
    assert_eq!(created.status, 200, "{created:?}");
    answered.lock().unwrap().push(text(&created.body["uuid"]));
}
