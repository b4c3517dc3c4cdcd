//! `[messages]`: the folder of texts, the site and the apps.

use std::fs;

use phonekey_core::{delivery::message::AppHash, time::Timestamp};

use super::{Case, with};

/// A case with a folder of these files.
fn texts(files: &[(&str, &str)]) -> Case {
    let case = Case::new();
    let folder = case.folder.path().join("texts");
    fs::create_dir(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let folder = folder.display().to_string();
    case.variable("PHONEKEY_MESSAGES__FOLDER", &folder)
}

fn default_language(case: Case, language: &str) -> Case {
    case.variable("PHONEKEY_MESSAGES__DEFAULT_LANGUAGE", language)
}

fn said(case: &Case) -> Vec<String> {
    let flaws = case.load().unwrap().messages.flaws;
    flaws.iter().map(ToString::to_string).collect()
}

#[test]
fn the_default_language_is_one_that_there_are_texts_in() {
    let config = with("PHONEKEY_MESSAGES__DEFAULT_LANGUAGE", "tr");
    assert_eq!(config.messages.default_language, "tr");

    let german = default_language(texts(&[("de.txt", "{code}")]), "de");
    assert_eq!(german.load().unwrap().messages.default_language, "de");
    let problems = default_language(Case::new(), "de").problems();
    assert_eq!(
        problems,
        [
            "PHONEKEY_MESSAGES__DEFAULT_LANGUAGE: messages.default_language: must be one of ar, \
             en, es, fa, fr, hi, id, pt, ru, tr, not `de`"
        ]
    );
}

#[test]
fn every_fault_of_the_folder_is_a_problem() {
    let problems = texts(&[("fa.txt", "کد"), ("en.txt", "{code} {name}")]).problems();

    assert_eq!(
        problems,
        [
            "PHONEKEY_MESSAGES__FOLDER: messages.folder: en.txt wants `{name}`, but there are only \
             {code} and {minutes}",
            "PHONEKEY_MESSAGES__FOLDER: messages.folder: fa.txt has no {code}",
        ]
    );
}

#[test]
fn a_folder_that_is_not_there_is_a_problem() {
    let case = Case::new().variable("PHONEKEY_MESSAGES__FOLDER", "/nonexistent/texts");

    assert_eq!(
        case.problems(),
        [
            "PHONEKEY_MESSAGES__FOLDER: messages.folder: /nonexistent/texts cannot be read: No \
             such file or directory (os error 2)"
        ]
    );
}

#[test]
fn a_text_that_costs_more_than_one_segment_is_told() {
    let text = format!("{} {{code}}", "ک".repeat(70));

    let case = texts(&[("fa.txt", &text), ("notes.md", "")]);

    assert_eq!(
        said(&case),
        [
            "fa.txt takes 2 segments, each of which is charged",
            "notes.md is not read: a template is LANGUAGE.txt or LANGUAGE.CHANNEL.txt",
        ]
    );
    let weaknesses = case.load().unwrap().weaknesses(Timestamp::default());
    let told = weaknesses.iter().any(|weakness| {
        weakness.to_string() == "the text fa.txt takes 2 segments, each of which is charged"
    });
    assert!(told, "{weaknesses:?}");
}

#[test]
fn a_site_whose_name_makes_the_default_text_too_long_is_told() {
    let domain = format!("{}.example", "a".repeat(60));
    let case = Case::new().variable("PHONEKEY_MESSAGES__DOMAIN", &domain);

    assert_eq!(
        said(&case),
        ["fa.txt takes 2 segments, each of which is charged"]
    );
}

#[test]
fn the_site_is_a_host_name() {
    let config = with("PHONEKEY_MESSAGES__DOMAIN", "Login.Example.com");
    let domain = config.messages.domain.unwrap();
    assert_eq!(domain.as_str(), "login.example.com");

    let case = Case::new().variable("PHONEKEY_MESSAGES__DOMAIN", "https://example.com/");
    assert_eq!(
        case.problems(),
        [
            "PHONEKEY_MESSAGES__DOMAIN: messages.domain: is no host name; use one such as \
             example.com, without https:// and without a path"
        ]
    );
}

#[test]
fn the_apps_are_known_to_the_rules() {
    let config = with("PHONEKEY_MESSAGES__APP_HASHES", "FA+9qCX9VSu,0/aZ09+bcde");
    let hashes = config.policy.app_hashes.iter();
    let hashes: Vec<&str> = hashes.map(AppHash::as_str).collect();
    assert_eq!(hashes, ["FA+9qCX9VSu", "0/aZ09+bcde"]);

    let case = Case::new().variable("PHONEKEY_MESSAGES__APP_HASHES", "com.example.app");
    assert!(case.problems()[0].contains("`com.example.app` is no app hash"));
}
