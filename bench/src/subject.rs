//! What can be measured, and compared with another.

use std::sync::Arc;

use anyhow::Result;

use crate::arrivals::Pace;
use crate::figures::Figures;
use crate::flow::{self, Flow, Plan};
use crate::insert_floor::{self, Floor};
use crate::numbers::Numbers;
use crate::rate::Rate;
use crate::report;
use crate::site::Site;

/// What can be measured.
pub(crate) enum Subject {
    /// A flow at a server.
    Server {
        /// The server.
        site: Arc<Site>,
        /// The flow.
        flow: Flow,
        /// The numbers that log in.
        numbers: Arc<Numbers>,
    },
    /// Bare inserts.
    InsertFloor(Floor),
}

impl Subject {
    /// Measures it once.
    pub(crate) async fn measure(&self, plan: &Plan) -> Result<Figures> {
        match self {
            Self::Server {
                site,
                flow,
                numbers,
            } => {
                let outcome = flow::run(*flow, plan, site, numbers).await?;
                let target = site.url.to_string();
                Ok(Figures::of_flow(target, *flow, plan, &outcome))
            }
            Self::InsertFloor(floor) => insert_floor::measure(floor, plan).await,
        }
    }

    /// The pace that `rate` comes to. A share of the peak needs a measurement of the peak first:
    /// `plan` without its pace.
    pub(crate) async fn pace(&self, rate: Option<Rate>, plan: &Plan) -> Result<Pace> {
        match rate {
            None => Ok(Pace::AsAnswered),
            Some(Rate::PerSecond(per_second)) => Ok(Pace::PerSecond(per_second)),
            Some(Rate::OfPeak(share)) => {
                let pace = Pace::AsAnswered;
                let peak = self.measure(&Plan { pace, ..*plan }).await?;
                let per_second = share.of(peak.main.throughput)?;
                report::peak(&peak, per_second);
                Ok(Pace::PerSecond(per_second))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compare;

    const PLAN: Plan = Plan {
        connections: 4,
        lasts: Duration::from_millis(100),
        warm_up: Duration::ZERO,
        pace: Pace::AsAnswered,
    };

    fn floor(folder: &tempfile::TempDir) -> Subject {
        Subject::InsertFloor(Floor::at(folder.path().join("floor.db")))
    }

    #[tokio::test]
    async fn a_share_of_the_peak_is_measured_before_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let floor = floor(&folder);

        let pace = floor
            .pace(Some("50%".parse().unwrap()), &PLAN)
            .await
            .unwrap();

        let rows = inserted(&folder);
        let Pace::PerSecond(per_second) = pace else {
            panic!("{pace:?}");
        };
        // Half of what a tenth of a second brought, ten times as much a second.
        assert!(i64::from(per_second.get()) <= rows * 5);
    }

    #[tokio::test]
    async fn a_rate_without_a_share_needs_no_measurement() {
        let folder = tempfile::tempdir().unwrap();
        let floor = floor(&folder);

        let pace = floor.pace(Some("7".parse().unwrap()), &PLAN).await.unwrap();

        assert_eq!(pace, Pace::PerSecond(7.try_into().unwrap()));
        assert!(!folder.path().join("floor.db").exists());
    }

    #[tokio::test]
    async fn two_subjects_are_measured_at_the_same_pace_in_each_round() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [first, second] = folders.each_ref().map(floor);
        let pace = Pace::PerSecond(200.try_into().unwrap());

        let comparison = compare::run(&Plan { pace, ..PLAN }, &first, &second, 3).await;

        let rounds = comparison.unwrap().rounds;
        assert_eq!(rounds.len(), 3);
        for round in &rounds {
            for (figures, folder) in [&round.target, &round.compared].into_iter().zip(&folders) {
                assert!(figures.target.starts_with(folder.path().to_str().unwrap()));
                assert_eq!(figures.main.right + figures.unsent, 21);
            }
        }
    }

    fn inserted(folder: &tempfile::TempDir) -> i64 {
        let db = rusqlite::Connection::open(folder.path().join("floor.db")).unwrap();
        db.query_row("select count(*) from floor", [], |row| row.get(0))
            .unwrap()
    }
}
