//! One setting: how it is declared, what was said about it, and where that was said.

use std::{fmt, path::Path, sync::Arc};

/// A setting as `raw.rs` declares it.
#[derive(Debug)]
pub struct Declared {
    path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The value it has when nothing is said; `None` for none.
    pub default: Option<&'static str>,
    /// A value to show where there is no default.
    pub example: Option<&'static str>,
    doc: &'static [&'static str],
}

impl Declared {
    pub(super) const fn new(
        path: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        example: Option<&'static str>,
        doc: &'static [&'static str],
    ) -> Self {
        Self {
            path,
            kind,
            default,
            example,
            doc,
        }
    }

    /// Its name in full, such as `http.listen`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path.trim_start_matches('.')
    }

    /// Its name within its section, such as `listen`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// What it is for, line by line.
    pub fn doc(&self) -> impl Iterator<Item = &'static str> {
        doc_lines(self.doc)
    }
}

/// A table of settings as `raw.rs` declares it.
#[derive(Debug)]
pub struct Section {
    /// Its name in the file, such as `delivery.webhook`; empty for the settings above all tables.
    pub path: &'static str,
    /// Whether there may be one such table or many.
    pub occurrence: Occurrence,
    /// Its settings.
    pub settings: &'static [Declared],
    doc: &'static [&'static str],
}

impl Section {
    pub(super) const fn new(
        path: &'static str,
        occurrence: Occurrence,
        doc: &'static [&'static str],
        settings: &'static [Declared],
    ) -> Self {
        Self {
            path,
            occurrence,
            settings,
            doc,
        }
    }

    /// What it is for, line by line.
    pub fn doc(&self) -> impl Iterator<Item = &'static str> {
        doc_lines(self.doc)
    }

    /// The setting with this name within the section.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&'static Declared> {
        self.settings.iter().find(|setting| setting.name() == name)
    }
}

fn doc_lines(doc: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    doc.iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
}

/// How many tables of a section there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// `[section]`.
    Once,
    /// `[[section]]`.
    Many,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// Texts: an array, or one text with commas.
    List,
    /// A text that nobody may see; also from the file that `…_file` names.
    Secret,
    /// Several such texts; a file has one in each line.
    SecretList,
    /// A URL that may hold a password; also from the file that `…_file` names.
    Url,
}

impl Kind {
    /// Whether it may be read from the file that `…_file` names.
    #[must_use]
    pub const fn may_come_from_a_file(self) -> bool {
        matches!(self, Self::Secret | Self::SecretList | Self::Url)
    }

    /// Whether its value is never shown.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretList)
    }

    const fn takes_many(self) -> bool {
        matches!(self, Self::List | Self::SecretList)
    }
}

/// What is known of one setting before its value is understood.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How it is declared.
    pub declared: &'static Declared,
    /// Its name in full, with the index of its table where there are many.
    pub path: String,
    /// What was said.
    pub given: Option<Given>,
    /// What was said to `…_file`.
    pub file: Option<Given>,
}

impl Setting {
    /// Where its value comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.given
            .as_ref()
            .or(self.file.as_ref())
            .map_or(Origin::Default, |given| given.origin.clone())
    }

    /// The value given, else the default.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        let given = self.given.as_ref().map(|given| given.value.clone());
        given.or_else(|| {
            self.declared
                .default
                .map(|text| Value::One(text.to_owned()))
        })
    }

    /// Whether anything was said about it.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.given.is_some() || self.file.is_some()
    }

    /// Whether it may have several values.
    #[must_use]
    pub const fn takes_many(&self) -> bool {
        self.declared.kind.takes_many()
    }
}

/// A value and where it was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// The place.
    pub origin: Origin,
}

/// A value as it was written, before anything is made of it. `Debug` hides it: it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A scalar: text, number, switch or date.
    One(String),
    /// An array of them.
    Many(Vec<String>),
}

impl Value {
    /// Its items: those of an array, or of a text with commas.
    #[must_use]
    pub fn items(&self) -> Vec<&str> {
        match self {
            Self::One(text) => text.split(',').map(str::trim).collect(),
            Self::Many(items) => items.iter().map(String::as_str).collect(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(text) => f.write_str(text),
            Self::Many(items) => f.write_str(&items.join(",")),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

/// Where something was said. Later ones win.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In the configuration file.
    File {
        /// Which.
        path: Arc<Path>,
        /// In which line, from 1.
        line: usize,
    },
    /// In this environment variable.
    Variable(String),
    /// By this flag of the command line.
    Flag(&'static str),
}

impl Origin {
    /// Whether both are the same source, be it in another place.
    #[must_use]
    pub fn is_same_source_as(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The environment variable of a setting: `http.listen` is `PHONEKEY_HTTP__LISTEN`.
#[must_use]
pub fn variable(path: &str) -> String {
    let name = path.replace('.', "__").to_ascii_uppercase();
    format!("{VARIABLE_PREFIX}{name}")
}

/// What the names of all environment variables begin with.
pub const VARIABLE_PREFIX: &str = "PHONEKEY_";
