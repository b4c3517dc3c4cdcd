//! `[log]`: the log.

use tracing::level_filters::LevelFilter;

use super::{
    raw,
    read::{Read, Reader},
};

/// The log.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// For whom it is written.
    pub format: LogFormat,
    /// The least that is logged.
    pub level: LevelFilter,
}

/// For whom a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// For machines: one JSON object in each line.
    Json,
}

impl LogConfig {
    pub(super) fn read(raw: &raw::Log, reader: &mut Reader) -> Read<Self> {
        let formats = [("human", LogFormat::Human), ("json", LogFormat::Json)];
        let format = reader.choice(&raw.format, &formats);
        let levels = [
            ("error", LevelFilter::ERROR),
            ("warn", LevelFilter::WARN),
            ("info", LevelFilter::INFO),
            ("debug", LevelFilter::DEBUG),
            ("trace", LevelFilter::TRACE),
        ];
        let level = reader.choice(&raw.level, &levels);
        Ok(Self {
            format: format?,
            level: level?,
        })
    }
}
