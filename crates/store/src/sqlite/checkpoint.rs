//! Copying the write-ahead log into the database, beside the writer.
//!
//! A checkpoint by the writer itself would hold up every step for as long as some thousand pages
//! take to copy and sync. One beside it alone would never be done: the log starts over only when
//! all of it has been copied, and under load there is always more. So they take turns: a thread of
//! its own copies and syncs the bulk while the writer goes on, again and again until little is
//! added meanwhile; then the writer, between two groups, copies that little, and the next group
//! starts the log over.
//!
//! `SQLite` itself syncs the database only when a copy has reached the log's end. That would leave
//! the whole of it to the writer's little copy, so the thread syncs the file by itself.

use std::{
    fs::File,
    io,
    mem::ManuallyDrop,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, wal::CheckpointMode};

use super::{Tuning, connection};
use crate::OpenError;

/// Copies what the log holds; the writer calls [`keep_up`](Self::keep_up) after each group.
pub(super) struct Checkpoints {
    /// Pages in the log, as of the last commit.
    pages: Arc<AtomicU32>,
    threshold: u32,
    turn: Turn,
    wake: Option<SyncSender<()>>,
    copied: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Turn {
    /// The log fills.
    Filling,
    /// The other thread copies the bulk.
    Copying,
}

/// Past this many times the threshold the writer waits for the other thread: the log must not grow
/// without bound.
const MOST_THRESHOLDS: u32 = 8;

/// So many pages the writer copies and syncs in the time that a commit of its own takes.
const LITTLE: u32 = 128;

/// The other thread stops trying to be left with little after so many rounds: the writer may be
/// as fast as the disk.
const MOST_ROUNDS: u8 = 4;

impl Checkpoints {
    pub(super) fn start(
        writing: &mut Connection,
        path: &Path,
        tuning: &Tuning,
    ) -> Result<Self, OpenError> {
        let pages = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&pages);
        writing
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
                counter.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
                Ok(())
            }))
            .map_err(|error| OpenError::sqlite(path, error))?;

        let no_file = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        let bulk = Bulk {
            db: connection::checkpointing(path, tuning)?,
            disk: Disk::of(path).map_err(no_file)?,
            pages: Arc::clone(&pages),
        };
        let (wake, woken) = sync_channel(1);
        let (done, copied) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("phonekey-checkpoint".to_owned())
            .spawn(move || bulk.run(&woken, &done))
            .map_err(no_file)?;
        Ok(Self {
            pages,
            threshold: tuning.checkpoint_pages,
            turn: Turn::Filling,
            wake: Some(wake),
            copied,
            thread: Some(thread),
        })
    }

    /// Starts or finishes copying, if the log is long enough for it.
    pub(super) fn keep_up(&mut self, writing: &Connection) {
        match self.turn {
            Turn::Filling => {
                let is_long = self.pages.load(Ordering::Relaxed) >= self.threshold;
                if let Some(wake) = self.wake.as_ref().filter(|_| is_long) {
                    // It waits: what it was last woken for has been taken back from it.
                    let _ = wake.try_send(());
                    self.turn = Turn::Copying;
                }
            }
            Turn::Copying => {
                if self.is_copied() {
                    self.turn = Turn::Filling;
                    self.pages.store(0, Ordering::Relaxed);
                    copy(writing);
                }
            }
        }
    }

    /// Whether the other thread is done. Waits for it when the log has become too long.
    fn is_copied(&self) -> bool {
        let overdue = self.pages.load(Ordering::Relaxed) / MOST_THRESHOLDS >= self.threshold;
        if overdue {
            // One that has gone will not be done again; then the writer copies everything.
            let _ = self.copied.recv();
            return true;
        }
        !matches!(self.copied.try_recv(), Err(TryRecvError::Empty))
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// The thread that copies the bulk.
struct Bulk {
    db: Connection,
    disk: Disk,
    /// Pages in the log, as of the last commit.
    pages: Arc<AtomicU32>,
}

impl Bulk {
    fn run(&self, woken: &Receiver<()>, done: &SyncSender<()>) {
        while woken.recv().is_ok() {
            for _ in 0..MOST_ROUNDS {
                let copied = copy(&self.db);
                self.disk.sync();
                let left = self.pages.load(Ordering::Relaxed).saturating_sub(copied);
                if left <= LITTLE {
                    break;
                }
            }
            // Nobody waits for it any more once the writer has gone.
            let _ = done.try_send(());
        }
    }
}

/// Copies as much as no reader still needs as it was. Returns how many pages of the log have been
/// copied by now.
fn copy(db: &Connection) -> u32 {
    match db.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        Ok((_in_the_log, copied)) => u32::try_from(copied).unwrap_or(0),
        Err(error) => {
            // Nothing is lost: the log keeps what was not copied, and the next try comes soon.
            tracing::warn!(error = %error, "the write-ahead log could not be copied");
            0
        }
    }
}

/// The database's file, for nothing but syncing it.
///
/// It is never closed: POSIX lets a process that closes a file lose all its locks there, whoever
/// took them, and with them `SQLite` would lose its own (<https://sqlite.org/howtocorrupt.html>,
/// section 2.2).
struct Disk(ManuallyDrop<File>);

impl Disk {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self(ManuallyDrop::new(File::open(path)?)))
    }

    fn sync(&self) {
        if let Err(error) = self.0.sync_data() {
            // SQLite syncs it again before it lets go of the log, and tells the writer.
            tracing::warn!(error = %error, "the database could not be synced");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What the log holds besides its pages is small.
    const PAGE_AND_HEAD: u64 = 4096 + 24;

    /// However the two threads fall out, which is for the machine to say.
    #[test]
    fn the_log_starts_over_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phonekey.db");
        connection::make_file(&path).unwrap();
        let tuning = Tuning {
            checkpoint_pages: 16,
            ..Tuning::default()
        };
        let mut writing = connection::writing(&path, &tuning).unwrap();
        writing
            .execute_batch("create table rows (bytes blob)")
            .unwrap();
        let mut checkpoints = Checkpoints::start(&mut writing, &path, &tuning).unwrap();

        for _ in 0..1000 {
            let insert = "insert into rows values (zeroblob(3000))";
            writing.execute(insert, []).unwrap();
            checkpoints.keep_up(&writing);
        }

        let log = fs::metadata(folder.path().join("phonekey.db-wal")).unwrap();
        let most = u64::from((MOST_THRESHOLDS + 1) * tuning.checkpoint_pages);
        assert!(log.len() <= most * PAGE_AND_HEAD, "{} bytes", log.len());
        drop(checkpoints);
        let rows = writing.query_row("select count(*) from rows", [], |row| row.get(0));
        assert_eq!(rows, Ok(1000));
    }
}
