//! Which migrations a database still needs: the part of migrating that both dialects share.
//!
//! A migration is one SQL file that is compiled in, exists in both dialects under the same name and
//! is never edited after a release. The table `schema_migrations` holds the names of those that a
//! database has seen.

use std::collections::HashSet;

use thiserror::Error;

/// One step from a schema to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its file's name without the ending, such as `0001_initial`.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// The migrations of `known` that are not in `applied`, in their order.
///
/// # Errors
/// [`NewerSchema`] when `applied` holds a name that is not `known`: a newer phonekey has changed
/// the schema, and what this one would write into it might be wrong.
pub fn plan<'k>(
    known: &'k [Migration],
    applied: &[String],
) -> Result<Vec<&'k Migration>, NewerSchema> {
    let names: HashSet<&str> = known.iter().map(|migration| migration.name).collect();
    if let Some(unknown) = applied.iter().find(|name| !names.contains(name.as_str())) {
        return Err(NewerSchema {
            migration: unknown.clone(),
        });
    }
    let done: HashSet<&str> = applied.iter().map(String::as_str).collect();
    Ok(known
        .iter()
        .filter(|migration| !done.contains(migration.name))
        .collect())
}

/// The database was migrated by a newer phonekey.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the database has migration {migration}, which this version of phonekey does not know: \
     start the newer version, or restore a backup from before the upgrade"
)]
pub struct NewerSchema {
    /// A migration that this binary does not have.
    pub migration: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Migration; 3] = [
        Migration {
            name: "0001_a",
            sql: "",
        },
        Migration {
            name: "0002_b",
            sql: "",
        },
        Migration {
            name: "0003_c",
            sql: "",
        },
    ];

    fn planned(applied: &[&str]) -> Result<Vec<&'static str>, NewerSchema> {
        let applied: Vec<String> = applied.iter().map(|&name| name.to_owned()).collect();
        let plan = plan(&KNOWN, &applied)?;
        Ok(plan.into_iter().map(|migration| migration.name).collect())
    }

    #[test]
    fn a_fresh_database_gets_all_in_order() {
        assert_eq!(planned(&[]), Ok(vec!["0001_a", "0002_b", "0003_c"]));
    }

    #[test]
    fn what_was_applied_is_left_out() {
        assert_eq!(planned(&["0001_a", "0002_b"]), Ok(vec!["0003_c"]));
        assert_eq!(planned(&["0003_c", "0001_a", "0002_b"]), Ok(vec![]));
    }

    #[test]
    fn a_schema_from_the_future_is_refused() {
        let migration = "0004_d".to_owned();

        assert_eq!(
            planned(&["0001_a", "0004_d"]),
            Err(NewerSchema { migration })
        );
    }
}
