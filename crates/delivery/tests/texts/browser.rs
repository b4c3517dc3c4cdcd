//! What a browser reads in a message: the algorithm of the WICG report “Origin-bound one-time codes
//! delivered via SMS”, §3.2, step by step.

use phonekey_core::delivery::Channel;

use crate::kit::{APP, languages, message, shipped, to_app, written};

/// What a message gives to a browser.
#[derive(Debug, PartialEq, Eq)]
struct OriginBoundCode {
    top_level_host: String,
    embedded_host: Option<String>,
    code: String,
}

/// “Parse an origin-bound one-time code message”.
fn parse(message: &str) -> Option<OriginBoundCode> {
    let line: Vec<char> = last_line(message).chars().collect();
    let mut position = 0;
    let top_level_host = extract_marked_token(&line, &mut position, '@')?;
    if *line.get(position)? != ' ' {
        return None;
    }
    position += 1;
    let code = extract_marked_token(&line, &mut position, '#')?;
    let mut embedded_host = None;
    if line.get(position) == Some(&' ') {
        position += 1;
        embedded_host = extract_marked_token(&line, &mut position, '%');
    }
    Some(OriginBoundCode {
        top_level_host,
        embedded_host,
        code,
    })
}

/// “Extract a marked token”.
fn extract_marked_token(line: &[char], position: &mut usize, marker: char) -> Option<String> {
    if *line.get(*position)? != marker {
        return None;
    }
    *position += 1;
    let rest = line.get(*position..)?;
    let token: String = rest
        .iter()
        .take_while(|it| !is_ascii_whitespace(**it))
        .collect();
    *position += token.chars().count();
    (!token.is_empty()).then_some(token)
}

/// Infra, “ASCII whitespace”: tab, LF, FF, CR and space.
const fn is_ascii_whitespace(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\u{C}' | '\r' | ' ')
}

/// “Last line”: newlines normalised (Infra: CRLF, then CR, to LF), strictly split on LF.
fn last_line(text: &str) -> String {
    let normalised = text.replace("\r\n", "\n").replace('\r', "\n");
    normalised
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_reports_own_examples_are_read_as_it_says() {
    let bound = |embedded: Option<&str>| {
        Some(OriginBoundCode {
            top_level_host: "example.com".to_owned(),
            embedded_host: embedded.map(str::to_owned),
            code: "747723".to_owned(),
        })
    };

    assert_eq!(
        parse("747723 is your code.\n\n@example.com #747723"),
        bound(None)
    );
    assert_eq!(
        parse("x\n@example.com #747723 %ecommerce.example $future"),
        bound(Some("ecommerce.example"))
    );
    assert_eq!(parse("@example.com #747723"), bound(None));
    for other in [
        "something @example.com #747723",
        "#747723 %ecommerce.example @example.com",
        "@example.com code #747723",
        "@example.com  #747723",
        "@example.com #747723\n",
        "@example.com",
        "@ #747723",
        "@example.com #",
        "",
    ] {
        assert_eq!(parse(other), None, "{other:?}");
    }
}

#[test]
fn every_text_message_gives_its_code_to_its_site_alone() {
    let longest = format!("{}.example", vec!["a".repeat(63); 3].join("."));
    for domain in [
        "example.com",
        "login.xn--mgba3a4f16a.ir",
        "localhost",
        &longest,
    ] {
        let texts = shipped(Some(domain));
        for language in languages() {
            for digits in 4..=10 {
                let code = "9876543210"[..digits].to_owned();
                let text = written(&texts, &message(&language, &code));

                let read = parse(&text);
                let expected = OriginBoundCode {
                    top_level_host: domain.to_owned(),
                    embedded_host: None,
                    code: code.clone(),
                };
                assert_eq!(read, Some(expected), "{text}");
                assert_eq!(last_line(&text), format!("@{domain} #{code}"));
            }
        }
    }
}

#[test]
fn a_browser_reads_nothing_in_a_message_without_a_site_or_to_an_app() {
    for language in languages() {
        let plain = written(&shipped(None), &message(&language, "12345"));
        let app = written(
            &shipped(Some("example.com")),
            &to_app(message(&language, "12345")),
        );

        assert_eq!(parse(&plain), None, "{plain}");
        assert_eq!(parse(&app), None, "{app}");
        assert_eq!(last_line(&app), APP);
    }
}

#[test]
fn only_text_messages_are_for_browsers() {
    for channel in [Channel::Voice, Channel::WhatsApp, Channel::Telegram] {
        for language in languages() {
            let mut message = to_app(message(&language, "12345"));
            message.channel = channel;

            let text = written(&shipped(Some("example.com")), &message);

            assert!(
                !text.contains("example.com") && !text.contains(APP),
                "{text}"
            );
        }
    }
}
