use std::{collections::BTreeMap, sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{DeliveryState, ProviderName},
    phone::PhoneNumber,
    ports::delivery::{DispatchOutcome, Dispatcher, Inbox},
};
use phonekey_delivery::{
    providers::inbox::{NAME, UNREADABLE},
    router::Router,
    senders::Senders,
    settings::{DeliverySettings, ProviderKind},
};
use tokio::{join, time::timeout};

use crate::{
    fakes::inbox,
    world::{World, book, tokens},
};

fn router(world: &World) -> Router {
    let inbox_alone = BTreeMap::from([(ProviderName::new(NAME), ProviderKind::Inbox.into())]);
    let settings = DeliverySettings::over(vec![inbox()], inbox_alone);
    world.router(Senders::open(&settings, &world.clock(), &tokens()).unwrap())
}

#[tokio::test]
async fn a_message_has_arrived_with_its_commit() {
    let world = World::new();
    let router = router(&world);

    let (challenge, delivery) = world.open(&router).await;
    let now = world.now();
    let outcome = router.dispatch(&challenge, delivery.clone()).await;

    assert_eq!(delivery.state, DeliveryState::Accepted { at: now });
    assert_eq!(outcome, DispatchOutcome::Sent);
    let messages = router.inbox().unwrap().messages(None, 10).await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].delivery, delivery.id);
    assert_eq!(messages[0].code, world.code(&challenge).expose());
    assert_eq!(
        messages[0].text,
        format!(
            "Your login code:\n{}\nValid for 2 min. Do not give it to anyone.",
            messages[0].code
        )
    );
}

#[tokio::test]
async fn the_newest_message_comes_first_and_a_number_sees_its_own() {
    let world = World::new();
    let router = router(&world);
    let inbox = router.inbox().unwrap();
    let (first, _) = world.open(&router).await;
    world.clock.advance(Duration::from_secs(1));
    let (second, _) = world.open(&router).await;

    let all = inbox.messages(Some(first.phone), 10).await.unwrap();
    let newest = inbox.messages(None, 1).await.unwrap();
    let stranger = PhoneNumber::from_e164("+989350000000");
    let none = inbox.messages(stranger, 10).await.unwrap();

    let ids: Vec<_> = all.iter().map(|message| message.challenge.id).collect();
    assert_eq!(ids, [second.id, first.id]);
    assert_eq!(newest.len(), 1);
    assert_eq!(newest[0].challenge.id, second.id);
    assert!(none.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_learns_of_a_message() {
    let world = World::new();
    let router = router(&world);
    let inbox = router.inbox().unwrap();
    let before = inbox.revision();

    let (challenge, delivery) = world.open(&router).await;
    let (outcome, learned) = join!(
        router.dispatch(&challenge, delivery),
        timeout(Duration::from_secs(1), inbox.changed_since(before))
    );

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert!(learned.is_ok());
    assert_ne!(inbox.revision(), before);
    // What has changed already needs no waiting.
    inbox.changed_since(before).await;
}

#[tokio::test]
async fn a_message_whose_secret_is_gone_says_so() {
    let mut world = World::new();
    world.open(&router(&world)).await;
    world.book = Arc::new(book("another-secret-Zr1mT0vYx3KpLw7NcB5d"));

    let later = router(&world);
    let messages = later.inbox().unwrap().messages(None, 10).await.unwrap();

    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, UNREADABLE);
    assert_eq!(messages[0].code, "");
}
