//! The real binary, driven over HTTP: bodies, crashes, races, outages, its end and what it logs.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "what helps a test fails it when it fails"
)]

mod bodies;
mod crash;
mod logs;
mod outage;
mod races;
mod stop;
mod support;
