//! Work that is prepared by some connections and taken by others.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pieces of work, the oldest first to be taken: their time runs.
pub(super) struct Pile<T>(Mutex<std::collections::VecDeque<T>>);

impl<T> Pile<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn put(&self, piece: T) {
        self.locked().push_back(piece);
    }

    pub(super) fn take(&self) -> Option<T> {
        self.locked().pop_front()
    }

    pub(super) fn len(&self) -> usize {
        self.locked().len()
    }

    fn locked(&self) -> MutexGuard<'_, std::collections::VecDeque<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
