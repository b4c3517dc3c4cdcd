//! All templates: the shipped ones, and those of the operator's folder over them.

use std::{collections::HashMap, path::Path};

use phonekey_core::delivery::Channel;
use thiserror::Error;

use super::{
    folder::{self, FileFlaw, TemplateFile, Unreadable},
    scope::Scope,
    shipped,
    template::Template,
};

/// The templates of every language that there is.
#[derive(Clone, Debug)]
pub struct Templates {
    languages: Vec<Language>,
}

/// The templates of one language.
#[derive(Clone, Debug)]
pub struct Language {
    tag: String,
    general: Template,
    special: HashMap<Channel, Template>,
}

impl Language {
    /// Its tag (BCP 47, such as `fa` or `pt-BR`).
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Its template for a channel.
    #[must_use]
    pub fn template(&self, channel: Channel) -> &Template {
        self.special.get(&channel).unwrap_or(&self.general)
    }
}

/// Why a folder's templates cannot be used.
#[derive(Debug, Error)]
pub enum TemplatesError {
    /// The folder or a file of it cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Some files have faults, all of which are listed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<FileFlaw>),
}

impl Templates {
    /// Those that come with the program.
    #[must_use]
    pub fn shipped() -> Self {
        let mut templates = Self {
            languages: Vec::new(),
        };
        for (scope, template) in shipped::templates() {
            templates.add(scope, template);
        }
        templates
    }

    /// Those of a folder over those that come with the program.
    ///
    /// # Errors
    /// [`TemplatesError`], with everything that is wrong in the folder.
    pub fn with_folder(folder: &Path) -> Result<Self, TemplatesError> {
        let files = folder::read(folder)?;
        let faults: Vec<FileFlaw> = files.iter().flat_map(TemplateFile::faults).collect();
        if !faults.is_empty() {
            return Err(TemplatesError::Faults(faults));
        }
        let mut templates = Self::shipped();
        let found = files.into_iter().filter_map(TemplateFile::into_template);
        // A text for all channels takes the place of all shipped ones, so it comes before the others.
        let (general, special): (Vec<_>, Vec<_>) =
            found.partition(|(scope, _)| scope.channel.is_none());
        for (scope, template) in general.into_iter().chain(special) {
            templates.add(scope, template);
        }
        Ok(templates)
    }

    /// Replaces what it stands over. One for a single channel is left out where its language has none
    /// for the others.
    fn add(&mut self, scope: Scope, template: Template) {
        let known = self
            .languages
            .iter_mut()
            .find(|it| it.tag == scope.language);
        match (known, scope.channel) {
            (Some(language), None) => {
                language.general = template;
                language.special.clear();
            }
            (Some(language), Some(channel)) => {
                language.special.insert(channel, template);
            }
            (None, None) => self.languages.push(Language {
                tag: scope.language,
                general: template,
                special: HashMap::new(),
            }),
            (None, Some(_)) => {}
        }
    }

    /// All languages.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.languages.iter()
    }

    /// The language for a tag: its own, else that of the tag without its last parts, such as `pt` for
    /// `pt-BR` (RFC 4647 §3.4).
    #[must_use]
    pub fn language(&self, asked: &str) -> Option<&Language> {
        let mut tag = asked.replace('_', "-");
        loop {
            let known = self
                .languages
                .iter()
                .find(|it| it.tag.eq_ignore_ascii_case(&tag));
            if known.is_some() {
                return known;
            }
            let shorter = tag.rfind('-')?;
            tag.truncate(shorter);
        }
    }
}
