//! Configurations: a file, then after a NUL the environment, one `NAME=VALUE` a line.

use phonekey::config::fuzzing;

use crate::text;

/// It is understood, or refused with a reason.
pub fn holds(input: &[u8]) {
    let text = text(input);
    let (file, variables) = text.split_once('\0').unwrap_or((text, ""));
    let variables = variables.lines().filter_map(|line| line.split_once('='));
    fuzzing::read(file, variables);
}
