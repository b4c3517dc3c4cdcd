//! The example file and the reference page, both from the declarations in `raw.rs`.

use std::fmt::Write;

use super::{
    raw::SECTIONS,
    setting::{Declared, Kind, Occurrence, Section, variable},
};

/// A configuration file that says nothing: every setting with its default, commented out.
#[must_use]
pub fn example() -> String {
    let mut text = comment(EXAMPLE_HEAD.lines());
    for section in SECTIONS {
        text.push('\n');
        text.push_str(&comment(section.doc()));
        let _ = match (section.path, section.occurrence) {
            ("", _) => Ok(()),
            (path, Occurrence::Once) => writeln!(text, "[{path}]"),
            (path, Occurrence::Many) => writeln!(text, "#[[{path}]]"),
        };
        for setting in section.settings {
            text.push('\n');
            text.push_str(&comment(setting.doc()));
            let _ = writeln!(text, "#{}", assignment(setting));
        }
    }
    text
}

const EXAMPLE_HEAD: &str = "\
phonekey's configuration. Every setting is here with its default, commented out.
Take the # away from what you change; leave the rest, and it follows later versions.

This file is made by `phonekey config example`; docs/configuration.md says more.";

fn comment<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", format!("# {line}").trim_end());
        text
    })
}

/// `name = value` with the default, else with an example; a secret names a file.
fn assignment(setting: &Declared) -> String {
    let name = setting.name();
    let Some(value) = setting.default.or(setting.example) else {
        return format!(r#"{name}_file = "/run/secrets/{name}""#);
    };
    let quoted = |text: &str| format!(r#""{text}""#);
    let value = match setting.kind {
        Kind::Number | Kind::Switch => value.to_owned(),
        Kind::List | Kind::SecretList => {
            let items: Vec<String> = value.split(',').map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Text | Kind::Secret | Kind::Url => quoted(value),
    };
    format!("{name} = {value}")
}

/// The reference page, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    for section in SECTIONS {
        let title = match (section.path, section.occurrence) {
            ("", _) => "Above all sections".to_owned(),
            (path, Occurrence::Once) => format!("`[{path}]`"),
            (path, Occurrence::Many) => format!("`[[{path}]]`"),
        };
        let _ = write!(text, "\n## {title}\n\n{}", paragraphs(section.doc()));
        for setting in section.settings {
            let doc = paragraphs(setting.doc());
            let (title, facts) = (full_name(section, setting), facts(section, setting));
            let _ = write!(text, "\n### `{title}`\n\n{doc}\n{facts}");
        }
    }
    text
}

const REFERENCE_HEAD: &str = "\
# Configuration

<!-- Made by `phonekey config reference`; edit crates/phonekey/src/config/raw.rs instead. -->

phonekey runs without any configuration. What it is told comes from three places, of which a later
one wins:

1. A TOML file: the one that `--config` names, else `PHONEKEY_CONFIG`, else `phonekey.toml` in the
   working directory if it is there. `phonekey config example` prints one with every setting.
2. Environment variables: `PHONEKEY_`, the section and the setting in capitals, with two underscores
   for each dot. `http.listen` is `PHONEKEY_HTTP__LISTEN`.
3. The flags `--listen` and `--database`.

A name that does not exist is an error, and so is an empty value; all errors are reported at once.
`phonekey config check` looks for them, `phonekey config show` tells what is in force and who said
it, `phonekey doctor` tells what is weak about it.

**Times** are a whole number and a unit: `250ms`, `90s`, `10m`, `1h`, `7d`. **Lists** are an array
in the file, and one text with commas in a variable. **Secrets** may be in a file of their own: for
each of them there is a setting with `_file` after its name, which takes a path. Such a file must
not be open to every user of the machine. Relative paths start at the working directory.
";

fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

fn full_name(section: &Section, setting: &Declared) -> String {
    match section.occurrence {
        Occurrence::Once => setting.path().to_owned(),
        Occurrence::Many => format!("{}.N.{}", section.path, setting.name()),
    }
}

fn facts(section: &Section, setting: &Declared) -> String {
    let kind = match setting.kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Switch => "`true` or `false`",
        Kind::List => "list",
        Kind::Secret => "secret",
        Kind::SecretList => "list of secrets",
        Kind::Url => "URL",
    };
    let default = setting.default.map_or_else(
        || "no default".to_owned(),
        |default| format!("default `{default}`"),
    );
    let name = variable(&full_name(section, setting));
    let file = if setting.kind.may_come_from_a_file() {
        format!(" or `{name}_FILE`")
    } else {
        String::new()
    };
    format!("{kind} · {default} · `{name}`{file}\n")
}
