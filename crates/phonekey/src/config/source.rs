//! The layers of a configuration: a TOML file, the environment, the command line. Later ones win.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::{Problem, suggestion},
    raw::SECTIONS,
    setting::{
        Declared, Given, Kind, Occurrence, Origin, Section, Setting, VARIABLE_PREFIX, Value,
        variable,
    },
};

/// The environment variable that names the configuration file.
pub const FILE_VARIABLE: &str = "PHONEKEY_CONFIG";

/// The file that is read when none is named and it exists.
pub const DEFAULT_FILE: &str = "phonekey.toml";

/// Where a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub environment: Vec<(OsString, OsString)>,
    /// What the command line says.
    pub flags: Vec<Flag>,
}

/// A flag of the command line that stands for a setting.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag, such as `--listen`.
    pub name: &'static str,
    /// The setting, such as `http.listen`.
    pub path: &'static str,
    /// Its value.
    pub value: String,
}

impl Sources {
    /// The sources of this process: the file that the command line names, else the environment,
    /// else [`DEFAULT_FILE`] if it is there.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let named = file.or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from));
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        Self {
            file: named.or_else(default),
            environment: std::env::vars_os().collect(),
            flags,
        }
    }
}

/// All that was said, by the full name of its setting.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    given: BTreeMap<String, Given>,
    problems: Vec<Problem>,
}

/// Whether the file could be read, so that its settings can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Legibility {
    /// It could, or there is none.
    Legible,
    /// It could not: what it says is not known.
    Illegible,
}

impl Gathered {
    /// Reads all layers.
    pub(super) fn from(sources: &Sources) -> (Self, Legibility) {
        let mut gathered = Self::default();
        let legibility =
            sources.file.as_deref().map_or(
                Legibility::Legible,
                |path| match std::fs::read_to_string(path) {
                    Ok(text) => gathered.add_file(path, &text),
                    Err(error) => {
                        let origin = Origin::File {
                            path: path.into(),
                            line: 1,
                        };
                        let message = format!("the file cannot be read: {error}");
                        gathered.problems.push(Problem::at(origin, message));
                        Legibility::Illegible
                    }
                },
            );
        gathered.add_environment(&sources.environment);
        for flag in &sources.flags {
            let value = Value::One(flag.value.clone());
            gathered.add(flag.path.to_owned(), value, Origin::Flag(flag.name));
        }
        (gathered, legibility)
    }

    /// What is wrong with the layers themselves.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Whether a secret stands in the configuration file itself.
    pub(super) fn has_secret_in_file(&self) -> bool {
        self.given.iter().any(|(path, given)| {
            let in_file = matches!(given.origin, Origin::File { .. });
            in_file
                && find_setting(path).is_some_and(|(declared, spelling)| {
                    declared.kind.is_secret() && spelling == Spelling::Plain
                })
        })
    }

    /// What was said of one setting.
    pub(super) fn take(&mut self, section: &str, index: Option<usize>, name: &str) -> Setting {
        let path = join(&join(section, &index_text(index)), name);
        let declared = find_setting(&path).map_or(&UNDECLARED, |(declared, _)| declared);
        Setting {
            declared,
            given: self.given.remove(&path),
            file: self.given.remove(&format!("{path}{FILE_SUFFIX}")),
            path,
        }
    }

    /// The indices of a section's tables.
    pub(super) fn indices(&self, section: &str) -> BTreeSet<usize> {
        self.given
            .keys()
            .filter_map(|path| path.strip_prefix(section)?.strip_prefix('.'))
            .filter_map(|rest| rest.split('.').next()?.parse().ok())
            .collect()
    }

    /// Adds what a file says.
    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> Legibility {
        let file = FileText {
            path: path.into(),
            text,
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            self.add_table(&file, "", table.get_ref());
            return Legibility::Legible;
        }
        self.problems.extend(errors.iter().map(|error| {
            // Its `Display` would show the line, and the line may hold a secret.
            let offset = error.span().map_or(0, |span| span.start);
            Problem::at(
                file.origin(offset),
                format!("not TOML: {}", error.message()),
            )
        }));
        Legibility::Illegible
    }

    fn add_table(&mut self, file: &FileText<'_>, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = join(prefix, key.get_ref());
            let origin = file.origin(key.span().start);
            match find(&path) {
                Place::Setting => match scalar_or_list(value) {
                    Some(value) => self.add(path, value, origin),
                    None => self.refuse(origin, path, "takes a value, not a table"),
                },
                Place::Tables(Occurrence::Once) => {
                    if let Some(inner) = value.get_ref().as_table() {
                        self.add_table(file, &path, inner);
                    } else {
                        let message = format!("is a section; write it as [{path}]");
                        self.refuse(origin, path, &message);
                    }
                }
                Place::Tables(Occurrence::Many) => self.add_tables(file, &path, origin, value),
                Place::Nowhere => self.refuse_unknown(origin, path),
            }
        }
    }

    fn add_tables(
        &mut self,
        file: &FileText<'_>,
        path: &str,
        origin: Origin,
        value: &Spanned<DeValue<'_>>,
    ) {
        let tables = value.get_ref().as_array().map(|array| {
            let tables = array.iter().map(|item| item.get_ref().as_table());
            tables.collect::<Option<Vec<_>>>()
        });
        let Some(Some(tables)) = tables else {
            let message = format!("is a list of tables; write each as [[{path}]]");
            return self.refuse(origin, path.to_owned(), &message);
        };
        for (index, table) in tables.into_iter().enumerate() {
            self.add_table(file, &format!("{path}.{}", index + 1), table);
        }
    }

    /// Adds what the environment says.
    pub(super) fn add_environment(&mut self, environment: &[(OsString, OsString)]) {
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| is_ours(name)) else {
                continue;
            };
            let origin = Origin::Variable(name.to_owned());
            let path = name[VARIABLE_PREFIX.len()..]
                .to_ascii_lowercase()
                .replace("__", ".");
            if variable(&path) != name || find_setting(&path).is_none() {
                let known: Vec<String> = all_paths().map(|path| variable(&path)).collect();
                let hint = suggestion(name, known.iter().map(String::as_str));
                let message = format!("there is no such setting{hint}");
                self.problems.push(Problem::at(origin, message));
                continue;
            }
            match value.to_str() {
                Some(value) => self.add(path, Value::One(value.to_owned()), origin),
                None => self.refuse(origin, path, "is not UTF-8"),
            }
        }
    }

    /// Notes a value; one of a later layer takes the place of an earlier layer's, also where one
    /// says `secret` and the other `secret_file`.
    fn add(&mut self, path: String, value: Value, origin: Origin) {
        if value.items().iter().all(|item| item.is_empty()) {
            let message = "is empty; give it a value, or leave it out";
            return self.refuse(origin, path, message);
        }
        let twin = path
            .strip_suffix(FILE_SUFFIX)
            .filter(|_| matches!(find_setting(&path), Some((_, Spelling::File))))
            .map_or_else(|| format!("{path}{FILE_SUFFIX}"), str::to_owned);
        match self.given.get(&twin) {
            Some(other) if other.origin.is_same_source_as(&origin) => {
                let message = format!("`{twin}` is given as well; keep one of them");
                self.refuse(origin, path, &message);
            }
            _ => {
                self.given.remove(&twin);
                self.given.insert(path, Given { value, origin });
            }
        }
    }

    fn refuse(&mut self, origin: Origin, setting: String, message: &str) {
        self.problems.push(Problem {
            origin: Some(origin),
            setting,
            message: message.to_owned(),
        });
    }

    fn refuse_unknown(&mut self, origin: Origin, path: String) {
        let known: Vec<String> = all_paths().collect();
        let hint = suggestion(&path, known.iter().map(String::as_str));
        self.refuse(origin, path, &format!("there is no such setting{hint}"));
    }
}

/// A file and its path, to find the line of a place in it.
struct FileText<'a> {
    path: Arc<Path>,
    text: &'a str,
}

impl FileText<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(offset);
        Origin::File {
            path: Arc::clone(&self.path),
            line: 1 + before.filter(|byte| **byte == b'\n').count(),
        }
    }
}

/// A scalar or an array of scalars as text; `None` for a table or an array that holds one.
fn scalar_or_list(value: &Spanned<DeValue<'_>>) -> Option<Value> {
    match value.get_ref() {
        DeValue::Array(items) => {
            let items = items.iter().map(|item| scalar(item.get_ref()));
            items.collect::<Option<Vec<_>>>().map(Value::Many)
        }
        single => scalar(single).map(Value::One),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Integer(number) => Some(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
        ),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// What a name in a file stands for.
enum Place {
    Setting,
    Tables(Occurrence),
    Nowhere,
}

fn find(path: &str) -> Place {
    if find_setting(path).is_some() {
        return Place::Setting;
    }
    let is_or_holds = |section: &&Section| {
        let rest = section.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    SECTIONS
        .iter()
        .find(is_or_holds)
        .map_or(Place::Nowhere, |section| Place::Tables(section.occurrence))
}

/// Which of a secret's two names is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Plain,
    File,
}

fn find_setting(path: &str) -> Option<(&'static Declared, Spelling)> {
    let (table, name) = path.rsplit_once('.').unwrap_or(("", path));
    let section = SECTIONS.iter().find(|section| match section.occurrence {
        Occurrence::Once => section.path == table,
        Occurrence::Many => table
            .strip_prefix(section.path)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(is_index),
    })?;
    let plain = section.setting(name).map(|found| (found, Spelling::Plain));
    plain.or_else(|| {
        let found = section.setting(name.strip_suffix(FILE_SUFFIX)?)?;
        let from_file = found.kind.may_come_from_a_file();
        from_file.then_some((found, Spelling::File))
    })
}

/// What follows the name of a secret that is in a file.
const FILE_SUFFIX: &str = "_file";

/// `1` to `999`, written plainly.
fn is_index(text: &str) -> bool {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && !text.starts_with('0')
}

/// The names of all settings and sections, for suggestions.
fn all_paths() -> impl Iterator<Item = String> {
    SECTIONS.iter().flat_map(|section| {
        let prefix = match section.occurrence {
            Occurrence::Once => section.path.to_owned(),
            Occurrence::Many => format!("{}.1", section.path),
        };
        let settings = section.settings.iter().flat_map(move |setting| {
            let path = join(&prefix, setting.name());
            let file = setting.kind.may_come_from_a_file();
            let file = file.then(|| format!("{path}{FILE_SUFFIX}"));
            std::iter::once(path).chain(file)
        });
        let itself = Some(section.path.to_owned()).filter(|path| !path.is_empty());
        settings.chain(itself)
    })
}

/// Whether a variable is meant for this program's configuration.
///
/// Kubernetes gives every container variables that are named after services; for one called
/// `phonekey` they are `PHONEKEY_PORT`, `PHONEKEY_PORT_8000_TCP…` and `PHONEKEY_SERVICE_…`.
fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else {
        return false;
    };
    let from_kubernetes = rest == "PORT"
        || rest.starts_with("PORT_")
        || rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT");
    let for_our_tests = rest.starts_with("TEST_") && !rest.starts_with("TEST_NUMBER");
    name != FILE_VARIABLE && !from_kubernetes && !for_our_tests
}

fn join(prefix: &str, name: &str) -> String {
    match (prefix, name) {
        ("", name) => name.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, name) => format!("{prefix}.{name}"),
    }
}

fn index_text(index: Option<usize>) -> String {
    index.map(|index| index.to_string()).unwrap_or_default()
}

/// Stands in for a setting that the macro of `raw.rs` read but did not declare, which it cannot.
static UNDECLARED: Declared = Declared::new("", Kind::Text, None, None, &[]);
