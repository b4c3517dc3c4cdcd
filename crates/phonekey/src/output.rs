//! What the commands print, for a person at a terminal or for a program behind a pipe.

use std::{
    fmt::Display,
    io::{self, BufRead, IsTerminal, Write},
};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Where a command prints its result.
pub struct Output<'a> {
    writer: &'a mut dyn Write,
    audience: Audience,
}

/// Who reads the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person, at a terminal: tables.
    Person,
    /// A program: fields with tabs between them, and no heading.
    Program,
}

impl Audience {
    /// Who reads this process's standard output.
    #[must_use]
    pub fn of_process() -> Self {
        if io::stdout().is_terminal() {
            Self::Person
        } else {
            Self::Program
        }
    }
}

impl<'a> Output<'a> {
    /// An output for `audience`.
    pub fn new(writer: &'a mut dyn Write, audience: Audience) -> Self {
        Self { writer, audience }
    }

    /// Who reads it.
    #[must_use]
    pub const fn audience(&self) -> Audience {
        self.audience
    }

    /// Prints text as it is.
    ///
    /// # Errors
    /// When nobody reads any more, or the disk is full.
    pub fn text(&mut self, text: impl Display) -> io::Result<()> {
        write!(self.writer, "{text}")
    }

    /// Prints a line.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.writer, "{text}")
    }

    /// Prints a value as JSON.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *self.writer, value)?;
        writeln!(self.writer)
    }

    /// Prints rows: a table for a person, tabs for a program.
    ///
    /// Control characters become spaces: a value of somebody else's must neither end a field nor
    /// speak to the terminal.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn rows(&mut self, heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let plain = |row: &Vec<String>| -> Vec<String> {
            row.iter()
                .map(|cell| cell.replace(char::is_control, " "))
                .collect()
        };
        match self.audience {
            Audience::Program => rows
                .iter()
                .try_for_each(|row| writeln!(self.writer, "{}", plain(row).join("\t"))),
            Audience::Person => {
                let mut table = Table::new();
                let arrangement = match table.width() {
                    Some(columns) if columns >= NARROWEST => ContentArrangement::Dynamic,
                    _ => ContentArrangement::Disabled,
                };
                table
                    .load_style(presets::UTF8_HORIZONTAL_ONLY)
                    .set_content_arrangement(arrangement)
                    .set_header(heading)
                    .add_rows(rows.iter().map(plain));
                writeln!(self.writer, "{table}")
            }
        }
    }
}

/// In fewer columns a table that is made to fit is harder to read than one whose lines wrap.
const NARROWEST: u16 = 60;

/// Prints a line to the standard error output: what is no result.
pub fn note(text: impl Display) {
    // Nowhere is left to complain when even this fails.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks the person at the terminal a question; `None` when there is no terminal.
///
/// # Errors
/// When the answer cannot be read.
pub fn ask(question: &str) -> io::Result<Option<bool>> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    let answer = answer.trim().to_ascii_lowercase();
    Ok(Some(answer == "y" || answer == "yes"))
}
