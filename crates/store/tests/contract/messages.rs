//! Cases of the steps that add to a challenge's messages, or end it for want of one.

use phonekey_core::{
    challenge::{Challenge, ChallengeState, CloseReason, messages::NotAgain},
    delivery::{
        Delivery, DeliveryId, DeliveryState, ProviderName,
        message::AppHash,
        outcome::{MessageId, SendRefusal},
    },
    id::ChallengeId,
    ports::store::{
        AnswerOutcome, RefuseOutcome, ResendChallenge, ResendOutcome, SendAgain, SendAgainOutcome,
    },
    standing::{Wait, WaitRule},
};

use super::fixture;
use crate::kit::{MINUTE, PROVIDER, SECOND, World, logged_in, phone, refusing, settling};

#[tokio::test]
async fn an_app_hash_is_kept() {
    let world = fixture().await;
    let challenge = Challenge {
        app_hash: AppHash::parse("FA+9qCX9VSu"),
        ..world.challenge(phone(1))
    };
    let opening = world.opening(&challenge);

    world.store.open_challenge(opening).await.unwrap();

    assert_eq!(world.stored(challenge.id).await.0, challenge);
}

#[tokio::test]
async fn a_refusal_is_noted_and_the_next_delivery_added() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let first = world.delivery(&challenge);
    world.clock.advance(SECOND);
    let (at, reason) = (world.now(), SendRefusal::Temporary);

    let outcome = refuse(&world, first.id, &[PROVIDER, "file"]).await;

    let RefuseOutcome::Next(next) = outcome else {
        panic!("nothing follows: {outcome:?}");
    };
    assert_eq!((next.id.attempt, next.provider.as_str()), (2, "file"));
    let refused = Delivery {
        state: DeliveryState::Refused { at, reason },
        ..first
    };
    assert_eq!(newest(&world, PROVIDER).await, refused);
    assert_eq!(newest(&world, "file").await, *next);
    assert_eq!(world.stored(challenge.id).await.0, challenge);
}

#[tokio::test]
async fn the_last_refusal_ends_the_challenge_and_makes_room() {
    let mut world = fixture().await;
    world.change_number_policy(|number| number.live_challenges = 1);
    let challenge = world.open(phone(1)).await;
    let first = world.delivery(&challenge).id;

    assert_eq!(refuse(&world, first, &[]).await, RefuseOutcome::Last);

    assert_eq!(world.answer_right(&challenge).await, AnswerOutcome::Dead);
    let (at, reason) = (world.now(), CloseReason::Undeliverable);
    let (stored, _) = world.stored(challenge.id).await;
    assert_eq!(stored.state, ChallengeState::Closed { at, reason });
    world.clock.advance(30 * SECOND);
    world.open(phone(1)).await;
}

#[tokio::test]
async fn a_refused_resend_leaves_a_challenge_whose_code_has_gone_out() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.accept(&challenge, "m-1").await;
    world.clock.advance(30 * SECOND);
    let delivery = resent(world.resend(&challenge, &[PROVIDER]).await);

    assert_eq!(refuse(&world, delivery.id, &[]).await, RefuseOutcome::Last);

    logged_in(world.answer_right(&challenge).await);
}

#[tokio::test]
async fn nothing_follows_a_refusal_for_a_challenge_that_was_answered() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    logged_in(world.answer_right(&challenge).await);
    let before = world.stored(challenge.id).await.0;
    let first = world.delivery(&challenge).id;

    let outcome = refuse(&world, first, &[PROVIDER, "file"]).await;

    assert_eq!(outcome, RefuseOutcome::Last);
    assert_eq!(world.stored(challenge.id).await.0, before);
}

#[tokio::test]
async fn what_was_settled_is_refused_no_more() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let id = world.accept(&challenge, "m-1").await;
    let before = world.stored(challenge.id).await;

    let outcome = refuse(&world, id, &[PROVIDER, "file"]).await;

    assert_eq!(outcome, RefuseOutcome::Lost);
    assert_eq!(world.stored(challenge.id).await, before);
}

#[tokio::test]
async fn what_never_was_is_not_refused() {
    let world = fixture().await;
    let id = DeliveryId {
        challenge: ChallengeId::generate(&world.random, world.now()),
        attempt: 1,
    };

    assert_eq!(refuse(&world, id, &[PROVIDER]).await, RefuseOutcome::Lost);
}

#[tokio::test]
async fn a_resend_adds_a_delivery_and_gives_the_challenge_time() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.accept(&challenge, "m-1").await;
    world.clock.advance(100 * SECOND);

    let outcome = world.resend(&challenge, &[PROVIDER, "file"]).await;

    let ResendOutcome::Resent {
        challenge: changed,
        delivery: Some(delivery),
        resend_at,
    } = outcome
    else {
        panic!("not resent: {outcome:?}");
    };
    assert_eq!(
        *changed,
        Challenge {
            expires_at: world.now().plus(MINUTE),
            ..challenge.clone()
        }
    );
    assert_eq!(
        (delivery.id.attempt, delivery.provider.as_str()),
        (2, "file")
    );
    assert_eq!(resend_at, world.now().plus(MINUTE));
    assert_eq!(newest(&world, "file").await, delivery);
    world.clock.advance(59 * SECOND);
    logged_in(world.answer_right(&challenge).await);
}

#[tokio::test]
async fn wrong_answers_stay_counted_over_a_resend() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.accept(&challenge, "m-1").await;
    world.answer_wrong(&challenge).await;
    world.answer_wrong(&challenge).await;
    world.clock.advance(30 * SECOND);

    resent(world.resend(&challenge, &[PROVIDER]).await);

    let last = world.answer_wrong(&challenge).await;
    assert_eq!(last, AnswerOutcome::Wrong { left: 0 });
}

#[tokio::test]
async fn a_resend_waits_for_the_cool_down() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.accept(&challenge, "m-1").await;
    world.clock.advance(29 * SECOND);
    let before = world.stored(challenge.id).await;

    let outcome = world.resend(&challenge, &[PROVIDER]).await;

    let (rule, until) = (WaitRule::CoolDown, world.now().plus(SECOND));
    assert_eq!(outcome, ResendOutcome::Wait(Wait { rule, until }));
    assert_eq!(world.stored(challenge.id).await, before);
}

#[tokio::test]
async fn a_challenge_has_three_messages() {
    let mut world = fixture().await;
    world.lift_limits();
    let challenge = world.open(phone(1)).await;
    for message in ["m-1", "m-2"] {
        world.accept(&challenge, message).await;
        resent(world.resend(&challenge, &[PROVIDER]).await);
    }

    let outcome = world.resend(&challenge, &[PROVIDER]).await;

    assert_eq!(outcome, ResendOutcome::Spent);
}

#[tokio::test]
async fn there_is_no_resend_for_what_has_ended_or_is_not_the_numbers() {
    let mut world = fixture().await;
    world.lift_limits();
    let challenge = world.open(phone(1)).await;
    let of_another = Challenge {
        phone: phone(2),
        ..challenge.clone()
    };
    let outcome = world.resend(&of_another, &[PROVIDER]).await;
    assert_eq!(outcome, ResendOutcome::Dead);
    let never = Challenge {
        id: ChallengeId::generate(&world.random, world.now()),
        ..challenge.clone()
    };
    let outcome = world.resend(&never, &[PROVIDER]).await;
    assert_eq!(outcome, ResendOutcome::Dead);

    logged_in(world.answer_right(&challenge).await);

    let outcome = world.resend(&challenge, &[PROVIDER]).await;
    assert_eq!(outcome, ResendOutcome::Dead);
}

#[tokio::test]
async fn a_test_numbers_challenge_is_resent_without_a_message() {
    let world = fixture().await;
    let challenge = world.challenge(phone(1));
    let mut opening = world.opening(&challenge);
    opening.delivery = None;
    world.store.open_challenge(opening).await.unwrap();
    world.clock.advance(30 * SECOND);
    let step = ResendChallenge {
        id: challenge.id,
        phone: challenge.phone,
        terms: world.terms(&[PROVIDER]),
        now: world.now(),
    };

    let outcome = world.store.resend_challenge(step).await.unwrap();

    assert!(
        matches!(outcome, ResendOutcome::Resent { delivery: None, .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_code_goes_once_more_unasked_and_not_a_third_time() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let first = world.delivery(&challenge).id;
    let at = world.now();
    let unknown = settling(first, DeliveryState::Unknown { at });
    world.store.settle_delivery(unknown).await.unwrap();
    world.clock.advance(10 * SECOND);

    let outcome = again(&world, first).await;

    let SendAgainOutcome::Next(next) = outcome else {
        panic!("nothing follows: {outcome:?}");
    };
    assert_eq!((next.id.attempt, next.provider.as_str()), (2, "file"));
    assert_eq!(newest(&world, "file").await, *next);
    let outcome = again(&world, first).await;
    assert_eq!(outcome, SendAgainOutcome::None(NotAgain::Dead));
    let outcome = again(&world, next.id).await;
    assert_eq!(outcome, SendAgainOutcome::None(NotAgain::Spent));
}

#[tokio::test]
async fn a_message_that_nobody_asked_for_counts_for_its_number() {
    let mut world = fixture().await;
    world.change_number_policy(|number| number.sends = "2/10m".parse().unwrap());
    let challenge = world.open(phone(1)).await;
    let id = world.accept(&challenge, "m-1").await;

    again(&world, id).await;

    let wait = Wait {
        rule: WaitRule::Sends,
        until: world.now().plus(10 * MINUTE),
    };
    world.clock.advance(30 * SECOND);
    let outcome = world.resend(&challenge, &[PROVIDER]).await;
    assert_eq!(outcome, ResendOutcome::Wait(wait));
}

#[tokio::test]
async fn what_never_was_does_not_go_again() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let unknown = DeliveryId {
        challenge: ChallengeId::generate(&world.random, world.now()),
        attempt: 1,
    };
    let no_such_attempt = DeliveryId {
        challenge: challenge.id,
        attempt: 7,
    };

    for id in [unknown, no_such_attempt] {
        let outcome = again(&world, id).await;
        assert_eq!(outcome, SendAgainOutcome::None(NotAgain::Dead));
    }
}

async fn refuse(world: &World, id: DeliveryId, providers: &[&str]) -> RefuseOutcome {
    let step = refusing(id, providers, world.now());
    world.store.refuse_delivery(step).await.unwrap()
}

async fn again(world: &World, id: DeliveryId) -> SendAgainOutcome {
    let step = SendAgain {
        id,
        terms: world.terms(&[PROVIDER, "file"]),
        now: world.now(),
    };
    world.store.send_again(step).await.unwrap()
}

/// The delivery of a resend that went well, which its provider then takes.
fn resent(outcome: ResendOutcome) -> Delivery {
    match outcome {
        ResendOutcome::Resent {
            delivery: Some(delivery),
            ..
        } => delivery,
        other => panic!("not resent: {other:?}"),
    }
}

/// The newest delivery of a provider.
async fn newest(world: &World, provider: &str) -> Delivery {
    let provider = ProviderName::new(provider);
    let recent = world.store.recent_deliveries(&provider, None, 1).await;
    recent.unwrap().remove(0).delivery
}

#[tokio::test]
async fn a_message_id_with_every_character_that_there_may_be_is_kept() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let name = "شناسه-'\"\\%_ 0042";

    world.accept(&challenge, name).await;

    let receipt = world.stored(challenge.id).await.1.receipt;
    assert_eq!(receipt.message_id, MessageId::new(name));
}
