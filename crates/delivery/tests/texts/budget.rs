//! What the shipped texts cost: one segment, whatever is sent with them.

use phonekey_delivery::text::segments::{Encoding, split};

use crate::kit::{languages, message, shipped, to_app, written};

#[test]
fn every_text_is_one_segment_even_with_the_longest_code() {
    for language in languages() {
        let text = written(&shipped(None), &message(&language, "9876543210"));

        assert_eq!(split(&text).len(), 1, "{text}");
    }
}

#[test]
fn every_text_is_one_segment_with_a_line_for_browsers() {
    for (site_length, code) in [(31, "9876543210"), (39, "987654")] {
        let site = format!("{}.example", "a".repeat(site_length - 8));
        let texts = shipped(Some(&site));
        for language in languages() {
            let text = written(&texts, &message(&language, code));

            assert_eq!(split(&text).len(), 1, "{text}");
        }
    }
}

/// Whichever bytes it counts.
#[test]
fn every_text_to_an_app_is_one_segment_that_the_sms_retriever_reads() {
    for language in languages() {
        for digits in 4..=10 {
            let code = &"9876543210"[..digits];
            let text = written(&shipped(None), &to_app(message(&language, code)));

            assert_eq!(split(&text).len(), 1, "{text}");
            let encoding = Encoding::of(&text);
            let carried = match encoding {
                Encoding::Gsm7 => encoding.length(&text),
                Encoding::Ucs2 => 2 * encoding.length(&text),
            };
            assert!(text.len() <= 140 && carried <= 140, "{text}");
        }
    }
}

#[test]
fn the_usual_message_says_how_long_it_is_good_for() {
    for language in languages() {
        let text = written(&shipped(None), &message(&language, "987654"));

        assert!(text.contains("10"), "{text}");
    }
}

#[test]
fn languages_of_latin_letters_keep_to_gsm_7_but_for_portuguese() {
    let texts = shipped(Some("example.com"));
    for language in languages() {
        let text = written(&texts, &message(&language, "987654"));
        let is_latin = matches!(language.as_str(), "en" | "es" | "fr" | "id" | "tr");

        let expected = if is_latin {
            Encoding::Gsm7
        } else {
            Encoding::Ucs2
        };
        assert_eq!(Encoding::of(&text), expected, "{text}");
    }
}
