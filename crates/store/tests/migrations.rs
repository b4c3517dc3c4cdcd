//! Both dialects say the same: the same migrations, and after them the same tables.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests, also where they are helpers of tests"
)]

use std::{fs, path::Path};

#[cfg(postgres_server)]
#[expect(dead_code, reason = "these tests migrate by themselves")]
mod server;

#[test]
fn each_migration_exists_in_both_dialects_under_the_same_name() {
    let sqlite = files("sqlite");

    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, files("postgres"));
}

fn files(dialect: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut names: Vec<String> = fs::read_dir(folder.join(dialect))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(postgres_server)]
mod columns {
    use phonekey_core::time::Timestamp;
    use phonekey_store::DatabaseUrl;
    use rusqlite::Connection;

    use crate::server::{Schema, connect};

    /// A column in the words of SQLite, which has fewer types.
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Column {
        table: String,
        name: String,
        kind: String,
        may_be_null: bool,
    }

    #[tokio::test]
    async fn both_dialects_have_the_same_tables_and_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phonekey.db");
        let sqlite = DatabaseUrl::Sqlite(path.clone());
        let schema = Schema::fresh().await;
        let postgres: DatabaseUrl = schema.url().parse().unwrap();

        let mut applied = Vec::new();
        for url in [&sqlite, &postgres] {
            let names = phonekey_store::migrate(url, Timestamp::default()).await;
            applied.push(names.unwrap());
        }

        assert_eq!(applied[0], applied[1]);
        let client = connect(&schema.url()).await;
        let (sqlite, postgres) = (of_sqlite(&path), of_postgres(&client).await);
        assert!(!sqlite.is_empty());
        assert_eq!(sqlite, postgres);
    }

    fn of_sqlite(path: &std::path::Path) -> Vec<Column> {
        let sql = "
            select tables.name, columns.name, lower(columns.type), columns.\"notnull\", columns.pk
            from pragma_table_list as tables
            join pragma_table_info(tables.name) as columns
            where tables.schema = 'main' and tables.name not like 'sqlite\\_%' escape '\\'";
        let db = Connection::open(path).unwrap();
        let mut statement = db.prepare(sql).unwrap();
        let columns = statement.query_map([], |row| {
            let (not_null, key): (bool, u8) = (row.get(3)?, row.get(4)?);
            Ok(Column {
                table: row.get(0)?,
                name: row.get(1)?,
                kind: row.get(2)?,
                may_be_null: !not_null && key == 0,
            })
        });
        let mut columns: Vec<Column> = columns.unwrap().map(Result::unwrap).collect();
        columns.sort();
        columns
    }

    async fn of_postgres(client: &tokio_postgres::Client) -> Vec<Column> {
        let sql = "
            select table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
            from information_schema.columns
            where table_schema = current_schema()";
        let rows = client.query(sql, &[]).await.unwrap();
        let column = |row: &tokio_postgres::Row| Column {
            table: row.get(0),
            name: row.get(1),
            kind: as_sqlite_says(row.get(2)).to_owned(),
            may_be_null: row.get(3),
        };
        let mut columns: Vec<Column> = rows.iter().map(column).collect();
        columns.sort();
        columns
    }

    fn as_sqlite_says(kind: &str) -> &str {
        match kind {
            "bigint" | "smallint" | "boolean" => "integer",
            "bytea" | "uuid" => "blob",
            other => other,
        }
    }
}
