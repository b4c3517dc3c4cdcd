use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
}

fn opened(policy: &SessionPolicy) -> Session {
    let id = SessionId::from_uuid(Uuid::from_u128(1));
    NewSession::after_code(id).open(UserId::new(7), policy, at(0))
}

#[test]
fn the_newest_token_advances_the_session() {
    let policy = SessionPolicy::default();
    let mut session = opened(&policy);

    assert_eq!(
        rotate(&mut session, 0, &policy, at(100)),
        Rotation::Advanced
    );

    assert_eq!((session.generation, session.rotated_at), (1, at(100)));
    assert_eq!(session.expires_at, at(100).plus(policy.refresh_lifetime));
}

#[test]
fn t33_a_lost_reply_is_repeated_within_the_grace() {
    let policy = SessionPolicy::default();
    let mut session = opened(&policy);
    rotate(&mut session, 0, &policy, at(100));
    let advanced = session.clone();

    assert_eq!(
        rotate(&mut session, 0, &policy, at(109)),
        Rotation::Repeated
    );
    assert_eq!(session, advanced);
}

#[test]
fn t31_a_replaced_token_revokes_the_session() {
    let policy = SessionPolicy::default();
    let mut session = opened(&policy);
    rotate(&mut session, 0, &policy, at(100));

    assert_eq!(
        rotate(&mut session, 0, &policy, at(110)),
        Rotation::Replayed
    );
    let revocation = Revocation {
        at: at(110),
        reason: RevokeReason::Replay,
    };
    assert_eq!(session.revoked, Some(revocation));
    assert_eq!(rotate(&mut session, 1, &policy, at(111)), Rotation::Ended);
}

#[test]
fn the_grace_is_for_the_immediate_predecessor_only() {
    let policy = SessionPolicy::default();
    let mut session = opened(&policy);
    rotate(&mut session, 0, &policy, at(100));
    rotate(&mut session, 1, &policy, at(101));

    assert_eq!(
        rotate(&mut session, 0, &policy, at(102)),
        Rotation::Replayed
    );
}

#[test]
fn a_token_of_a_generation_not_reached_ends_nothing() {
    let policy = SessionPolicy::default();
    let mut session = opened(&policy);

    assert_eq!(rotate(&mut session, 5, &policy, at(1)), Rotation::Ended);
    assert_eq!(session.revoked, None);
}

#[test]
fn a_session_ends_at_its_absolute_end_however_often_it_is_refreshed() {
    let day = Duration::from_hours(24);
    let policy = SessionPolicy {
        absolute_lifetime: Some(30 * day),
        ..SessionPolicy::default()
    };
    let mut session = opened(&policy);
    let mut generation = 0;
    for days in (6..30).step_by(6) {
        assert_eq!(
            rotate(&mut session, generation, &policy, at(0).plus(days * day)),
            Rotation::Advanced
        );
        generation += 1;
    }

    assert_eq!(session.expires_at, at(0).plus(30 * day));
    assert_eq!(
        rotate(&mut session, generation, &policy, at(0).plus(30 * day)),
        Rotation::Ended
    );
}

#[test]
fn an_adopted_token_names_the_same_session_each_time_and_counts_as_generation_zero() {
    let policy = SessionPolicy::default();
    let new = |jti| NewSession::adopting(jti, at(9_000_000), CustomClaims::default());
    let mut session = new("a").open(UserId::new(7), &policy, at(0));

    assert_eq!(session.id, new("a").id);
    assert_ne!(session.id, new("b").id);
    assert_eq!(session.generation, 1);
    assert_eq!(session.retained_until, at(9_000_000));
    assert_eq!(rotate(&mut session, 0, &policy, at(5)), Rotation::Repeated);
    assert_eq!(rotate(&mut session, 0, &policy, at(50)), Rotation::Replayed);
}

proptest! {
    /// SECURITY.md T31, T32: whatever a thief and a victim do with the tokens they hold, whoever
    /// presents a replaced token outside the grace ends the session for both.
    #[test]
    fn t32_no_schedule_keeps_two_holders_alive(gaps in proptest::collection::vec((any::<bool>(), 11_u64..600), 2..40)) {
        let policy = SessionPolicy::default();
        let mut session = opened(&policy);
        let mut held = [0_u32; 2];
        let mut now = 0;
        for (thief, gap) in gaps {
            now += gap;
            let holder = usize::from(thief);
            let current = session.generation;
            match rotate(&mut session, held[holder], &policy, at(now)) {
                Rotation::Advanced => {
                    prop_assert_eq!(held[holder], current);
                    held[holder] = session.generation;
                }
                Rotation::Repeated => prop_assert!(false, "outside the grace"),
                Rotation::Replayed => prop_assert!(session.revoked.is_some()),
                Rotation::Ended => prop_assert!(session.revoked.is_some()),
            }
        }
    }
}
