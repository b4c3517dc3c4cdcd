//! What a server's refusal means.

use phonekey_core::delivery::outcome::SendRefusal;

use crate::kit::{GENERIC_NACK, Server, pdu, refused, settings};

#[tokio::test]
async fn every_status_has_its_meaning() {
    use SendRefusal::{
        BadCredentials, CannotReceive, InvalidNumber, RateLimited, RejectedContent, Temporary,
    };
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    for (status, refusal) in [
        (0x01, RejectedContent),
        (0x02, Temporary),
        (0x03, Temporary),
        (0x06, RejectedContent),
        (0x07, RejectedContent),
        (0x08, Temporary),
        (0x0A, BadCredentials),
        (0x0B, InvalidNumber),
        (0x0D, BadCredentials),
        (0x0E, BadCredentials),
        (0x0F, BadCredentials),
        (0x14, RateLimited),
        (0x15, BadCredentials),
        (0x33, Temporary),
        (0x43, RejectedContent),
        (0x45, Temporary),
        (0x48, BadCredentials),
        (0x49, BadCredentials),
        (0x50, BadCredentials),
        (0x51, BadCredentials),
        (0x53, BadCredentials),
        (0x61, RejectedContent),
        (0x62, RejectedContent),
        (0x64, Temporary),
        (0x65, RejectedContent),
        (0x66, RejectedContent),
        (0x67, Temporary),
        (0xC0, RejectedContent),
        (0xC1, RejectedContent),
        (0xC2, RejectedContent),
        (0xC3, RejectedContent),
        (0xC4, RejectedContent),
        (0xFE, CannotReceive),
        (0xFF, Temporary),
        (0x100, BadCredentials),
        (0x101, BadCredentials),
        (0x102, Temporary),
        (0x103, BadCredentials),
        (0x104, RejectedContent),
        (0x401, Temporary),
        (0xDEAD_BEEF, Temporary),
    ] {
        let sending = client.sending();
        let submit = peer.read().await;
        peer.answer(&submit, status, b"").await;

        let outcome = sending.await.unwrap();
        assert_eq!(outcome, refused(refusal), "{status:#x}");
    }
}

#[tokio::test]
async fn a_status_means_what_the_operator_says() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.statuses = [(0x45, SendRefusal::OptedOut)].into();
    let (client, mut peer) = server.client(&settings).await;
    let sending = client.sending();

    let submit = peer.read().await;
    peer.answer(&submit, 0x45, b"").await;

    let outcome = sending.await.unwrap();
    assert_eq!(outcome, refused(SendRefusal::OptedOut));
}

#[tokio::test]
async fn what_the_server_cannot_read_was_refused() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    for status in [0x00, 0x02, 0x03] {
        let sending = client.sending();
        let submit = peer.read().await;
        let nack = pdu(GENERIC_NACK, status, submit.sequence(), b"");
        peer.write(&nack).await;

        let outcome = sending.await.unwrap();
        assert_eq!(outcome, refused(SendRefusal::Temporary), "{status:#x}");
    }
}
