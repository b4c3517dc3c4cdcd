//! The log: one line an event on standard error, for people or for machines.

use std::io::{IsTerminal, stderr};

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
    drop(started);
}

const OURS: [&str; 5] = [
    "phonekey",
    "phonekey_core",
    "phonekey_delivery",
    "phonekey_store",
    "phonekey_web",
];
