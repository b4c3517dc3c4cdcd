//! When logins happened, and whose they were.
//!
//! They happened at even distances, and users logged in one after the other; when all had their
//! turn, the first came again. With more users than logins, those of the first users are too long
//! ago to have left more than the user.

use std::iter;
use std::time::Duration;

use anyhow::{Result, ensure};
use phonekey_core::time::Timestamp;

/// How much happened, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// People who logged in at least once.
    pub(super) users: u64,
    /// Codes that were sent and answered, each a login.
    pub(super) logins: u64,
    /// Logins whose sessions go on.
    pub(super) sessions: u64,
    /// How long before the present the first of those codes was sent.
    pub(super) spread: Duration,
}

impl Extent {
    /// Whether such a past is possible.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            self.logins == 0 || self.users > 0,
            "a code that was answered belongs to a user: --challenges needs --users"
        );
        ensure!(
            self.sessions <= self.logins,
            "a session begins with a login: --sessions is at most --challenges"
        );
        ensure!(
            (SHORTEST_SPREAD..=LONGEST_SPREAD).contains(&self.spread),
            "--spread is 1h to 29d: after 30 days phonekey deletes challenges and ends sessions"
        );
        Ok(())
    }
}

/// Who logged in when. Users and logins are counted from 0, both in order of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    extent: Extent,
    now: Timestamp,
    /// How long before `now` the last code was sent: it has expired since.
    ended_before: Duration,
}

impl Timeline {
    /// A past that ends at `now` and is possible ([`Extent::check`]).
    pub(super) fn new(extent: Extent, code_lifetime: Duration, now: Timestamp) -> Self {
        Self {
            extent,
            now,
            ended_before: code_lifetime,
        }
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// When the code of a login was sent.
    pub(super) fn opened_at(&self, login: u64) -> Timestamp {
        let lasts = self.extent.spread.saturating_sub(self.ended_before);
        self.begun_at()
            .plus(share(lasts, login, self.extent.logins))
    }

    /// When it was answered.
    pub(super) fn answered_at(&self, login: u64) -> Timestamp {
        self.opened_at(login).plus(ANSWERED_AFTER)
    }

    /// Whose login it was.
    pub(super) fn user_of(&self, login: u64) -> u64 {
        (self.users_before() + login) % self.extent.users
    }

    /// When a user logged in for the first and for the last time.
    pub(super) fn first_and_last_login_at(&self, user: u64) -> (Timestamp, Timestamp) {
        if let Some(Logins { first, last }) = self.logins_of(user) {
            return (self.answered_at(first), self.answered_at(last));
        }
        let joined = share(YEAR, user, self.users_before());
        let joined_at = self.begun_at().minus(YEAR).plus(joined);
        (joined_at, joined_at)
    }

    /// The logins of a user whose codes were sent after `since`, oldest first.
    pub(super) fn logins_since(&self, user: u64, since: Timestamp) -> Vec<u64> {
        let Some(Logins { first, last }) = self.logins_of(user) else {
            return Vec::new();
        };
        let one_before = |login: &u64| login.checked_sub(self.extent.users);
        let mut recent: Vec<u64> = iter::successors(Some(last), one_before)
            .take_while(|login| *login >= first && self.opened_at(*login) > since)
            .collect();
        recent.reverse();
        recent
    }

    /// Whether the session of a login goes on: of all logins as many as there are sessions, at even
    /// distances.
    pub(super) fn goes_on(&self, login: u64) -> bool {
        let sessions_before = |login: u64| {
            u128::from(login) * u128::from(self.extent.sessions) / u128::from(self.extent.logins)
        };
        sessions_before(login + 1) > sessions_before(login)
    }

    fn begun_at(&self) -> Timestamp {
        self.now.minus(self.extent.spread)
    }

    /// Users whose logins are too long ago.
    fn users_before(&self) -> u64 {
        self.extent.users.saturating_sub(self.extent.logins)
    }

    fn logins_of(&self, user: u64) -> Option<Logins> {
        let first = user.checked_sub(self.users_before())?;
        let rounds = self.extent.logins.checked_sub(first + 1)? / self.extent.users;
        Some(Logins {
            first,
            last: first + rounds * self.extent.users,
        })
    }
}

/// The first and the last login of a user; between them, one each time that all users had a turn.
struct Logins {
    first: u64,
    last: u64,
}

/// `index` parts of `count` of a time.
fn share(time: Duration, index: u64, count: u64) -> Duration {
    let millis = time.as_millis() * u128::from(index) / u128::from(count.max(1));
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

const YEAR: Duration = Duration::from_hours(365 * 24);
const SHORTEST_SPREAD: Duration = Duration::from_hours(1);
/// A day less than sessions last at most, and than challenges are kept by default.
const LONGEST_SPREAD: Duration = Duration::from_hours(29 * 24);
/// How long a person took to read the code and to type it.
const ANSWERED_AFTER: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn extent(users: u64, logins: u64, sessions: u64) -> Extent {
        Extent {
            users,
            logins,
            sessions,
            spread: 20 * DAY,
        }
    }

    fn timeline(users: u64, logins: u64, sessions: u64) -> Timeline {
        let now = Timestamp::from_seconds(1_800_000_000);
        Timeline::new(extent(users, logins, sessions), Duration::from_mins(2), now)
    }

    #[test]
    fn logins_are_spread_up_to_the_last_code_that_has_expired() {
        let past = timeline(100, 100, 0);

        assert_eq!(past.opened_at(0), past.now.minus(20 * DAY));
        assert!((1..100).all(|login| past.opened_at(login) > past.opened_at(login - 1)));
        assert!(past.opened_at(99) <= past.now.minus(Duration::from_mins(2)));
    }

    #[test]
    fn each_user_logs_in_when_the_timeline_says_so() {
        for (users, logins) in [(7, 7), (7, 3), (7, 30), (1, 5), (5, 0)] {
            let past = timeline(users, logins, 0);
            for user in 0..users {
                let own: Vec<u64> = (0..logins)
                    .filter(|login| past.user_of(*login) == user)
                    .collect();

                assert_eq!(past.logins_since(user, Timestamp::default()), own);
                let (first, last) = past.first_and_last_login_at(user);
                if let (Some(own_first), Some(own_last)) = (own.first(), own.last()) {
                    assert_eq!(first, past.answered_at(*own_first));
                    assert_eq!(last, past.answered_at(*own_last));
                } else {
                    assert!(first < past.opened_at(0));
                }
            }
        }
    }

    #[test]
    fn only_logins_since_a_moment_are_told() {
        let past = timeline(2, 10, 0);
        let since = past.opened_at(5);

        assert_eq!(past.logins_since(0, since), [6, 8]);
        assert_eq!(past.logins_since(1, since), [7, 9]);
    }

    #[test]
    fn users_join_in_the_order_of_their_ids() {
        for (users, logins) in [(20, 20), (20, 5), (20, 100), (20, 0)] {
            let past = timeline(users, logins, 0);

            let joined = (0..users).map(|user| past.first_and_last_login_at(user).0);

            assert!(joined.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn as_many_sessions_go_on_as_were_asked_for() {
        for (logins, sessions) in [(1000, 0), (1000, 1), (1000, 333), (1000, 1000)] {
            let past = timeline(10, logins, sessions);

            let kept = (0..logins).filter(|login| past.goes_on(*login)).count();

            assert_eq!(kept as u64, sessions);
        }
    }

    #[test]
    fn a_past_that_cannot_be_is_refused() {
        let spread = |spread| Extent {
            spread,
            ..extent(1, 1, 1)
        };

        assert!(extent(1, 1, 1).check().is_ok());
        assert!(extent(0, 0, 0).check().is_ok());
        assert!(extent(0, 1, 0).check().is_err());
        assert!(extent(5, 1, 2).check().is_err());
        assert!(spread(30 * DAY).check().is_err());
        assert!(spread(Duration::from_mins(1)).check().is_err());
    }
}
