//! phonekey's state in SQLite and PostgreSQL.
