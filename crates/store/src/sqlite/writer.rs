//! The writer: one thread that owns the writing connection and commits in groups.
//!
//! It takes what waits, runs each step in a savepoint of one transaction, commits once and only
//! then answers them all. So a durable commit costs one fsync per group; no step sees another half
//! done; and a step that fails is undone alone.
//!
//! A group that cannot begin or commit (another process writes, the disk is full or gone) is undone
//! whole, and each of its steps is answered [`StoreError::Unavailable`]. The thread goes on with
//! the next group, so it recovers as soon as the database does.

use std::{
    any::Any,
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use phonekey_core::ports::store::StoreError;
use rusqlite::Connection;
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{Tuning, checkpoint::Checkpoints, failure::Failure};
use crate::OpenError;

/// A change of the database, all of it or nothing.
pub(super) trait Step: Send + 'static {
    /// What comes of it.
    type Outcome: Send + 'static;

    /// Takes the step. Whatever it changed is undone if it fails.
    fn run(self, db: &Connection) -> Result<Self::Outcome, Failure>;
}

/// The way to the writer's thread. Dropping it ends the thread after what it is at.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    patience: Duration,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        mut db: Connection,
        path: &Path,
        tuning: &Tuning,
    ) -> Result<Self, OpenError> {
        let checkpoints = Checkpoints::start(&mut db, path, tuning)?;
        let (sender, queue) = mpsc::channel(tuning.queue);
        let group = tuning.group;
        let thread = thread::Builder::new()
            .name("phonekey-writer".to_owned())
            .spawn(move || serve(&db, queue, group, checkpoints))
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            queue: Some(sender),
            patience: tuning.patience,
            thread: Some(thread),
        })
    }

    /// Takes a step: returns after the commit that it is part of.
    ///
    /// A step whose caller lost patience before its turn is not taken at all. One that is caught in
    /// a commit that hangs is answered as unavailable, whatever becomes of the commit.
    pub(super) async fn take<S: Step>(&self, step: S) -> Result<S::Outcome, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Waiting {
            step: Some(step),
            outcome: None,
            reply: Some(reply),
        });
        let answered = async {
            let queue = self.queue.as_ref().ok_or(Stopped)?;
            queue.send(job).await.map_err(|_| Stopped)?;
            outcome.await.map_err(|_| Stopped)
        };
        match timeout(self.patience, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(stopped)) => Err(unavailable(stopped)),
            Err(elapsed) => Err(unavailable(elapsed)),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// A step in the queue, whatever its type.
trait Job: Send {
    /// Whether its caller still waits.
    fn is_awaited(&self) -> bool;

    /// Takes the step and keeps the outcome for later.
    fn run(&mut self, db: &Connection) -> Ran;

    /// Gives the kept outcome to the caller.
    fn answer(&mut self);

    /// Tells the caller that nothing was changed.
    fn fail(&mut self, reason: StoreError);
}

enum Ran {
    /// Its changes are to be kept.
    Through,
    /// Its changes are to be undone.
    Failed,
}

struct Waiting<S: Step> {
    step: Option<S>,
    outcome: Option<Result<S::Outcome, StoreError>>,
    reply: Option<oneshot::Sender<Result<S::Outcome, StoreError>>>,
}

impl<S: Step> Waiting<S> {
    fn reply(&mut self, outcome: Result<S::Outcome, StoreError>) {
        if let Some(reply) = self.reply.take() {
            // A caller that has gone away needs no answer.
            let _ = reply.send(outcome);
        }
    }
}

impl<S: Step> Job for Waiting<S> {
    fn is_awaited(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    fn run(&mut self, db: &Connection) -> Ran {
        let Some(step) = self.step.take() else {
            return Ran::Failed;
        };
        // A step that panics is a bug, and must not be everybody's: its savepoint is undone, which
        // also restores whatever it left half done; the connection keeps no other state of it.
        let outcome = catch_unwind(AssertUnwindSafe(|| step.run(db)));
        let outcome = match outcome {
            Ok(outcome) => outcome.map_err(StoreError::from),
            Err(panic) => Err(StoreError::Unexpected {
                source: Box::new(Panicked(message(&*panic))),
            }),
        };
        let ran = match outcome {
            Ok(_) => Ran::Through,
            Err(_) => Ran::Failed,
        };
        self.outcome = Some(outcome);
        ran
    }

    fn answer(&mut self) {
        let outcome = self.outcome.take();
        self.reply(outcome.unwrap_or_else(|| Err(unavailable(Stopped))));
    }

    fn fail(&mut self, reason: StoreError) {
        self.reply(Err(reason));
    }
}

fn serve(
    db: &Connection,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    group: usize,
    mut checkpoints: Checkpoints,
) {
    let mut jobs = Vec::with_capacity(group);
    while queue.blocking_recv_many(&mut jobs, group) > 0 {
        jobs.retain(|job| job.is_awaited());
        match commit(db, &mut jobs) {
            Ok(()) => jobs.iter_mut().for_each(|job| job.answer()),
            Err(error) => {
                tracing::error!(error = %error, steps = jobs.len(), "the database took no writes");
                let error = NotCommitted(Arc::new(error));
                for job in &mut jobs {
                    job.fail(unavailable(error.clone()));
                }
            }
        }
        jobs.clear();
        checkpoints.keep_up(db);
    }
}

/// Runs the jobs in one transaction. Their outcomes count only if it returns without an error.
fn commit(db: &Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let committed = run_all(db, jobs).and_then(|()| execute(db, "commit"));
    if committed.is_err() && !db.is_autocommit() {
        // If this fails too, the next `begin` says so to its own group.
        let _ = execute(db, "rollback");
    }
    committed
}

fn run_all(db: &Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    // `immediate`: a transaction that reads first and then finds another writer cannot wait.
    execute(db, "begin immediate")?;
    for job in jobs {
        execute(db, "savepoint step")?;
        if let Ran::Failed = job.run(db) {
            // Some failures make SQLite undo the whole transaction. Then there is no savepoint to
            // go back to, this statement fails, and with it the group.
            execute(db, "rollback to step")?;
        }
        execute(db, "release step")?;
    }
    Ok(())
}

fn execute(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

fn unavailable(source: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable {
        source: Box::new(source),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// The writer's thread has ended.
#[derive(Debug, Error)]
#[error("the store is closed")]
struct Stopped;

/// A group of steps was undone.
#[derive(Clone, Debug, Error)]
#[error("the steps could not be committed")]
struct NotCommitted(#[source] Arc<rusqlite::Error>);

/// A step has a bug.
#[derive(Debug, Error)]
#[error("a step of the store panicked: {0}")]
struct Panicked(String);
