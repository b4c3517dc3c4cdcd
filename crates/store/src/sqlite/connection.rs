//! How connections are opened: the file, its permissions, and the pragmas of each kind.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

use super::Tuning;
use crate::OpenError;

/// Memory for pages that the writer may come back to. A group of steps dirties some hundred pages;
/// the rest is the inner nodes of the trees. The operating system caches the file itself.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Memory for each reader's pages.
const READER_CACHE_KIB: i64 = 1024;

/// Room for each statement of the store, so that none is ever parsed twice.
const STATEMENTS: usize = 64;

/// A write-ahead log that grew beyond this, such as during a long backup, is cut when it starts
/// over.
const WAL_KEPT_BYTES: i64 = 64 * 1024 * 1024;

/// Makes the file for its owner alone, and its folder if there is none. SQLite gives the files that
/// it puts beside it the same mode.
pub(super) fn make_file(path: &Path) -> Result<(), OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::File { path, source }
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed(folder))?;
    }
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(path)(error)),
    }
}

/// The connection that writes.
pub(super) fn writing(path: &Path, tuning: &Tuning) -> Result<Connection, OpenError> {
    let open = || {
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, tuning)?;
        // Takes effect only on an empty file, and only before the journal mode.
        db.pragma_update(None, "page_size", tuning.page_size)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        // Each commit reaches the disk before anyone hears of it.
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update(None, "wal_autocheckpoint", 0)?;
        db.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
        // What a savepoint must be able to restore stays out of the file system.
        db.pragma_update(None, "temp_store", "memory")?;
        db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        Ok(db)
    };
    open().map_err(|error| OpenError::sqlite(path, error))
}

/// A connection that only reads.
pub(super) fn reading(path: &Path, tuning: &Tuning) -> Result<Connection, OpenError> {
    let open = || {
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, tuning)?;
        db.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(db)
    };
    open().map_err(|error| OpenError::sqlite(path, error))
}

/// The connection that copies the write-ahead log into the database.
pub(super) fn checkpointing(path: &Path, tuning: &Tuning) -> Result<Connection, OpenError> {
    let open = || {
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, tuning)?;
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(db)
    };
    open().map_err(|error| OpenError::sqlite(path, error))
}

fn open(path: &Path, access: OpenFlags, tuning: &Tuning) -> rusqlite::Result<Connection> {
    // Each connection stays with one thread at a time, so SQLite need not lock it.
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(tuning.busy_timeout)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}
