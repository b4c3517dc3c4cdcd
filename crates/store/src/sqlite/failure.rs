//! Why a step failed, in SQLite's terms, and what that means in the contract's.

use phonekey_core::ports::store::StoreError;
use rusqlite::ErrorCode;

/// Why a step or a query failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite, or its driver, said no.
    Driver(rusqlite::Error),
    /// A row holds what no version of phonekey wrote.
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong, without the row's content.
        problem: String,
    },
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Corrupt { table, problem } => Self::Corrupt { table, problem },
            Failure::Driver(error) if passes(&error) => Self::Unavailable {
                source: error.into(),
            },
            Failure::Driver(error) => Self::Unexpected {
                source: error.into(),
            },
        }
    }
}

/// Whether the same step may well succeed later: what failed is the machine, not the statement.
fn passes(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OperationInterrupted
        )
    )
}
