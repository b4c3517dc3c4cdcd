//! URLs of databases.

use phonekey_store::{DatabaseUrl, postgres};

use crate::text;

/// A file's URL is read from what is shown of it; of a server's no more is shown than where it is,
/// also when the driver does not understand it.
pub fn holds(input: &[u8]) {
    let text = text(input);
    match text.parse::<DatabaseUrl>() {
        Ok(url @ DatabaseUrl::Sqlite(_)) => assert_eq!(url.to_string().parse(), Ok(url)),
        Ok(url @ DatabaseUrl::Postgres(_)) => assert_eq!(format!("{url} {url:?}"), SHOWN),
        Err(_) => {}
    }
    let _ = postgres::fuzzing::read(text);
    let said = postgres::fuzzing::read(&format!("postgres://me:{PASSWORD}@{text}"));
    assert!(
        !said.contains(PASSWORD) || text.contains(PASSWORD),
        "{said}"
    );
}

const SHOWN: &str = "postgres://… postgres://…";

const PASSWORD: &str = "hunter2";
