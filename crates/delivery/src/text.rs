//! The words of messages: a template in the person's language, with a code and minutes filled in and
//! a last line by which the phone fills the code in.
//!
//! Nothing that a caller says gets into a text (SECURITY.md T24): the words are the program's or the
//! operator's, the site is configured, and of an app's hash only those that are configured come here.
//!
//! - One template and its wordings: [`template`]; all of them: [`templates`], which come with the
//!   program (`shipped`) or from the operator's `folder`, by file names that say their [`scope`].
//! - How a text travels, and what it costs: [`segments`] and [`gsm7`].
//! - The [`last_line`]; the language of a `region`.
//! - What is wrong with a template: [`flaw`]; with all of them: [`check`].

pub mod check;
pub mod flaw;
pub mod folder;
pub mod gsm7;
pub mod last_line;
mod region;
pub mod scope;
pub mod segments;
mod shipped;
mod short_message;
pub mod template;
pub mod templates;

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    code::Code,
    delivery::{Channel, message::Message},
    phone::PhoneNumber,
    time::Timestamp,
};

use self::{
    last_line::{Domain, LastLine},
    template::Template,
    templates::{Language, Templates},
};

/// Writes the texts of messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Texts(Arc<Words>);

#[derive(Debug)]
struct Words {
    templates: Templates,
    fallback: Language,
    domain: Option<Domain>,
}

impl Texts {
    /// Texts by the shipped templates; `None` when `fallback` (BCP 47, such as `fa`) is none of
    /// their languages.
    #[must_use]
    pub fn falling_back_to(fallback: &str) -> Option<Self> {
        Self::new(Templates::shipped(), fallback, None)
    }

    /// Texts by these templates, in the language `fallback` for people who cannot be written to in
    /// their own; `None` when there is no template in it. Text messages end with a line for browsers
    /// on the site `domain`.
    #[must_use]
    pub fn new(templates: Templates, fallback: &str, domain: Option<Domain>) -> Option<Self> {
        let fallback = templates.language(fallback)?.clone();
        Some(Self(Arc::new(Words {
            templates,
            fallback,
            domain,
        })))
    }

    /// The language of a message to a number, by the tag of its templates: the first one of `asked`
    /// (BCP 47, best first) that there are templates in, else that of the number's region, else the
    /// fallback.
    #[must_use]
    pub fn language(&self, asked: &[&str], to: PhoneNumber) -> &str {
        self.0.language(asked, to).tag()
    }

    /// The text of a message that is sent at `now`.
    ///
    /// It says how long its code is good for in minutes, rounded to the nearest: a message that took
    /// a second on its way shall not lose a minute. It never says less than one.
    #[must_use]
    pub fn of_message(&self, message: &Message, now: Timestamp) -> String {
        let language = self.0.language(&[&message.language], message.to);
        let template = language.template(message.channel);
        let minutes = minutes(message.expires_at.since(now));
        match message.channel {
            Channel::Sms => {
                let app = message.app_hash.map(LastLine::App);
                let last_line = app.or_else(|| self.0.domain.as_ref().map(LastLine::Site));
                short_message::write(template, &message.code, minutes, last_line)
            }
            Channel::Voice => spoken(template, &message.code, minutes),
            Channel::WhatsApp | Channel::Telegram => {
                template.fullest().fill(message.code.expose(), minutes)
            }
        }
    }
}

impl Words {
    fn language(&self, asked: &[&str], to: PhoneNumber) -> &Language {
        let of_region = || {
            let region = to.region()?.to_string();
            self.templates.language(region::language(&region)?)
        };
        let asked = asked.iter().find_map(|tag| self.templates.language(tag));
        asked.or_else(of_region).unwrap_or(&self.fallback)
    }
}

fn minutes(valid_for: Duration) -> u64 {
    ((valid_for.as_secs() + 30) / 60).max(1)
}

/// A text to be read out: digit by digit, and all of it twice where its template names the code once,
/// since nobody can look at it again.
fn spoken(template: &Template, code: &Code, minutes: u64) -> String {
    let digits: Vec<String> = code.expose().chars().map(String::from).collect();
    let wording = template.fullest();
    let text = wording.fill(&digits.join(", "), minutes);
    match wording.codes() {
        1 => format!("{text}\n{text}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests;
