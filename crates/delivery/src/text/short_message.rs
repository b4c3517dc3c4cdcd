//! A text message: the wording of a template that costs least, and the last line.

use phonekey_core::code::Code;

use super::{
    flaw::LONGEST_FOR_APPS,
    last_line::LastLine,
    segments::{self, Encoding},
    template::{Template, Wording},
};

/// The message, in the first wording that costs least: that the SMS Retriever reads, where an app is
/// to get it, and that makes the fewest segments.
pub(super) fn write(
    template: &Template,
    code: &Code,
    minutes: u64,
    last_line: Option<LastLine<'_>>,
) -> String {
    let written = |wording: &Wording| {
        let mut text = wording.fill(code.expose(), minutes);
        if let Some(last_line) = last_line {
            text.push('\n');
            text.push_str(&last_line.write(code));
        }
        text
    };
    let to_app = matches!(last_line, Some(LastLine::App(_)));
    let cost = |text: &str| {
        let is_lost = to_app && bytes_for_apps(text) > LONGEST_FOR_APPS;
        (is_lost, segments::split(text).len())
    };
    let mut best = written(template.fullest());
    for wording in template.wordings().skip(1) {
        let text = written(wording);
        if cost(&text) < cost(&best) {
            best = text;
        }
    }
    best
}

/// The bytes of a message as the SMS Retriever may count them: those of UTF-8 or of UCS-2, whichever
/// are more, since its documentation names no encoding.
pub(super) fn bytes_for_apps(text: &str) -> usize {
    match Encoding::of(text) {
        Encoding::Gsm7 => text.len(),
        Encoding::Ucs2 => text.len().max(2 * Encoding::Ucs2.length(text)),
    }
}
