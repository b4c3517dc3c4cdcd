//! `[database]`: where everything is kept.

use std::path::Path;

use phonekey_store::DatabaseUrl;

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
        let url = reader.noting(&raw.url, text.parse::<DatabaseUrl>())?;
        Ok(Self { url })
    }

    /// The folder of SQLite's file, where the master secret lies as well.
    #[must_use]
    pub fn data_folder(&self) -> Option<&Path> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => Some(private_file::folder_of(path)),
            DatabaseUrl::Postgres(_) => None,
        }
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
}
