//! The developer's pages, called in process.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails there"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the paused clock of tokio tells how long an answer waited"
)]

mod assets;
mod events;
mod fake_inbox;
mod inbox;
mod messages;
mod site;
mod try_login;
