//! Cases of `SessionStore`.

use std::time::Duration;

use phonekey_core::{
    id::{SessionId, UserId},
    ports::store::{PresentedToken, RotateOutcome, UserUpdate},
    session::{NewSession, Session, SessionOrigin},
    token::CustomClaims,
};

use super::fixture;
use crate::kit::{DAY, HOUR, MINUTE, SECOND, World, granted, phone};

#[tokio::test]
async fn the_newest_token_advances_its_session() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(MINUTE);

    let advanced = granted(world.rotate(&session, 0).await);

    let expected = Session {
        generation: 1,
        rotated_at: world.now(),
        expires_at: world.now().plus(7 * DAY),
        retained_until: world.now().plus(7 * DAY),
        ..session
    };
    assert_eq!(advanced, expected);
    let advanced = granted(world.rotate(&advanced, 1).await);
    assert_eq!(advanced.generation, 2);
}

#[tokio::test]
async fn within_the_grace_the_same_successor_is_granted_again() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(MINUTE);
    let first = granted(world.rotate(&session, 0).await);

    for _ in 0..3 {
        world.clock.advance(3 * SECOND);

        assert_eq!(granted(world.rotate(&session, 0).await), first);
    }

    assert_eq!(granted(world.rotate(&first, 1).await).generation, 2);
}

#[tokio::test]
async fn past_the_grace_a_replaced_token_revokes_the_session() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(MINUTE);
    let newest = granted(world.rotate(&session, 0).await);
    world.clock.advance(10 * SECOND);

    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Replayed);

    assert_eq!(world.rotate(&newest, 1).await, RotateOutcome::Ended);
    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Ended);
    let events = world.audited().await;
    assert_eq!(events.len(), 2);
    let event = &events[1];
    assert_eq!(event.kind, "session_revoked");
    assert_eq!((event.at, event.user), (world.now(), session.user.get()));
    assert_eq!(event.session, Some(*session.id.as_uuid()));
    assert_eq!(event.challenge, None);
    assert_eq!(event.detail.as_deref(), Some("replay"));
}

#[tokio::test]
async fn an_older_token_revokes_the_session_even_within_the_grace() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    granted(world.rotate(&session, 0).await);
    let newest = granted(world.rotate(&session, 1).await);

    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Replayed);

    assert_eq!(world.rotate(&newest, 2).await, RotateOutcome::Ended);
}

#[tokio::test]
async fn a_revoked_session_is_no_matter_to_the_others_of_its_user() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(MINUTE);
    let other = world.log_in(phone(1)).await;
    granted(world.rotate(&session, 0).await);
    world.clock.advance(MINUTE);
    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Replayed);

    granted(world.rotate(&other, 0).await);
}

#[tokio::test]
async fn a_generation_that_was_not_reached_ends_nothing() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;

    assert_eq!(world.rotate(&session, 1).await, RotateOutcome::Ended);

    granted(world.rotate(&session, 0).await);
}

#[tokio::test]
async fn an_expired_session_is_over() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    world.clock.advance(7 * DAY);

    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Ended);
}

#[tokio::test]
async fn a_session_ends_with_its_absolute_lifetime() {
    let world = fixture().await;
    let mut session = world.log_in(phone(1)).await;
    for _ in 0..5 {
        world.clock.advance(143 * HOUR);
        session = granted(world.rotate(&session, session.generation).await);
    }
    assert_eq!(session.expires_at, session.created_at.plus(30 * DAY));
    world.clock.advance(5 * HOUR);

    assert_eq!(world.rotate(&session, 5).await, RotateOutcome::Ended);
}

#[tokio::test]
async fn only_the_user_of_a_session_can_rotate_it() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    let stranger = world.log_in(phone(2)).await;
    let stolen = Session {
        user: stranger.user,
        ..session.clone()
    };

    assert_eq!(world.rotate(&stolen, 0).await, RotateOutcome::Ended);

    granted(world.rotate(&session, 0).await);
}

#[tokio::test]
async fn a_session_that_never_was_is_over() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    let unknown = Session {
        id: SessionId::generate(&world.random, world.now()),
        ..session
    };

    assert_eq!(world.rotate(&unknown, 0).await, RotateOutcome::Ended);
}

#[tokio::test]
async fn an_inactive_user_rotates_nothing_until_it_is_active_again() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    let change = |update| world.store.change_user(session.user, update, world.now());
    change(UserUpdate::Deactivate).await.unwrap();

    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Ended);

    change(UserUpdate::Activate).await.unwrap();
    granted(world.rotate(&session, 0).await);
}

#[tokio::test]
async fn a_foreign_token_opens_a_session_with_its_claims() {
    let world = fixture().await;
    let user = world.log_in(phone(1)).await.user;
    let new = foreign(&world, "jti-1");
    let presented = PresentedToken::Foreign(new.clone());

    let session = granted(world.present(user, presented).await);

    assert_eq!(session.id, new.id);
    assert_eq!(session.user, user);
    assert_eq!(session.origin, SessionOrigin::Adopted);
    assert_eq!(session.generation, 1);
    assert_eq!(session.claims, new.claims);
    assert_eq!(session.retained_until, session.expires_at);
    let advanced = granted(world.rotate(&session, 1).await);
    assert_eq!((advanced.generation, &advanced.claims), (2, &new.claims));
    let event = world.audited().await.pop().unwrap();
    assert_eq!(event.kind, "session_adopted");
    assert_eq!(event.user, user.get());
    assert_eq!(event.session, Some(*session.id.as_uuid()));
}

#[tokio::test]
async fn a_foreign_token_is_adopted_once() {
    let world = fixture().await;
    let user = world.log_in(phone(1)).await.user;
    let present = || {
        let presented = PresentedToken::Foreign(foreign(&world, "jti-1"));
        world.present(user, presented)
    };
    let first = granted(present().await);

    assert_eq!(granted(present().await), first);
    world.clock.advance(10 * SECOND);
    assert_eq!(present().await, RotateOutcome::Replayed);

    assert_eq!(present().await, RotateOutcome::Ended);
    assert_eq!(world.rotate(&first, 1).await, RotateOutcome::Ended);
    let kinds: Vec<String> = world.audited().await.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["logged_in", "session_adopted", "session_revoked"]);
}

#[tokio::test]
async fn a_foreign_token_of_a_user_who_may_not_log_in_is_not_adopted() {
    let world = fixture().await;
    let user = world.log_in(phone(1)).await.user;
    let update = UserUpdate::Deactivate;
    world
        .store
        .change_user(user, update, world.now())
        .await
        .unwrap();

    for user in [user, UserId::new(4711)] {
        let presented = PresentedToken::Foreign(foreign(&world, "jti-1"));
        assert_eq!(world.present(user, presented).await, RotateOutcome::Ended);
    }
}

#[tokio::test]
async fn an_adopted_session_is_known_after_it_has_expired() {
    let mut world = fixture().await;
    world.session_policy.refresh_lifetime = Duration::from_hours(1);
    let user = world.log_in(phone(1)).await.user;
    let new = foreign(&world, "jti-1");
    granted(
        world
            .present(user, PresentedToken::Foreign(new.clone()))
            .await,
    );
    world.clock.advance(DAY);

    let again = world.present(user, PresentedToken::Foreign(new)).await;

    assert_eq!(again, RotateOutcome::Ended);
}

/// A refresh token of the Django server, good for two days from the world's beginning.
fn foreign(world: &World, jti: &str) -> NewSession {
    let claims = CustomClaims::from_json(r#"{"tenant":"north","level":3}"#).unwrap();
    NewSession::adopting(jti, world.started_at.plus(2 * DAY), claims)
}
