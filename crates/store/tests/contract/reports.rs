//! Cases of reports: what is noted of messages, looked after and added up.

use phonekey_core::{
    challenge::Challenge,
    delivery::{
        Channel, DeliveryState, ProviderName, follow_up,
        outcome::{Cost, Currency, MessageId, SendRefusal},
        report::{Arrival, DeliveryReport},
    },
    ports::store::{NoteOutcome, NoteReport},
    route::conversion::{BlockConversion, Conversion, NumberBlock},
};

use super::fixture;
use crate::kit::{HOUR, MINUTE, PROVIDER, SECOND, World, logged_in, phone, refusing, settling};

const LOST: Arrival = Arrival::Undelivered(SendRefusal::Temporary);

#[tokio::test]
async fn a_report_is_noted_with_its_cost_and_ends_the_looking_after() {
    let world = fixture().await;
    let challenge = taken(&world, 1, "m-1").await;
    world.clock.advance(SECOND);
    let cost = Cost {
        micros: 7500,
        currency: Currency::from_code("EUR").unwrap(),
    };
    let step = NoteReport {
        cost: Some(cost.clone()),
        ..noting(&world, "m-1", Arrival::Delivered)
    };

    let outcome = world.store.note_report(step).await.unwrap();

    let (stored, delivery) = world.stored(challenge.id).await;
    let report = DeliveryReport {
        at: world.now(),
        arrival: Arrival::Delivered,
    };
    assert_eq!(delivery.report, Some(report));
    assert_eq!(delivery.receipt.cost, Some(cost));
    assert_eq!(delivery.follow_up_at, None);
    let NoteOutcome::Noted(due) = outcome else {
        panic!("not noted: {outcome:?}");
    };
    assert_eq!((due.challenge, due.delivery), (stored, delivery));
}

#[tokio::test]
async fn every_reason_of_a_loss_is_kept() {
    let world = fixture().await;
    for (n, reason) in (0..).zip(SendRefusal::ALL) {
        let challenge = taken(&world, n, &n.to_string()).await;

        note(&world, &n.to_string(), Arrival::Undelivered(reason)).await;

        let report = world.stored(challenge.id).await.1.report.unwrap();
        assert_eq!(report.arrival, Arrival::Undelivered(reason));
    }
}

#[tokio::test]
async fn t59_reports_go_forward_only() {
    let world = fixture().await;
    let challenge = taken(&world, 1, "m-1").await;
    let arrival = async || {
        world
            .stored(challenge.id)
            .await
            .1
            .report
            .map(|it| it.arrival)
    };

    assert!(matches!(
        note(&world, "m-1", LOST).await,
        NoteOutcome::Noted(_)
    ));
    assert_eq!(note(&world, "m-1", LOST).await, NoteOutcome::Known);
    let better = note(&world, "m-1", Arrival::Delivered).await;
    assert!(matches!(better, NoteOutcome::Noted(_)));
    assert_eq!(note(&world, "m-1", LOST).await, NoteOutcome::Known);
    assert_eq!(arrival().await, Some(Arrival::Delivered));
}

/// Whoever notes the loss sends the code again; this is for when they stop in between.
#[tokio::test]
async fn a_message_that_was_lost_is_looked_after_soon() {
    let world = fixture().await;
    let (lost, unwanted) = (taken(&world, 1, "m-1").await, taken(&world, 2, "m-2").await);
    note(&world, "m-1", LOST).await;
    let opted_out = Arrival::Undelivered(SendRefusal::OptedOut);
    note(&world, "m-2", opted_out).await;

    let due_at = follow_up::after_report(LOST, world.now());

    assert!(due_at.is_some());
    assert_eq!(world.stored(lost.id).await.1.follow_up_at, due_at);
    assert_eq!(world.stored(unwanted.id).await.1.follow_up_at, None);
    assert_eq!(looks(&world, 10).await, []);
    world.clock.advance(10 * SECOND);
    assert_eq!(looks(&world, 10).await, [lost.id]);
}

#[tokio::test]
async fn a_report_about_nothing_of_ours_is_unknown() {
    let world = fixture().await;
    taken(&world, 1, "m-1").await;

    assert_eq!(note(&world, "m-2", LOST).await, NoteOutcome::Unknown);
    let of_another = NoteReport {
        provider: ProviderName::new("file"),
        ..noting(&world, "m-1", LOST)
    };
    let outcome = world.store.note_report(of_another).await.unwrap();
    assert_eq!(outcome, NoteOutcome::Unknown);
}

#[tokio::test]
async fn what_is_due_is_looked_after_once_and_put_off() {
    let world = fixture().await;
    let challenge = taken(&world, 1, "m-1").await;
    world.clock.advance(SECOND);
    taken(&world, 2, "m-2").await;
    assert_eq!(looks(&world, 10).await, []);
    world.clock.advance(15 * SECOND);

    assert_eq!(looks(&world, 1).await, [challenge.id]);

    assert_eq!(looks(&world, 10).await.len(), 1, "the other one");
    assert_eq!(looks(&world, 10).await, []);
    let (_, delivery) = world.stored(challenge.id).await;
    assert_eq!(delivery.follow_up_at, Some(world.now().plus(16 * SECOND)));
    note(&world, "m-1", Arrival::Delivered).await;
    world.clock.advance(15 * SECOND);
    assert_eq!(looks(&world, 10).await.len(), 1, "one is reported");
}

#[tokio::test]
async fn nothing_is_looked_after_for_ever() {
    let world = fixture().await;
    let challenge = taken(&world, 1, "m-1").await;
    world.clock.advance(HOUR);

    assert_eq!(looks(&world, 10).await, [challenge.id]);

    let (_, delivery) = world.stored(challenge.id).await;
    assert_eq!(delivery.follow_up_at, None);
}

#[tokio::test]
async fn conversions_count_what_could_reach_people_and_the_newest_gets_the_credit() {
    let mut world = fixture().await;
    world.lift_limits();
    let since = world.now();
    // Answered after its second message, by another provider.
    let twice = taken(&world, 1, "m-1").await;
    world.resend(&twice, &[PROVIDER, "file"]).await;
    logged_in(world.answer_right(&twice).await);
    // Answered at once.
    let once = taken(&world, 2, "m-2").await;
    logged_in(world.answer_right(&once).await);
    // Refused, then taken by another provider, and never answered.
    let refused = world.open(phone(3)).await;
    let step = refusing(
        world.delivery(&refused).id,
        &[PROVIDER, "file"],
        world.now(),
    );
    world.store.refuse_delivery(step).await.unwrap();
    world.clock.advance(2 * MINUTE);
    // Not ended yet.
    taken(&world, 4, "m-4").await;

    let found = world.store.conversions(since, world.now()).await.unwrap();

    let of = |provider: &str, sent, verified| BlockConversion {
        provider: ProviderName::new(provider),
        channel: Channel::Sms,
        block: NumberBlock(98912),
        conversion: Conversion { sent, verified },
    };
    assert_eq!(found, [of("file", 2, 1), of(PROVIDER, 2, 1)]);
}

#[tokio::test]
async fn conversions_begin_where_they_are_asked_to() {
    let world = fixture().await;
    taken(&world, 1, "m-1").await;
    world.clock.advance(HOUR);
    let since = world.now();
    taken(&world, 2, "m-2").await;
    world.clock.advance(2 * MINUTE);

    let found = world.store.conversions(since, world.now()).await.unwrap();

    assert_eq!(found.len(), 1);
    assert_eq!(found[0].conversion.sent, 1);
}

/// A challenge whose message was taken by a provider that is to be asked in fifteen seconds.
async fn taken(world: &World, n: u32, message_id: &str) -> Challenge {
    let challenge = world.open(phone(n)).await;
    let at = world.now();
    let mut step = settling(
        world.delivery(&challenge).id,
        DeliveryState::Accepted { at },
    );
    step.receipt.message_id = MessageId::new(message_id);
    step.follow_up_at = Some(at.plus(15 * SECOND));
    world.store.settle_delivery(step).await.unwrap();
    challenge
}

fn noting(world: &World, message_id: &str, arrival: Arrival) -> NoteReport {
    NoteReport {
        provider: ProviderName::new(PROVIDER),
        message_id: MessageId::new(message_id).unwrap(),
        arrival,
        cost: None,
        now: world.now(),
    }
}

async fn note(world: &World, message_id: &str, arrival: Arrival) -> NoteOutcome {
    let step = noting(world, message_id, arrival);
    world.store.note_report(step).await.unwrap()
}

/// Whose messages are to be looked after.
async fn looks(world: &World, limit: u16) -> Vec<phonekey_core::id::ChallengeId> {
    let due = world.store.lease_follow_ups(world.now(), limit).await;
    due.unwrap()
        .into_iter()
        .map(|due| due.challenge.id)
        .collect()
}
