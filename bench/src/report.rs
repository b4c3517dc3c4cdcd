//! Prints figures, for people or for machines.

#![expect(clippy::print_stdout, reason = "the report is this program's output")]

use std::fmt::Write as _;
use std::num::NonZeroU32;

use anyhow::Result;
use serde::Serialize;

use crate::compare::{Comparison, Spread};
use crate::figures::{Figures, StepFigures};
use crate::fill::Filled;
use crate::slow_provider::{Run, SlowProvider};
use crate::start::Starts;

/// Prints one JSON object on one line.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// Prints one measurement.
pub(crate) fn figures(figures: &Figures) {
    print!("{}", described(figures));
}

/// Prints rounds and ratios.
pub(crate) fn comparison(comparison: &Comparison) {
    for (number, round) in (1..).zip(&comparison.rounds) {
        println!("round {number}");
        print!("{}", described(&round.target));
        print!("{}", described(&round.compared));
        println!();
    }
    println!("ratio, first over second   median      min      max");
    print_spread("throughput", comparison.throughput_ratio);
    print_spread("p50", comparison.p50_ratio);
    print_spread("p99", comparison.p99_ratio);
}

/// Prints what was measured to find a pace, beside the report.
#[expect(
    clippy::print_stderr,
    reason = "no part of the JSON on standard output"
)]
pub(crate) fn peak(peak: &Figures, per_second: NonZeroU32) {
    eprint!("{}", described(peak));
    eprintln!("that is the peak; measured at {per_second}/s from here on\n");
}

/// Prints what was filled.
pub(crate) fn filled(filled: &Filled) {
    let Filled {
        database,
        users,
        challenges,
        sessions,
        standings,
        seconds,
        size_bytes,
    } = filled;
    let mib = size_bytes / (1024 * 1024);
    println!("{database}  filled in {seconds:.1} s, {mib} MiB");
    println!("{users:>12} users");
    println!("{challenges:>12} challenges, deliveries and audit events each");
    println!("{sessions:>12} sessions");
    println!("{standings:>12} standings");
}

/// Prints how soon a server answered.
pub(crate) fn starts(starts: &Starts) {
    println!("{}  {} starts", starts.binary, starts.runs.len());
    println!("ms since its start         median      min      max");
    print_spread("ready", starts.ready_ms);
    print_spread("first create answered", starts.answered_ms);
}

/// Prints what a slow provider does to everybody else.
pub(crate) fn slow_provider(measured: &SlowProvider) {
    for (number, round) in (1..).zip(&measured.rounds) {
        println!("round {number}");
        for (provider, run) in [("quick", &round.quick), ("slow", &round.slow)] {
            let Run {
                others,
                by_provider,
                sent,
                peak_memory_bytes,
            } = run;
            println!("{provider} provider:");
            print!("{}", described(by_provider));
            println!("{sent} messages sent to it");
            print!("everybody else: {}", described(others));
            println!("peak memory {} MiB\n", peak_memory_bytes / (1024 * 1024));
        }
    }
    println!("p99, slow over quick       median      min      max");
    for (step, ratio) in &measured.p99_ratio {
        print_spread(&format!("{step:?}").to_lowercase(), *ratio);
    }
}

fn print_spread(name: &str, spread: Spread) {
    let Spread { median, min, max } = spread;
    println!("{name:<24} {median:>8.3} {min:>8.3} {max:>8.3}");
}

fn described(figures: &Figures) -> String {
    let mut text = format!(
        "{}  {}  {} connections  {:.1} s",
        figures.target, figures.flow, figures.connections, figures.seconds
    );
    if let Some(rate) = figures.rate {
        let _ = write!(text, "  at {rate}/s, {} unsent", figures.unsent);
    }
    text.push_str(
        "\nstep         right/s    p50 ms    p95 ms    p99 ms    max ms      right  errors\n",
    );
    if figures.steps.is_empty() {
        text.push_str(&row(&figures.flow, &figures.main));
    }
    for (step, step_figures) in &figures.steps {
        text.push_str(&row(&format!("{step:?}").to_lowercase(), step_figures));
    }
    if let Some(example) = &figures.example_error {
        let _ = writeln!(text, "for example: {example}");
    }
    text
}

fn row(name: &str, step: &StepFigures) -> String {
    let errors: Vec<String> = step
        .errors
        .iter()
        .map(|(class, count)| format!("{count} × {class}"))
        .collect();
    let errors = if errors.is_empty() {
        "none".to_owned()
    } else {
        errors.join(", ")
    };
    format!(
        "{name:<9} {:>10.1} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>10}  {errors}\n",
        step.throughput, step.p50_ms, step.p95_ms, step.p99_ms, step.max_ms, step.right
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_measurement_is_a_line_a_head_and_a_row() {
        let figures = Figures {
            target: "http://127.0.0.1:8000".to_owned(),
            flow: "create".to_owned(),
            connections: 64,
            seconds: 10.0,
            rate: Some(500),
            main: StepFigures {
                throughput: 499.95,
                right: 5000,
                p50_ms: 1.25,
                p95_ms: 2.0,
                p99_ms: 3.0,
                max_ms: 40.125,
                errors: BTreeMap::from([("500".to_owned(), 3)]),
            },
            unsent: 1,
            steps: BTreeMap::new(),
            example_error: Some("500 sorry".to_owned()),
        };

        assert_eq!(
            described(&figures),
            "http://127.0.0.1:8000  create  64 connections  10.0 s  at 500/s, 1 unsent\n\
             step         right/s    p50 ms    p95 ms    p99 ms    max ms      right  errors\n\
             create         499.9     1.250     2.000     3.000    40.125       5000  3 × 500\n\
             for example: 500 sorry\n"
        );
    }
}
