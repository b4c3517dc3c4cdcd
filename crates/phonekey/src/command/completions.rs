//! `phonekey completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, failure::Failure};
use crate::output::Output;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "phonekey",
        &mut script,
    );
    Ok(output.text(String::from_utf8_lossy(&script))?)
}
