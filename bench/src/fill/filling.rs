//! What a database must do to be filled.

use anyhow::Result;
use phonekey_core::{random::Random, user::User};

use super::history::{Login, Remembered};

/// A database with a transaction under way, which makes all of a fill or nothing of it.
pub(super) trait Filling: Sized {
    /// Whether there are users in it.
    async fn has_users(&mut self) -> Result<bool>;

    /// The id that the next user gets, which is thereby used up.
    async fn next_user_id(&mut self) -> Result<i64>;

    /// Writes users. One whose name is taken gets another, as at a login.
    async fn put_users(&mut self, users: &mut [User], random: &dyn Random) -> Result<()>;

    /// Writes what logins left behind.
    async fn put_logins(&mut self, logins: &[Login]) -> Result<()>;

    /// Writes what is remembered of numbers.
    async fn put_remembered(&mut self, numbers: &[Remembered]) -> Result<()>;

    /// Makes it all durable and ready to be served from; ids up to `last_user` are used up. Returns
    /// the size of the database in bytes.
    async fn finish(self, last_user: i64) -> Result<u64>;
}

/// Why a user cannot be put whose number is another's.
pub(super) const NUMBER_TAKEN: &str = "a number that ends in 0 belongs to a user who was not \
                                       filled: fill only databases of benchmarks";
