//! Cases of `ChallengeStore`.

use std::time::Duration;

use phonekey_core::{
    challenge::{ChallengeState, CloseReason},
    code::Code,
    delivery::{DeliveryState, ProviderName},
    ports::store::{AnswerOutcome, OpenOutcome, UserUpdate},
    standing::{Wait, WaitRule},
    user::{Activity, Gender},
};

use super::fixture;
use crate::kit::{DAY, MINUTE, PROVIDER, SECOND, logged_in, phone};

#[tokio::test]
async fn a_challenge_is_kept_with_its_delivery_as_it_was_opened() {
    let world = fixture().await;

    let (challenge, outcome) = world.try_open(phone(1)).await;

    let resend_at = world.now().plus(30 * SECOND);
    assert_eq!(outcome, OpenOutcome::Opened { resend_at });
    let delivery = world.delivery(&challenge);
    assert_eq!(world.stored(challenge.id).await, (challenge, delivery));
}

#[tokio::test]
async fn a_test_numbers_challenge_has_no_delivery() {
    let world = fixture().await;
    let challenge = world.challenge(phone(1));
    let mut step = world.opening(&challenge);
    step.delivery = None;

    let outcome = world.store.open_challenge(step).await.unwrap();

    assert!(matches!(outcome, OpenOutcome::Opened { .. }));
    let provider = ProviderName::new(PROVIDER);
    let recent = world.store.recent_deliveries(&provider, None, 10).await;
    assert_eq!(recent.unwrap(), []);
    logged_in(world.answer_right(&challenge).await);
}

#[tokio::test]
async fn a_number_that_must_wait_gets_no_challenge() {
    let world = fixture().await;
    world.open(phone(1)).await;

    let (refused, outcome) = world.try_open(phone(1)).await;

    let until = world.now().plus(30 * SECOND);
    let rule = WaitRule::CoolDown;
    assert_eq!(outcome, OpenOutcome::Wait(Wait { rule, until }));
    assert_eq!(world.answer_right(&refused).await, AnswerOutcome::Dead);
    let provider = ProviderName::new(PROVIDER);
    let recent = world.store.recent_deliveries(&provider, None, 10).await;
    assert_eq!(recent.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_request_does_not_prolong_the_wait() {
    let world = fixture().await;
    world.open(phone(1)).await;
    world.clock.advance(29 * SECOND);
    world.try_open(phone(1)).await;

    world.clock.advance(SECOND);

    world.open(phone(1)).await;
}

#[tokio::test]
async fn one_number_never_makes_another_wait() {
    let world = fixture().await;
    world.open(phone(1)).await;

    world.open(phone(2)).await;
}

#[tokio::test]
async fn the_codes_of_a_number_are_capped_over_all_its_challenges() {
    let world = fixture().await;
    for wait in [0, 30, 60] {
        world.clock.advance(wait * SECOND);
        world.open(phone(1)).await;
    }
    world.clock.advance(2 * MINUTE);

    let (_, outcome) = world.try_open(phone(1)).await;

    let OpenOutcome::Wait(wait) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(wait.rule, WaitRule::Sends);
    assert_eq!(wait.until.since(world.now()), 390 * SECOND);
}

#[tokio::test]
async fn the_open_challenges_of_a_number_are_capped() {
    let mut world = fixture().await;
    world.change_number_policy(|number| number.live_challenges = 1);
    world.open(phone(1)).await;
    world.clock.advance(MINUTE);

    let (_, outcome) = world.try_open(phone(1)).await;

    let until = world.now().plus(MINUTE);
    let rule = WaitRule::LiveChallenges;
    assert_eq!(outcome, OpenOutcome::Wait(Wait { rule, until }));
}

#[tokio::test]
async fn limits_that_are_off_refuse_nothing() {
    let mut world = fixture().await;
    world.lift_limits();

    for _ in 0..30 {
        let (_, outcome) = world.try_open(phone(1)).await;

        let resend_at = world.now();
        assert_eq!(outcome, OpenOutcome::Opened { resend_at });
    }
}

#[tokio::test]
async fn a_first_right_answer_creates_the_user_and_opens_the_session() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    world.clock.advance(SECOND);
    let step = world.answering(&challenge, world.right_code(&challenge));
    let (name, session_id) = (step.username.clone(), step.session.id);

    let session = logged_in(world.answer(step).await);

    assert_eq!(session.id, session_id);
    assert_eq!(session.generation, 0);
    assert_eq!(session.created_at, world.now());
    let user = world.user(session.user).await.unwrap();
    assert_eq!(user.username, name);
    assert_eq!(user.phone, Some(phone(1)));
    assert_eq!(user.activity, Activity::Active);
    assert_eq!(user.gender, Gender::Unknown);
    assert_eq!((user.first_name.as_str(), user.email), ("", None));
    assert_eq!(user.joined_at, world.now());
    assert_eq!(user.last_login_at, Some(world.now()));
}

#[tokio::test]
async fn a_later_right_answer_finds_the_same_user() {
    let world = fixture().await;
    let first = world.log_in(phone(1)).await;
    world.clock.advance(DAY);

    let second = world.log_in(phone(1)).await;

    assert_eq!(second.user, first.user);
    assert_ne!(second.id, first.id);
    let user = world.user(first.user).await.unwrap();
    assert_eq!(user.last_login_at, Some(world.now()));
    assert_eq!(user.joined_at, first.created_at);
}

#[tokio::test]
async fn a_login_is_audited() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;

    let session = logged_in(world.answer_right(&challenge).await);

    let events = world.audited().await;
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    assert_eq!((event.kind.as_str(), event.at), ("logged_in", world.now()));
    assert_eq!(event.user, session.user.get());
    assert_eq!(event.session, Some(*session.id.as_uuid()));
    assert_eq!(event.challenge, Some(*challenge.id.as_uuid()));
    assert_eq!(event.detail, None);
}

#[tokio::test]
async fn a_code_works_once() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    logged_in(world.answer_right(&challenge).await);

    let again = world.answer_right(&challenge).await;

    assert_eq!(again, AnswerOutcome::Dead);
    let (at, reason) = (world.now(), CloseReason::Answered);
    let (stored, _) = world.stored(challenge.id).await;
    assert_eq!(stored.state, ChallengeState::Closed { at, reason });
}

#[tokio::test]
async fn a_right_answer_ends_the_other_challenges_of_its_number() {
    let world = fixture().await;
    let elder = world.open(phone(1)).await;
    let stranger = world.open(phone(2)).await;
    world.clock.advance(30 * SECOND);
    let younger = world.open(phone(1)).await;

    logged_in(world.answer_right(&younger).await);

    assert_eq!(world.answer_right(&elder).await, AnswerOutcome::Dead);
    let (at, reason) = (world.now(), CloseReason::Superseded);
    let (stored, _) = world.stored(elder.id).await;
    assert_eq!(stored.state, ChallengeState::Closed { at, reason });
    logged_in(world.answer_right(&stranger).await);
}

#[tokio::test]
async fn wrong_answers_are_counted_and_the_last_ends_the_challenge() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;

    for left in [2, 1, 0] {
        let outcome = world.answer_wrong(&challenge).await;

        assert_eq!(outcome, AnswerOutcome::Wrong { left });
    }

    assert_eq!(world.answer_right(&challenge).await, AnswerOutcome::Dead);
    let (stored, _) = world.stored(challenge.id).await;
    assert_eq!(stored.wrong_answers, 3);
    let (at, reason) = (world.now(), CloseReason::Exhausted);
    assert_eq!(stored.state, ChallengeState::Closed { at, reason });
}

#[tokio::test]
async fn a_code_of_another_length_is_wrong_and_counted() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let longer = format!("{}0", world.right_code(&challenge).expose());
    let longer = Code::parse(&longer).unwrap();

    let outcome = world.answer(world.answering(&challenge, longer)).await;

    assert_eq!(outcome, AnswerOutcome::Wrong { left: 2 });
}

#[tokio::test]
async fn an_answer_for_another_number_is_not_even_compared() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;
    let mut step = world.answering(&challenge, world.right_code(&challenge));
    step.answer.phone = phone(2);

    assert_eq!(world.answer(step).await, AnswerOutcome::Dead);

    let (stored, _) = world.stored(challenge.id).await;
    assert_eq!(stored, challenge);
    logged_in(world.answer_right(&challenge).await);
}

#[tokio::test]
async fn an_expired_challenge_is_dead_to_the_millisecond() {
    let world = fixture().await;
    let [early, late] = [world.open(phone(1)).await, world.open(phone(2)).await];
    world.clock.advance(Duration::from_millis(119_999));
    logged_in(world.answer_right(&early).await);

    world.clock.advance(Duration::from_millis(1));

    assert_eq!(world.answer_right(&late).await, AnswerOutcome::Dead);
}

#[tokio::test]
async fn a_challenge_that_never_was_is_dead() {
    let world = fixture().await;

    let outcome = world.answer_right(&world.challenge(phone(1))).await;

    assert_eq!(outcome, AnswerOutcome::Dead);
}

#[tokio::test]
async fn a_new_code_never_resets_the_budget_of_wrong_answers() {
    let mut world = fixture().await;
    world.change_number_policy(|number| {
        number.wrong_answers = "4/24h".parse().unwrap();
    });
    let first = world.open(phone(1)).await;
    for _ in 0..3 {
        world.answer_wrong(&first).await;
    }
    world.clock.advance(30 * SECOND);
    let second = world.open(phone(1)).await;
    let fourth = world.answer_wrong(&second).await;
    assert_eq!(fourth, AnswerOutcome::Wrong { left: 2 });

    let outcome = world.answer_right(&second).await;

    let until = world.now().plus(DAY).minus(30 * SECOND);
    let rule = WaitRule::WrongAnswers;
    assert_eq!(outcome, AnswerOutcome::Wait(Wait { rule, until }));
    let (stored, _) = world.stored(second.id).await;
    assert_eq!(
        (stored.wrong_answers, stored.state),
        (1, ChallengeState::Open)
    );
    world.clock.advance(MINUTE);
    let (_, outcome) = world.try_open(phone(1)).await;
    assert_eq!(outcome, OpenOutcome::Wait(Wait { rule, until }));
}

#[tokio::test]
async fn a_right_answer_takes_back_its_own_wrong_ones_from_the_budget() {
    let mut world = fixture().await;
    world.change_number_policy(|number| {
        number.wrong_answers = "3/24h".parse().unwrap();
    });
    for _ in 0..3 {
        let challenge = world.open(phone(1)).await;
        world.answer_wrong(&challenge).await;
        world.answer_wrong(&challenge).await;
        logged_in(world.answer_right(&challenge).await);
        world.clock.advance(4 * MINUTE);
    }
}

#[tokio::test]
async fn a_barred_user_gets_no_session_and_its_code_is_spent() {
    let world = fixture().await;
    let first = world.log_in(phone(1)).await;
    let update = UserUpdate::Deactivate;
    world
        .store
        .change_user(first.user, update, world.now())
        .await
        .unwrap();
    world.clock.advance(MINUTE);
    let elder = world.open(phone(1)).await;
    world.clock.advance(MINUTE);
    let challenge = world.open(phone(1)).await;

    assert_eq!(world.answer_right(&challenge).await, AnswerOutcome::Barred);

    assert_eq!(world.answer_right(&challenge).await, AnswerOutcome::Dead);
    assert_eq!(world.answer_right(&elder).await, AnswerOutcome::Dead);
    let user = world.user(first.user).await.unwrap();
    assert_eq!(user.last_login_at, Some(first.created_at));
    let event = world.audited().await.pop().unwrap();
    assert_eq!(event.kind, "login_barred");
    assert_eq!(event.user, first.user.get());
    assert_eq!(event.session, None);
    assert_eq!(event.challenge, Some(*challenge.id.as_uuid()));
}

#[tokio::test]
async fn a_taken_username_changes_nothing() {
    let world = fixture().await;
    let other = world.log_in(phone(1)).await;
    let taken = world.user(other.user).await.unwrap().username;
    let elder = world.open(phone(2)).await;
    world.clock.advance(30 * SECOND);
    let challenge = world.open(phone(2)).await;
    let mut step = world.answering(&challenge, world.right_code(&challenge));
    step.username = taken;

    assert_eq!(world.answer(step).await, AnswerOutcome::UsernameTaken);

    assert_eq!(world.stored(challenge.id).await.0, challenge);
    assert_eq!(world.stored(elder.id).await.0, elder);
    assert_eq!(world.store.user_by_phone(phone(2)).await.unwrap(), None);
    assert_eq!(world.audited().await.len(), 1);
    let session = logged_in(world.answer_right(&challenge).await);
    assert!(session.user > other.user);
    assert_eq!(world.answer_right(&elder).await, AnswerOutcome::Dead);
}

#[tokio::test]
async fn a_taken_username_is_no_matter_to_a_user_who_exists() {
    let world = fixture().await;
    let first = world.log_in(phone(1)).await;
    let name = world.user(first.user).await.unwrap().username;
    world.clock.advance(MINUTE);
    let challenge = world.open(phone(1)).await;
    let mut step = world.answering(&challenge, world.right_code(&challenge));
    step.username = name;

    let second = logged_in(world.answer(step).await);

    assert_eq!(second.user, first.user);
}

#[tokio::test]
async fn answering_settles_no_delivery() {
    let world = fixture().await;
    let challenge = world.open(phone(1)).await;

    logged_in(world.answer_right(&challenge).await);

    let (_, delivery) = world.stored(challenge.id).await;
    assert!(matches!(delivery.state, DeliveryState::Pending { .. }));
}
