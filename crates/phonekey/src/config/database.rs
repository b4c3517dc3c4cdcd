//! `[database]`: where everything is kept.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use phonekey_core::secret::Secret;

use super::{
    private_file, raw,
    read::{Read, Reader},
};

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Which database.
    pub url: DatabaseUrl,
}

impl DatabaseConfig {
    pub(super) fn read(raw: &raw::Database, reader: &mut Reader) -> Read<Self> {
        let text = reader.sensitive_text(&raw.url)?.unwrap_or_default();
        let url = reader.noting(&raw.url, DatabaseUrl::parse(&text))?;
        Ok(Self { url })
    }
}

/// A database by its URL. `Display` and `Debug` hide its password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// SQLite, in this file.
    Sqlite(PathBuf),
    /// PostgreSQL, by a URL that its client understands.
    Postgres(Secret),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// What to write instead; it holds nothing of the text, in which a password may be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return match path {
                "" => Err("names no file; write sqlite:PATH"),
                ":memory:" => Err("would keep nothing after a stop; write sqlite:PATH"),
                path if path.contains('?') => Err("takes no options after the path of SQLite"),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        match rest {
            Some("") => Err("names no server; write postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
            Some(_) => Ok(Self::Postgres(Secret::new(text))),
            None => Err("must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        }
    }

    /// The folder of SQLite's file, where the master secret lies as well.
    #[must_use]
    pub fn data_folder(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(private_file::folder_of(path)),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                f.write_str(&without_password(&String::from_utf8_lossy(url.expose())))
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A URL whose password and query, in which there may be another, are replaced by `…`.
pub(super) fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    // A password may hold anything, so everything before the last `@` is about the user.
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let mut shown = format!("{scheme}://{name}");
    if !password.is_empty() {
        shown.push_str(":…");
    }
    if !user.is_empty() {
        shown.push('@');
    }
    shown.push_str(place);
    if !query.is_empty() {
        shown.push_str("?…");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://u:p@h:5/d", "postgres://u:…@h:5/d"),
            ("postgres://u:p/@?x@h/d", "postgres://u:…@h/d"),
            ("postgres://u@h/d?password=p", "postgres://u@h/d?…"),
            ("postgres://u:p?@h/d?a=b", "postgres://u:…@h/d?…"),
            ("postgres://h/d", "postgres://h/d"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn the_usual_spellings_of_sqlite_are_read() {
        for (url, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite:///var/b.db", "/var/b.db"),
            ("sqlite:/var/b.db", "/var/b.db"),
        ] {
            assert!(
                matches!(DatabaseUrl::parse(url), Ok(DatabaseUrl::Sqlite(p)) if p == Path::new(path))
            );
        }
        for url in [
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a?mode=ro",
            "mysql://h",
            "postgres://",
            "",
        ] {
            assert!(DatabaseUrl::parse(url).is_err(), "{url}");
        }
    }
}
