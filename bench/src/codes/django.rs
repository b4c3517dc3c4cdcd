//! Reads codes from the Django project's SQLite database, where they lie in the clear.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use uuid::Uuid;

/// A read-only connection to the database.
pub(crate) struct DjangoDatabase {
    connection: Connection,
}

impl DjangoDatabase {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .with_context(|| format!("cannot open {}", path.display()))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self { connection })
    }

    /// The challenge's code; `None` also while the server holds the database locked.
    pub(crate) fn code_of(&self, challenge: Uuid) -> Result<Option<String>> {
        let found = self
            .connection
            .prepare_cached("select code from user_otpcode where uuid = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([challenge.simple().to_string()], |row| row.get(0))
                    .optional()
            });
        match found {
            Err(error) if is_locked(&error) => Ok(None),
            found => found.context("cannot read user_otpcode"),
        }
    }
}

fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Short, since the thread that waits also drives the other connections.
const BUSY_TIMEOUT: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_the_hexadecimal_digits_of_its_challenge() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let challenge = Uuid::from_u128(0x25a2_6b61_dc0d_40fd_ad0c_e06d_7d98_8375);
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "create table user_otpcode (uuid char(32) primary key, code varchar(5) not null);
                 insert into user_otpcode values ('25a26b61dc0d40fdad0ce06d7d988375', '01234');",
            )
            .unwrap();

        let database = DjangoDatabase::open(&path).unwrap();

        assert_eq!(
            database.code_of(challenge).unwrap().as_deref(),
            Some("01234")
        );
        assert_eq!(database.code_of(Uuid::from_u128(1)).unwrap(), None);
    }

    #[test]
    fn a_locked_database_has_no_code_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch("create table user_otpcode (uuid, code); begin exclusive")
            .unwrap();

        let database = DjangoDatabase::open(&path).unwrap();

        assert_eq!(database.code_of(Uuid::from_u128(1)).unwrap(), None);
    }

    #[test]
    fn a_database_that_does_not_exist_is_an_error() {
        assert!(DjangoDatabase::open(Path::new("/nonexistent/db.sqlite3")).is_err());
    }
}
