//! Two subjects in turn. Machines drift within minutes, so that only such ratios mean anything.

use anyhow::Result;
use serde::Serialize;

use crate::figures::Figures;
use crate::flow::Plan;
use crate::subject::Subject;

/// Both subjects' figures of all rounds, and what they are to each other.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// Each round.
    pub(crate) rounds: Vec<Round>,
    /// Throughput of the first over that of the second.
    pub(crate) throughput_ratio: Spread,
    /// Median latency of the first over that of the second.
    pub(crate) p50_ratio: Spread,
    /// 99th percentile of the first over that of the second.
    pub(crate) p99_ratio: Spread,
}

/// One round.
#[derive(Debug, Serialize)]
pub(crate) struct Round {
    /// The first.
    pub(crate) target: Figures,
    /// The second.
    pub(crate) compared: Figures,
}

/// The values of several rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// The middle one; the mean of both in the middle of an even number.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
}

/// Measures both, round by round. Who comes first changes with each, so that neither always runs
/// in the heat of the other.
pub(crate) async fn run(
    plan: &Plan,
    target: &Subject,
    compared: &Subject,
    rounds: usize,
) -> Result<Comparison> {
    let mut measured = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let (target, compared) = if round % 2 == 0 {
            let target = target.measure(plan).await?;
            (target, compared.measure(plan).await?)
        } else {
            let compared = compared.measure(plan).await?;
            (target.measure(plan).await?, compared)
        };
        measured.push(Round { target, compared });
    }
    Ok(Comparison::of(measured))
}

impl Comparison {
    fn of(rounds: Vec<Round>) -> Self {
        let ratios = |value: fn(&Figures) -> f64| {
            Spread::of(
                rounds
                    .iter()
                    .map(|r| value(&r.target) / value(&r.compared))
                    .collect(),
            )
        };
        Self {
            throughput_ratio: ratios(|figures| figures.main.throughput),
            p50_ratio: ratios(|figures| figures.main.p50_ms),
            p99_ratio: ratios(|figures| figures.main.p99_ms),
            rounds,
        }
    }
}

impl Spread {
    /// The spread of these values; no numbers where there are none.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.as_slice() {
            [] => f64::NAN,
            values if values.len() % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
            values => values[middle],
        };
        Self {
            median,
            min: values.first().copied().unwrap_or(f64::NAN),
            max: values.last().copied().unwrap_or(f64::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_number_is_the_middle_one() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);

        assert_eq!(
            spread,
            Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            }
        );
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert!((Spread::of(vec![4.0, 1.0, 2.0, 3.0]).median - 2.5).abs() < f64::EPSILON);
    }
}
