//! Cases of `MaintenanceStore`.

use std::time::Duration;

use phonekey_core::{
    delivery::ProviderName,
    ports::store::{OpenOutcome, PresentedToken, Purge, Purged, RotateOutcome, UserUpdate},
    session::NewSession,
    standing::{Wait, WaitRule},
    token::CustomClaims,
};

use super::fixture;
use crate::kit::{DAY, HOUR, MINUTE, PROVIDER, SECOND, World, granted, phone};

/// A millisecond past a limit that still keeps.
const TICK: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_sound_store_says_so() {
    let world = fixture().await;

    world.store.check().await.unwrap();
}

#[tokio::test]
async fn there_is_nothing_to_purge_in_an_empty_store() {
    let world = fixture().await;

    assert!(purge_once(&world).await.is_empty());
}

#[tokio::test]
async fn what_a_rule_can_still_ask_for_is_not_purged() {
    let world = fixture().await;
    world.log_in(phone(1)).await;
    world.clock.advance(MINUTE);
    world.open(phone(1)).await;

    assert!(purge_once(&world).await.is_empty());
}

#[tokio::test]
async fn a_challenge_goes_with_its_deliveries_when_its_retention_is_over() {
    let world = fixture().await;
    world.open(phone(1)).await;
    world.clock.advance(2 * MINUTE + HOUR);
    assert_eq!(purge_once(&world).await, Purged::default());
    world.clock.advance(TICK);
    let younger = world.open(phone(2)).await;

    let purged = purge_once(&world).await;

    let challenges = 1;
    assert_eq!(
        purged,
        Purged {
            challenges,
            ..Purged::default()
        }
    );
    let provider = ProviderName::new(PROVIDER);
    let recent = world.store.recent_deliveries(&provider, None, 10).await;
    let left = recent.unwrap().into_iter().map(|due| due.challenge);
    assert_eq!(left.collect::<Vec<_>>(), [younger]);
}

#[tokio::test]
async fn the_standing_of_a_number_outlives_its_challenges() {
    let mut world = fixture().await;
    world.change_number_policy(|number| number.wrong_answers = "3/24h".parse().unwrap());
    let challenge = world.open(phone(1)).await;
    for _ in 0..3 {
        world.answer_wrong(&challenge).await;
    }
    world.clock.advance(3 * HOUR);

    assert_eq!(purge_once(&world).await.challenges, 1);

    let (_, outcome) = world.try_open(phone(1)).await;
    let rule = WaitRule::WrongAnswers;
    let until = world.started_at.plus(DAY);
    assert_eq!(outcome, OpenOutcome::Wait(Wait { rule, until }));
}

#[tokio::test]
async fn a_standing_goes_when_no_rule_can_ask_for_it() {
    let world = fixture().await;
    world.open(phone(1)).await;
    world.clock.advance(DAY);
    assert_eq!(purge_once(&world).await.standings, 0);
    world.clock.advance(TICK);

    assert_eq!(purge_once(&world).await.standings, 1);

    assert_eq!(purge_once(&world).await.standings, 0);
}

#[tokio::test]
async fn a_session_goes_after_its_end() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(7 * DAY);
    assert_eq!(purge_once(&world).await.sessions, 0);
    world.clock.advance(TICK);

    assert_eq!(purge_once(&world).await.sessions, 1);

    assert!(world.user(session.user).await.is_some());
}

#[tokio::test]
async fn a_session_that_goes_on_stays() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(6 * DAY);
    granted(world.rotate(&session, 0).await);
    world.clock.advance(6 * DAY);

    assert_eq!(purge_once(&world).await.sessions, 0);

    granted(world.rotate(&session, 1).await);
}

#[tokio::test]
async fn an_adopted_session_stays_while_its_foreign_token_could_be_adopted_again() {
    let mut world = fixture().await;
    let user = world.log_in(phone(1)).await.user;
    world.session_policy.refresh_lifetime = HOUR;
    let ends_at = world.now().plus(20 * DAY);
    let new = NewSession::adopting("jti-1", ends_at, CustomClaims::default());
    let present = || world.present(user, PresentedToken::Foreign(new.clone()));
    granted(present().await);
    world.clock.advance(20 * DAY);

    // The session that the login opened is over.
    assert_eq!(purge_once(&world).await.sessions, 1);

    assert_eq!(present().await, RotateOutcome::Ended);
    world.clock.advance(TICK);
    assert_eq!(purge_once(&world).await.sessions, 1);
}

#[tokio::test]
async fn an_audit_event_goes_when_its_retention_is_over() {
    let world = fixture().await;
    let user = world.log_in(phone(1)).await.user;
    world.clock.advance(DAY);
    let update = UserUpdate::Deactivate;
    world
        .store
        .change_user(user, update, world.now())
        .await
        .unwrap();
    world.clock.advance(89 * DAY);
    assert_eq!(purge_once(&world).await.audit_events, 0);
    world.clock.advance(TICK);

    assert_eq!(purge_once(&world).await.audit_events, 1);

    let left = world.audited().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].kind, "user_deactivated");
}

#[tokio::test]
async fn many_rows_are_purged_in_batches_until_none_is_left() {
    let world = fixture().await;
    for n in 0..25 {
        world.log_in(phone(n)).await;
        world.clock.advance(SECOND);
    }
    world.clock.advance(100 * DAY);
    let step = Purge {
        batch: 4,
        ..purging(&world)
    };

    let mut total = Purged::default();
    loop {
        let purged = world.store.purge(step).await.unwrap();
        if purged.is_empty() {
            break;
        }
        total.challenges += purged.challenges;
        total.sessions += purged.sessions;
        total.standings += purged.standings;
        total.audit_events += purged.audit_events;
    }

    let expected = Purged {
        challenges: 25,
        sessions: 25,
        standings: 25,
        audit_events: 25,
    };
    assert_eq!(total, expected);
}

fn purging(world: &World) -> Purge {
    Purge {
        challenge_retention: HOUR,
        audit_retention: 90 * DAY,
        batch: 100,
        now: world.now(),
    }
}

async fn purge_once(world: &World) -> Purged {
    world.store.purge(purging(world)).await.unwrap()
}
