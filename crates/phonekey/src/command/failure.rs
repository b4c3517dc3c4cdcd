//! How a command ends that did not succeed.

use std::{io, process::ExitCode};

use phonekey_core::ports::store::StoreError;

use crate::config::problem::Problems;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// It failed: 1.
    Failed {
        /// What failed.
        error: anyhow::Error,
        /// What to do.
        hint: Option<&'static str>,
    },
    /// It has said so itself, as a check does: 1.
    Reported,
    /// The command line makes no sense: 2.
    Usage(String),
    /// What it names does not exist: 3.
    NotFound(String),
    /// Nobody reads its output any more, so there is nobody to tell (`phonekey user list | head`):
    /// 1.
    OutputClosed,
}

impl Failure {
    /// A failure and what to do about it.
    pub fn with_hint(error: impl Into<anyhow::Error>, hint: &'static str) -> Self {
        Self::Failed {
            error: error.into(),
            hint: Some(hint),
        }
    }

    /// What to tell the operator.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Failed { error, hint } => {
                let hint = hint.map(|hint| format!("\nhint: {hint}"));
                Some(format!("error: {error:#}{}", hint.unwrap_or_default()))
            }
            Self::Usage(message) | Self::NotFound(message) => Some(format!("error: {message}")),
            Self::Reported | Self::OutputClosed => None,
        }
    }

    /// With what the process ends.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed { .. } | Self::Reported | Self::OutputClosed => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
        })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed { error, hint: None }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::with_hint(
            problems,
            "`phonekey config reference` explains every setting",
        )
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::with_hint(error, "`phonekey doctor` looks at the database")
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::from(anyhow::Error::from(error)),
        }
    }
}
