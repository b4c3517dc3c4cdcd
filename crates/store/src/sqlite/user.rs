//! Steps on users.

use async_trait::async_trait;
use phonekey_core::{
    audit::{AuditKind, UserChange},
    id::UserId,
    phone::PhoneNumber,
    ports::store::{CreateOutcome, DeleteOutcome, StoreError, UserStore, UserUpdate},
    time::Timestamp,
    user::{Activity, Gender, NewUser, Role, User, Username},
};
use rusqlite::{Connection, ffi, params};

use super::{
    SqliteStore, audit,
    failure::Failure,
    row::{Columns, execute, execute_once, find, list},
    writer::Step,
};

#[async_trait]
impl UserStore for SqliteStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.readers.query(move |db| find_by_id(db, id)).await
    }

    async fn user_by_phone(&self, phone: PhoneNumber) -> Result<Option<User>, StoreError> {
        let by_phone = move |db: &Connection| {
            let parameters = [phone.to_key()];
            find(db, "users", SELECT_BY_PHONE, parameters, read)
        };
        self.readers.query(by_phone).await
    }

    async fn user_by_username(&self, name: &Username) -> Result<Option<User>, StoreError> {
        let name = name.clone();
        let by_name = move |db: &Connection| {
            let parameters = [name.as_str()];
            find(db, "users", SELECT_BY_USERNAME, parameters, read)
        };
        self.readers.query(by_name).await
    }

    async fn users(&self, after: Option<UserId>, limit: u16) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::get);
        let page = move |db: &Connection| {
            let parameters = params![after, limit];
            list(db, "users", SELECT_PAGE, parameters, read)
        };
        self.readers.query(page).await
    }

    async fn create_user(
        &self,
        user: NewUser,
        now: Timestamp,
    ) -> Result<CreateOutcome, StoreError> {
        self.writer.take(Create { user, now }).await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: UserUpdate,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let update = change;
        self.writer.take(Change { id, update, now }).await
    }

    async fn delete_user(&self, id: UserId, now: Timestamp) -> Result<DeleteOutcome, StoreError> {
        self.writer.take(Delete { id, now }).await
    }
}

struct Create {
    user: NewUser,
    now: Timestamp,
}

impl Step for Create {
    type Outcome = CreateOutcome;

    fn run(self, db: &Connection) -> Result<CreateOutcome, Failure> {
        if let Some(phone) = self.user.phone
            && find_login(db, phone)?.is_some()
        {
            return Ok(CreateOutcome::PhoneTaken);
        }
        // The id is not known yet, and not among the columns that are written.
        let mut user = self.user.create(UserId::new(0), self.now);
        let Some(id) = insert(db, &user)? else {
            return Ok(CreateOutcome::UsernameTaken);
        };
        user.id = id;
        record(db, id, UserChange::Created, self.now)?;
        Ok(CreateOutcome::Created(Box::new(user)))
    }
}

struct Change {
    id: UserId,
    update: UserUpdate,
    now: Timestamp,
}

impl Step for Change {
    type Outcome = Option<User>;

    fn run(self, db: &Connection) -> Result<Option<User>, Failure> {
        let Some(mut user) = find_by_id(db, self.id)? else {
            return Ok(None);
        };
        self.update.apply(&mut user);
        execute_once(
            db,
            UPDATE_RIGHTS,
            params![
                user.id.get(),
                user.activity == Activity::Active,
                user.role.staff,
                user.role.superuser
            ],
        )?;
        record(db, user.id, self.update.recorded_as(), self.now)?;
        Ok(Some(user))
    }
}

struct Delete {
    id: UserId,
    now: Timestamp,
}

impl Step for Delete {
    type Outcome = DeleteOutcome;

    fn run(self, db: &Connection) -> Result<DeleteOutcome, Failure> {
        // Its sessions go with it (on delete cascade).
        if execute(db, DELETE, [self.id.get()])? == 0 {
            return Ok(DeleteOutcome::Missing);
        }
        record(db, self.id, UserChange::Deleted, self.now)?;
        Ok(DeleteOutcome::Deleted)
    }
}

/// What a right code makes of its number's user.
pub(super) enum Login {
    /// It may log in, and it is noted that it did.
    Admitted(UserId),
    /// It may not.
    Barred(UserId),
    /// There is none, and none can be created under this name; nothing was changed.
    UsernameTaken,
}

/// Finds the user with this number, or creates it under `username`, and notes its login.
pub(super) fn log_in(
    db: &Connection,
    phone: PhoneNumber,
    username: &Username,
    now: Timestamp,
) -> Result<Login, Failure> {
    match find_login(db, phone)? {
        Some((id, Activity::Inactive)) => Ok(Login::Barred(id)),
        Some((id, Activity::Active)) => {
            execute_once(db, UPDATE_LAST_LOGIN, params![id.get(), now.as_millis()])?;
            Ok(Login::Admitted(id))
        }
        None => {
            let user = NewUser::at_first_login(phone, username.clone());
            let mut user = user.create(UserId::new(0), now);
            user.last_login_at = Some(now);
            let id = insert(db, &user)?;
            Ok(id.map_or(Login::UsernameTaken, Login::Admitted))
        }
    }
}

fn find_login(db: &Connection, phone: PhoneNumber) -> Result<Option<(UserId, Activity)>, Failure> {
    find(db, "users", SELECT_LOGIN, [phone.to_key()], |columns| {
        Ok((UserId::new(columns.raw()?), activity(columns.raw()?)))
    })
}

fn find_by_id(db: &Connection, id: UserId) -> Result<Option<User>, Failure> {
    find(db, "users", SELECT_BY_ID, [id.get()], read)
}

fn read(columns: &mut Columns<'_>) -> Result<User, Failure> {
    Ok(User {
        id: UserId::new(columns.raw()?),
        username: columns.parsed(|name| Username::parse(name).ok())?,
        phone: columns.optional_phone()?,
        first_name: columns.raw()?,
        last_name: columns.raw()?,
        email: columns.raw()?,
        gender: columns.parsed(Gender::from_name)?,
        birthday: columns.optional_parsed(|date| date.parse().ok())?,
        activity: activity(columns.raw()?),
        role: Role {
            staff: columns.raw()?,
            superuser: columns.raw()?,
        },
        joined_at: columns.time()?,
        last_login_at: columns.optional_time()?,
    })
}

fn activity(is_active: bool) -> Activity {
    if is_active {
        Activity::Active
    } else {
        Activity::Inactive
    }
}

/// Writes a user whose number is free; `None`, and no change, when its name is taken. The id is the
/// database's to give.
fn insert(db: &Connection, user: &User) -> Result<Option<UserId>, Failure> {
    let inserted = execute_once(
        db,
        INSERT,
        params![
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
        ],
    );
    match inserted {
        Ok(()) => Ok(Some(UserId::new(db.last_insert_rowid()))),
        Err(Failure::Driver(error)) if is_duplicate(&error) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn is_duplicate(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}

fn record(
    db: &Connection,
    user: UserId,
    change: UserChange,
    now: Timestamp,
) -> Result<(), Failure> {
    audit::record(db, now, AuditKind::UserChanged { user, change })
}

const SELECT_BY_ID: &str = "
select id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
    is_superuser, joined_at, last_login_at
from users
where id = ?1";

const SELECT_BY_PHONE: &str = "
select id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
    is_superuser, joined_at, last_login_at
from users
where phone = ?1";

const SELECT_BY_USERNAME: &str = "
select id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
    is_superuser, joined_at, last_login_at
from users
where username = ?1";

const SELECT_PAGE: &str = "
select id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
    is_superuser, joined_at, last_login_at
from users
where id > ?1
order by id
limit ?2";

const SELECT_LOGIN: &str = "
select id, is_active
from users
where phone = ?1";

const INSERT: &str = "
insert into users (username, phone, first_name, last_name, email, gender, birthday, is_active,
    is_staff, is_superuser, joined_at, last_login_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const UPDATE_LAST_LOGIN: &str = "
update users
set last_login_at = ?2
where id = ?1";

const UPDATE_RIGHTS: &str = "
update users
set is_active = ?2, is_staff = ?3, is_superuser = ?4
where id = ?1";

const DELETE: &str = "
delete from users
where id = ?1";
