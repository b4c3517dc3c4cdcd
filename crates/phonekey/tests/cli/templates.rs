//! `template check`.

use std::fs;

use serde_json::Value;

use crate::shell::{Ran, Shell};

fn shell_with(files: &[(&str, &str)]) -> Shell {
    let shell = Shell::new();
    fs::create_dir(shell.path("texts")).unwrap();
    for (name, text) in files {
        fs::write(shell.path(&format!("texts/{name}")), text).unwrap();
    }
    shell
}

/// What is said of the text of this file.
fn of(ran: &Ran, file: &str) -> Value {
    let all: Value = serde_json::from_str(&ran.out()).unwrap();
    let all = all.as_array().unwrap();
    let one = all.iter().find(|one| one["file"] == file);
    one.unwrap_or(&Value::Null).clone()
}

#[test]
fn the_texts_that_come_with_phonekey_are_checked_with_the_site_and_the_apps() {
    let shell = Shell::new();
    let plain = shell.run("template check --json");
    let variables = [
        ("PHONEKEY_MESSAGES__DOMAIN", "example.com"),
        ("PHONEKEY_MESSAGES__APP_HASHES", "FA+9qCX9VSu"),
    ];

    let with_last_lines = shell.run_with("template check --json", &variables);

    assert_eq!(plain.code(), 0, "{}", plain.err());
    let persian = of(&plain, "fa.txt");
    assert_eq!(persian["from"], "phonekey");
    assert_eq!(persian["alone"]["segments"], 1);
    assert_eq!(persian["alone"]["alphabet"], "UCS-2");
    assert_eq!(persian["with_site"], Value::Null);
    assert_eq!(of(&plain, "fa.voice.txt")["channel"], "voice");
    let persian = of(&with_last_lines, "fa.txt");
    assert_eq!(persian["with_site"]["segments"], 1);
    assert_eq!(persian["with_app_hash"]["segments"], 1);
}

#[test]
fn a_text_that_cannot_be_used_is_an_error_among_all_others() {
    let shell = shell_with(&[("fa.txt", "کد"), ("en.txt", "Code: {code}")]);

    let ran = shell.run("template check texts --json");

    assert_eq!(ran.code(), 1, "{}", ran.out());
    let persian = of(&ran, "fa.txt");
    assert_eq!(persian["findings"][0]["level"], "error");
    assert_eq!(persian["findings"][0]["message"], "has no {code}");
    assert_eq!(of(&ran, "en.txt")["from"], "folder");
    assert_eq!(of(&ran, "tr.txt")["from"], "phonekey");
}

#[test]
fn the_folder_that_is_configured_is_checked_even_if_no_server_could_start_with_it() {
    let shell = shell_with(&[("fa.txt", "کد")]);
    let variables = [("PHONEKEY_MESSAGES__FOLDER", "texts")];
    assert_eq!(shell.run_with("config check", &variables).code(), 1);

    let ran = shell.run_with("template check", &variables);

    assert_eq!(ran.code(), 1);
    let first = ran.out().lines().next().unwrap().to_owned();
    assert_eq!(first, "fa.txt\tfa\tall\tfolder\t\t\t\terror: has no {code}");
}

#[test]
fn what_only_costs_more_than_it_should_is_a_warning() {
    let long = format!("{} {{code}}", "code ".repeat(40));
    let shell = shell_with(&[("en.txt", &long)]);

    let ran = shell.run("template check texts --json");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    let english = of(&ran, "en.txt");
    assert_eq!(english["alone"]["segments"], 2);
    assert_eq!(english["findings"][0]["level"], "warning");
}

#[test]
fn a_folder_that_is_not_there_is_not_found() {
    let ran = Shell::new().run("template check nowhere");

    assert_eq!(ran.code(), 3, "{}", ran.err());
    assert!(ran.err().contains("nowhere"), "{}", ran.err());
}
