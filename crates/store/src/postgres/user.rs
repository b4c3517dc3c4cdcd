//! Steps on users.

use async_trait::async_trait;
use phonekey_core::{
    audit::{AuditEvent, AuditKind, UserChange},
    id::UserId,
    phone::PhoneNumber,
    ports::store::{CreateOutcome, DeleteOutcome, StoreError, UserStore, UserUpdate},
    time::Timestamp,
    user::{Activity, NewUser, User, Username},
};
use tokio_postgres::{Row, Statement};

use super::{
    PostgresStore, audit,
    failure::Failure,
    pool::{Step, Transaction},
    row::{self, Reader, column},
};

#[async_trait]
impl UserStore for PostgresStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        one(&self.database.rows(BY_ID, &[&id.get()]).await?)
    }

    async fn user_by_phone(&self, phone: PhoneNumber) -> Result<Option<User>, StoreError> {
        one(&self.database.rows(BY_PHONE, &[&phone.to_key()]).await?)
    }

    async fn user_by_username(&self, name: &Username) -> Result<Option<User>, StoreError> {
        one(&self.database.rows(BY_USERNAME, &[&name.as_str()]).await?)
    }

    async fn users(&self, after: Option<UserId>, limit: u16) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::get);
        let rows = self
            .database
            .rows(AFTER, &[&after, &i64::from(limit)])
            .await?;
        let users: Result<_, _> = rows.iter().map(row::user).collect();
        Ok(users?)
    }

    async fn create_user(
        &self,
        user: NewUser,
        now: Timestamp,
    ) -> Result<CreateOutcome, StoreError> {
        Ok(self.database.take(&Create { user, now }).await?)
    }

    async fn change_user(
        &self,
        id: UserId,
        change: UserUpdate,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        Ok(self
            .database
            .take(&Change {
                id,
                update: change,
                now,
            })
            .await?)
    }

    async fn delete_user(&self, id: UserId, now: Timestamp) -> Result<DeleteOutcome, StoreError> {
        Ok(self.database.take(&Delete { id, now }).await?)
    }
}

fn one(rows: &[Row]) -> Result<Option<User>, StoreError> {
    Ok(rows.first().map(row::user).transpose()?)
}

const BY_ID: &str = "
    select
        id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    from users
    where id = $1";

const BY_PHONE: &str = "
    select
        id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    from users
    where phone = $1";

const BY_USERNAME: &str = "
    select
        id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    from users
    where username = $1";

const AFTER: &str = "
    select
        id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    from users
    where id > $1
    order by id
    limit $2";

/// The id of a user whom the database has not given one.
pub(super) const ID_TO_COME: UserId = UserId::new(0);

/// Adds users whose number and name nobody has, and tells which they were.
pub(super) const INSERT: &str = "
    insert into users (
        username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    )
    select
        username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    from unnest(
        $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::boolean[], $9::boolean[], $10::boolean[], $11::bigint[], $12::bigint[]
    ) as new (
        username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    )
    on conflict do nothing
    returning id, phone";

/// Adds users under ids of the database's choice; returns the rows of [`INSERT`].
pub(super) async fn insert_all(
    transaction: &Transaction,
    insert: &Statement,
    new: &[&User],
) -> Result<Vec<Row>, Failure> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let usernames = column(new, |user| user.username.as_str());
    let phones = column(new, |user| user.phone.map(PhoneNumber::to_key));
    let first_names = column(new, |user| user.first_name.as_str());
    let last_names = column(new, |user| user.last_name.as_str());
    let emails = column(new, |user| user.email.as_deref());
    let genders = column(new, |user| user.gender.name());
    let birthdays = column(new, |user| user.birthday.map(|date| date.to_string()));
    let active = column(new, |user| user.activity == Activity::Active);
    let staff = column(new, |user| user.role.staff);
    let superusers = column(new, |user| user.role.superuser);
    let joined = column(new, |user| user.joined_at.as_millis());
    let logins = column(new, |user| user.last_login_at.map(Timestamp::as_millis));
    transaction
        .write_returning(
            insert,
            &[
                &usernames,
                &phones,
                &first_names,
                &last_names,
                &emails,
                &genders,
                &birthdays,
                &active,
                &staff,
                &superusers,
                &joined,
                &logins,
            ],
        )
        .await
}

struct Create {
    user: NewUser,
    now: Timestamp,
}

const PHONE_TAKEN: &str = "
    select id
    from users
    where phone = $1";

const USERNAME_TAKEN: &str = "
    select id
    from users
    where username = $1";

impl Step for Create {
    type Outcome = CreateOutcome;

    async fn take(&self, transaction: &Transaction) -> Result<CreateOutcome, Failure> {
        let [insert, phone_taken, username_taken, record] = transaction
            .prepare([INSERT, PHONE_TAKEN, USERNAME_TAKEN, audit::INSERT])
            .await?;
        let mut user = self.user.clone().create(ID_TO_COME, self.now);
        let rows = insert_all(transaction, &insert, &[&user]).await?;
        let Some(row) = rows.first() else {
            let phone = user.phone.map(PhoneNumber::to_key);
            if !transaction.read(&phone_taken, &[&phone]).await?.is_empty() {
                return Ok(CreateOutcome::PhoneTaken);
            }
            let name = user.username.as_str();
            if !transaction
                .read(&username_taken, &[&name])
                .await?
                .is_empty()
            {
                return Ok(CreateOutcome::UsernameTaken);
            }
            return Err(Failure::lost_race("users"));
        };
        user.id = UserId::new(Reader::new(row, "users").column("id")?);
        let event = changed(user.id, UserChange::Created, self.now);
        audit::record(transaction, &record, &[event]).await?;
        Ok(CreateOutcome::Created(Box::new(user)))
    }
}

struct Change {
    id: UserId,
    update: UserUpdate,
    now: Timestamp,
}

const LOCK: &str = "
    select
        id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    from users
    where id = $1
    for update";

const UPDATE: &str = "
    update users
    set is_active = $2, is_staff = $3, is_superuser = $4
    where id = $1";

impl Step for Change {
    type Outcome = Option<User>;

    async fn take(&self, transaction: &Transaction) -> Result<Option<User>, Failure> {
        let [lock, update, record] = transaction.prepare([LOCK, UPDATE, audit::INSERT]).await?;
        let rows = transaction.read(&lock, &[&self.id.get()]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let mut user = row::user(row)?;
        self.update.apply(&mut user);
        let active = user.activity == Activity::Active;
        let (staff, superuser) = (user.role.staff, user.role.superuser);
        let written = transaction
            .write(&update, &[&self.id.get(), &active, &staff, &superuser])
            .await?;
        Failure::unless_all("users", 1, written)?;
        let event = changed(self.id, self.update.recorded_as(), self.now);
        audit::record(transaction, &record, &[event]).await?;
        Ok(Some(user))
    }
}

struct Delete {
    id: UserId,
    now: Timestamp,
}

const DELETE: &str = "
    delete from users
    where id = $1";

/// In the order in which everyone locks sessions. While its user is being deleted no session can be
/// added: who adds one locks the user first, or has noted a login in the user's row.
const LOCK_SESSIONS: &str = "
    select id
    from sessions
    where user_id = $1
    order by id
    for update";

const DELETE_SESSIONS: &str = "
    delete from sessions
    where user_id = $1";

impl Step for Delete {
    type Outcome = DeleteOutcome;

    async fn take(&self, transaction: &Transaction) -> Result<DeleteOutcome, Failure> {
        let [delete, lock_sessions, delete_sessions, record] = transaction
            .prepare([DELETE, LOCK_SESSIONS, DELETE_SESSIONS, audit::INSERT])
            .await?;
        let id = self.id.get();
        if transaction.write(&delete, &[&id]).await? == 0 {
            return Ok(DeleteOutcome::Missing);
        }
        transaction.read(&lock_sessions, &[&id]).await?;
        transaction.write(&delete_sessions, &[&id]).await?;
        let event = changed(self.id, UserChange::Deleted, self.now);
        audit::record(transaction, &record, &[event]).await?;
        Ok(DeleteOutcome::Deleted)
    }
}

fn changed(user: UserId, change: UserChange, at: Timestamp) -> AuditEvent {
    let kind = AuditKind::UserChanged { user, change };
    AuditEvent { at, kind }
}
