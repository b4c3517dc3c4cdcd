//! Cases of `WatchStore`: what nodes say of their providers, and what messages add up to.

use std::time::Duration;

use phonekey_core::{
    delivery::{
        DeliveryId, DeliveryState, ProviderName,
        outcome::{Cost, Currency, MessageId, Receipt, SendRefusal},
    },
    id::ChallengeId,
    ports::store::{NoteHealth, SettleDelivery},
    route::{
        breaker::Position,
        watch::{Fate, Figure, NodeId, ProviderHealth, SeenHealth, Trouble},
    },
    time::Timestamp,
};

use super::fixture;
use crate::kit::{HOUR, MINUTE, PROVIDER, SECOND, World, phone, refusing, settling};

/// The shortest time.
const TICK: Duration = Duration::from_millis(1);

#[tokio::test]
async fn what_nodes_say_of_their_providers_is_kept() {
    let world = fixture().await;
    assert_eq!(seen(&world).await, []);
    let at = world.now();
    let refused = |refusal| Some(Trouble { at, refusal });
    let positions = [
        Position::Closed,
        Position::Open { until: at },
        Position::HalfOpen { probed_at: at },
    ];
    let first = [
        health("a", positions[0], None),
        health("b", positions[1], refused(Some(SendRefusal::NoCredit))),
        health("c", positions[2], refused(None)),
    ];
    let second = [health("a", positions[1], refused(None))];

    note(&world, "one", &first).await;
    world.clock.advance(SECOND);
    note(&world, "two", &second).await;

    let [a, b, c] = first.map(|health| seen_by("one", at, health));
    let [other] = second.map(|health| seen_by("two", world.now(), health));
    assert_eq!(seen(&world).await, [a, other, b, c]);
}

#[tokio::test]
async fn every_refusal_of_a_provider_is_kept() {
    let world = fixture().await;
    for refusal in SendRefusal::ALL {
        let at = world.now();
        let trouble = Some(Trouble {
            at,
            refusal: Some(refusal),
        });

        note(&world, "one", &[health("a", Position::Closed, trouble)]).await;

        assert_eq!(seen(&world).await[0].health.last_trouble, trouble);
    }
}

#[tokio::test]
async fn a_node_writes_over_what_it_said_before() {
    let world = fixture().await;
    let until = world.now();
    note(
        &world,
        "one",
        &[health("a", Position::Open { until }, None)],
    )
    .await;
    world.clock.advance(SECOND);

    note(&world, "one", &[health("a", Position::Closed, None)]).await;

    let closed = health("a", Position::Closed, None);
    assert_eq!(seen(&world).await, [seen_by("one", world.now(), closed)]);
}

#[tokio::test]
async fn what_a_node_said_that_is_gone_is_forgotten_by_the_others() {
    let world = fixture().await;
    let closed = [health("a", Position::Closed, None)];
    note(&world, "gone", &closed).await;
    world.clock.advance(HOUR);
    note(&world, "one", &closed).await;
    assert_eq!(seen(&world).await.len(), 2, "an hour is remembered");
    world.clock.advance(TICK);

    note(&world, "one", &closed).await;

    let left = seen(&world).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].node.as_str(), "one");
}

#[tokio::test]
async fn a_node_without_providers_may_say_so() {
    let world = fixture().await;

    note(&world, "one", &[]).await;

    assert_eq!(seen(&world).await, []);
}

#[tokio::test]
async fn messages_add_up_by_their_fate() {
    let world = fixture().await;
    let since = world.now();
    let fates = [
        DeliveryState::Accepted { at: since },
        DeliveryState::Accepted { at: since },
        DeliveryState::Unknown { at: since },
        DeliveryState::Dropped { at: since },
    ];
    for (n, state) in (0..).zip(fates) {
        let id = open(&world, n).await;
        let settled = world.store.settle_delivery(settling(id, state)).await;
        settled.unwrap();
    }
    let refused = open(&world, 10).await;
    let step = refusing(refused, &["other"], since);
    world.store.refuse_delivery(step).await.unwrap();
    open(&world, 11).await;

    let figures = tally(&world, since, since.plus(TICK)).await;

    let expected = [
        (PROVIDER, Fate::Accepted, 2),
        (PROVIDER, Fate::Pending, 1),
        (PROVIDER, Fate::Refused, 1),
        (PROVIDER, Fate::Unknown, 1),
        ("other", Fate::Pending, 1),
    ];
    let found: Vec<_> = figures
        .iter()
        .map(|figure| (figure.provider.as_str(), figure.fate, figure.count))
        .collect();
    assert_eq!(found, expected);
    assert!(figures.iter().all(|figure| figure.cost.is_none()));
}

#[tokio::test]
async fn what_messages_cost_adds_up_by_currency() {
    let world = fixture().await;
    let since = world.now();
    let costs = [
        Some(("IRR", 1_200_500_000)),
        Some(("IRR", 900_700_000)),
        Some(("EUR", 7500)),
        None,
    ];
    for (n, cost) in (0..).zip(costs) {
        let id = open(&world, n).await;
        accept(&world, id, cost).await;
    }

    let figures = tally(&world, since, since.plus(TICK)).await;

    let of = |currency: Option<&str>| {
        let code = |figure: &&Figure| {
            figure
                .cost
                .as_ref()
                .map(|cost| cost.currency.code().to_owned())
        };
        let mut figures = figures.iter();
        figures.find(|figure| code(figure).as_deref() == currency)
    };
    let rials = of(Some("IRR")).unwrap();
    assert_eq!((rials.count, micros(rials)), (2, 2_101_200_000));
    let euros = of(Some("EUR")).unwrap();
    assert_eq!((euros.count, micros(euros)), (1, 7500));
    assert_eq!(of(None).unwrap().count, 1);
}

#[tokio::test]
async fn a_cost_that_makes_no_sense_spoils_no_tally() {
    let world = fixture().await;
    let since = world.now();
    for n in 0..3 {
        let id = open(&world, n).await;
        accept(&world, id, Some(("USD", i64::MAX / 2))).await;
    }

    let figures = tally(&world, since, since.plus(TICK)).await;

    assert_eq!(figures[0].count, 3);
    assert_eq!(micros(&figures[0]), i64::MAX);
}

#[tokio::test]
async fn messages_are_counted_in_the_time_in_which_they_were_due() {
    let mut world = fixture().await;
    world.lift_limits();
    let first = world.open(phone(1)).await;
    let opened = world.now();
    world.clock.advance(MINUTE);
    world.resend(&first, &["other"]).await;
    let resent = world.now();

    let count = async |since: Timestamp, until: Timestamp| {
        let figures = tally(&world, since, until).await;
        figures.iter().map(|figure| figure.count).sum::<u64>()
    };
    assert_eq!(count(opened, resent.plus(TICK)).await, 2);
    assert_eq!(count(opened, resent).await, 1);
    assert_eq!(count(opened.plus(TICK), resent).await, 0);
    assert_eq!(count(resent, resent.plus(TICK)).await, 1);
    assert_eq!(count(resent.plus(TICK), resent.plus(HOUR)).await, 0);
}

fn health(provider: &str, position: Position, last_trouble: Option<Trouble>) -> ProviderHealth {
    ProviderHealth {
        provider: ProviderName::new(provider),
        position,
        last_trouble,
    }
}

fn seen_by(node: &str, seen_at: Timestamp, health: ProviderHealth) -> SeenHealth {
    SeenHealth {
        node: NodeId::from_kept(node),
        seen_at,
        health,
    }
}

async fn note(world: &World, node: &str, providers: &[ProviderHealth]) {
    let step = NoteHealth {
        node: NodeId::from_kept(node),
        providers: providers.to_vec(),
        forget_before: world.now().minus(HOUR),
        now: world.now(),
    };
    world.store.note_health(step).await.unwrap();
}

/// By provider, then by node.
async fn seen(world: &World) -> Vec<SeenHealth> {
    let mut seen = world.store.health().await.unwrap();
    seen.sort_by_key(|seen| (seen.health.provider.clone(), seen.node.clone()));
    seen
}

/// By provider, then by fate.
async fn tally(world: &World, since: Timestamp, until: Timestamp) -> Vec<Figure> {
    let mut figures = world.store.tally(since, until).await.unwrap();
    figures.sort_by_key(|figure| (figure.provider.clone(), figure.fate.name()));
    figures
}

async fn open(world: &World, n: u32) -> DeliveryId {
    let challenge: ChallengeId = world.open(phone(n)).await.id;
    DeliveryId {
        challenge,
        attempt: 1,
    }
}

async fn accept(world: &World, id: DeliveryId, cost: Option<(&str, i64)>) {
    let at = world.now();
    let receipt = Receipt {
        message_id: MessageId::new("m-1"),
        cost: cost.map(|(currency, micros)| Cost {
            micros,
            currency: Currency::from_code(currency).unwrap(),
        }),
    };
    let step = SettleDelivery {
        receipt,
        ..settling(id, DeliveryState::Accepted { at })
    };
    world.store.settle_delivery(step).await.unwrap();
}

fn micros(figure: &Figure) -> i64 {
    figure.cost.as_ref().map_or(0, |cost| cost.micros)
}
