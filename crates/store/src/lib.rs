//! phonekey's state in SQLite and PostgreSQL.
//!
//! Both are held to one contract, [`phonekey_core::ports::store`], by one suite of tests
//! (`tests/contract`). The files of the back ends have the same names, one per small trait of the
//! contract.
//!
//! To add a step: declare it in the contract, write it in the memory store of
//! `phonekey_core::testing`, then in the file of its trait under each back end, and give it its
//! cases in `tests/contract`, a race among them if it may succeed only once.

pub mod migrate;
pub mod postgres;
pub mod sqlite;

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use phonekey_core::{ports::store::Store, time::Timestamp};
use thiserror::Error;

use crate::{
    migrate::NewerSchema,
    postgres::PostgresStore,
    sqlite::{SqliteStore, Tuning},
};

/// Opens the store at `url`. A SQLite database is made and migrated if need be; a server must have
/// been migrated, for others may be using it.
///
/// # Errors
/// [`OpenError`].
pub async fn open(url: &DatabaseUrl, now: Timestamp) -> Result<Arc<dyn Store>, OpenError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            let open = move || SqliteStore::open(&path, &Tuning::default(), now);
            Ok(Arc::new(blocking(open).await?))
        }
        DatabaseUrl::Postgres(url) => Ok(Arc::new(PostgresStore::open(url).await?)),
    }
}

/// The names of the migrations that the database at `url` needs, in order. Changes nothing: a
/// SQLite file that does not exist needs them all and still does not exist afterwards.
///
/// # Errors
/// [`OpenError`].
pub async fn pending_migrations(url: &DatabaseUrl) -> Result<Vec<&'static str>, OpenError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            blocking(move || sqlite::schema::pending(&path)).await
        }
        DatabaseUrl::Postgres(url) => postgres::pending_migrations(url).await,
    }
}

/// Brings the schema of the database at `url` up to date; returns the names of the migrations that
/// it applied.
///
/// # Errors
/// [`OpenError`].
pub async fn migrate(url: &DatabaseUrl, now: Timestamp) -> Result<Vec<&'static str>, OpenError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            blocking(move || sqlite::schema::migrate_file(&path, now)).await
        }
        DatabaseUrl::Postgres(url) => postgres::migrate(url, now).await,
    }
}

/// SQLite has no other way than to block its thread; a migration may do so for long.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panicked| {
        Err(OpenError::Database {
            database: "of SQLite".to_owned(),
            source: panicked.into(),
        })
    })
}

/// Where the state is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`: a file of this machine.
    Sqlite(PathBuf),
    /// `postgres://…`: a server. The text may hold a password, so neither `Debug` nor `Display`
    /// shows more than its scheme.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let server = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        match server {
            Some("") => return Err(DatabaseUrlError::Scheme),
            Some(_) => return Ok(Self::Postgres(text.to_owned())),
            None => {}
        }
        let path = text
            .strip_prefix("sqlite:")
            .ok_or(DatabaseUrlError::Scheme)?;
        // `sqlite://data.db` would be the file /data.db: nobody who writes it means that.
        let host = path.starts_with("//") && !path.starts_with("///");
        if host {
            return Err(DatabaseUrlError::Host);
        }
        match path {
            "" => Err(DatabaseUrlError::NoPath),
            ":memory:" => Err(DatabaseUrlError::InMemory),
            path if path.contains('?') => Err(DatabaseUrlError::Options),
            _ => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DatabaseUrlError {
    /// It begins with nothing that we know.
    #[error("a database is `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`")]
    Scheme,
    /// `sqlite:` with nothing behind it.
    #[error("`sqlite:` needs a path, such as sqlite:phonekey-data/phonekey.db")]
    NoPath,
    /// `sqlite://` and a relative path.
    #[error("write `sqlite:PATH` or `sqlite:/ABSOLUTE/PATH`, without `//`")]
    Host,
    /// `sqlite:PATH?…`
    #[error("`sqlite:PATH` takes no options after the path")]
    Options,
    /// `sqlite::memory:`
    #[error("a database in memory would forget every user: give it a path")]
    InMemory,
}

/// Why a store cannot be opened or migrated.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A newer phonekey has changed the schema.
    #[error(transparent)]
    NewerSchema(#[from] NewerSchema),
    /// The file is a database of something else.
    #[error("{} is a database that phonekey did not make", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be made.
    #[error("cannot make {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The database does not answer, or refuses.
    #[error("cannot open the database {database}")]
    Database {
        /// Which one.
        database: String,
        /// What the driver said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The schema is older than this binary needs. Other nodes may be using it, so it is migrated
    /// when the operator says so.
    #[error("the database needs migrations ({}): run `phonekey migrate`", migrations.join(", "))]
    Pending {
        /// Their names.
        migrations: Vec<&'static str>,
    },
}

impl OpenError {
    fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        Self::Database {
            database: path.display().to_string(),
            source: source.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_url_is_a_path() {
        let url: DatabaseUrl = "sqlite:data/phonekey.db".parse().unwrap();
        assert_eq!(url, DatabaseUrl::Sqlite("data/phonekey.db".into()));

        let url: DatabaseUrl = "sqlite:/var/lib/phonekey.db".parse().unwrap();
        assert_eq!(url, DatabaseUrl::Sqlite("/var/lib/phonekey.db".into()));
    }

    #[test]
    fn a_postgres_url_never_shows_its_password() {
        let url: DatabaseUrl = "postgres://phonekey:hunter2@db/phonekey".parse().unwrap();

        assert!(!format!("{url} {url:?}").contains("hunter2"));
    }

    #[test]
    fn texts_that_name_no_database_are_refused() {
        use DatabaseUrlError::{Host, InMemory, NoPath, Options, Scheme};
        for (text, error) in [
            ("", Scheme),
            ("phonekey.db", Scheme),
            ("mysql://host/db", Scheme),
            ("sqlite:", NoPath),
            ("sqlite://phonekey.db", Host),
            ("sqlite::memory:", InMemory),
            ("sqlite:a.db?mode=ro", Options),
            ("postgres://", Scheme),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(error), "{text:?}");
        }
    }
}
