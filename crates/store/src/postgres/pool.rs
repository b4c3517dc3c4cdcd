//! Connections, and transactions on them that always end.

use std::{
    error::Error,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio::{time::timeout, try_join};
use tokio_postgres::{NoTls, Row, Statement, config::SslMode, types::ToSql};

use super::{
    failure::{Complaint, Failure, Fault},
    tls,
    url::Target,
};

/// One step of the contract, or several as one: what happens between `begin` and `commit`.
pub(super) trait Step: Sync {
    /// What the caller learns.
    type Outcome: Send;

    /// Reads, decides and writes. Whoever calls this commits if anything was written, rolls back
    /// otherwise, and may call it again when it fails with [`Failure::Again`].
    fn take(
        &self,
        transaction: &Transaction,
    ) -> impl Future<Output = Result<Self::Outcome, Failure>> + Send;
}

/// The values of a statement's parameters.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The server, as far as it answers.
#[derive(Clone)]
pub(super) struct Database(Pool);

impl Database {
    /// A pool of connections to `target`. Makes none yet.
    pub(super) fn new(target: Target) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let how = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = if target.config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(target.config, NoTls, how)
        } else {
            Manager::from_config(target.config, tls::connector(&target.trust)?, how)
        };
        let settle_in = Hook::async_fn(|client, _| {
            Box::pin(async move {
                let set = client.batch_execute(SESSION_SETTINGS).await;
                set.map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(POOL_PATIENCE))
            .create_timeout(Some(POOL_PATIENCE))
            .recycle_timeout(Some(POOL_PATIENCE))
            .runtime(Runtime::Tokio1)
            .post_create(settle_in)
            .build()?;
        Ok(Self(pool))
    }

    /// A connection that nobody else uses.
    pub(super) async fn connection(&self) -> Result<Connection, Fault> {
        Ok(Connection(Some(self.0.get().await?)))
    }

    /// Takes a step of its own.
    pub(super) async fn take<S: Step>(&self, step: &S) -> Result<S::Outcome, Fault> {
        let connection = self.connection().await?;
        let outcome = self.take_on(connection, step).await;
        outcome.map_err(Failure::into_fault)
    }

    /// Takes a step, first on `connection`; on another one if it must be tried again.
    ///
    /// Fails with [`Failure::Again`] when it was in vain each time.
    pub(super) async fn take_on<S: Step>(
        &self,
        mut connection: Connection,
        step: &S,
    ) -> Result<S::Outcome, Failure> {
        let mut attempt = 1;
        loop {
            let transaction = Transaction::new(connection, attempt);
            let taken = timeout(STEP_PATIENCE, transaction.carry_out(step)).await;
            match taken.unwrap_or_else(|_| Err(self.gave_up_waiting().into())) {
                Err(Failure::Again(_)) if attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
            connection = self.connection().await?;
        }
    }

    /// The rows that a single statement finds.
    pub(super) async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let mut attempt = 1;
        loop {
            let connection = self.connection().await?;
            let reading = async {
                let statement = connection.prepare_cached(sql).await?;
                connection.query(&statement, values).await
            };
            match timeout(STEP_PATIENCE, reading).await {
                Err(_) => {
                    connection.discard();
                    return Err(self.gave_up_waiting());
                }
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) => match Failure::from(&error) {
                    Failure::Again(_) if attempt < ATTEMPTS => attempt += 1,
                    failure => return Err(failure.into_fault()),
                },
            }
        }
    }

    /// The server took so long that the idle connections are no better: the next requests shall
    /// find out whether it can be reached at all.
    fn gave_up_waiting(&self) -> Fault {
        self.0.retain(|_, _| false);
        let seconds = STEP_PATIENCE.as_secs();
        Fault::Unavailable(Complaint::new(format!("no answer within {seconds} s")))
    }
}

/// A connection of the pool, which goes back there when dropped.
pub(super) struct Connection(Option<Object>);

impl Connection {
    /// Closes it, so that nobody gets a connection amid a transaction or a reply.
    pub(super) fn discard(mut self) {
        drop(self.0.take().map(Object::take));
    }
}

impl Deref for Connection {
    type Target = Object;

    #[expect(
        clippy::expect_used,
        reason = "only what consumes or drops it takes it out"
    )]
    fn deref(&self) -> &Object {
        self.0
            .as_ref()
            .expect("a connection that is in use is there")
    }
}

impl DerefMut for Connection {
    #[expect(
        clippy::expect_used,
        reason = "only what consumes or drops it takes it out"
    )]
    fn deref_mut(&mut self) -> &mut Object {
        self.0
            .as_mut()
            .expect("a connection that is in use is there")
    }
}

/// A transaction, READ COMMITTED. It begins with its first statement, in the same round trip.
///
/// A row that a statement locks is read as of then, whatever an earlier one saw; each decision
/// rests on locked rows, or else on the guard of the write that follows from it.
pub(super) struct Transaction {
    connection: Connection,
    attempt: u8,
    begun: AtomicBool,
    written: AtomicBool,
    ended: bool,
}

impl Transaction {
    fn new(connection: Connection, attempt: u8) -> Self {
        Self {
            connection,
            attempt,
            begun: AtomicBool::new(false),
            written: AtomicBool::new(false),
            ended: false,
        }
    }

    /// Whether the step was tried before and lost a race.
    pub(super) fn is_retry(&self) -> bool {
        self.attempt > 1
    }

    /// These statements, ready to be used: only then does the order in which they are used bind.
    pub(super) async fn prepare<const N: usize>(
        &self,
        texts: [&'static str; N],
    ) -> Result<[Statement; N], Failure> {
        let mut statements = Vec::with_capacity(N);
        for text in texts {
            statements.push(self.connection.prepare_cached(text).await?);
        }
        let all = <[Statement; N]>::try_from(statements);
        all.map_err(|_| Fault::Unexpected(Complaint::new("a statement is missing")).into())
    }

    /// Reads rows, and locks them if the statement says so.
    pub(super) async fn read(
        &self,
        statement: &Statement,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Failure> {
        let reading = self.connection.query(statement, values);
        if self.begun.swap(true, Ordering::Relaxed) {
            return Ok(reading.await?);
        }
        let ((), rows) = try_join!(biased; self.connection.batch_execute(BEGIN), reading)?;
        Ok(rows)
    }

    /// Writes; returns what the statement returns.
    pub(super) async fn write_returning(
        &self,
        statement: &Statement,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Failure> {
        self.written.store(true, Ordering::Relaxed);
        self.read(statement, values).await
    }

    /// Writes; returns how many rows were.
    pub(super) async fn write(
        &self,
        statement: &Statement,
        values: Values<'_>,
    ) -> Result<u64, Failure> {
        self.written.store(true, Ordering::Relaxed);
        let writing = self.connection.execute(statement, values);
        if self.begun.swap(true, Ordering::Relaxed) {
            return Ok(writing.await?);
        }
        let ((), count) = try_join!(biased; self.connection.batch_execute(BEGIN), writing)?;
        Ok(count)
    }

    async fn carry_out<S: Step>(mut self, step: &S) -> Result<S::Outcome, Failure> {
        let taken = step.take(&self).await;
        let begun = *self.begun.get_mut();
        if taken.is_ok() && *self.written.get_mut() {
            let committed = self.connection.batch_execute("commit").await;
            committed.map_err(|error| Failure::at_commit(&error))?;
            self.ended = true;
        } else {
            // What only looked has nothing to make durable.
            self.ended = !begun || self.connection.batch_execute("rollback").await.is_ok();
        }
        taken
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.ended {
            Connection(self.connection.0.take()).discard();
        }
    }
}

const BEGIN: &str = "begin isolation level read committed";

/// Connections of one node: the groups of all kinds need six, the rest is for single steps and
/// reads, which take a millisecond each.
const CONNECTIONS: usize = 12;

/// How long a step waits for a connection, and for one to be made.
const POOL_PATIENCE: Duration = Duration::from_secs(2);

/// How long a transaction may take before its connection counts as lost. A little more than the
/// server allows a statement, so that it is the server who says so where it can.
const STEP_PATIENCE: Duration = Duration::from_secs(6);

/// How often a step is tried that lost a race or its connection.
const ATTEMPTS: u8 = 5;

/// - A statement that waits longer than any healthy one gives up and says so; a node that vanished
///   amid a transaction does not hold its rows for long.
/// - Every statement finds its rows by an index and a short list of keys. A plan that was made while
///   a table was small would still scan it when it has grown, until the next `analyze`.
const SESSION_SETTINGS: &str = "
    set statement_timeout = '5s';
    set idle_in_transaction_session_timeout = '10s';
    set enable_seqscan = off;
    set enable_hashjoin = off;
    set enable_mergejoin = off;
";
