//! One thread that owns the connection and commits whatever waits, all at once.

use std::path::Path;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

/// Hands rows to the writing thread. Cloned for each task; the thread ends after the last.
#[derive(Clone)]
pub(super) struct Writer {
    waiting: mpsc::UnboundedSender<Committed>,
}

/// Told when its row is on the disk.
type Committed = oneshot::Sender<()>;

impl Writer {
    /// Opens the database and starts the thread.
    pub(super) fn start(path: &Path, checkpoint_pages: u32) -> Result<(Self, Writing)> {
        let connection = opened(path, checkpoint_pages)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let thread = std::thread::spawn(move || write_until_closed(connection, receiver));
        Ok((Self { waiting: sender }, Writing { thread }))
    }

    /// Inserts one row and waits until it is durable.
    pub(super) async fn insert(&self) -> Result<()> {
        let (committed, waiting) = oneshot::channel();
        self.waiting
            .send(committed)
            .map_err(|_| anyhow!("the writer has stopped"))?;
        waiting.await.context("the commit failed")
    }
}

/// The running thread.
pub(super) struct Writing {
    thread: JoinHandle<Result<()>>,
}

impl Writing {
    /// Waits for the thread after the last [`Writer`] is gone; an error is the database's.
    pub(super) fn ended(self) -> Result<()> {
        self.thread
            .join()
            .map_err(|_| anyhow!("the writer panicked"))?
    }
}

fn opened(path: &Path, checkpoint_pages: u32) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", checkpoint_pages)?;
    connection.execute_batch(CREATE_TABLE)?;
    Ok(connection)
}

/// Takes what waits, inserts all of it in one transaction, commits, tells everyone.
fn write_until_closed(
    mut connection: Connection,
    mut waiting: mpsc::UnboundedReceiver<Committed>,
) -> Result<()> {
    let mut group = Vec::with_capacity(MAX_GROUP);
    let mut id = connection.query_row(LAST_ID, [], |row| row.get::<_, i64>(0))?;
    while waiting.blocking_recv_many(&mut group, MAX_GROUP) > 0 {
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for _ in &group {
            id += 1;
            insert.execute((id, [0_u8; PAYLOAD_BYTES]))?;
        }
        drop(insert);
        transaction.commit()?;
        for committed in group.drain(..) {
            let _ = committed.send(());
        }
    }
    Ok(())
}

/// Keys in order and no index: the cheapest row there is.
const CREATE_TABLE: &str = "
    create table if not exists floor (
        id integer primary key,
        payload blob not null
    ) strict";
const LAST_ID: &str = "select coalesce(max(id), 0) from floor";
const INSERT: &str = "insert into floor (id, payload) values (?1, ?2)";
/// About what a challenge holds: two identifiers, a number and three times.
const PAYLOAD_BYTES: usize = 64;
const MAX_GROUP: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_insert_that_was_answered_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("floor.db");
        let (writer, writing) = Writer::start(&path, 1000).unwrap();

        for _ in 0..3 {
            writer.insert().await.unwrap();
        }

        let reader = Connection::open(&path).unwrap();
        let rows: i64 = reader
            .query_row("select count(*) from floor", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 3);
        drop(writer);
        writing.ended().unwrap();
    }

    #[test]
    fn commits_are_durable() {
        let folder = tempfile::tempdir().unwrap();
        let connection = opened(&folder.path().join("floor.db"), 1000).unwrap();

        let pragma = |name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };

        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("synchronous"), "Integer(2)");
    }
}
