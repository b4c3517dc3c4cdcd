//! The operator's folder of templates.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    flaw::Flaw,
    scope::{NotTemplate, Scope},
    shipped,
    template::Template,
};

/// A file of the folder, as it was found.
#[derive(Clone, Debug)]
pub(super) struct TemplateFile {
    pub(super) name: String,
    /// What it is for, if its name says so.
    pub(super) scope: Option<Scope>,
    /// What it says, if it can be used as far as its text goes.
    pub(super) template: Option<Template>,
    /// What is wrong with it; whether its words cost more than they should is not looked at.
    pub(super) problems: Vec<FileProblem>,
}

/// A folder or file that cannot be read.
#[derive(Debug, Error)]
#[error("{} cannot be read", .path.display())]
pub struct Unreadable {
    /// Which one.
    pub path: PathBuf,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

/// Something wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file} {problem}")]
pub struct FileFlaw {
    /// The file's name.
    pub file: String,
    /// What is wrong.
    pub problem: FileProblem,
}

/// What can be wrong with a file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// Its name says no language or channel.
    #[error(transparent)]
    Name(#[from] NotTemplate),
    /// Its text is no template, or one that does harm.
    #[error("{}{flaw}", in_wording(*.wording))]
    Flaw {
        /// Which of its wordings, from 1.
        wording: usize,
        /// What is wrong.
        flaw: Flaw,
    },
    /// Its bytes are no text.
    #[error("is not UTF-8")]
    NotText,
    /// No text message is as long.
    #[error("is longer than {LONGEST_FILE} bytes")]
    TooLong,
    /// Its name differs from another's in spelling alone.
    #[error("is for the same as another file, `{0}`")]
    Twice(String),
    /// It is for one channel of a language that has no text for the others.
    #[error("needs a `{0}.txt` beside it, for the other channels")]
    NothingForOthers(String),
}

fn in_wording(wording: usize) -> String {
    match wording {
        1 => String::new(),
        _ => format!("(wording {wording}) "),
    }
}

impl FileProblem {
    /// Whether no message can be written while it lasts.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            // A note or a backup beside the templates does no harm.
            Self::Name(NotTemplate::Ending) => false,
            Self::Flaw { flaw, .. } => flaw.is_fault(),
            Self::Name(_)
            | Self::NotText
            | Self::TooLong
            | Self::Twice(_)
            | Self::NothingForOthers(_) => true,
        }
    }
}

/// Reads all files of a folder, in the order of their names, but for hidden ones.
///
/// # Errors
/// [`Unreadable`].
pub(super) fn read(folder: &Path) -> Result<Vec<TemplateFile>, Unreadable> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| Unreadable { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        // Not the entry's own type: Kubernetes mounts files as links.
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files: Vec<TemplateFile> = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let mut file = TemplateFile {
            name: name.into_owned(),
            scope: None,
            template: None,
            problems: Vec::new(),
        };
        match Scope::of_file(&file.name) {
            Ok(scope) => {
                file.scope = Some(scope);
                let same = files.iter().find(|it| it.scope == file.scope);
                match same {
                    Some(same) => file.problems.push(FileProblem::Twice(same.name.clone())),
                    None => file.take(contents(&path).map_err(unreadable(&path))?),
                }
            }
            Err(problem) => file.problems.push(problem.into()),
        }
        files.push(file);
    }
    note_lonely(&mut files);
    Ok(files)
}

/// Notes which files are for one channel of a language that has no text for the others.
fn note_lonely(files: &mut [TemplateFile]) {
    let scopes = files.iter().filter_map(|file| file.scope.clone());
    let scopes = scopes.chain(shipped::templates().map(|(scope, _)| scope));
    let general = scopes.filter(|scope| scope.channel.is_none());
    let general: Vec<String> = general.map(|scope| scope.language).collect();
    for file in files {
        if let Some(scope) = &file.scope
            && !general.contains(&scope.language)
        {
            let language = scope.language.clone();
            file.problems.push(FileProblem::NothingForOthers(language));
        }
    }
}

/// The longest file: some hundred times what a message holds.
const LONGEST_FILE: u64 = 16 * 1024;

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(bytes: Vec<u8>) -> Result<Template, Vec<FileProblem>> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST_FILE) {
        return Err(vec![FileProblem::TooLong]);
    }
    let text = String::from_utf8(bytes).map_err(|_| vec![FileProblem::NotText])?;
    Template::parse(&text).map_err(|faults| {
        let faults = faults.into_iter();
        faults
            .map(|(wording, flaw)| FileProblem::Flaw { wording, flaw })
            .collect()
    })
}

impl TemplateFile {
    fn take(&mut self, contents: Vec<u8>) {
        match parse(contents) {
            Ok(template) => self.template = Some(template),
            Err(faults) => self.problems.extend(faults),
        }
    }

    /// Everything that keeps it from being used.
    pub(super) fn faults(&self) -> impl Iterator<Item = FileFlaw> {
        let faults = self.problems.iter().filter(|problem| problem.is_fault());
        faults.map(|problem| FileFlaw {
            file: self.name.clone(),
            problem: problem.clone(),
        })
    }

    /// What it is for and what it says; `None` if it is no template.
    pub(super) fn into_template(self) -> Option<(Scope, Template)> {
        self.scope.zip(self.template)
    }
}
