//! The running server.

use crate::config::Config;

/// Serves until the process is told to stop.
///
/// # Errors
/// When the server cannot start, or did not stop cleanly.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the server owns its configuration"
)]
pub fn run(config: Config) -> anyhow::Result<()> {
    crate::output::note(format_args!(
        "phonekey would listen on {}",
        config.http.listen
    ));
    Ok(())
}
