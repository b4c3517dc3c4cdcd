//! The store's contract, held to every back end.
//!
//! Each back end is one module that imports the *same* files of cases and gives them a
//! `fixture()`; so `cargo test -p phonekey-store sqlite::challenge` runs one trait's cases on one
//! back end, and no case can be forgotten on another.
//!
//! To add a back end: copy `contract/memory.rs`, and let its `fixture` make a fresh, empty store
//! and a way to read back what was audited.

#![expect(
    clippy::duplicate_mod,
    reason = "the same cases are compiled once for each back end"
)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, also where they are helpers of tests"
)]

#[path = "contract/kit.rs"]
mod kit;
#[path = "contract/memory.rs"]
mod memory;
#[cfg(postgres_server)]
#[path = "contract/postgres.rs"]
mod postgres;
#[cfg(postgres_server)]
mod server;
#[path = "contract/sqlite.rs"]
mod sqlite;

#[cfg(not(postgres_server))]
mod postgres {
    #[test]
    #[ignore = "PHONEKEY_TEST_POSTGRES names no server, so PostgreSQL is NOT tested"]
    fn is_held_to_the_contract() {}

    #[test]
    fn is_tested_wherever_ci_is_true() {
        let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!in_ci, "PHONEKEY_TEST_POSTGRES must name a server");
    }
}
