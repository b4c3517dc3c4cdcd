//! The operator's templates over the shipped ones.

use std::{fs, path::Path};

use phonekey_core::delivery::Channel;
use phonekey_delivery::text::{
    Texts,
    templates::{Templates, TemplatesError},
};

use crate::kit::{folder, message, shipped, written};

fn texts(files: &[(&str, &str)]) -> Texts {
    let folder = folder(files);
    let templates = Templates::with_folder(folder.path()).unwrap();
    Texts::new(templates, "en", None).unwrap()
}

fn on(texts: &Texts, language: &str, channel: Channel) -> String {
    let mut message = message(language, "12345");
    message.channel = channel;
    written(texts, &message)
}

fn refusal(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    Templates::with_folder(folder.path())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_text_for_all_channels_replaces_every_shipped_one_of_its_language() {
    let texts = texts(&[("en.txt", "Acme: {code}")]);

    assert_eq!(on(&texts, "en", Channel::Sms), "Acme: 12345");
    assert_eq!(on(&texts, "en", Channel::WhatsApp), "Acme: 12345");
    assert_eq!(
        on(&texts, "en", Channel::Voice),
        "Acme: 1, 2, 3, 4, 5\nAcme: 1, 2, 3, 4, 5"
    );
    assert_eq!(
        on(&texts, "fa", Channel::Sms),
        on(&shipped(None), "fa", Channel::Sms)
    );
}

#[test]
fn a_text_for_one_channel_leaves_the_others_as_they_are() {
    let alone = texts(&[("en.telegram.txt", "T {code}")]);
    let both = texts(&[("en.telegram.txt", "T {code}"), ("en.txt", "All {code}")]);

    assert_eq!(on(&alone, "en", Channel::Telegram), "T 12345");
    assert_eq!(
        on(&alone, "en", Channel::Sms),
        on(&shipped(None), "en", Channel::Sms)
    );
    assert_eq!(on(&both, "en", Channel::Telegram), "T 12345");
    assert_eq!(on(&both, "en", Channel::Sms), "All 12345");
}

#[test]
fn a_folder_adds_languages_and_regional_kinds_of_them() {
    let texts = texts(&[("de.txt", "DE {code}"), ("pt_br.txt", "BR {code}")]);

    assert_eq!(on(&texts, "de-AT", Channel::Sms), "DE 12345");
    assert_eq!(on(&texts, "pt-BR", Channel::Sms), "BR 12345");
    assert_eq!(
        on(&texts, "pt-PT", Channel::Sms),
        on(&shipped(None), "pt", Channel::Sms)
    );
    assert!(Texts::new(Templates::shipped(), "de", None).is_none());
}

#[test]
fn notes_backups_and_hidden_files_do_no_harm() {
    let folder = folder(&[
        ("README.md", "no template"),
        ("en.txt~", "old"),
        (".fa.txt", "\u{0}"),
        ("en.txt", "New {code}"),
    ]);
    fs::create_dir(folder.path().join("fr.txt")).unwrap();

    let templates = Templates::with_folder(folder.path()).unwrap();

    let texts = Texts::new(templates, "en", None).unwrap();
    assert_eq!(on(&texts, "en", Channel::Sms), "New 12345");
}

#[cfg(unix)]
#[test]
fn templates_may_be_links_as_kubernetes_mounts_them() {
    let real = folder(&[("text", "Linked {code}")]);
    let linked = folder(&[]);
    let link = linked.path().join("en.txt");
    std::os::unix::fs::symlink(real.path().join("text"), link).unwrap();

    let templates = Templates::with_folder(linked.path()).unwrap();

    let texts = Texts::new(templates, "en", None).unwrap();
    assert_eq!(on(&texts, "en", Channel::Sms), "Linked 12345");
}

#[test]
fn all_faults_are_told_at_once_with_their_files() {
    let message = refusal(&[
        ("de.voice.txt", "{code}"),
        ("en.sms.txt", ""),
        ("en.txt", "{code} {name}\n---\nno code"),
        ("fa.fax.txt", "{code}"),
        ("farsi.txt", "{code}"),
    ]);

    assert_eq!(
        message,
        "de.voice.txt needs a `de.txt` beside it, for the other channels; \
         en.sms.txt has no {code}; \
         en.txt wants `{name}`, but there are only {code} and {minutes}; \
         en.txt (wording 2) has no {code}; \
         fa.fax.txt `fax` is no channel; use sms, voice, whatsapp or telegram; \
         farsi.txt `farsi` is no language tag; use one such as fa, en or pt-BR"
    );
}

#[test]
fn two_files_for_the_same_are_refused() {
    assert_eq!(
        refusal(&[("pt-BR.txt", "{code}"), ("pt_br.txt", "{code}")]),
        "pt_br.txt is for the same as another file, `pt-BR.txt`"
    );
}

#[test]
fn what_is_no_text_or_far_too_long_is_refused() {
    let folder = folder(&[("en.txt", &"{code} ".repeat(3000))]);
    fs::write(folder.path().join("fa.txt"), b"{code} \xFF").unwrap();

    let error = Templates::with_folder(folder.path())
        .unwrap_err()
        .to_string();

    assert_eq!(
        error,
        "en.txt is longer than 16384 bytes; fa.txt is not UTF-8"
    );
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Templates::with_folder(Path::new("/nonexistent/texts")).unwrap_err();

    assert_eq!(error.to_string(), "/nonexistent/texts cannot be read");
    assert!(matches!(error, TemplatesError::Unreadable(_)));
}
