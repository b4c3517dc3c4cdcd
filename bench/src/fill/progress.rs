//! Tells how far a long work has come: on a terminal in one line that changes, elsewhere in a line
//! every few seconds.

#![expect(clippy::print_stderr, reason = "what a person sees while waiting")]

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use crate::clock;

/// How far a work has come.
pub(super) struct Progress {
    total: u64,
    done: u64,
    begun: Instant,
    told: Instant,
    on_terminal: bool,
}

impl Progress {
    /// A work of `total` parts.
    pub(super) fn of(total: u64) -> Self {
        let now = clock::now();
        Self {
            total,
            done: 0,
            begun: now,
            told: now,
            on_terminal: stderr().is_terminal(),
        }
    }

    /// How long it has taken.
    pub(super) fn elapsed(&self) -> Duration {
        clock::now() - self.begun
    }

    /// So many parts more are done, of the work's section `what`.
    pub(super) fn advance(&mut self, what: &str, parts: u64) {
        self.done += parts;
        let every = if self.on_terminal { FAST } else { SLOW };
        let now = clock::now();
        if now - self.told >= every {
            self.told = now;
            self.show(what);
        }
    }

    /// A section of unknown length begins.
    pub(super) fn begin(&mut self, what: &str) {
        self.told = clock::now();
        self.show(what);
    }

    /// Leaves the line.
    pub(super) fn end(&self) {
        if self.on_terminal {
            eprintln!();
        }
    }

    fn show(&self, what: &str) {
        let line = line(what, self.done, self.total, self.elapsed());
        if self.on_terminal {
            eprint!("\r{line}\x1b[K");
        } else {
            eprintln!("{line}");
        }
    }
}

fn line(what: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let percent = u128::from(done) * 100 / u128::from(total.max(1));
    format!("{percent:>3} %  {:>4} s  {what}", elapsed.as_secs())
}

const FAST: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_share_time_and_section() {
        assert_eq!(
            line("users", 5, 40, Duration::from_secs(7)),
            " 12 %     7 s  users"
        );
        assert_eq!(
            line("nothing", 0, 0, Duration::ZERO),
            "  0 %     0 s  nothing"
        );
    }
}
