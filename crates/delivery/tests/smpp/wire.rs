//! What goes over the wire, octet by octet.

use phonekey_core::secret::Secret;
use phonekey_delivery::providers::smpp::{
    address::Address,
    settings::{Numbering, Validity},
};

use crate::kit::{Client, SUBMIT_SM, Server, accepted, answer_to, pdu, settings};

#[tokio::test]
async fn a_bind_has_exactly_these_octets() {
    let server = Server::listen().await;
    let _client = Client::start(&settings(server.port()));

    let bind = server.connection().await.read().await;

    let body = b"phonekey\0s3cr3t\0\0\x34\0\0\0";
    assert_eq!(bind.0, pdu(0x09, 0, 1, body));
}

#[tokio::test]
async fn a_bind_takes_passwords_longer_than_the_specifications() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.account.system_id = "a-name-of-twenty-three".to_owned();
    settings.account.password = Secret::new("a-password-of-twenty-six-.");
    settings.account.system_type = "OTP".to_owned();
    let _client = Client::start(&settings);

    let bind = server.connection().await.read().await;

    let body = b"a-name-of-twenty-three\0a-password-of-twenty-six-.\0OTP\0\x34\0\0\0";
    assert_eq!(bind.0, pdu(0x09, 0, 1, body));
}

#[tokio::test]
async fn a_message_has_exactly_these_octets() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;

    let (outcome, submit) = tokio::join!(client.send(), peer.take("n-1"));

    assert_eq!(outcome, accepted("n-1"));
    let text = b"Your login code:\n482913\nValid for 2 min. Do not give it to anyone.";
    let length = u8::try_from(text.len()).unwrap();
    let body = [
        // No service, from a name, to a number.
        &b"\0\x05\0PhoneKey\0\x01\x01989121234567\0"[..],
        // esm_class, protocol, priority, no schedule, two minutes.
        b"\0\0\0\0",
        b"000000000200000R\0",
        // A receipt, no replacement, the server's alphabet, no canned message.
        &[1, 0, 0, 0, length],
        text,
    ]
    .concat();
    assert_eq!(submit.0, pdu(SUBMIT_SM, 0, 2, &body));
}

#[tokio::test]
async fn what_servers_want_otherwise_is_sent_otherwise() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.sender = Address::parse("30001").unwrap();
    settings.destination = Numbering { ton: 0, npi: 0 };
    settings.texts.validity = Validity::Server;
    let (client, mut peer) = server.client(&settings).await;

    let (_, submit) = tokio::join!(client.send(), peer.take("n-1"));

    let begin = b"\0\x03\x0030001\0\0\0989121234567\0\0\0\0\0\0\x01\0\0\0";
    assert_eq!(submit.body()[..begin.len()], begin[..]);
}

#[tokio::test]
async fn answers_may_come_in_pieces_and_together() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let (first, second) = (client.sending(), client.sending());
    let requests = [peer.read().await, peer.read().await];
    let answers: Vec<Vec<u8>> = requests
        .iter()
        .map(|request| pdu(answer_to(SUBMIT_SM), 0, request.sequence(), b"n-1\0"))
        .collect();
    let (begin, end) = answers[0].split_at(5);

    peer.write(begin).await;
    assert!(peer.hears_nothing().await);
    peer.write(&[end, &answers[1]].concat()).await;

    assert_eq!(first.await.unwrap(), accepted("n-1"));
    assert_eq!(second.await.unwrap(), accepted("n-1"));
}

#[tokio::test]
async fn an_odd_answer_is_read_within_its_own_octets() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let long = "x".repeat(100);
    for (body, id) in [
        // No final zero, where another PDU begins with one.
        (b"n-1".to_vec(), "n-1"),
        // Longer than a name may be.
        (format!("{long}\0").into_bytes(), long.as_str()),
        // Fields behind it, one of them cut off.
        (b"n-2\0\x14\x01\0\x02xx\x04\x25\0\xFFx".to_vec(), "n-2"),
    ] {
        let sending = client.sending();
        let submit = peer.read().await;
        let answer = pdu(answer_to(SUBMIT_SM), 0, submit.sequence(), &body);
        let enquiry = pdu(0x15, 0, 77, b"");
        peer.write(&[answer, enquiry].concat()).await;

        assert_eq!(sending.await.unwrap(), accepted(id));
        let alive = peer.read().await;
        assert_eq!(alive.0, pdu(answer_to(0x15), 0, 77, b""));
    }
}

#[tokio::test]
async fn a_message_without_a_name_is_taken_all_the_same() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;

    let (outcome, _) = tokio::join!(client.send(), peer.take(""));

    assert_eq!(outcome, accepted(""));
}
