//! Where the generator reads the code that a person would read on the phone.

mod django;
mod file;
mod inbox;

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Error, Result, bail};
use uuid::Uuid;

use crate::codes::django::DjangoDatabase;
use crate::codes::file::FileTail;

/// A place of codes as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CodesPlace {
    /// `inbox`: the target's own `/dev/inbox/messages`.
    Inbox,
    /// `file:PATH`: the target's `file` sender, one JSON object a line.
    File(PathBuf),
    /// `django-sqlite:PATH`: the Django project's database.
    DjangoSqlite(PathBuf),
    /// `fixed:CODE`: every challenge has this code (the bare handler, test numbers).
    Fixed(String),
}

impl FromStr for CodesPlace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            None if text == "inbox" => Ok(Self::Inbox),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("django-sqlite", path)) if !path.is_empty() => {
                Ok(Self::DjangoSqlite(path.into()))
            }
            Some(("fixed", code)) if !code.is_empty() => Ok(Self::Fixed(code.to_owned())),
            _ => bail!("codes come from inbox, file:PATH, django-sqlite:PATH or fixed:CODE"),
        }
    }
}

/// A place of codes, open. Shared by all connections.
pub(crate) enum Codes {
    /// Codes that one large answer brought before they were asked for.
    Inbox(Mutex<HashMap<Uuid, String>>),
    /// The file, from where it ended when the run began.
    File(Mutex<FileTail>),
    /// A read-only connection.
    Django(Mutex<DjangoDatabase>),
    /// The one code.
    Fixed(String),
}

impl Codes {
    /// Opens the place. A file need not exist yet.
    pub(crate) fn open(place: &CodesPlace) -> Result<Self> {
        Ok(match place {
            CodesPlace::Inbox => Self::Inbox(Mutex::default()),
            CodesPlace::File(path) => Self::File(Mutex::new(FileTail::at_end(path)?)),
            CodesPlace::DjangoSqlite(path) => Self::Django(Mutex::new(DjangoDatabase::open(path)?)),
            CodesPlace::Fixed(code) => Self::Fixed(code.clone()),
        })
    }

    /// The challenge's code, if it can be told without asking the target. It may be forgotten
    /// afterwards: a challenge is answered once.
    pub(crate) fn take(&self, challenge: Uuid) -> Result<Option<String>> {
        match self {
            Self::Inbox(seen) => Ok(locked(seen).remove(&challenge)),
            Self::File(tail) => locked(tail).take(challenge),
            Self::Django(database) => locked(database).code_of(challenge),
            Self::Fixed(code) => Ok(Some(code.clone())),
        }
    }

    /// Whether codes are asked of the target itself.
    pub(crate) fn are_in_inbox(&self) -> bool {
        matches!(self, Self::Inbox(_))
    }

    /// Remembers the messages of an inbox's answer, and says how many they were.
    pub(crate) fn remember_inbox(&self, answer: &[u8]) -> Result<usize> {
        let Self::Inbox(seen) = self else {
            return Ok(0);
        };
        let codes = inbox::codes_in(answer)?;
        let count = codes.len();
        locked(seen).extend(codes);
        Ok(count)
    }
}

/// A thread that panicked while it held the lock has already ended the run.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_named_in_its_way() {
        for (text, place) in [
            ("inbox", CodesPlace::Inbox),
            ("file:/tmp/x:y", CodesPlace::File("/tmp/x:y".into())),
            (
                "django-sqlite:db.sqlite3",
                CodesPlace::DjangoSqlite("db.sqlite3".into()),
            ),
            ("fixed:12345", CodesPlace::Fixed("12345".to_owned())),
        ] {
            assert_eq!(text.parse::<CodesPlace>().unwrap(), place);
        }
    }

    #[test]
    fn what_names_no_place_is_refused() {
        for text in ["", "inbox:", "file", "file:", "fixed:", "redis:x"] {
            assert!(text.parse::<CodesPlace>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_remembered_code_is_taken_once() {
        let codes = Codes::open(&CodesPlace::Inbox).unwrap();
        let challenge = Uuid::from_u128(7);

        codes
            .remember_inbox(format!(r#"[{{"uuid":"{challenge}","code":"01234"}}]"#).as_bytes())
            .unwrap();

        assert_eq!(codes.take(challenge).unwrap().as_deref(), Some("01234"));
        assert_eq!(codes.take(challenge).unwrap(), None);
    }
}
