//! How a step fails: what the driver and the server say, sorted into what the contract knows.

use std::{error::Error as _, fmt::Write as _, io};

use deadpool_postgres::{PoolError, TimeoutType};
use phonekey_core::ports::store::StoreError;
use thiserror::Error;
use tokio_postgres::error::{Severity, SqlState};

/// What the driver or the server said, without any value of a row.
///
/// The server's details quote values (`Key (phone)=(98912…) already exists`), and whole numbers
/// must reach no log; so its code and its message are all that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Complaint(String);

impl Complaint {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<&tokio_postgres::Error> for Complaint {
    fn from(error: &tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            let code = server.code().code();
            return Self(format!(
                "{} {code}: {}",
                server.severity(),
                server.message()
            ));
        }
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        Self(text)
    }
}

/// A [`StoreError`] that can be told to everyone in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// See [`StoreError::Unavailable`].
    Unavailable(Complaint),
    /// See [`StoreError::Corrupt`].
    Corrupt {
        table: &'static str,
        problem: String,
    },
    /// See [`StoreError::Unexpected`].
    Unexpected(Complaint),
}

impl Fault {
    /// It as a text.
    pub(super) fn into_complaint(self) -> Complaint {
        match self {
            Self::Unavailable(complaint) | Self::Unexpected(complaint) => complaint,
            Self::Corrupt { table, problem } => Complaint(format!("table {table}: {problem}")),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(complaint) => Self::Unavailable {
                source: complaint.into(),
            },
            Fault::Corrupt { table, problem } => Self::Corrupt { table, problem },
            Fault::Unexpected(complaint) => Self::Unexpected {
                source: complaint.into(),
            },
        }
    }
}

/// Why a transaction did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Somebody else was faster, or the connection broke before the commit was sent. Nothing was
    /// changed, and the same once more may well succeed.
    Again(Complaint),
    /// Trying again is of no use, or the commit was sent and nobody knows what became of it.
    Fault(Fault),
}

impl Failure {
    /// A guard did not find what was read before: another transaction came in between.
    pub(super) fn lost_race(table: &'static str) -> Self {
        let text = format!("rows of {table} were changed by someone else meanwhile");
        Self::Again(Complaint(text))
    }

    /// Fails when a guarded write did not find all the rows that it was meant for.
    pub(super) fn unless_all(table: &'static str, rows: usize, written: u64) -> Result<(), Self> {
        if u64::try_from(rows) == Ok(written) {
            Ok(())
        } else {
            Err(Self::lost_race(table))
        }
    }

    /// What a failure of the statement `commit` means. A connection that breaks then leaves open
    /// whether the server did commit, so nothing may be tried again.
    pub(super) fn at_commit(error: &tokio_postgres::Error) -> Self {
        if lost_connection(error) {
            return Self::Fault(Fault::Unavailable(error.into()));
        }
        error.into()
    }

    /// What is told when nobody tries again any more.
    pub(super) fn into_fault(self) -> Fault {
        match self {
            Self::Again(complaint) => Fault::Unavailable(complaint),
            Self::Fault(fault) => fault,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What a failure of any statement before `commit` means.
impl From<&tokio_postgres::Error> for Failure {
    fn from(error: &tokio_postgres::Error) -> Self {
        let lost_race = error.code().is_some_and(|code| {
            [
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(code)
        });
        if lost_race || lost_connection(error) {
            return Self::Again(error.into());
        }
        Self::Fault(error.into())
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&tokio_postgres::Error> for Fault {
    fn from(error: &tokio_postgres::Error) -> Self {
        let out_of_service = error.code().is_some_and(is_out_of_service);
        if out_of_service || lost_connection(error) {
            return Self::Unavailable(error.into());
        }
        Self::Unexpected(error.into())
    }
}

/// No connection in time, or none at all: whatever the reason, the database is not there for us.
impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        let complaint = match &error {
            PoolError::Backend(error) => Complaint::from(error),
            PoolError::Timeout(TimeoutType::Wait) => {
                Complaint::new("all connections of the pool stayed busy for too long")
            }
            PoolError::Timeout(_) => Complaint::new("no connection was made in time"),
            other => Complaint::new(other.to_string()),
        };
        Self::Unavailable(complaint)
    }
}

/// Whether the connection is of no more use. A fatal error is the last that a server says on one,
/// and may come after a commit that did succeed.
fn lost_connection(error: &tokio_postgres::Error) -> bool {
    let fatal = error.as_db_error().is_some_and(|server| {
        let severity = server.parsed_severity();
        matches!(severity, Some(Severity::Fatal | Severity::Panic))
    });
    let broken = error
        .source()
        .is_some_and(<dyn std::error::Error>::is::<io::Error>);
    fatal || broken || error.is_closed()
}

/// Whether the server says that it cannot do what it otherwise could: by the classes of PostgreSQL's
/// appendix A, “PostgreSQL Error Codes”.
fn is_out_of_service(code: &SqlState) -> bool {
    const CLASSES: [&str; 4] = [
        "08", // connection exception
        "53", // insufficient resources: disk full, out of memory, too many connections
        "57", // operator intervention: shutdown, statement timeout, starting up
        "58", // system error: the operating system refused a read or a write
    ];
    const CODES: [&str; 3] = [
        "25006", // read-only: a standby, or an operator's or a full disk's doing
        "40003", // nobody knows whether the statement completed
        "55P03", // a lock could not be had in time
    ];
    let code = code.code();
    CLASSES.iter().any(|class| code.starts_with(class)) || CODES.contains(&code)
}
