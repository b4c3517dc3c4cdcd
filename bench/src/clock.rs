//! The one place of this crate that reads the clock.

use std::time::Instant;

/// The present moment: what a benchmark is made of.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is the purpose of this crate"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
