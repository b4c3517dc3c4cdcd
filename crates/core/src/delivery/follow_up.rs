//! Looking after a message that a provider took: asking what became of it, and sending the code once
//! more where it did not arrive. Pure.

use std::time::Duration;

use super::{Delivery, DeliveryState, outcome::SendOutcome, report::Arrival};
use crate::{
    challenge::{Challenge, messages::MessagePolicy},
    route::NextStep,
    time::Timestamp,
};

/// How a provider tells what became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportsBy {
    /// It does not.
    Nothing,
    /// It calls us.
    Callback,
    /// It answers when asked.
    Polling,
    /// It tells over a session that it keeps with us.
    Session,
}

/// How soon after a provider took a message it is asked for the first time: most messages arrive
/// within some seconds.
pub const FIRST_POLL: Duration = Duration::from_secs(15);

/// After this long nobody asks any more: the networks give up on most messages sooner.
pub const LAST_POLL: Duration = Duration::from_hours(1);

/// The shortest time between two looks after one message.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// When a message is to be looked after first, by what its provider answered; `None` for never.
#[must_use]
pub fn first_look(
    outcome: &SendOutcome,
    reports: ReportsBy,
    policy: &MessagePolicy,
    now: Timestamp,
) -> Option<Timestamp> {
    let wait = match (outcome, reports) {
        (SendOutcome::Unknown, _) => policy.unknown_after,
        (SendOutcome::Accepted(_), ReportsBy::Callback | ReportsBy::Session) => {
            policy.unreported_after?
        }
        (SendOutcome::Accepted(_), ReportsBy::Polling) => FIRST_POLL,
        (SendOutcome::Accepted(_), ReportsBy::Nothing) | (SendOutcome::Refused(_), _) => {
            return None;
        }
    };
    Some(now.plus(wait))
}

/// When a message is to be looked after again, once somebody has begun to do so at `now`: when it is
/// twice as old. `None` when nothing can come of it any more.
#[must_use]
pub fn put_off(delivery: &Delivery, challenge: &Challenge, now: Timestamp) -> Option<Timestamp> {
    let age = now.since(delivery.created_at);
    let goes_on = match delivery.state {
        DeliveryState::Accepted { .. } => match delivery.report {
            None => age < LAST_POLL,
            Some(report) => is_followed(report.arrival) && challenge.is_live(now),
        },
        DeliveryState::Unknown { .. } => challenge.is_live(now),
        DeliveryState::Pending { .. }
        | DeliveryState::Refused { .. }
        | DeliveryState::Dropped { .. } => false,
    };
    goes_on.then(|| now.plus(age.max(SHORTEST_PAUSE)))
}

/// When a message is to be looked after, once it was reported at `now`. Whoever notes the report
/// sends the code again at once, where another way could do better; this is for when they cannot, be
/// it that they stop. `None` for never.
#[must_use]
pub fn after_report(arrival: Arrival, now: Timestamp) -> Option<Timestamp> {
    is_followed(arrival).then(|| now.plus(SHORTEST_PAUSE))
}

/// Whether a message of which this was reported should be followed by another.
fn is_followed(arrival: Arrival) -> bool {
    matches!(
        arrival.next_step(),
        NextStep::FailOver | NextStep::ChangeChannel
    )
}

/// What is to be done for a message at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing.
    Nothing,
    /// Its code goes once more, if the rules of its challenge allow it.
    SendAgain,
    /// Its provider is asked.
    Ask,
    /// Its provider is asked; if it knows nothing new, the code goes once more.
    AskThenSendAgain,
}

/// Decides what is to be done for a message at `now`.
#[must_use]
pub fn look(
    delivery: &Delivery,
    reports: ReportsBy,
    policy: &MessagePolicy,
    now: Timestamp,
) -> Look {
    if let Some(report) = delivery.report {
        return if is_followed(report.arrival) {
            Look::SendAgain
        } else {
            Look::Nothing
        };
    }
    match delivery.state {
        DeliveryState::Unknown { .. } => Look::SendAgain,
        DeliveryState::Accepted { at } => {
            let overdue = policy
                .unreported_after
                .is_some_and(|wait| now.since(at) >= wait);
            match (reports, overdue) {
                (ReportsBy::Polling, false) => Look::Ask,
                (ReportsBy::Polling, true) => Look::AskThenSendAgain,
                (ReportsBy::Callback | ReportsBy::Session, true) => Look::SendAgain,
                (ReportsBy::Callback | ReportsBy::Session, false) | (ReportsBy::Nothing, _) => {
                    Look::Nothing
                }
            }
        }
        DeliveryState::Pending { .. }
        | DeliveryState::Refused { .. }
        | DeliveryState::Dropped { .. } => Look::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        delivery::{
            outcome::{Receipt, SendRefusal},
            report::DeliveryReport,
        },
        id::ChallengeId,
        testing::values,
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
    }

    fn delivery(state: DeliveryState) -> Delivery {
        let id = ChallengeId::from_uuid(Uuid::from_u128(7));
        Delivery {
            state,
            ..values::plan(&["a"]).first(id, at(0))
        }
    }

    fn accepted() -> Delivery {
        delivery(DeliveryState::Accepted { at: at(0) })
    }

    fn reported(arrival: Arrival) -> Delivery {
        Delivery {
            report: Some(DeliveryReport { at: at(1), arrival }),
            ..accepted()
        }
    }

    fn overdue_after(seconds: u64) -> MessagePolicy {
        MessagePolicy {
            unreported_after: Some(Duration::from_secs(seconds)),
            ..MessagePolicy::default()
        }
    }

    #[test]
    fn only_what_can_come_to_something_is_looked_after() {
        let taken = SendOutcome::Accepted(Receipt::default());
        let refused = SendOutcome::Refused(SendRefusal::Temporary);
        let policy = MessagePolicy::default();
        let first = |outcome, reports| first_look(outcome, reports, &policy, at(0));

        assert_eq!(first(&taken, ReportsBy::Nothing), None);
        assert_eq!(first(&taken, ReportsBy::Callback), None);
        assert_eq!(first(&taken, ReportsBy::Session), None);
        assert_eq!(first(&taken, ReportsBy::Polling), Some(at(15)));
        assert_eq!(first(&refused, ReportsBy::Polling), None);
        assert_eq!(
            first(&SendOutcome::Unknown, ReportsBy::Nothing),
            Some(at(10))
        );
        for told in [ReportsBy::Callback, ReportsBy::Session] {
            let awaited = first_look(&taken, told, &overdue_after(40), at(0));
            assert_eq!(awaited, Some(at(40)));
        }
    }

    #[test]
    fn a_provider_is_asked_when_the_message_is_twice_as_old_for_an_hour() {
        let challenge = values::challenge();
        let next = |seconds| put_off(&accepted(), &challenge, at(seconds));

        assert_eq!(next(3), Some(at(13)));
        assert_eq!(next(15), Some(at(30)));
        assert_eq!(next(960), Some(at(1920)));
        assert_eq!(next(3600), None);
        let delivered = reported(Arrival::Delivered);
        assert_eq!(put_off(&delivered, &challenge, at(15)), None);
    }

    #[test]
    fn a_lost_message_is_looked_after_until_its_challenge_ends() {
        let lost = Arrival::Undelivered(SendRefusal::Temporary);
        let challenge = values::challenge();
        let look_at = |arrival| {
            let policy = MessagePolicy::default();
            look(&reported(arrival), ReportsBy::Callback, &policy, at(15))
        };

        assert_eq!(after_report(lost, at(1)), Some(at(11)));
        assert_eq!(look_at(lost), Look::SendAgain);
        assert_eq!(put_off(&reported(lost), &challenge, at(15)), Some(at(30)));
        assert_eq!(put_off(&reported(lost), &challenge, at(120)), None);
        let opted_out = Arrival::Undelivered(SendRefusal::OptedOut);
        for nothing_follows in [Arrival::Delivered, opted_out] {
            assert_eq!(after_report(nothing_follows, at(1)), None);
            assert_eq!(look_at(nothing_follows), Look::Nothing);
        }
    }

    #[test]
    fn what_nobody_can_tell_the_fate_of_goes_once_more() {
        let unknown = delivery(DeliveryState::Unknown { at: at(5) });
        let policy = MessagePolicy::default();

        assert_eq!(
            look(&unknown, ReportsBy::Nothing, &policy, at(15)),
            Look::SendAgain
        );
    }

    #[test]
    fn a_missing_report_counts_only_where_the_operator_says_so() {
        let look_at = |reports, policy: &MessagePolicy, seconds| {
            look(&accepted(), reports, policy, at(seconds))
        };
        let never = MessagePolicy::default();
        let policy = overdue_after(40);

        for told in [ReportsBy::Callback, ReportsBy::Session] {
            assert_eq!(look_at(told, &never, 300), Look::Nothing);
            assert_eq!(look_at(told, &policy, 39), Look::Nothing);
            assert_eq!(look_at(told, &policy, 40), Look::SendAgain);
        }
        assert_eq!(look_at(ReportsBy::Polling, &never, 300), Look::Ask);
        assert_eq!(look_at(ReportsBy::Polling, &policy, 39), Look::Ask);
        assert_eq!(
            look_at(ReportsBy::Polling, &policy, 40),
            Look::AskThenSendAgain
        );
        assert_eq!(look_at(ReportsBy::Nothing, &policy, 40), Look::Nothing);
    }
}
