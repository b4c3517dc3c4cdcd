//! What `phonekey template check` tells.

use phonekey_core::{code::CodeLength, delivery::Channel};
use phonekey_delivery::text::{
    check::{Finding, Length, Longest, Origin, check},
    segments::Encoding,
};

use crate::kit::folder;

fn longest() -> Longest {
    Longest {
        code: CodeLength::new(6).unwrap(),
        domain: Some("example.com".parse().unwrap()),
        to_apps: true,
    }
}

fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    let folder = folder(files);
    check(Some(folder.path()), &longest()).unwrap()
}

fn of_file(name: &str, text: &str) -> Finding {
    let mut findings = findings(&[(name, text)]);
    findings.remove(0)
}

fn problems(name: &str, text: &str) -> Vec<String> {
    let problems = of_file(name, text).problems;
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_templates_are_without_a_problem() {
    let findings = check(None, &longest()).unwrap();

    assert_eq!(findings.len(), 20);
    for finding in findings {
        assert_eq!(finding.origin, Origin::Shipped);
        assert_eq!(finding.problems, [], "{}", finding.file);
        let scope = finding.scope.unwrap();
        assert_eq!(
            finding.size.is_some(),
            scope.channel.is_none(),
            "{}",
            finding.file
        );
    }
}

#[test]
fn a_message_is_measured_alone_and_with_each_last_line() {
    let size = of_file("de.txt", "Code für Acme:\n{code}").size.unwrap();

    let gsm7 = |units| Length {
        encoding: Encoding::Gsm7,
        units,
        segments: 1,
    };
    assert_eq!(size.plain, gsm7(21));
    assert_eq!(size.with_last_line, Some(gsm7(42)));
    assert_eq!(size.with_app_hash, Some(gsm7(33)));

    let folder = folder(&[("de.txt", "Code für Acme:\n{code}")]);
    let plain = Longest {
        domain: None,
        to_apps: false,
        ..longest()
    };
    let size = check(Some(folder.path()), &plain)
        .unwrap()
        .remove(0)
        .size
        .unwrap();
    assert_eq!(size.with_last_line, None);
    assert_eq!(size.with_app_hash, None);
}

#[test]
fn a_text_that_no_wording_makes_short_enough_is_told() {
    let words = "ک".repeat(60);
    let cut = format!("{words} {{code}}\n---\n{{code}}");

    assert_eq!(
        problems("fa.txt", &format!("{words} {{code}}")),
        [
            "takes 2 segments, each of which is charged",
            "takes 158 bytes with an app hash; Android's SMS Retriever reads no more than 140",
        ]
    );
    assert_eq!(problems("fa.txt", &cut), [""; 0]);
}

#[test]
fn what_costs_messages_is_told_but_is_no_fault() {
    for (text, problem) in [
        (
            "<#> {code}",
            "begins with `<#>`, which no phone needs any more",
        ),
        (
            "{code} acme.example",
            "has what phones take for a link, `acme.example`; carriers hold such messages back",
        ),
        (
            "{code}\n@acme.example #{code}",
            "writes its own last line for browsers; set messages.domain instead",
        ),
    ] {
        let finding = of_file("en.txt", text);

        let told: Vec<String> = finding.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told, [problem]);
        assert!(!finding.problems[0].is_fault(), "{text}");
    }
}

#[test]
fn what_keeps_a_file_from_being_used_is_a_fault() {
    for (name, text) in [
        ("en.txt", "no code"),
        ("en.txt", "{code} {phone}"),
        ("en.txt", "{code} {"),
        ("en.txt", "{code}\u{1B}"),
        ("en.fax.txt", "{code}"),
        ("english.txt", "{code}"),
        ("de.voice.txt", "{code}"),
    ] {
        let finding = of_file(name, text);

        assert_eq!(finding.origin, Origin::Folder);
        let [problem] = &finding.problems[..] else {
            panic!("{name}: {:?}", finding.problems);
        };
        assert!(problem.is_fault(), "{name}: {problem}");
    }
}

#[test]
fn what_is_no_template_is_told_without_harm() {
    let finding = of_file("README.md", "about");

    assert_eq!(finding.scope, None);
    assert_eq!(
        finding.problems[0].to_string(),
        "is not read: a template is LANGUAGE.txt or LANGUAGE.CHANNEL.txt"
    );
    assert!(!finding.problems[0].is_fault());
}

#[test]
fn a_call_is_not_measured() {
    let finding = of_file("en.voice.txt", &format!("{} {{code}}", "a".repeat(300)));

    assert_eq!(finding.size, None);
    assert_eq!(finding.problems, []);
}

#[test]
fn shipped_templates_that_a_file_stands_over_are_not_told() {
    let told = |files: &[(&str, &str)]| -> Vec<(String, Origin)> {
        let english = findings(files).into_iter();
        let english = english.filter(|it| it.file.starts_with("en."));
        english.map(|it| (it.file, it.origin)).collect()
    };
    let own = |name: &str| (name.to_owned(), Origin::Folder);
    let shipped = |name: &str| (name.to_owned(), Origin::Shipped);

    assert_eq!(told(&[("en.txt", "{code}")]), [own("en.txt")]);
    assert_eq!(
        told(&[("en.voice.txt", "{code}")]),
        [own("en.voice.txt"), shipped("en.txt")]
    );
    assert_eq!(
        told(&[("en.sms.txt", "{code}")]),
        [
            own("en.sms.txt"),
            shipped("en.txt"),
            shipped("en.voice.txt")
        ]
    );
    let sms = of_file("en.sms.txt", "{code}").scope.unwrap().channel;
    assert_eq!(sms, Some(Channel::Sms));
}
