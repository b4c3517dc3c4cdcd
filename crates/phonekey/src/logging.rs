//! The log: one line an event on standard error, for people or for machines.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{IsTerminal, stderr},
    panic, thread,
};

use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::log::{LogConfig, LogFormat};

/// Starts the log. A second start in one process, as tests do, changes nothing.
pub(crate) fn start(config: LogConfig) {
    // Libraries may tell of keys and numbers at their finest levels, so they are held to warnings.
    let levels = Targets::new()
        .with_default(config.level.min(tracing::level_filters::LevelFilter::WARN))
        .with_targets(OURS.map(|target| (target, config.level)));
    let registry = tracing_subscriber::registry().with(levels);
    let started = match config.format {
        LogFormat::Human => {
            let layer = fmt::layer()
                .with_writer(stderr)
                .with_ansi(stderr().is_terminal());
            registry.with(layer.with_target(false)).try_init()
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().flatten_event(true).with_writer(stderr);
            registry
                .with(layer.with_current_span(false).with_span_list(false))
                .try_init()
        }
    };
    if started.is_ok() {
        log_panics();
    }
}

/// Has a panic logged as everything is: by one event, which is JSON where the log is.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        let thread = thread::current();
        let thread = thread.name();
        // Captured where `RUST_BACKTRACE` asks for it.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured)
            .then(|| tracing::field::display(backtrace));
        tracing::error!(thread, backtrace, "panicked at {place}: {text}");
    }));
}

const OURS: [&str; 5] = [
    "phonekey",
    "phonekey_core",
    "phonekey_delivery",
    "phonekey_store",
    "phonekey_web",
];

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use serde_json::Value;
    use tracing::level_filters::LevelFilter;

    use super::*;

    /// Set where this test runs as a program that panics: a log and a panic hook are the program's.
    const PANICS: &str = "TEST_PANICS";

    #[test]
    fn a_panic_is_one_line_of_a_log_for_machines() {
        if env::var_os(PANICS).is_some() {
            let (format, level) = (LogFormat::Json, LevelFilter::INFO);
            start(LogConfig { format, level });
            assert!(thread::spawn(|| panic!("two\nlines")).join().is_err());
            return;
        }

        let this = "logging::tests::a_panic_is_one_line_of_a_log_for_machines";
        let ran = Command::new(env::current_exe().unwrap())
            .args(["--exact", this, "--nocapture"])
            .env(PANICS, "1")
            .output()
            .unwrap();

        let line: Value = serde_json::from_slice(&ran.stderr).unwrap();
        let message = line["message"].as_str().unwrap();
        assert!(message.starts_with("panicked at "), "{message}");
        assert!(message.ends_with(": two\nlines"), "{message}");
    }
}
