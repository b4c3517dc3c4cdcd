//! A measurement as numbers to report.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::arrivals::Pace;
use crate::flow::{Flow, Outcome, Plan};
use crate::tally::{Step, StepTally, Tally};

/// A measurement as numbers to report. This is the JSON of `--json`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    /// What was measured: a server's address or a database's path.
    pub(crate) target: String,
    /// The flow, or `insert`.
    pub(crate) flow: String,
    /// How many connections were open at once.
    pub(crate) connections: usize,
    /// How long was measured.
    pub(crate) seconds: f64,
    /// The fixed rate, if there was one.
    pub(crate) rate: Option<u32>,
    /// The flow's own step.
    #[serde(flatten)]
    pub(crate) main: StepFigures,
    /// Requests that were due at the end and had not been sent (fixed rate only).
    pub(crate) unsent: u64,
    /// Each step, where there is more than one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) steps: BTreeMap<Step, StepFigures>,
    /// One failure in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) example_error: Option<String>,
}

/// One step as numbers. Latencies are those of right answers, in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StepFigures {
    /// Right answers per second.
    pub(crate) throughput: f64,
    /// Right answers.
    pub(crate) right: u64,
    /// Median.
    pub(crate) p50_ms: f64,
    /// 95th percentile.
    pub(crate) p95_ms: f64,
    /// 99th percentile.
    pub(crate) p99_ms: f64,
    /// The slowest.
    pub(crate) max_ms: f64,
    /// Failures, by status or by one word.
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Figures {
    /// The figures of a flow at a server.
    pub(crate) fn of_flow(target: String, flow: Flow, plan: &Plan, outcome: &Outcome) -> Self {
        let name = clap::ValueEnum::to_possible_value(&flow)
            .map_or_else(String::new, |value| value.get_name().to_owned());
        Self::of(target, name, flow.measures(), plan, outcome)
    }

    /// The figures of whatever was measured, `main` being the step in question.
    pub(crate) fn of(
        target: String,
        flow: String,
        main: Step,
        plan: &Plan,
        outcome: &Outcome,
    ) -> Self {
        let Tally { steps, example, .. } = &outcome.tally;
        let seconds = outcome.elapsed.as_secs_f64();
        let steps: BTreeMap<Step, StepFigures> = steps
            .iter()
            .map(|(step, tally)| (*step, StepFigures::of(tally, seconds)))
            .collect();
        Self {
            target,
            flow,
            connections: plan.connections,
            seconds: rounded(seconds),
            rate: match plan.pace {
                Pace::AsAnswered => None,
                Pace::PerSecond(per_second) => Some(per_second.get()),
            },
            main: steps.get(&main).cloned().unwrap_or_default(),
            unsent: outcome.unsent,
            steps: if steps.len() > 1 {
                steps
            } else {
                BTreeMap::new()
            },
            example_error: example.clone(),
        }
    }
}

impl StepFigures {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a benchmark fit 52 bits"
    )]
    fn of(tally: &StepTally, seconds: f64) -> Self {
        Self {
            throughput: rounded(tally.in_time as f64 / seconds.max(f64::MIN_POSITIVE)),
            right: tally.right(),
            p50_ms: tally.percentile_ms(50.0),
            p95_ms: tally.percentile_ms(95.0),
            p99_ms: tally.percentile_ms(99.0),
            max_ms: tally.percentile_ms(100.0),
            errors: tally.failures.clone(),
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;
    use crate::failure::Failure;
    use crate::tally::SharedTally;

    const PLAN: Plan = Plan {
        connections: 4,
        lasts: Duration::from_secs(2),
        warm_up: Duration::ZERO,
        pace: Pace::AsAnswered,
    };

    #[test]
    fn the_json_has_its_main_step_at_the_top() {
        let now = clock::now();
        let tally = SharedTally::until(now);
        for _ in 0..10 {
            tally.record(Step::Insert, &Ok(()), Duration::from_millis(2), now);
        }
        tally.record(
            Step::Insert,
            &Err::<(), _>(Failure::Status(500, String::new())),
            Duration::ZERO,
            now,
        );
        let outcome = Outcome {
            tally: tally.snapshot(),
            elapsed: Duration::from_secs(2),
            unsent: 0,
        };

        let figures = Figures::of(
            "x".to_owned(),
            "insert".to_owned(),
            Step::Insert,
            &PLAN,
            &outcome,
        );
        let json = serde_json::to_value(&figures).unwrap();

        assert_eq!(json["throughput"], 5.0);
        assert_eq!(json["right"], 10);
        assert_eq!(json["errors"]["500"], 1);
        assert_eq!(json["seconds"], 2.0);
        assert!((json["p99_ms"].as_f64().unwrap() - 2.0).abs() < 0.01);
        assert!(json.get("steps").is_none());
    }

    #[test]
    fn nothing_measured_is_all_zero() {
        let outcome = Outcome {
            tally: Tally::default(),
            elapsed: Duration::ZERO,
            unsent: 0,
        };

        let figures = Figures::of(
            "x".to_owned(),
            "insert".to_owned(),
            Step::Insert,
            &PLAN,
            &outcome,
        );

        assert_eq!(figures.main.right, 0);
        assert!(figures.main.throughput.abs() < f64::EPSILON);
    }
}
