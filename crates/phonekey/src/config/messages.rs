//! `[messages]`: what people read.

use std::path::{Path, PathBuf};

use phonekey_core::{code::CodeLength, delivery::message::AppHash, policy::ChallengePolicy};
use phonekey_delivery::text::{
    check::{self, Finding, Longest, Origin},
    folder::{FileFlaw, Unreadable},
    last_line::Domain,
    templates::{Language, Templates, TemplatesError},
};

use super::{
    challenge,
    raw::{self, Raw},
    read::{Noted, Read, Reader},
};

/// What texts are checked against.
///
/// No text is read for it, so a faulty one keeps nobody from being told what is wrong with it.
#[derive(Clone, Debug)]
pub struct TextTerms {
    /// The folder of the operator's own texts.
    pub folder: Option<PathBuf>,
    /// What the longest text message is made of.
    pub longest: Longest,
}

impl TextTerms {
    pub(super) fn read(raw: &Raw, reader: &mut Reader) -> Read<Self> {
        let said = Said::read(&raw.messages, reader);
        let challenge = challenge::read_challenge(&raw.challenge, reader);
        Ok(Self {
            folder: said.folder?,
            longest: Longest {
                domain: said.domain?,
                to_apps: !said.app_hashes?.is_empty(),
                code: challenge?.code_length,
            },
        })
    }
}

/// What a section says of texts, but for the texts themselves.
struct Said {
    folder: Read<Option<PathBuf>>,
    domain: Read<Option<Domain>>,
    app_hashes: Read<Vec<AppHash>>,
}

impl Said {
    fn read(raw: &raw::Messages, reader: &mut Reader) -> Self {
        Self {
            folder: reader.optional(&raw.folder, |text| Ok::<_, String>(PathBuf::from(text))),
            domain: reader.optional(&raw.domain, str::parse::<Domain>),
            app_hashes: reader.list(&raw.app_hashes, parse_app_hash),
        }
    }
}

/// What people read.
#[derive(Clone, Debug)]
pub struct MessagesConfig {
    /// The language of messages for people who ask for none that there is, and of whose region there
    /// is none either; such as `fa`.
    pub default_language: String,
    /// The texts of messages.
    pub templates: Templates,
    /// The folder of the operator's own texts.
    pub folder: Option<PathBuf>,
    /// The site whose pages may fill codes in.
    pub domain: Option<Domain>,
    /// The Android apps that may.
    pub app_hashes: Vec<AppHash>,
    /// What is wrong with the operator's texts, or with the default language's, but no reason not to
    /// start.
    pub flaws: Vec<FileFlaw>,
}

impl MessagesConfig {
    pub(super) fn read(
        raw: &raw::Messages,
        challenge: Option<&ChallengePolicy>,
        reader: &mut Reader,
    ) -> Read<Self> {
        let Said {
            folder,
            domain,
            app_hashes,
        } = Said::read(raw, reader);
        let templates = match &folder {
            Ok(Some(folder)) => read_folder(raw, folder, reader),
            Ok(None) => Ok(Templates::shipped()),
            Err(noted) => Err(*noted),
        };
        let default_language = match &templates {
            Ok(templates) => {
                let languages = templates.languages().map(Language::tag);
                let languages: Vec<_> = languages.map(|tag| (tag, tag)).collect();
                let chosen = reader.choice(&raw.default_language, &languages);
                chosen.map(str::to_owned)
            }
            Err(noted) => Err(*noted),
        };
        let (folder, domain, app_hashes) = (folder?, domain?, app_hashes?);
        let mut config = Self {
            default_language: default_language?,
            templates: templates?,
            folder,
            domain,
            app_hashes,
            flaws: Vec::new(),
        };
        if let Some(challenge) = challenge {
            config.flaws = config.find_flaws(raw, challenge.code_length, reader)?;
        }
        Ok(config)
    }

    /// Looks at all texts, with codes of at most so many digits.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn check(&self, code: CodeLength) -> Result<Vec<Finding>, Unreadable> {
        let longest = Longest {
            code,
            domain: self.domain.clone(),
            to_apps: !self.app_hashes.is_empty(),
        };
        check::check(self.folder.as_deref(), &longest)
    }

    fn find_flaws(
        &self,
        raw: &raw::Messages,
        code: CodeLength,
        reader: &mut Reader,
    ) -> Read<Vec<FileFlaw>> {
        let findings = self.check(code).map_err(|error| tell(&error));
        let findings = reader.noting(&raw.folder, findings)?;
        let told = findings.into_iter().filter(|finding| {
            let scope = finding.scope.as_ref();
            let is_default = scope.is_some_and(|it| it.language == self.default_language);
            is_default || finding.origin == Origin::Folder
        });
        let flaws = told.flat_map(|finding| {
            let file = finding.file;
            finding.problems.into_iter().map(move |problem| FileFlaw {
                file: file.clone(),
                problem,
            })
        });
        Ok(flaws.collect())
    }
}

/// The texts of a folder, each of whose faults is a problem of its own.
fn read_folder(raw: &raw::Messages, folder: &Path, reader: &mut Reader) -> Read<Templates> {
    match Templates::with_folder(folder) {
        Ok(templates) => Ok(templates),
        Err(TemplatesError::Unreadable(unreadable)) => {
            Err(reader.refuse(&raw.folder, tell(&unreadable)))
        }
        Err(TemplatesError::Faults(faults)) => {
            for fault in faults {
                reader.refuse(&raw.folder, fault);
            }
            Err(Noted)
        }
    }
}

fn tell(unreadable: &Unreadable) -> String {
    format!("{unreadable}: {}", unreadable.source)
}

fn parse_app_hash(text: &str) -> Result<AppHash, String> {
    AppHash::parse(text).ok_or_else(|| {
        format!(
            "`{text}` is no app hash: it has eleven letters, digits, `+` or `/`, such as \
             FA+9qCX9VSu"
        )
    })
}
