//! Texts that are longer than one part.

use std::sync::Arc;

use phonekey_core::{
    delivery::outcome::{SendOutcome, SendRefusal},
    ports::delivery::MessageSender,
};
use phonekey_delivery::{
    providers::smpp::settings::{LongTexts, SmppSettings},
    text::{Texts, templates::Templates},
};
use tokio::task::JoinHandle;

use crate::kit::{CODE, Client, LONG, Peer, SHORT, Server, accepted, message, refused, settings};

/// The site's name makes the text 120 characters long: two parts in Persian.
const SITE: &str = "login.a-shop-with-a-long-name-that-is-longer-than.example";

/// A client whose texts are in Persian and end with a line for browsers on [`SITE`].
async fn client(server: &Server, settings: &SmppSettings) -> (Client, Peer) {
    let texts = Texts::new(Templates::shipped(), "fa", Some(SITE.parse().unwrap()));
    let client = Client::writing(settings, texts.unwrap());
    (client, server.session().await)
}

fn sending(client: &Client) -> JoinHandle<SendOutcome> {
    let smpp = Arc::clone(&client.smpp);
    tokio::spawn(async move {
        let mut message = message();
        "fa".clone_into(&mut message.language);
        smpp.send(&message).await
    })
}

fn text_of(octets: &[u8]) -> String {
    let units = octets
        .chunks(2)
        .map(|it| u16::from_be_bytes([it[0], it[1]]));
    String::from_utf16(&units.collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn a_persian_text_goes_in_parts_and_the_last_one_is_reported() {
    let server = Server::listen().await;
    let (client, mut peer) = client(&server, &settings(server.port())).await;
    let sending = sending(&client);

    let first = peer.take("n-1").await;
    let second = peer.take("n-2").await;

    assert_eq!(sending.await.unwrap(), accepted("n-2"));
    let (first, second) = (first.after_addresses(), second.after_addresses());
    assert_eq!((first[0], second[0]), (0x40, 0x40), "esm_class");
    // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id
    assert_eq!(
        (&first[21..25], &second[21..25]),
        (&[0, 0, 8, 0][..], &[1, 0, 8, 0][..])
    );
    let (first, second) = (&first[26..], &second[26..]);
    let reference = first[3];
    assert_eq!(first[..6], [5, 0, 3, reference, 2, 1]);
    assert_eq!(second[..6], [5, 0, 3, reference, 2, 2]);
    assert_eq!(first.len(), 6 + 134);
    let text = text_of(&[&first[6..], &second[6..]].concat());
    assert!(text.starts_with("کد ورود شما:\n482913\n"), "{text}");
    assert!(text.ends_with(&format!("@{SITE} #{CODE}")), "{text}");
}

#[tokio::test]
async fn a_part_goes_once_the_one_before_it_was_taken() {
    let server = Server::listen().await;
    let (client, mut peer) = client(&server, &settings(server.port())).await;
    let sending = sending(&client);

    let first = peer.read().await;
    assert!(peer.hears_nothing().await);
    peer.answer(&first, 0x58, b"").await;

    let outcome = sending.await.unwrap();
    assert_eq!(outcome, refused(SendRefusal::RateLimited));
    assert!(peer.hears_nothing().await);
}

#[tokio::test]
async fn a_message_that_lacks_a_part_was_refused() {
    let server = Server::listen().await;
    let (client, mut peer) = client(&server, &settings(server.port())).await;
    let sending = sending(&client);
    peer.take("n-1").await;

    let second = peer.read().await;
    peer.answer(&second, 0x08, b"").await;

    let outcome = sending.await.unwrap();
    assert_eq!(outcome, refused(SendRefusal::Temporary));
}

#[tokio::test]
async fn nobody_can_tell_of_a_message_whose_last_part_is_not_answered() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.timeout = SHORT;
    let (client, mut peer) = client(&server, &settings).await;
    let sending = sending(&client);
    peer.take("n-1").await;

    peer.read().await;

    assert_eq!(sending.await.unwrap(), SendOutcome::Unknown);
}

#[tokio::test]
async fn a_long_text_may_be_left_to_the_server() {
    let server = Server::listen().await;
    let mut settings = settings(server.port());
    settings.texts.long = LongTexts::Payload;
    settings.timeout = LONG;
    let (client, mut peer) = client(&server, &settings).await;
    let sending = sending(&client);

    let submit = peer.take("n-1").await;

    assert_eq!(sending.await.unwrap(), accepted("n-1"));
    let after = submit.after_addresses();
    assert_eq!(after[0], 0, "esm_class");
    assert_eq!(
        after[21..28],
        [1, 0, 8, 0, 0, 0x04, 0x24],
        "no short_message"
    );
    let length = usize::from(u16::from_be_bytes([after[28], after[29]]));
    assert_eq!(length, after.len() - 30);
    let text = text_of(&after[30..]);
    assert!(text.ends_with(&format!("@{SITE} #{CODE}")), "{text}");
}
