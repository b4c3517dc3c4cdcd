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
#[path = "contract/sqlite.rs"]
mod sqlite;
