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
mod database;
mod disk;
mod load;
mod logs;
mod outage;
#[expect(
    dead_code,
    reason = "no test of a server looks at what a webhook was sent"
)]
#[path = "../played/webhook.rs"]
mod played;
mod proxy;
mod races;
mod receiver;
mod slow;
mod small_disk;
mod status;
mod stop;
mod support;
mod texts;
mod unsent;
