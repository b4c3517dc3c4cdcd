//! A PostgreSQL database of a test's own.

use std::{env, process::Command};

/// A PostgreSQL database that goes with its home.
pub(crate) struct PostgresDatabase {
    pub(crate) url: String,
    name: String,
    server: String,
}

impl PostgresDatabase {
    /// A fresh one; `None` where no server is configured, which CI does not accept.
    pub(crate) fn create() -> Option<Self> {
        let Ok(server) = env::var("PHONEKEY_TEST_POSTGRES") else {
            assert!(
                env::var_os("CI").is_none(),
                "CI needs PHONEKEY_TEST_POSTGRES"
            );
            eprintln!("PHONEKEY_TEST_POSTGRES is not set: the tests on PostgreSQL are left out");
            return None;
        };
        let unique = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(12)
            .tempdir()
            .unwrap();
        let unique = unique
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .to_lowercase();
        let name = format!("phonekey_test_{unique}");
        psql(&server, &format!("create database {name}"));
        let (prefix, _) = server.rsplit_once('/').unwrap();
        Some(Self {
            url: format!("{prefix}/{name}"),
            name,
            server,
        })
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        psql(
            &self.server,
            &format!("drop database {} with (force)", self.name),
        );
    }
}

fn psql(server: &str, statement: &str) {
    let done = Command::new("psql")
        .args([server, "-qc", statement])
        .status()
        .unwrap();
    assert!(done.success(), "psql: {statement}");
}
