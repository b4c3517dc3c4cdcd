//! The readers: a few read-only connections, used on the runtime's threads for blocking work.
//!
//! Each query sees all that was committed before it began.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use phonekey_core::ports::store::StoreError;
use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{Tuning, connection, failure::Failure};
use crate::OpenError;

pub(super) struct Readers {
    idle: Arc<Idle>,
    /// One permit for each connection.
    permits: Arc<Semaphore>,
    patience: Duration,
}

impl Readers {
    pub(super) fn open(path: &Path, tuning: &Tuning) -> Result<Self, OpenError> {
        let connections = (0..tuning.readers.max(1))
            .map(|_| connection::reading(path, tuning))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(connections.len())),
            idle: Arc::new(Idle(Mutex::new(connections))),
            patience: tuning.patience,
        })
    }

    /// Runs a query on a connection that nobody else uses.
    pub(super) async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = timeout(self.patience, Arc::clone(&self.permits).acquire_owned());
        let permit = permit
            .await
            .map_err(|elapsed| StoreError::Unavailable {
                source: elapsed.into(),
            })?
            .map_err(|closed| StoreError::Unavailable {
                source: closed.into(),
            })?;
        let idle = Arc::clone(&self.idle);
        let queried = spawn_blocking(move || {
            // Held until the connection is back.
            let _permit = permit;
            let db = idle.borrow();
            db.as_ref().map(query)
        });
        match queried.await {
            Ok(Some(answer)) => Ok(answer?),
            Ok(None) => Err(StoreError::Unexpected {
                source: "there are fewer connections than permits".into(),
            }),
            Err(panicked) => Err(StoreError::Unexpected {
                source: panicked.into(),
            }),
        }
    }
}

/// The connections that nobody uses.
struct Idle(Mutex<Vec<Connection>>);

impl Idle {
    fn connections(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn borrow(&self) -> Borrowed<'_> {
        Borrowed {
            connection: self.connections().pop(),
            idle: self,
        }
    }
}

/// Goes back when it is dropped, also by a panic.
struct Borrowed<'a> {
    connection: Option<Connection>,
    idle: &'a Idle,
}

impl Borrowed<'_> {
    fn as_ref(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.idle.connections().extend(self.connection.take());
    }
}
