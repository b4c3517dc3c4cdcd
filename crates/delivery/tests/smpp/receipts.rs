//! Receipts, as they come and as they are answered.

use phonekey_core::delivery::{
    outcome::{MessageId, SendOutcome, SendRefusal},
    report::{Arrival, Report},
};
use phonekey_delivery::providers::smpp::{message_id::ReceiptId, settings::ReceiptMark};

use crate::kit::{
    Client, DELIVER_SM, ENQUIRE_LINK, Server, accepted, answer_to, delivered, pdu, settings,
};

const RECEIPT: u8 = 0x04;
const DELIVERED: &str = "id:n-1 sub:001 dlvrd:001 submit date:2611231200 done date:2611231200 \
                         stat:DELIVRD err:000 text:Your login code";

fn report(id: &str, arrival: Arrival) -> Report {
    Report {
        message_id: MessageId::new(id).unwrap(),
        arrival: Some(arrival),
        cost: None,
    }
}

#[tokio::test]
async fn a_receipt_is_noted_and_answered() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;

    let status = peer.deliver(&delivered(RECEIPT, DELIVERED, b"")).await;

    assert_eq!(status, 0);
    let expected = report("n-1", Arrival::Delivered);
    assert_eq!(client.reports.next().await, expected);
}

#[tokio::test]
async fn so_is_one_in_fields() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;

    let fields = b"\x00\x1E\0\x04n-1\0\x04\x27\0\x01\x05\x04\x23\0\x03\x03\x00\x22";
    let status = peer.deliver(&delivered(RECEIPT, "", fields)).await;

    assert_eq!(status, 0);
    let lost = Arrival::Undelivered(SendRefusal::Temporary);
    assert_eq!(client.reports.next().await, report("n-1", lost));
}

#[tokio::test]
async fn what_is_under_way_or_no_receipt_is_answered_and_not_noted() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;

    for body in [
        delivered(RECEIPT, "id:n-1 stat:ENROUTE", b""),
        delivered(0x20, DELIVERED, b""),
        delivered(0x00, DELIVERED, b""),
        delivered(0x00, "STOP", b""),
        b"no deliver_sm".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(peer.deliver(&body).await, 0);
    }

    assert!(client.reports.are_none().await);
}

#[tokio::test]
async fn a_receipt_that_is_not_marked_is_read_where_the_operator_says_so() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.receipts.mark = ReceiptMark::FlagOrText;
    let (client, mut peer) = server.client(&settings).await;

    assert_eq!(peer.deliver(&delivered(0, DELIVERED, b"")).await, 0);

    let expected = report("n-1", Arrival::Delivered);
    assert_eq!(client.reports.next().await, expected);
}

#[tokio::test]
async fn a_receipt_that_cannot_be_noted_is_to_come_again() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    client.reports.fail(true);

    assert_eq!(
        peer.deliver(&delivered(RECEIPT, DELIVERED, b"")).await,
        0x64
    );
    client.reports.fail(false);
    assert_eq!(peer.deliver(&delivered(RECEIPT, DELIVERED, b"")).await, 0);

    let expected = report("n-1", Arrival::Delivered);
    assert_eq!(client.reports.next().await, expected);
}

#[tokio::test]
async fn an_odd_receipt_costs_no_more_than_itself() {
    let server = Server::listen().await;
    let (client, mut peer) = server.client(&settings(server.port())).await;
    let mut too_long = delivered(RECEIPT, "id:n-1 stat:DELIVRD", b"");
    let length = "id:n-1 stat:DELIVRD".len();
    let at = too_long.len() - length - 1;
    too_long[at] = 255;
    for body in [
        too_long,
        // A name without its final zero, an error of four octets, a field that is cut off.
        delivered(RECEIPT, "", b"\x00\x1E\0\x03n-1\x04\x27\0\x01\x02"),
        delivered(RECEIPT, DELIVERED, b"\x04\x23\0\x04\x03\0\0\0"),
        delivered(RECEIPT, DELIVERED, b"\x14\x00\0\x09x"),
        delivered(RECEIPT, DELIVERED, b"\x04\x27\0\0"),
    ] {
        // Another PDU stands right behind it.
        let receipt = pdu(DELIVER_SM, 0, 8, &body);
        let enquiry = pdu(ENQUIRE_LINK, 0, 9, b"");
        peer.write(&[receipt, enquiry].concat()).await;

        let expected = report("n-1", Arrival::Delivered);
        assert_eq!(client.reports.next().await, expected);
        let mut answers = [peer.read().await.id(), peer.read().await.id()];
        answers.sort_unstable();
        assert_eq!(answers, [DELIVER_SM, ENQUIRE_LINK].map(answer_to));
    }
}

#[tokio::test]
async fn receipts_right_behind_the_bind_are_read() {
    let server = Server::listen().await;
    let client = Client::start(&settings(server.port()));
    let mut peer = server.connection().await;
    let bind = peer.read().await;
    let body = delivered(RECEIPT, DELIVERED, b"");

    let bound = pdu(
        answer_to(bind.id()),
        0,
        bind.sequence(),
        // With the server's version and a field of its own, as some have it.
        b"carrier\0\x02\x10\0\x01\x34\x14\x00\0\x01x",
    );
    peer.write(&[bound, pdu(DELIVER_SM, 0, 1, &body)].concat())
        .await;

    let expected = report("n-1", Arrival::Delivered);
    assert_eq!(client.reports.next().await, expected);
    assert_eq!(peer.read().await.id(), answer_to(DELIVER_SM));
}

#[tokio::test]
async fn a_receipt_before_its_answer_is_about_the_same_message() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.receipts.id = ReceiptId::HexToDecimal;
    let (client, mut peer) = server.client(&settings).await;
    let sending = client.sending();
    let submit = peer.read().await;

    let text = "id:0000000026 stat:DELIVRD";
    assert_eq!(peer.deliver(&delivered(RECEIPT, text, b"")).await, 0);
    peer.answer(&submit, 0, b"0000001A\0").await;

    let SendOutcome::Accepted(receipt) = sending.await.unwrap() else {
        panic!("not taken");
    };
    let told = client.reports.next().await.message_id;
    assert_eq!(receipt.message_id, Some(told.clone()));
    assert_eq!(SendOutcome::Accepted(receipt), accepted("26"));
}
