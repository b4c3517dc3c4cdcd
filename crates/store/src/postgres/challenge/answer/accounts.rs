//! Whose number it is that was proven: finds the users of a group's numbers, or creates them.

use std::collections::{BTreeMap, HashMap, HashSet};

use phonekey_core::{
    id::UserId,
    phone::PhoneNumber,
    ports::store::AnswerChallenge,
    time::Timestamp,
    user::{Activity, NewUser, User, Username},
};
use tokio::try_join;
use tokio_postgres::Statement;

use crate::postgres::{
    failure::Failure,
    pool::Transaction,
    row::{Reader, activity, column},
    user,
};

/// Reads without a lock: most answers of a guesser would lock a user for nothing. A user who is
/// changed or deleted before the write is missed by [`LOG_IN`]; a number's user who is created
/// before it, by the guard of [`user::INSERT`].
pub(super) const BY_PHONE: &str = "
    select id, phone, is_active
    from users
    where phone = any($1)";

/// Which of these names are taken.
pub(super) const NAMES: &str = "
    select username
    from users
    where username = any($1)";

/// Notes logins, of users who may still log in.
pub(super) const LOG_IN: &str = "
    update users as kept
    set last_login_at = new.at
    from unnest($1::bigint[], $2::bigint[]) as new (id, at)
    where kept.id = new.id and kept.is_active";

/// The users of a group's numbers.
pub(super) struct Accounts {
    known: HashMap<PhoneNumber, Known>,
    /// In the order of their numbers, so that two groups never wait for each other's.
    created: BTreeMap<PhoneNumber, User>,
    taken_names: HashSet<Username>,
}

struct Known {
    id: UserId,
    activity: Activity,
    logged_in_at: Option<Timestamp>,
}

/// Whether the person who proved a number may log in.
pub(super) enum Admission {
    /// Yes, as the number's user, who exists when this transaction ends.
    Admitted,
    /// No: its user is inactive.
    Barred(UserId),
    /// The number needs a user, and the drawn name belongs to someone else.
    UsernameTaken,
}

impl Accounts {
    pub(super) async fn look_up(
        transaction: &Transaction,
        users: &Statement,
        names: &Statement,
        steps: &[&AnswerChallenge],
    ) -> Result<Self, Failure> {
        let phones = column(steps, |step| step.answer.phone.to_key());
        let mut known = HashMap::new();
        for row in transaction.read(users, &[&phones]).await? {
            let row = Reader::new(&row, "users");
            let user = Known {
                id: UserId::new(row.column("id")?),
                activity: activity(row.column("is_active")?),
                logged_in_at: None,
            };
            known.insert(row.read("phone", PhoneNumber::from_key)?, user);
        }
        let mut taken_names = HashSet::new();
        // A drawn name is free but for once in millions, so nobody asks before the guard of the
        // insertion was hit.
        if transaction.is_retry() {
            let drawn = column(steps, |step| step.username.as_str());
            for row in transaction.read(names, &[&drawn]).await? {
                let row = Reader::new(&row, "users");
                taken_names.insert(row.read("username", |name| Username::parse(name).ok())?);
            }
        }
        Ok(Self {
            known,
            created: BTreeMap::new(),
            taken_names,
        })
    }

    /// Lets in the person who proved `phone` at `now`, as a new user called `username` if need be.
    pub(super) fn admit(
        &mut self,
        phone: PhoneNumber,
        username: &Username,
        now: Timestamp,
    ) -> Admission {
        if let Some(user) = self.known.get_mut(&phone) {
            if user.activity == Activity::Inactive {
                return Admission::Barred(user.id);
            }
            user.logged_in_at = Some(now);
            return Admission::Admitted;
        }
        if let Some(user) = self.created.get_mut(&phone) {
            user.last_login_at = Some(now);
            return Admission::Admitted;
        }
        if !self.taken_names.insert(username.clone()) {
            return Admission::UsernameTaken;
        }
        let new = NewUser::at_first_login(phone, username.clone());
        let mut user = new.create(user::ID_TO_COME, now);
        user.last_login_at = Some(now);
        self.created.insert(phone, user);
        Admission::Admitted
    }

    /// Writes logins and new users; returns the ids of all who were admitted.
    pub(super) async fn write(
        &self,
        transaction: &Transaction,
        log_in: &Statement,
        insert: &Statement,
    ) -> Result<HashMap<PhoneNumber, UserId>, Failure> {
        let logins: Vec<(UserId, Timestamp)> = self
            .known
            .values()
            .filter_map(|user| Some((user.id, user.logged_in_at?)))
            .collect();
        let created: Vec<&User> = self.created.values().collect();
        let ((), rows) = try_join!(
            biased;
            note_logins(transaction, log_in, &logins),
            user::insert_all(transaction, insert, &created),
        )?;
        Failure::unless_all("users", created.len(), rows.len() as u64)?;

        let mut ids: HashMap<_, _> = self
            .known
            .iter()
            .map(|(phone, user)| (*phone, user.id))
            .collect();
        for row in &rows {
            let row = Reader::new(row, "users");
            let id = UserId::new(row.column("id")?);
            ids.insert(row.read("phone", PhoneNumber::from_key)?, id);
        }
        Ok(ids)
    }
}

async fn note_logins(
    transaction: &Transaction,
    log_in: &Statement,
    logins: &[(UserId, Timestamp)],
) -> Result<(), Failure> {
    if logins.is_empty() {
        return Ok(());
    }
    let ids = column(logins, |(id, _)| id.get());
    let moments = column(logins, |(_, at)| at.as_millis());
    let written = transaction.write(log_in, &[&ids, &moments]).await?;
    Failure::unless_all("users", logins.len(), written)
}
