use proptest::prelude::*;

use super::*;

#[test]
fn an_empty_standing_allows_everything_and_may_be_forgotten() {
    let policy = NumberPolicy::default();
    let standing = Standing::default();

    assert_eq!(
        standing.may_open(&policy, Timestamp::from_seconds(0)),
        Ok(())
    );
    assert_eq!(standing.forgettable_at(&policy), Timestamp::default());
}

#[test]
fn a_standing_is_kept_as_long_as_its_longest_memory() {
    let policy = NumberPolicy::default();
    let mut standing = Standing::default();
    let now = Timestamp::from_seconds(1000);
    standing.answered_wrong(&policy, now);

    assert_eq!(
        standing.forgettable_at(&policy),
        now.plus(policy.wrong_answers.memory())
    );
}

#[test]
fn bytes_that_are_not_ours_are_corrupt() {
    let good = Standing::default().encode();

    assert_eq!(Standing::decode(&good), Ok(Standing::default()));
    assert_eq!(Standing::decode(&[]), Err(CorruptStanding));
    assert_eq!(
        Standing::decode(&good[..good.len() - 1]),
        Err(CorruptStanding)
    );
    assert_eq!(
        Standing::decode(&[&good[..], &[0]].concat()),
        Err(CorruptStanding)
    );
    assert_eq!(
        Standing::decode(&[9, 0, 0, 0, 0, 0, 0, 0, 0]),
        Err(CorruptStanding)
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        if let Ok(standing) = Standing::decode(&bytes) {
            prop_assert_eq!(standing.encode(), bytes);
        }
    }
}
