//! Columns become values here, or the row is corrupt. And the two ways to run a statement.

use phonekey_core::{phone::PhoneNumber, time::Timestamp};
use rusqlite::{
    Connection, Params, Row,
    types::{FromSql, ValueRef},
};
use uuid::Uuid;

use super::failure::Failure;

/// The row that `sql` selects, if there is one.
pub(super) fn find<T>(
    db: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    match rows.next()? {
        Some(row) => read(&mut Columns::new(table, row)).map(Some),
        None => Ok(None),
    }
}

/// All rows that `sql` selects.
pub(super) fn list<T>(
    db: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        values.push(read(&mut Columns::new(table, row))?);
    }
    Ok(values)
}

/// Runs a statement; returns how many rows it changed.
pub(super) fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<usize, Failure> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

/// Runs a statement that must change one row: its guard holds, since nobody else writes between a
/// step's reading and its writing. If it did not, the step is undone.
pub(super) fn execute_once(db: &Connection, sql: &str, params: impl Params) -> Result<(), Failure> {
    match execute(db, sql, params)? {
        1 => Ok(()),
        changed => Err(rusqlite::Error::StatementChangedRows(changed).into()),
    }
}

/// The columns of a row, read from left to right.
pub(super) struct Columns<'r> {
    table: &'static str,
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    fn new(table: &'static str, row: &'r Row<'r>) -> Self {
        Self {
            table,
            row,
            next: 0,
        }
    }

    /// The next column as SQLite has it.
    pub(super) fn raw<T: FromSql>(&mut self) -> Result<T, Failure> {
        let value = T::column_result(self.value()?);
        value.map_err(|error| self.corrupt(&error.to_string()))
    }

    /// The next column's bytes.
    pub(super) fn bytes(&mut self) -> Result<&'r [u8], Failure> {
        let bytes = self.value()?.as_blob();
        bytes.map_err(|error| self.corrupt(&error.to_string()))
    }

    /// Leaves the next column out, since the one before says that it is null.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    /// A time.
    pub(super) fn time(&mut self) -> Result<Timestamp, Failure> {
        self.raw().map(Timestamp::from_millis)
    }

    /// A time, or null.
    pub(super) fn optional_time(&mut self) -> Result<Option<Timestamp>, Failure> {
        let millis: Option<i64> = self.raw()?;
        Ok(millis.map(Timestamp::from_millis))
    }

    /// A UUID.
    pub(super) fn uuid(&mut self) -> Result<Uuid, Failure> {
        self.raw().map(Uuid::from_bytes)
    }

    /// A number.
    pub(super) fn phone(&mut self) -> Result<PhoneNumber, Failure> {
        let key = self.raw()?;
        PhoneNumber::from_key(key).ok_or_else(|| self.corrupt("no phone number"))
    }

    /// A number, or null.
    pub(super) fn optional_phone(&mut self) -> Result<Option<PhoneNumber>, Failure> {
        match self.raw()? {
            None => Ok(None),
            Some(key) => PhoneNumber::from_key(key)
                .map(Some)
                .ok_or_else(|| self.corrupt("no phone number")),
        }
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Failure> {
        self.optional_parsed(parse)?
            .ok_or_else(|| self.corrupt("it is null"))
    }

    /// A text that `parse` understands, or null.
    pub(super) fn optional_parsed<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let text = self.value()?.as_str_or_null();
        let text = text.map_err(|error| self.corrupt(&error.to_string()))?;
        match text.map(parse) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(self.corrupt("a text that means nothing")),
        }
    }

    /// The fault that the column just read holds what nobody wrote.
    pub(super) fn corrupt(&self, problem: &str) -> Failure {
        let index = self.next.saturating_sub(1);
        let column = self.row.as_ref().column_name(index).unwrap_or("?");
        Failure::Corrupt {
            table: self.table,
            problem: format!("column {column}: {problem}"),
        }
    }

    fn value(&mut self) -> Result<ValueRef<'r>, Failure> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }
}
