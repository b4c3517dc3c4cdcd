//! The form of a table's rows: which columns hold what kind of value, and the words that phonekey
//! chooses from a closed list.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The forms of all rows of a table. Rows that the same code wrote under the same circumstances
/// have one form.
pub(super) fn forms(path: &Path, table: &str) -> BTreeSet<Vec<String>> {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare(&format!("select * from {table}")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).unwrap();
    let mut forms = BTreeSet::new();
    while let Some(row) = rows.next().unwrap() {
        let form = names.iter().enumerate().map(|(index, name)| {
            let value = row.get_ref(index).unwrap();
            format!("{name}: {}", form_of(name, value))
        });
        forms.insert(form.collect());
    }
    forms
}

fn form_of(column: &str, value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        // Flags and small counts are as good as words; ids count up.
        ValueRef::Integer(number @ 0..=9) if !column.ends_with("id") => number.to_string(),
        ValueRef::Integer(_) => "integer".to_owned(),
        ValueRef::Real(_) => "real".to_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
        ValueRef::Text(text) if OWN_WORDS.contains(&column) => format!("{} letters", text.len()),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Texts that are different in each row.
const OWN_WORDS: [&str; 2] = ["username", "provider_message_id"];
