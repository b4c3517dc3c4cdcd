//! The built binary, as an operator meets it.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests, and clippy knows the tests' own functions alone"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder in which the program runs, and nothing of this machine's environment.
struct Shell {
    folder: TempDir,
}

impl Shell {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, line: &str) -> Ran {
        self.run_with(line, &[])
    }

    fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_phonekey"))
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran(output)
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

#[test]
fn help_names_every_command() {
    let help = Shell::new().run("--help").out();

    for command in [
        "serve",
        "init",
        "migrate",
        "config",
        "doctor",
        "reports",
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
fn all_that_is_wrong_with_a_configuration_is_told_at_once() {
    let shell = Shell::new();
    fs::write(
        shell.path("phonekey.toml"),
        "[challenge]\ncode_lenght = 6\nlifetime = '1d'\n",
    )
    .unwrap();

    for line in [
        "config check",
        "serve",
        "user list",
        "config show",
        "--listen 127.0.0.1:0",
    ] {
        let ran = shell.run_with(line, &[("PHONEKEY_HTTP__LISTEN", "8000")]);

        assert_eq!(ran.code(), 1, "{line}");
        assert!(
            ran.err().contains("phonekey.toml:2: challenge.code_lenght"),
            "{}",
            ran.err()
        );
        assert!(
            ran.err().contains("phonekey.toml:3: challenge.lifetime"),
            "{}",
            ran.err()
        );
        assert!(ran.err().contains("hint: "), "{}", ran.err());
        assert_eq!(ran.out(), "");
    }
}

#[test]
fn the_file_is_the_flags_else_the_variables_else_the_folders() {
    let shell = Shell::new();
    for (name, digits) in [("phonekey.toml", 6), ("variable.toml", 7), ("flag.toml", 8)] {
        let text = format!("[challenge]\ncode_length = {digits}\n");
        fs::write(shell.path(name), text).unwrap();
    }
    let digits = |ran: &Ran| {
        let shown: serde_json::Value = serde_json::from_str(&ran.out()).unwrap();
        let all = shown.as_array().unwrap();
        let one = all
            .iter()
            .find(|one| one["setting"] == "challenge.code_length");
        one.unwrap()["value"].clone()
    };
    let variable = [("PHONEKEY_CONFIG", "variable.toml")];

    assert_eq!(digits(&shell.run("config show --json")), "6");
    assert_eq!(
        digits(&shell.run_with("config show --json", &variable)),
        "7"
    );
    assert_eq!(
        digits(&shell.run_with("--config flag.toml config show --json", &variable)),
        "8"
    );
    let missing = shell.run("--config nowhere.toml config check");
    assert!(missing.err().contains("nowhere.toml"), "{}", missing.err());
}

#[test]
fn the_example_is_a_configuration() {
    let shell = Shell::new();
    fs::write(
        shell.path("phonekey.toml"),
        shell.run("config example").out(),
    )
    .unwrap();

    let ran = shell.run("config check");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert!(
        ran.out().contains("weak: codes have 5 digits"),
        "{}",
        ran.out()
    );
}

#[test]
#[cfg(unix)]
fn init_writes_private_keys_once_and_a_configuration_that_holds() {
    use std::os::unix::fs::PermissionsExt;

    let shell = Shell::new();
    let ran = shell.run("init --dir etc/phonekey");
    assert_eq!(ran.code(), 0, "{}", ran.err());
    let read = |name: &str| fs::read_to_string(shell.path(name)).unwrap();
    let files =
        ["secret", "token-key.pem", "phonekey.toml"].map(|name| format!("etc/phonekey/{name}"));
    let before = files.each_ref().map(|name| read(name));
    for name in &files {
        let mode = fs::metadata(shell.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let check = shell.run("--config etc/phonekey/phonekey.toml config check");
    assert_eq!(check.code(), 0, "{}", check.err());
    assert!(!check.out().contains("digits"), "{}", check.out());

    let again = shell.run("init --dir etc/phonekey");
    assert_eq!(again.code(), 1);
    assert!(again.err().contains("is there already"), "{}", again.err());

    fs::write(shell.path(&files[2]), "spoilt").unwrap();
    let forced = shell.run("init --dir etc/phonekey --force");
    assert_eq!(forced.code(), 0, "{}", forced.err());
    assert_eq!(files.each_ref().map(|name| read(name)), before);
    let left = fs::read_dir(shell.path("etc/phonekey")).unwrap().count();
    assert_eq!(left, 3, "no draft is left");
}

#[test]
fn a_key_that_init_made_is_never_printed() {
    let shell = Shell::new();
    let init = shell.run("init");
    let secret = fs::read_to_string(shell.path("secret")).unwrap();

    for ran in [
        init,
        shell.run("config show"),
        shell.run("config show --json"),
        shell.run("config check"),
        shell.run("doctor"),
        shell.run("doctor --json"),
    ] {
        assert!(!ran.out().contains(secret.trim()) && !ran.err().contains(secret.trim()));
    }
}

#[test]
fn the_doctor_ends_with_1_when_something_is_bad() {
    let shell = Shell::new();
    let well = shell.run("doctor --json");
    assert_eq!(well.code(), 0, "{}{}", well.out(), well.err());
    let findings: serde_json::Value = serde_json::from_str(&well.out()).unwrap();
    let warned = |subject: &str| {
        let all = findings.as_array().unwrap();
        all.iter()
            .any(|one| one["subject"] == subject && one["verdict"] == "warn")
    };
    assert!(warned("codes") && warned("delivery") && warned("limits"));
    let left = fs::read_dir(shell.folder.path()).unwrap().count();
    assert_eq!(left, 0, "the doctor changes nothing");

    for (name, value) in [
        ("PHONEKEY_LIMITS__ENABLED", "false"),
        ("PHONEKEY_DEVELOPMENT__ALLOW_REMOTE", "true"),
        ("PHONEKEY_CHALLENGE__CODE_LENGTH", "3"),
        ("PHONEKEY_DATABASE__URL", "postgres://localhost:1/x"),
    ] {
        let ill = shell.run_with("doctor", &[(name, value)]);
        assert_eq!(ill.code(), 1, "{name}: {}", ill.out());
        assert!(ill.out().contains("BAD\t"), "{}", ill.out());
    }
}

#[test]
fn providers_consoles_are_told_where_to_report() {
    let shell = Shell::new();
    let variables = |public_url: &'static str| {
        let secret = "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x";
        [
            ("PHONEKEY_SECRET", secret),
            ("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "telegram, inbox"),
            ("PHONEKEY_DELIVERY__TELEGRAM__TOKEN", "AAHtoken"),
            ("PHONEKEY_HTTP__PUBLIC_URL", public_url),
        ]
    };

    let told = shell.run_with("reports", &variables("https://login.example"));

    assert_eq!(told.code(), 0, "{}", told.err());
    let out = told.out();
    let (provider, url) = out.trim_end().split_once('\t').unwrap();
    let token = url.strip_prefix("https://login.example/delivery/reports/telegram/");
    assert_eq!(provider, "telegram");
    assert_eq!(token.unwrap().len(), 22, "{url}");
}

#[test]
fn without_a_public_url_or_a_secret_nobody_can_be_told_where_to_report() {
    let shell = Shell::new();
    let secret = ("PHONEKEY_SECRET", "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x");
    let public_url = ("PHONEKEY_HTTP__PUBLIC_URL", "https://login.example");

    for (said, wanted) in [(secret, "http.public_url"), (public_url, "master secret")] {
        let ran = shell.run_with("reports", &[said]);

        assert_eq!(ran.code(), 1, "{}", ran.out());
        assert!(ran.err().contains(wanted), "{}", ran.err());
    }
    let left = fs::read_dir(shell.folder.path()).unwrap().count();
    assert_eq!(left, 0, "it makes no secret");
}

#[test]
fn users_are_managed_over_a_database_that_is_there() {
    let shell = Shell::new();
    let lost = shell.run("user list");
    assert_eq!(lost.code(), 1);
    assert!(
        lost.err().contains("there is no database at"),
        "{}",
        lost.err()
    );
    assert_eq!(fs::read_dir(shell.folder.path()).unwrap().count(), 0);

    let created = shell.run("user create --phone 09121234567 --json");
    let user: serde_json::Value = serde_json::from_str(&created.out()).unwrap();
    assert_eq!(user["phone"], "+989121234567");
    let listed = shell.run("user list");
    assert_eq!(listed.out().split('\t').nth(2), Some("+989121234567"));
    assert_eq!(shell.run("user deactivate 9121234567").code(), 0);
    assert_eq!(
        shell.run("user delete 1").code(),
        2,
        "there is no terminal to ask at"
    );
    assert_eq!(shell.run("user delete 1 --yes").code(), 0);
    assert_eq!(shell.run("user show 1").code(), 3);
    assert_eq!(shell.run("migrate --check").code(), 0);
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
