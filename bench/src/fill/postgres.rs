//! Fills a PostgreSQL database.
//!
//! One transaction of `copy`: whatever ends it early, nobody ever sees a row of it. What it wrote
//! until then takes up room until the server's next vacuum.

mod copy;

use anyhow::{Context, Result, bail};
use phonekey_core::{
    random::Random,
    user::{User, Username},
};
use tokio_postgres::{Client, Error, NoTls, error::SqlState};

use super::filling::{Filling, NUMBER_TAKEN};
use super::history::{Login, Remembered};

/// A connection with a transaction under way.
pub(super) struct PostgresFilling {
    client: Client,
}

impl PostgresFilling {
    /// Connects and begins. Nobody else creates users meanwhile.
    pub(super) async fn begin(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .context("cannot connect to the database (fill does so without TLS)")?;
        // It ends with the client, which tells what goes wrong with it.
        tokio::spawn(connection);
        client
            .batch_execute(BEGIN)
            .await
            .context("cannot begin to fill the database")?;
        Ok(Self { client })
    }

    async fn number(&self, sql: &str) -> Result<i64> {
        Ok(self.client.query_one(sql, &[]).await?.try_get(0)?)
    }
}

impl Filling for PostgresFilling {
    async fn has_users(&mut self) -> Result<bool> {
        Ok(self.client.query_one(HAS_USERS, &[]).await?.try_get(0)?)
    }

    async fn next_user_id(&mut self) -> Result<i64> {
        self.number(NEXT_USER_ID).await
    }

    async fn put_users(&mut self, users: &mut [User], random: &dyn Random) -> Result<()> {
        loop {
            self.client.batch_execute("savepoint users").await?;
            let Err(error) = copy::users(&self.client, users).await else {
                self.client.batch_execute("release savepoint users").await?;
                return Ok(());
            };
            match taken(&error) {
                None => return Err(error.into()),
                Some(Taken::Number) => bail!(NUMBER_TAKEN),
                Some(Taken::Username) => {}
            }
            self.client
                .batch_execute("rollback to savepoint users")
                .await?;
            // It does not tell which one it was first and whether others are taken as well.
            for user in &mut *users {
                user.username = Username::generate(random);
            }
        }
    }

    async fn put_logins(&mut self, logins: &[Login]) -> Result<()> {
        copy::challenges(&self.client, logins).await?;
        copy::deliveries(&self.client, logins).await?;
        copy::audit_events(&self.client, logins).await?;
        copy::sessions(&self.client, logins).await?;
        Ok(())
    }

    async fn put_remembered(&mut self, numbers: &[Remembered]) -> Result<()> {
        Ok(copy::standings(&self.client, numbers).await?)
    }

    async fn finish(self, last_user: i64) -> Result<u64> {
        self.client.execute(SKIP_USER_IDS, &[&last_user]).await?;
        self.client.batch_execute("commit").await?;
        self.client.batch_execute(VACUUM).await?;
        Ok(u64::try_from(self.number(SIZE).await?)?)
    }
}

/// What two users cannot share.
enum Taken {
    Username,
    Number,
}

fn taken(error: &Error) -> Option<Taken> {
    let error = error.as_db_error()?;
    (*error.code() == SqlState::UNIQUE_VIOLATION).then_some(())?;
    match error.constraint()? {
        "users_username_key" => Some(Taken::Username),
        "users_phone_key" => Some(Taken::Number),
        _ => None,
    }
}

const BEGIN: &str = "
    begin;
    set local statement_timeout = 0;
    set local idle_in_transaction_session_timeout = 0;
    lock table users in share row exclusive mode";

const HAS_USERS: &str = "
    select exists (select from users)";

const NEXT_USER_ID: &str = "
    select nextval(pg_get_serial_sequence('users', 'id'))";

const SKIP_USER_IDS: &str = "
    select setval(pg_get_serial_sequence('users', 'id'), $1)";

/// The planner learns how much there is, and reads of the index alone become possible.
const VACUUM: &str = "
    vacuum (analyze) users, challenges, deliveries, standings, sessions, audit_events";

const SIZE: &str = "
    select sum(pg_total_relation_size(name::regclass))::bigint
    from unnest(array[
        'users', 'challenges', 'deliveries', 'standings', 'sessions', 'audit_events'
    ]) as filled (name)";
