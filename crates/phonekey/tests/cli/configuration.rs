//! `config`, `init` and `doctor`.

use std::fs;

use crate::shell::{Ran, Shell};

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
