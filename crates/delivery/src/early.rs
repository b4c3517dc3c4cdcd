//! Reports that come before their messages are known.
//!
//! A provider may report a message before its acceptance is settled in the store, or even before it
//! has answered; the report then seems to be about no message of ours. It is kept for a while, and
//! noted when this node settles the message, or when it turns out that another node has.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use phonekey_core::{
    delivery::{ProviderName, outcome::MessageId, report::Report},
    time::Timestamp,
};

/// How long a report is kept: longer than any message takes to be settled while the store is there.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// The most reports that are kept; the oldest make room. Few providers send reports of messages that
/// are not ours, so this is a second's worth of early ones.
const MOST: usize = 1024;

/// How soon it is first looked whether another node knows the message; then when the report is
/// twice as old.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The reports that this node has taken and knows no message for.
#[derive(Debug, Default)]
pub(crate) struct EarlyReports(Mutex<VecDeque<Early>>);

#[derive(Debug)]
struct Early {
    provider: ProviderName,
    report: Report,
    came_at: Timestamp,
    look_at: Timestamp,
}

impl Early {
    fn is_about(&self, provider: &ProviderName, message_id: &MessageId) -> bool {
        self.report.message_id == *message_id && self.provider == *provider
    }
}

impl EarlyReports {
    /// Keeps a report. Of two about one message the one stays that the other does not overrule.
    pub(crate) fn keep(&self, provider: &ProviderName, report: Report, now: Timestamp) {
        let mut kept = self.kept();
        while kept
            .front()
            .is_some_and(|oldest| now.since(oldest.came_at) >= KEPT_FOR)
        {
            kept.pop_front();
        }
        let known = kept
            .iter_mut()
            .find(|early| early.is_about(provider, &report.message_id));
        if let Some(known) = known {
            let stands = known
                .report
                .arrival
                .zip(report.arrival)
                .is_some_and(|(earlier, later)| earlier.stands_against(later));
            if !stands {
                known.report = report;
            }
            return;
        }
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back(Early {
            provider: provider.clone(),
            report,
            came_at: now,
            look_at: now.plus(FIRST_LOOK),
        });
    }

    /// The report about a message, which is then kept no longer.
    pub(crate) fn take(&self, provider: &ProviderName, message_id: &MessageId) -> Option<Report> {
        let mut kept = self.kept();
        let at = kept
            .iter()
            .position(|early| early.is_about(provider, message_id))?;
        kept.remove(at).map(|early| early.report)
    }

    /// The reports for which it is time to look whether their messages are known by now.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<(ProviderName, Report)> {
        let mut kept = self.kept();
        let due = kept.iter_mut().filter(|early| early.look_at <= now);
        due.map(|early| {
            early.look_at = now.plus(now.since(early.came_at).max(FIRST_LOOK));
            (early.provider.clone(), early.report.clone())
        })
        .collect()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Early>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use phonekey_core::delivery::{outcome::SendRefusal, report::Arrival};

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
    }

    fn id(text: &str) -> MessageId {
        MessageId::new(text).unwrap()
    }

    fn a() -> ProviderName {
        ProviderName::new("a")
    }

    const LOST: Arrival = Arrival::Undelivered(SendRefusal::Temporary);

    fn report(text: &str, arrival: Arrival) -> Report {
        Report {
            message_id: id(text),
            arrival: Some(arrival),
            cost: None,
        }
    }

    #[test]
    fn a_report_is_kept_for_its_providers_message_and_given_once() {
        let early = EarlyReports::default();
        early.keep(&a(), report("m-1", LOST), at(0));

        assert_eq!(early.take(&a(), &id("m-2")), None);
        assert_eq!(early.take(&ProviderName::new("b"), &id("m-1")), None);
        assert_eq!(early.take(&a(), &id("m-1")), Some(report("m-1", LOST)));
        assert_eq!(early.take(&a(), &id("m-1")), None);
    }

    #[test]
    fn of_two_reports_the_one_stays_that_the_other_does_not_overrule() {
        for (first, second) in [(LOST, Arrival::Delivered), (Arrival::Delivered, LOST)] {
            let early = EarlyReports::default();
            early.keep(&a(), report("m-1", first), at(0));
            early.keep(&a(), report("m-1", second), at(1));

            let kept = early.take(&a(), &id("m-1"));
            assert_eq!(kept, Some(report("m-1", Arrival::Delivered)));
            assert_eq!(early.take(&a(), &id("m-1")), None);
        }
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for_and_none_for_ever() {
        let early = EarlyReports::default();
        for number in 0..=MOST {
            early.keep(&a(), report(&number.to_string(), LOST), at(0));
        }
        assert_eq!(early.take(&a(), &id("0")), None, "it made room");
        assert!(early.take(&a(), &id("1")).is_some());

        early.keep(&a(), report("m-1", LOST), at(60));

        assert_eq!(early.take(&a(), &id("2")), None, "its time was over");
        assert!(early.take(&a(), &id("m-1")).is_some());
    }

    #[test]
    fn a_report_is_looked_at_again_when_it_is_twice_as_old() {
        let early = EarlyReports::default();
        early.keep(&a(), report("m-1", LOST), at(0));

        let looks = (0..60).filter(|seconds| !early.due(at(*seconds)).is_empty());

        assert_eq!(looks.collect::<Vec<_>>(), [2, 4, 8, 16, 32]);
    }
}
