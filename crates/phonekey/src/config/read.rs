//! From what was said to what it means, one setting at a time, noting every problem.

use std::{
    convert::Infallible, fmt::Display, ops::RangeInclusive, path::PathBuf, str::FromStr,
    time::Duration,
};

use phonekey_core::{rate::Span, secret::Secret};

use super::{
    private_file,
    problem::{Problem, suggestion},
    setting::{Given, Origin, Setting, Value},
};

/// What a setting means, or that a problem with it has been noted; so a section reads all of its
/// settings before it gives up.
pub(super) type Read<T> = Result<T, Noted>;

/// A problem has been noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted;

/// Reads settings and notes what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    /// A reader that has met these problems.
    pub(super) fn with(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Everything that was wrong.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Notes that a setting says something that cannot be.
    pub(super) fn refuse(&mut self, setting: &Setting, message: impl Display) -> Noted {
        self.problems.push(Problem {
            origin: Some(setting.origin()).filter(|origin| *origin != Origin::Default),
            setting: setting.path.clone(),
            message: message.to_string(),
        });
        Noted
    }

    /// Passes a value on, or notes why there is none.
    pub(super) fn noting<T, E: Display>(
        &mut self,
        setting: &Setting,
        result: Result<T, E>,
    ) -> Read<T> {
        result.map_err(|error| self.refuse(setting, error))
    }

    /// The value of a setting that has one.
    pub(super) fn read<T, E: Display>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Read<T> {
        self.optional(setting, parse)?
            .ok_or_else(|| self.refuse(setting, "is required"))
    }

    /// The value of a setting that may have none.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Read<Option<T>> {
        let Some(value) = setting.value() else {
            return Ok(None);
        };
        if matches!(value, Value::Many(_)) && !setting.takes_many() {
            return Err(self.refuse(setting, "takes one value, not a list"));
        }
        self.noting(setting, parse(&value.to_string())).map(Some)
    }

    /// The items of a list; none if nothing was said.
    pub(super) fn list<T, E: Display>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Read<Vec<T>> {
        let value = setting.value();
        let items = value.iter().flat_map(Value::items);
        let parsed: Vec<_> = items
            .map(|item| self.noting(setting, parse(item)))
            .collect();
        parsed.into_iter().collect()
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&mut self, setting: &Setting, bounds: RangeInclusive<T>) -> Read<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        self.read(setting, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number));
            let (least, most) = (bounds.start(), bounds.end());
            number.ok_or_else(|| {
                format!("must be a whole number from {least} to {most}, not `{text}`")
            })
        })
    }

    /// A length of time within bounds.
    pub(super) fn duration(
        &mut self,
        setting: &Setting,
        bounds: RangeInclusive<Duration>,
    ) -> Read<Duration> {
        self.read(setting, |text| duration_within(text, &bounds))
    }

    /// One of several words.
    pub(super) fn choice<T: Clone>(&mut self, setting: &Setting, choices: &[(&str, T)]) -> Read<T> {
        self.read(setting, |text| one_of(text, choices))
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, setting: &Setting) -> Read<bool> {
        self.choice(setting, &[("true", true), ("false", false)])
    }

    /// A secret, given as it stands or in a file. Its strength is not judged here.
    pub(super) fn secret(&mut self, setting: &Setting) -> Read<Option<Secret>> {
        if let Some(file) = &setting.file {
            return self.file_content(setting, file).map(Some);
        }
        self.optional(setting, |text| Ok::<_, Infallible>(Secret::new(text)))
    }

    /// Several secrets, given as they stand or in a file, one in each line.
    pub(super) fn secrets(&mut self, setting: &Setting) -> Read<Vec<Secret>> {
        let Some(file) = &setting.file else {
            return self.list(setting, |text| Ok::<_, Infallible>(Secret::new(text)));
        };
        let content = self.file_content(setting, file)?;
        let lines = content.expose().split(|byte| *byte == b'\n');
        let lines = lines.map(<[u8]>::trim_ascii);
        Ok(lines.filter(|l| !l.is_empty()).map(Secret::new).collect())
    }

    /// A text that may hold a secret, such as a URL, given as it stands or in a file.
    pub(super) fn sensitive_text(&mut self, setting: &Setting) -> Read<Option<String>> {
        let Some(secret) = self.secret(setting)? else {
            return Ok(None);
        };
        let text = String::from_utf8(secret.expose().to_vec());
        self.noting(setting, text.map_err(|_| "is not UTF-8"))
            .map(Some)
    }

    fn file_content(&mut self, setting: &Setting, file: &Given) -> Read<Secret> {
        let path = PathBuf::from(file.value.to_string());
        self.noting(setting, private_file::read(&path))
    }
}

/// A length of time within bounds.
pub(super) fn duration_within(
    text: &str,
    bounds: &RangeInclusive<Duration>,
) -> Result<Duration, String> {
    let duration = text.parse::<Span>().map_err(|error| error.to_string())?.0;
    if bounds.contains(&duration) {
        return Ok(duration);
    }
    let (least, most) = (Span(*bounds.start()), Span(*bounds.end()));
    Err(format!("must be from {least} to {most}, not {text}"))
}

/// One of several words.
pub(super) fn one_of<T: Clone>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let chosen = choices.iter().find(|(name, _)| *name == text);
    chosen.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = suggestion(text, names.iter().copied());
        format!("must be one of {}, not `{text}`{hint}", names.join(", "))
    })
}
