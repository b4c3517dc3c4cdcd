//! The built binary, as an operator meets it.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests, and clippy knows the tests' own functions alone"
)]

mod configuration;
mod delivery;
#[path = "../played/webhook.rs"]
mod played;
mod providers;
mod reports;
mod shell;
mod templates;
mod users;

use std::path::Path;

use crate::shell::Shell;

#[test]
fn help_names_every_command() {
    let help = Shell::new().run("--help").out();

    for command in [
        "serve",
        "init",
        "migrate",
        "config",
        "doctor",
        "delivery",
        "provider",
        "reports",
        "template",
        "user",
        "completions",
    ] {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command}: {help}"
        );
    }
}

#[test]
fn the_version_is_told() {
    let version = Shell::new().run("--version").out();

    assert_eq!(version, format!("phonekey {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_command_line_without_sense_ends_with_2() {
    for line in ["sevre", "--prot 1", "user create", "user list --limit x"] {
        let ran = Shell::new().run(line);

        assert_eq!(ran.code(), 2, "{line}: {}", ran.err());
        assert_eq!(ran.out(), "");
    }
}

#[test]
fn each_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Shell::new().run(&format!("completions {shell}"));

        assert_eq!(ran.code(), 0);
        assert!(ran.out().contains("completions"), "{shell}");
    }
}

#[test]
fn the_program_asks_for_no_file_of_this_machine() {
    let shell = Shell::new();

    assert_eq!(shell.run("config check").code(), 0);
    assert!(!Path::new(&shell.path("phonekey-data")).exists());
}
