//! How a session begins, lives and ends.

use std::sync::Arc;

use phonekey_core::{
    delivery::outcome::{SendOutcome, SendRefusal},
    ports::delivery::MessageSender,
};
use tokio::time::timeout;

use crate::kit::{
    Client, ENQUIRE_LINK, GENERIC_NACK, LONG, SHORT, Server, UNBIND, accepted, answer_to,
    delivered, message, pdu, refused, settings,
};

const NOT_SENT: SendOutcome = refused(SendRefusal::Temporary);

#[tokio::test]
async fn a_message_waits_for_the_session_that_is_being_opened() {
    let server = Server::listen().await;
    let client = Client::start(&settings(server.port()));
    let sending = client.sending();

    let mut peer = server.session().await;
    peer.take("n-1").await;

    assert_eq!(sending.await.unwrap(), accepted("n-1"));
}

#[tokio::test]
async fn but_not_for_ever() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.timeout = SHORT;
    let client = Client::start(&settings);
    let _unanswered = server.connection().await;

    assert_eq!(client.send().await, NOT_SENT);
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_gets_nothing() {
    for (status, refusal) in [
        (0x0D, SendRefusal::BadCredentials),
        (0x0E, SendRefusal::BadCredentials),
        (0x0F, SendRefusal::BadCredentials),
        (0x05, SendRefusal::Temporary),
    ] {
        let server = Server::listen().await;
        let client = Client::start(&settings(server.port()));
        let sending = client.sending();
        let mut peer = server.connection().await;
        let bind = peer.read().await;

        peer.answer(&bind, status, b"").await;
        drop(server);

        assert_eq!(sending.await.unwrap(), refused(refusal), "{status:#x}");
        assert!(peer.try_read().await.is_none());
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_tells_nothing_and_is_not_taken_for_anothers() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.timeout = SHORT;
    let (client, mut peer) = server.client(&settings).await;

    assert_eq!(client.send().await, SendOutcome::Unknown);

    let late = peer.read().await;
    let sending = client.sending();
    let submit = peer.read().await;
    peer.answer(&late, 0x0B, b"").await;
    peer.answer(&submit, 0, b"n-2\0").await;
    assert_eq!(sending.await.unwrap(), accepted("n-2"));
}

#[tokio::test]
async fn nobody_can_tell_of_what_was_under_way_when_the_session_is_lost() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let sending = client.sending();
    let submit = peer.read().await;
    let answer = pdu(answer_to(submit.id()), 0, submit.sequence(), b"n-1\0");

    peer.write(&answer[..10]).await;
    drop(peer);

    assert_eq!(sending.await.unwrap(), SendOutcome::Unknown);
    // And the session begins anew at once.
    let mut peer = server.session().await;
    let (outcome, _) = tokio::join!(client.send(), peer.take("n-2"));
    assert_eq!(outcome, accepted("n-2"));
}

#[tokio::test]
async fn no_more_messages_wait_for_an_answer_than_the_window_has_places() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.window = 1;
    let (client, mut peer) = server.client(&settings).await;
    let (first, second) = (client.sending(), client.sending());

    let submit = peer.read().await;
    assert!(peer.hears_nothing().await);
    peer.answer(&submit, 0, b"n-1\0").await;
    peer.take("n-1").await;

    for sending in [first, second] {
        assert_eq!(sending.await.unwrap(), accepted("n-1"));
    }
}

#[tokio::test]
async fn what_waited_for_a_place_in_vain_was_not_sent() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    (settings.window, settings.timeout) = (1, SHORT);
    let (client, mut peer) = server.client(&settings).await;

    let (first, second) = tokio::join!(client.send(), client.send());

    // Either may have been the first.
    for outcome in [SendOutcome::Unknown, NOT_SENT] {
        assert!(
            first == outcome || second == outcome,
            "{first:?} {second:?}"
        );
    }
    peer.read().await;
    assert!(peer.hears_nothing().await);
}

#[tokio::test]
async fn what_the_server_asks_is_answered() {
    let server = Server::listen().await;
    let (_client, mut peer) = server.client(&settings(server.port())).await;
    let unknown_id = 3;
    for (request, answer) in [
        (
            pdu(ENQUIRE_LINK, 0, 7, b""),
            pdu(answer_to(ENQUIRE_LINK), 0, 7, b""),
        ),
        // With a body that it should not have.
        (
            pdu(ENQUIRE_LINK, 0, 8, b"?"),
            pdu(answer_to(ENQUIRE_LINK), 0, 8, b""),
        ),
        (
            pdu(0x0103, 0, 9, b"data"),
            pdu(GENERIC_NACK, unknown_id, 9, b""),
        ),
        (
            pdu(0x7777, 0, 10, b""),
            pdu(GENERIC_NACK, unknown_id, 10, b""),
        ),
    ] {
        peer.write(&request).await;
        assert_eq!(peer.read().await.0, answer);
    }
    // Answers that nobody waits for, and what wants none.
    for unasked in [0x8000_0004, 0x8000_0015, 0x8000_7777, GENERIC_NACK, 0x0102] {
        peer.write(&pdu(unasked, 0, 99, b"")).await;
    }
    assert!(peer.hears_nothing().await);
}

#[tokio::test]
async fn a_silent_server_is_asked_whether_it_is_there_and_given_up_if_it_is_not() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.enquire_every = SHORT;
    let (_client, mut peer) = server.client(&settings).await;

    for _ in 0..2 {
        let enquiry = peer.read().await;
        assert_eq!((enquiry.id(), enquiry.body().len()), (ENQUIRE_LINK, 0));
        peer.answer(&enquiry, 0, b"").await;
    }
    peer.read().await;
    assert!(peer.try_read().await.is_none(), "it was not answered");

    server.session().await;
}

#[tokio::test]
async fn what_is_no_smpp_ends_the_session() {
    for length in [0, 15, 65_537, u32::MAX] {
        let server = Server::listen().await;
        let (_client, mut peer) = server.client(&settings(server.port())).await;

        peer.write(&length.to_be_bytes()).await;

        assert!(peer.try_read().await.is_none(), "{length}");
        server.session().await;
    }
}

#[tokio::test]
async fn a_server_that_leaves_is_let_go_and_visited_again() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;

    peer.write(&pdu(UNBIND, 0, 7, b"stray")).await;

    assert_eq!(peer.read().await.0, pdu(answer_to(UNBIND), 0, 7, b""));
    assert!(peer.try_read().await.is_none());
    let mut peer = server.session().await;
    let (outcome, _) = tokio::join!(client.send(), peer.take("n-1"));
    assert_eq!(outcome, accepted("n-1"));
}

#[tokio::test]
async fn a_server_that_has_forgotten_the_session_is_told_anew_who_we_are() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let sending = client.sending();
    let submit = peer.read().await;

    peer.answer(&submit, 0x04, b"").await;

    assert_eq!(sending.await.unwrap(), NOT_SENT);
    server.session().await;
}

#[tokio::test]
async fn at_the_end_the_server_is_told_and_may_tell_what_it_has_left() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let stopping = tokio::spawn(client.stop());

    let unbind = peer.read().await;
    assert_eq!((unbind.id(), unbind.body().len()), (UNBIND, 0));
    let receipt = delivered(4, "id:n-1 stat:DELIVRD", b"");
    let to_come_again = 0x64;
    assert_eq!(peer.deliver(&receipt).await, to_come_again);
    peer.answer(&unbind, 0, b"").await;

    assert!(peer.try_read().await.is_none());
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_server_that_closes_without_an_answer_is_left_all_the_same() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let smpp = Arc::clone(&client.smpp);
    let stopping = tokio::spawn(client.stop());
    peer.read().await;

    drop(peer);

    stopping.await.unwrap();
    let late = message();
    let outcome = timeout(LONG, smpp.send(&late)).await;
    assert_eq!(outcome.unwrap(), NOT_SENT);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let server = Server::listen().await;
    let port = server.port();
    drop(server.client(&settings(port)).await);
    let client = Client::start(&settings(port));
    let mut peer = server.session().await;
    // Two failures: the first new try comes at once, the next one a second later.
    for _ in 0..2 {
        drop(peer);
        let mut unanswered = server.connection().await;
        unanswered.read().await;
        drop(unanswered);
        peer = server.session().await;
    }

    let (outcome, _) = tokio::join!(client.send(), peer.take("n-1"));

    assert_eq!(outcome, accepted("n-1"));
}

#[tokio::test]
async fn no_message_waits_for_a_server_that_was_not_there_before() {
    let server = Server::listen().await;
    let client = Client::start(&settings(server.port()));
    // The first time it hangs up, the second time it says nothing.
    drop(server.connection().await);
    let _silent = server.connection().await;

    let outcome = timeout(SHORT, client.send()).await;

    assert_eq!(outcome.unwrap(), NOT_SENT);
}
