//! phonekey.

use std::process::ExitCode;

fn main() -> ExitCode {
    phonekey::command::main()
}
