//! Cases of `DeliveryStore`.

use phonekey_core::{
    challenge::Challenge,
    delivery::{
        Delivery, DeliveryId, DeliveryState, ProviderName,
        outcome::{Cost, Currency, MessageId, Receipt, SendRefusal},
    },
    id::ChallengeId,
    ports::store::{DueDelivery, SettleDelivery},
};

use super::fixture;
use crate::kit::{MINUTE, PROVIDER, SECOND, World, logged_in, pending, phone, settling};

#[tokio::test]
async fn every_state_is_kept_as_it_was_settled() {
    let world = fixture().await;
    let at = world.now().plus(SECOND);
    let mut states = vec![
        DeliveryState::Accepted { at },
        DeliveryState::Unknown { at },
        DeliveryState::Dropped { at },
    ];
    let refusals = SendRefusal::ALL.into_iter();
    states.extend(refusals.map(|reason| DeliveryState::Refused { at, reason }));
    for (n, state) in (0..).zip(states) {
        let challenge = world.open(phone(n)).await;
        let before = world.stored(challenge.id).await.1;

        let settle = world.store.settle_delivery(settling(before.id, state));
        settle.await.unwrap();

        let expected = Delivery { state, ..before };
        assert_eq!(world.stored(challenge.id).await.1, expected);
    }
}

#[tokio::test]
async fn a_receipt_is_kept() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let id = first_delivery(&challenge);
    let receipt = Receipt {
        message_id: MessageId::new("SM-0042"),
        cost: Some(Cost {
            micros: 12_500,
            currency: Currency::from_code("USD").unwrap(),
        }),
    };
    let at = world.now();

    let step = SettleDelivery {
        id,
        state: DeliveryState::Accepted { at },
        receipt: receipt.clone(),
        follow_up_at: Some(at.plus(MINUTE)),
    };
    world.store.settle_delivery(step).await.unwrap();

    let (_, delivery) = world.stored(challenge.id).await;
    assert_eq!(delivery.receipt, receipt);
    assert_eq!(delivery.follow_up_at, Some(at.plus(MINUTE)));
}

#[tokio::test]
async fn a_delivery_is_settled_once() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let id = first_delivery(&challenge);
    let at = world.now();
    let accepted = settling(id, DeliveryState::Accepted { at });
    world.store.settle_delivery(accepted).await.unwrap();
    let before = world.stored(challenge.id).await;

    let unknown = settling(id, DeliveryState::Unknown { at });
    world.store.settle_delivery(unknown).await.unwrap();

    assert_eq!(world.stored(challenge.id).await, before);
}

#[tokio::test]
async fn settling_what_never_was_changes_nothing() {
    let world = fixture().await;
    let id = DeliveryId {
        challenge: ChallengeId::generate(&world.random, world.now()),
        attempt: 1,
    };
    let at = world.now();

    let settle = settling(id, DeliveryState::Accepted { at });
    world.store.settle_delivery(settle).await.unwrap();

    assert_eq!(recent(&world, 10).await, []);
}

#[tokio::test]
async fn a_pending_delivery_is_leased_when_its_lease_has_ended() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.clock.advance(9 * SECOND);
    assert_eq!(lease(&world, 10).await, []);
    world.clock.advance(SECOND);

    let leased = lease(&world, 10).await;

    let delivery = Delivery {
        state: pending(world.now().plus(MINUTE)),
        ..world.delivery(&challenge)
    };
    assert_eq!(world.stored(challenge.id).await.1, delivery);
    assert_eq!(
        leased,
        [DueDelivery {
            delivery,
            challenge
        }]
    );
}

#[tokio::test]
async fn what_is_leased_is_leased_again_only_after_that() {
    let world = fixture().await;
    world.open(phone(1)).await;
    world.clock.advance(10 * SECOND);
    assert_eq!(lease(&world, 10).await.len(), 1);

    assert_eq!(lease(&world, 10).await, []);

    world.clock.advance(MINUTE);
    assert_eq!(lease(&world, 10).await.len(), 1);
}

#[tokio::test]
async fn no_more_is_leased_than_was_asked_for() {
    let world = fixture().await;
    for n in 0..5 {
        world.open(phone(n)).await;
    }
    world.clock.advance(10 * SECOND);

    let sizes = [
        lease(&world, 2).await.len(),
        lease(&world, 2).await.len(),
        lease(&world, 2).await.len(),
        lease(&world, 2).await.len(),
    ];

    assert_eq!(sizes, [2, 2, 1, 0]);
}

#[tokio::test]
async fn a_settled_delivery_is_not_leased() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let at = world.now();
    let accepted = settling(first_delivery(&challenge), DeliveryState::Accepted { at });
    world.store.settle_delivery(accepted).await.unwrap();
    world.clock.advance(10 * SECOND);

    assert_eq!(lease(&world, 10).await, []);
}

#[tokio::test]
async fn a_delivery_of_an_expired_challenge_is_dropped() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.clock.advance(2 * MINUTE);

    assert_eq!(lease(&world, 10).await, []);

    let at = world.now();
    let (_, delivery) = world.stored(challenge.id).await;
    assert_eq!(delivery.state, DeliveryState::Dropped { at });
}

#[tokio::test]
async fn a_delivery_of_an_answered_challenge_is_dropped() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    logged_in(world.answer_right(&challenge).await);
    world.clock.advance(10 * SECOND);

    assert_eq!(lease(&world, 10).await, []);

    let at = world.now();
    let (_, delivery) = world.stored(challenge.id).await;
    assert_eq!(delivery.state, DeliveryState::Dropped { at });
}

#[tokio::test]
async fn a_dropped_delivery_does_not_settle_later() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.clock.advance(2 * MINUTE);
    lease(&world, 10).await;
    let before = world.stored(challenge.id).await;
    let at = world.now();

    let accepted = settling(first_delivery(&challenge), DeliveryState::Accepted { at });
    world.store.settle_delivery(accepted).await.unwrap();

    assert_eq!(world.stored(challenge.id).await, before);
}

#[tokio::test]
async fn the_newest_deliveries_come_first() {
    let world = fixture().await;
    let mut opened = Vec::new();
    for n in 0..4 {
        opened.push(world.open(phone(n)).await);
        world.clock.advance(SECOND);
    }

    let recent = recent(&world, 3).await;

    let expected = opened
        .iter()
        .rev()
        .map(|challenge| world.delivery(challenge));
    assert_eq!(recent, expected.take(3).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_deliveries_of_one_number_or_provider_can_be_asked_for() {
    let world = fixture().await;
    let ours = world.open(phone(1)).await;
    world.clock.advance(SECOND);
    let other_number = world.open(phone(2)).await;
    world.clock.advance(MINUTE);
    let other_provider = world.challenge(phone(1));
    let mut step = world.opening(&other_provider);
    if let Some(delivery) = &mut step.delivery {
        delivery.provider = ProviderName::new("file");
    }
    world.store.open_challenge(step).await.unwrap();

    let of = async |provider: &str, number| {
        let provider = ProviderName::new(provider);
        let recent = world.store.recent_deliveries(&provider, number, 10).await;
        let ids = recent.unwrap().into_iter().map(|due| due.challenge.id);
        ids.collect::<Vec<_>>()
    };

    assert_eq!(of(PROVIDER, None).await, [other_number.id, ours.id]);
    assert_eq!(of(PROVIDER, Some(phone(1))).await, [ours.id]);
    assert_eq!(of("file", None).await, [other_provider.id]);
    assert_eq!(of("file", Some(phone(2))).await, []);
}

fn first_delivery(challenge: &Challenge) -> DeliveryId {
    DeliveryId {
        challenge: challenge.id,
        attempt: 1,
    }
}

/// Leases what is due for a minute.
async fn lease(world: &World, limit: u16) -> Vec<DueDelivery> {
    let now = world.now();
    let leased = world.store.lease_deliveries(now, now.plus(MINUTE), limit);
    leased.await.unwrap()
}

async fn recent(world: &World, limit: u16) -> Vec<Delivery> {
    let provider = ProviderName::new(PROVIDER);
    let due = world.store.recent_deliveries(&provider, None, limit).await;
    due.unwrap().into_iter().map(|due| due.delivery).collect()
}
