//! What is in force, and who said it.

use serde::Serialize;

use super::{
    database::without_password,
    raw::SECTIONS,
    setting::{Kind, Occurrence, Setting},
    source::{Gathered, Sources},
};

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// Its name in full.
    pub setting: String,
    /// Its value, with secrets hidden; `None` when it has none.
    pub value: Option<String>,
    /// Who said it: a file and line, a variable, a flag, or `default`.
    pub origin: String,
}

/// All settings in force, in the order of the reference page.
#[must_use]
pub fn effective(sources: &Sources) -> Vec<Effective> {
    let (mut gathered, _) = Gathered::from(sources);
    let mut found = Vec::new();
    for section in SECTIONS {
        let indices = match section.occurrence {
            Occurrence::Once => vec![None],
            Occurrence::Many => {
                let indices = gathered.indices(section.path);
                indices.into_iter().map(Some).collect()
            }
        };
        for index in indices {
            for declared in section.settings {
                let setting = gathered.take(section.path, index, declared.name());
                found.push(Effective {
                    value: shown(&setting),
                    origin: setting.origin().to_string(),
                    setting: setting.path,
                });
            }
        }
    }
    found
}

fn shown(setting: &Setting) -> Option<String> {
    if let Some(file) = &setting.file {
        return Some(format!("(in {})", file.value));
    }
    let value = setting.value()?.to_string();
    Some(match setting.declared.kind {
        Kind::Secret | Kind::SecretList => "(set)".to_owned(),
        Kind::Url => without_password(&value),
        Kind::Text | Kind::Number | Kind::Switch | Kind::List => value,
    })
}
