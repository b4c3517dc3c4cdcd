//! What there is to say of all templates: for whoever writes them, and for the log of a start.

use std::path::Path;

use phonekey_core::{
    code::{Code, CodeLength},
    delivery::{Channel, message::AppHash},
};

use super::{
    flaw::{self, Flaw, LONGEST_FOR_APPS},
    folder::{self, FileProblem, TemplateFile, Unreadable},
    last_line::{Domain, LastLine},
    scope::Scope,
    segments::{self, Encoding},
    shipped,
    short_message::{self, bytes_for_apps},
    template::Template,
};

/// What the longest text message is made of.
#[derive(Clone, Debug)]
pub struct Longest {
    /// The longest code.
    pub code: CodeLength,
    /// The site of the last line.
    pub domain: Option<Domain>,
    /// Whether messages may go to an app.
    pub to_apps: bool,
}

/// What there is to say of one template, or of a file that is none.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The file's name; that of a shipped template is what a file in its stead would be called.
    pub file: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is for, as far as its name says.
    pub scope: Option<Scope>,
    /// How long its text messages are; `None` if it is for another channel or cannot be used.
    pub size: Option<Size>,
    /// What is wrong with it.
    pub problems: Vec<FileProblem>,
}

/// Where a template comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// With the program.
    Shipped,
    /// Out of the operator's folder.
    Folder,
}

/// How long the longest text messages by a template are, each in its cheapest wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// With the words alone.
    pub plain: Length,
    /// With the last line for browsers, where a site is configured.
    pub with_last_line: Option<Length>,
    /// With an app's hash, where such hashes are configured.
    pub with_app_hash: Option<Length>,
}

/// How long a text message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// The alphabet that it travels in.
    pub encoding: Encoding,
    /// Its length in units of the alphabet.
    pub units: usize,
    /// What it is charged as.
    pub segments: usize,
}

impl Length {
    fn of(text: &str) -> Self {
        let encoding = Encoding::of(text);
        Self {
            encoding,
            units: encoding.length(text),
            segments: segments::split(text).len(),
        }
    }
}

/// Looks at all templates: the files of the folder by their names, then the shipped ones that none of
/// them stands over.
///
/// # Errors
/// [`Unreadable`].
pub fn check(folder: Option<&Path>, longest: &Longest) -> Result<Vec<Finding>, Unreadable> {
    let files = folder.map_or(Ok(Vec::new()), folder::read)?;
    let scopes: Vec<Scope> = files.iter().filter_map(|it| it.scope.clone()).collect();
    let replaced = |shipped: &Scope| {
        scopes.iter().any(|it| {
            let covers = it.channel.is_none() || it.channel == shipped.channel;
            it.language == shipped.language && covers
        })
    };
    let in_folder = files.into_iter().map(|file| of_file(file, longest));
    let shipped = shipped::templates().filter(|(scope, _)| !replaced(scope));
    let shipped = shipped.map(|(scope, template)| of_shipped(scope, &template, longest));
    Ok(in_folder.chain(shipped).collect())
}

fn of_file(file: TemplateFile, longest: &Longest) -> Finding {
    let mut problems = file.problems;
    let mut size = None;
    if let (Some(scope), Some(template)) = (&file.scope, &file.template) {
        size = measure(scope, template, longest);
        problems.extend(warnings(template, size, longest));
    }
    Finding {
        file: file.name,
        origin: Origin::Folder,
        scope: file.scope,
        size,
        problems,
    }
}

fn of_shipped(scope: Scope, template: &Template, longest: &Longest) -> Finding {
    let size = measure(&scope, template, longest);
    Finding {
        file: scope.file_name(),
        origin: Origin::Shipped,
        size,
        problems: warnings(template, size, longest),
        scope: Some(scope),
    }
}

/// The most minutes that a message names: codes live no longer.
const MOST_MINUTES: u64 = 10;

fn message(
    template: &Template,
    last_line: Option<LastLine<'_>>,
    longest: &Longest,
) -> Option<String> {
    let code = Code::parse(&"0".repeat(usize::from(longest.code.get())))?;
    Some(short_message::write(
        template,
        &code,
        MOST_MINUTES,
        last_line,
    ))
}

/// The longest message to an app.
fn to_app(template: &Template, longest: &Longest) -> Option<String> {
    let hash = longest.to_apps.then(|| AppHash::parse("00000000000"))??;
    message(template, Some(LastLine::App(hash)), longest)
}

fn measure(scope: &Scope, template: &Template, longest: &Longest) -> Option<Size> {
    if !matches!(scope.channel, None | Some(Channel::Sms)) {
        return None;
    }
    let site = longest.domain.as_ref().map(LastLine::Site);
    let with_last_line = site.and_then(|site| message(template, Some(site), longest));
    Some(Size {
        plain: Length::of(&message(template, None, longest)?),
        with_last_line: with_last_line.as_deref().map(Length::of),
        with_app_hash: to_app(template, longest).as_deref().map(Length::of),
    })
}

fn warnings(template: &Template, size: Option<Size>, longest: &Longest) -> Vec<FileProblem> {
    let numbered = (1..).zip(template.wordings());
    let mut warnings: Vec<FileProblem> = numbered
        .flat_map(|(wording, words)| {
            let flaws = flaw::of_words(words).into_iter();
            flaws.map(move |flaw| FileProblem::Flaw { wording, flaw })
        })
        .collect();
    let Some(size) = size else {
        return warnings;
    };
    let lengths = [Some(size.plain), size.with_last_line, size.with_app_hash];
    let most = lengths.into_iter().flatten().map(|it| it.segments).max();
    let bytes = to_app(template, longest).map_or(0, |text| bytes_for_apps(&text));
    let charged = most.filter(|segments| *segments > 1).map(Flaw::Segments);
    let lost = (bytes > LONGEST_FOR_APPS).then_some(Flaw::TooLongForApps(bytes));
    let of_all = charged.into_iter().chain(lost);
    warnings.extend(of_all.map(|flaw| FileProblem::Flaw { wording: 1, flaw }));
    warnings
}
