//! Copying the write-ahead log into the database, beside the writer.
//!
//! A checkpoint by the writer itself would hold up every step for as long as some thousand pages
//! take to copy and sync. One beside it alone would never be done: the log starts over only when
//! all of it has been copied, and under load there is always more. So a thread of its own copies
//! the bulk while the writer goes on, and then the writer, between two groups, copies the little
//! that was added meanwhile; the next group starts the log over.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
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
    copied: Arc<AtomicBool>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Past this many times the threshold the writer copies everything itself: the other thread cannot
/// keep up, and the log must not grow without bound.
const MOST_THRESHOLDS: u32 = 8;

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

        let db = connection::checkpointing(path, tuning)?;
        let copied = Arc::new(AtomicBool::new(false));
        let (wake, woken) = sync_channel(1);
        let done = Arc::clone(&copied);
        let thread = thread::Builder::new()
            .name("phonekey-checkpoint".to_owned())
            .spawn(move || copy_when_woken(&db, &woken, &done))
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            pages,
            threshold: tuning.checkpoint_pages,
            copied,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Starts or finishes copying, if the log is long enough for it.
    pub(super) fn keep_up(&self, writing: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.threshold {
            return;
        }
        let overdue = pages / MOST_THRESHOLDS >= self.threshold;
        if overdue || self.copied.swap(false, Ordering::Acquire) {
            self.pages.store(0, Ordering::Relaxed);
            copy(writing);
        } else if let Some(wake) = &self.wake {
            // Full when it is awake already.
            let _ = wake.try_send(());
        }
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

fn copy_when_woken(db: &Connection, woken: &Receiver<()>, copied: &AtomicBool) {
    while woken.recv().is_ok() {
        copy(db);
        copied.store(true, Ordering::Release);
    }
}

/// Copies as much as no reader still needs as it was.
fn copy(db: &Connection) {
    let copied = db.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
    if let Err(error) = copied {
        // Nothing is lost: the log keeps what was not copied, and the next try comes soon.
        tracing::warn!(error = %error, "the write-ahead log could not be copied");
    }
}
