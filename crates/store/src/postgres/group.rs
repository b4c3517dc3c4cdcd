//! Steps of one kind that wait at the same time share a transaction, and so its round trips, its
//! statements and its flush to disk.

use std::{iter, sync::Arc, time::Duration};

use phonekey_core::ports::store::StoreError;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task,
    time::timeout,
};

use super::{
    failure::{Complaint, Failure, Fault},
    pool::{Connection, Database, Step, Transaction},
};

/// A kind of step that knows how to take several of its kind at once.
pub(super) trait Grouped: Sized + Send + Sync + 'static {
    /// What each caller learns.
    type Outcome: Send + 'static;

    /// Takes `steps` as if one after the other, in this order; returns an outcome for each.
    fn take_all(
        steps: &[&Self],
        transaction: &Transaction,
    ) -> impl Future<Output = Result<Vec<Self::Outcome>, Failure>> + Send;
}

struct All<'a, S>(&'a [&'a S]);

impl<S: Grouped> Step for All<'_, S> {
    type Outcome = Vec<S::Outcome>;

    async fn take(&self, transaction: &Transaction) -> Result<Self::Outcome, Failure> {
        S::take_all(self.0, transaction).await
    }
}

/// Where steps of one kind wait for their group.
pub(super) struct Group<S: Grouped>(mpsc::Sender<Waiting<S>>);

struct Waiting<S: Grouped> {
    step: S,
    answer: oneshot::Sender<Result<S::Outcome, Fault>>,
}

impl<S: Grouped> Waiting<S> {
    /// A caller who has gone meanwhile learns nothing; its step was taken all the same.
    fn tell(self, outcome: Result<S::Outcome, Fault>) {
        let _ = self.answer.send(outcome);
    }
}

impl<S: Grouped> Group<S> {
    /// A queue that is served until this is dropped. Must be called within a Tokio runtime.
    pub(super) fn new(database: Database) -> Self {
        let (sender, queue) = mpsc::channel(LONGEST_QUEUE);
        task::spawn(serve(database, queue));
        Self(sender)
    }

    /// Takes a step together with whatever else waits. A step whose caller has gone before its
    /// group formed is not taken.
    pub(super) async fn take(&self, step: S) -> Result<S::Outcome, StoreError> {
        let (answer, outcome) = oneshot::channel();
        let waiting = async {
            self.0.send(Waiting { step, answer }).await.ok()?;
            outcome.await.ok()
        };
        let answer = match timeout(CALLER_PATIENCE, waiting).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(Fault::Unexpected(Complaint::new(
                "the step's group broke off",
            ))),
            Err(_) => Err(Fault::Unavailable(Complaint::new(
                "the step waited too long",
            ))),
        };
        Ok(answer?)
    }
}

/// Forms a group of all that waits whenever a lane is free. While the lanes are busy the queue
/// grows, and with it the next group: so groups are as large as the load needs and no larger.
async fn serve<S: Grouped>(database: Database, mut queue: mpsc::Receiver<Waiting<S>>) {
    let lanes = Arc::new(Semaphore::new(LANES));
    loop {
        let Ok(lane) = Arc::clone(&lanes).acquire_owned().await else {
            return;
        };
        let Some(first) = queue.recv().await else {
            return;
        };
        // The connection comes before the rest of the group: without one, all that waits by then
        // learns so at once, however much it is.
        let connection = database.connection().await;
        // Those who were answered together come back together: the first of them must not go alone.
        task::yield_now().await;
        let mut group = vec![first];
        let most = if connection.is_ok() {
            LARGEST_GROUP
        } else {
            LONGEST_QUEUE
        };
        while group.len() < most
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        let database = database.clone();
        task::spawn(async move {
            match connection {
                Ok(connection) => take_group(&database, connection, group).await,
                Err(fault) => refuse(group, &fault),
            }
            drop(lane);
        });
    }
}

/// Takes the steps together; each alone if one of them may be what the group failed for.
async fn take_group<S: Grouped>(
    database: &Database,
    connection: Connection,
    mut group: Vec<Waiting<S>>,
) {
    group.retain(|waiting| !waiting.answer.is_closed());
    if group.is_empty() {
        return;
    }
    let steps: Vec<&S> = group.iter().map(|waiting| &waiting.step).collect();
    match database.take_on(connection, &All(&steps)).await {
        Ok(outcomes) => {
            for (waiting, outcome) in group.into_iter().zip(outcomes) {
                waiting.tell(Ok(outcome));
            }
        }
        Err(Failure::Again(_) | Failure::Fault(Fault::Corrupt { .. } | Fault::Unexpected(_)))
            if group.len() > 1 =>
        {
            take_each(database, group).await;
        }
        Err(failure) => refuse(group, &failure.into_fault()),
    }
}

async fn take_each<S: Grouped>(database: &Database, group: Vec<Waiting<S>>) {
    let mut group = group.into_iter();
    while let Some(waiting) = group.next() {
        let connection = match database.connection().await {
            Ok(connection) => connection,
            Err(fault) => return refuse(iter::once(waiting).chain(group), &fault),
        };
        let alone = database.take_on(connection, &All(&[&waiting.step])).await;
        let outcome = match alone.map(|outcomes| outcomes.into_iter().next()) {
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => Err(Fault::Unexpected(Complaint::new("a step has no outcome"))),
            Err(failure) => Err(failure.into_fault()),
        };
        waiting.tell(outcome);
    }
}

fn refuse<S: Grouped>(group: impl IntoIterator<Item = Waiting<S>>, fault: &Fault) {
    for waiting in group {
        waiting.tell(Err(fault.clone()));
    }
}

/// Groups of one kind under way at once: while one waits for the disk, another one forms. More make
/// the groups smaller, so that each step costs more.
const LANES: usize = 2;

/// Steps in one group. Beyond some hundred a group saves nothing more per step, and what waits for
/// its rows waits longer.
const LARGEST_GROUP: usize = 256;

/// Steps that may wait; those beyond wait for a place.
const LONGEST_QUEUE: usize = 4096;

/// How long a caller waits in all: for a group, for its connection and through one bad transaction.
const CALLER_PATIENCE: Duration = Duration::from_secs(10);
