//! Fills a SQLite file.
//!
//! One transaction in the write-ahead log, without a sync until it is whole: whatever ends it
//! early, be it Ctrl-C or the power, the log holds no commit and the file is as it was.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use phonekey_core::user::{User, Username};
use phonekey_core::{
    delivery::outcome::MessageId, phone::PhoneNumber, random::Random, time::Timestamp,
    user::Activity,
};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi, params};

use super::columns;
use super::filling::{Filling, NUMBER_TAKEN};
use super::history::{Login, Remembered};

/// A file with a transaction under way.
pub(super) struct SqliteFilling {
    db: Connection,
    path: PathBuf,
}

impl SqliteFilling {
    /// Takes the file for this process alone and begins.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        let begin = || {
            let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let db = Connection::open_with_flags(path, access)?;
            // Whoever has it open will have it for long.
            db.busy_timeout(Duration::ZERO)?;
            // Before the first read, so that nobody else has the file open meanwhile.
            db.pragma_update(None, "locking_mode", "exclusive")?;
            db.pragma_update(None, "journal_mode", "wal")?;
            db.pragma_update(None, "wal_autocheckpoint", 0)?;
            db.pragma_update(None, "synchronous", "off")?;
            // The rows of one login name each other; to look each up would take half as long again.
            db.pragma_update(None, "foreign_keys", false)?;
            db.pragma_update(None, "cache_size", -CACHE_KIB)?;
            db.execute_batch("begin immediate")?;
            Ok(db)
        };
        let db = begin().map_err(|error| opening_failed(path, error))?;
        Ok(Self {
            db,
            path: path.to_owned(),
        })
    }

    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>> {
        Ok(self.db.prepare_cached(sql)?)
    }
}

impl Filling for SqliteFilling {
    async fn has_users(&mut self) -> Result<bool> {
        Ok(self.db.query_row(HAS_USERS, [], |row| row.get(0))?)
    }

    async fn next_user_id(&mut self) -> Result<i64> {
        Ok(self.db.query_row(NEXT_USER_ID, [], |row| row.get(0))?)
    }

    async fn put_users(&mut self, users: &mut [User], random: &dyn Random) -> Result<()> {
        let mut insert = self.prepared(INSERT_USER)?;
        for user in users {
            while !inserted(&mut insert, user)? {
                user.username = Username::generate(random);
            }
        }
        Ok(())
    }

    async fn put_logins(&mut self, logins: &[Login]) -> Result<()> {
        let mut insert = self.prepared(INSERT_CHALLENGE)?;
        for Login { challenge, .. } in logins {
            let (closed_at, close_reason) = columns::closing(challenge);
            insert.execute(params![
                challenge.id.as_uuid().as_bytes(),
                challenge.phone.to_key(),
                challenge.key_version.0,
                challenge.code_length.get(),
                challenge.language,
                challenge.created_at.as_millis(),
                challenge.expires_at.as_millis(),
                challenge.wrong_answers,
                closed_at,
                close_reason,
            ])?;
        }
        let mut insert = self.prepared(INSERT_DELIVERY)?;
        for Login { delivery, .. } in logins {
            insert.execute(params![
                delivery.id.challenge.as_uuid().as_bytes(),
                delivery.id.attempt,
                delivery.channel.name(),
                delivery.provider.as_str(),
                delivery.created_at.as_millis(),
                delivery.state.name(),
                columns::settled_at(delivery),
                delivery.receipt.message_id.as_ref().map(MessageId::as_str),
            ])?;
        }
        let mut insert = self.prepared(INSERT_EVENT)?;
        for Login { event, .. } in logins {
            insert.execute(params![
                event.at.as_millis(),
                event.kind.name(),
                event.kind.user().get(),
                event
                    .kind
                    .session()
                    .as_ref()
                    .map(|id| id.as_uuid().as_bytes()),
                event
                    .kind
                    .challenge()
                    .as_ref()
                    .map(|id| id.as_uuid().as_bytes()),
                event.kind.detail(),
            ])?;
        }
        let mut insert = self.prepared(INSERT_SESSION)?;
        for session in logins.iter().filter_map(|login| login.session.as_ref()) {
            let (revoked_at, revoke_reason) = columns::revocation(session);
            insert.execute(params![
                session.user.get(),
                session.id.as_uuid().as_bytes(),
                session.origin.name(),
                session.created_at.as_millis(),
                session.generation,
                session.rotated_at.as_millis(),
                session.expires_at.as_millis(),
                session.retained_until.as_millis(),
                revoked_at,
                revoke_reason,
                session.claims.to_json(),
            ])?;
        }
        Ok(())
    }

    async fn put_remembered(&mut self, numbers: &[Remembered]) -> Result<()> {
        let mut insert = self.prepared(INSERT_STANDING)?;
        for number in numbers {
            insert.execute(params![
                number.phone.to_key(),
                number.standing.encode(),
                number.forgettable_at.as_millis(),
            ])?;
        }
        Ok(())
    }

    async fn finish(self, _last_user: i64) -> Result<u64> {
        self.db.execute_batch("commit")?;
        // What was spared so far: the log is on the disk before the file is touched, and the file
        // before the log is cut.
        self.db.pragma_update(None, "synchronous", "full")?;
        self.db
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
        self.db.close().map_err(|(_, error)| error)?;
        let file = std::fs::metadata(&self.path);
        Ok(file.with_context(|| self.path.display().to_string())?.len())
    }
}

fn opening_failed(path: &Path, error: rusqlite::Error) -> anyhow::Error {
    let path = path.display();
    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
        return anyhow::anyhow!("{path} is in use: stop the server that has it open");
    }
    anyhow::Error::new(error).context(format!("cannot begin to fill {path}"))
}

/// Writes a user; `false` when its name is taken.
fn inserted(insert: &mut CachedStatement<'_>, user: &User) -> Result<bool> {
    let inserted = insert.execute(params![
        user.id.get(),
        user.username.as_str(),
        user.phone.map(PhoneNumber::to_key),
        user.first_name,
        user.last_name,
        user.email,
        user.gender.name(),
        user.birthday.map(|date| date.to_string()),
        user.activity == Activity::Active,
        user.role.staff,
        user.role.superuser,
        user.joined_at.as_millis(),
        user.last_login_at.map(Timestamp::as_millis),
    ]);
    match inserted {
        Ok(_) => Ok(true),
        Err(rusqlite::Error::SqliteFailure(error, Some(what)))
            if error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE =>
        {
            anyhow::ensure!(what.ends_with("users.username"), NUMBER_TAKEN);
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// The most memory for pages: what ten million users need for the two indexes that they are put
/// into in no order.
const CACHE_KIB: i64 = 1024 * 1024;

const HAS_USERS: &str = "
select exists (select 1 from users)";

/// An id that was deleted is never given out again, so it follows the highest there ever was.
const NEXT_USER_ID: &str = "
select max(
    coalesce((select seq from sqlite_sequence where name = 'users'), 0),
    coalesce((select max(id) from users), 0)
) + 1";

const INSERT_USER: &str = "
insert into users (id, username, phone, first_name, last_name, email, gender, birthday, is_active,
    is_staff, is_superuser, joined_at, last_login_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const INSERT_CHALLENGE: &str = "
insert into challenges (id, phone, key_version, code_length, language, created_at, expires_at,
    wrong_answers, closed_at, close_reason)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const INSERT_DELIVERY: &str = "
insert into deliveries (challenge_id, attempt, channel, provider, created_at, state, settled_at,
    provider_message_id)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const INSERT_EVENT: &str = "
insert into audit_events (at, kind, user_id, session_id, challenge_id, detail)
values (?1, ?2, ?3, ?4, ?5, ?6)";

const INSERT_SESSION: &str = "
insert into sessions (user_id, id, origin, created_at, generation, rotated_at, expires_at,
    retained_until, revoked_at, revoke_reason, claims)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const INSERT_STANDING: &str = "
insert into standings (phone, standing, forgettable_at)
values (?1, ?2, ?3)";
