//! Rows as values. A row that is none is [`StoreError::Corrupt`], never a default.
//!
//! [`StoreError::Corrupt`]: phonekey_core::ports::store::StoreError::Corrupt

use phonekey_core::{
    challenge::{Challenge, ChallengeState, CloseReason},
    code::{CodeLength, KeyVersion},
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, ProviderName,
        message::AppHash,
        outcome::{Cost, Currency, MessageId, Receipt, SendRefusal},
        report::{Arrival, DeliveryReport},
    },
    id::{ChallengeId, SessionId, UserId},
    phone::PhoneNumber,
    session::{Revocation, RevokeReason, Session, SessionOrigin},
    time::Timestamp,
    token::CustomClaims,
    user::{Activity, Gender, Role, User, Username},
};
use tokio_postgres::{Row, types::FromSql};

use super::failure::Fault;

/// A challenge, from columns of their table's names.
pub(super) fn challenge(row: &Row) -> Result<Challenge, Fault> {
    let row = Reader::new(row, "challenges");
    let closed_at: Option<i64> = row.column("closed_at")?;
    let state = match closed_at {
        None => ChallengeState::Open,
        Some(at) => ChallengeState::Closed {
            at: Timestamp::from_millis(at),
            reason: row.read("close_reason", CloseReason::from_name)?,
        },
    };
    Ok(Challenge {
        id: ChallengeId::from_uuid(row.column("id")?),
        phone: row.read("phone", PhoneNumber::from_key)?,
        key_version: KeyVersion(row.column("key_version")?),
        code_length: row.read("code_length", |digits: i16| {
            u8::try_from(digits)
                .ok()
                .and_then(|digits| CodeLength::new(digits).ok())
        })?,
        language: row.column("language")?,
        app_hash: row.optional("app_hash", AppHash::parse)?,
        created_at: row.moment("created_at")?,
        expires_at: row.moment("expires_at")?,
        wrong_answers: row.read("wrong_answers", |count: i16| u8::try_from(count).ok())?,
        state,
    })
}

/// A delivery, from columns of their table's names, with `delivered_at`-like clashes resolved:
/// its `created_at` is called `due_at`, for it stands beside its challenge's.
pub(super) fn delivery(row: &Row) -> Result<Delivery, Fault> {
    let row = Reader::new(row, "deliveries");
    let state: &str = row.column("state")?;
    let state = match state {
        "pending" => DeliveryState::Pending {
            leased_until: row.moment("leased_until")?,
        },
        "accepted" => DeliveryState::Accepted {
            at: row.moment("settled_at")?,
        },
        "refused" => DeliveryState::Refused {
            at: row.moment("settled_at")?,
            reason: row.read("refusal", SendRefusal::from_name)?,
        },
        "unknown" => DeliveryState::Unknown {
            at: row.moment("settled_at")?,
        },
        "dropped" => DeliveryState::Dropped {
            at: row.moment("settled_at")?,
        },
        _ => return Err(row.corrupt("state")),
    };
    let cost: Option<i64> = row.column("cost_micros")?;
    let cost = match cost {
        None => None,
        Some(micros) => Some(Cost {
            micros,
            currency: row.read("cost_currency", Currency::from_code)?,
        }),
    };
    let provider: &str = row.column("provider")?;
    let follow_up_at: Option<i64> = row.column("follow_up_at")?;
    Ok(Delivery {
        id: DeliveryId {
            challenge: ChallengeId::from_uuid(row.column("challenge_id")?),
            attempt: row.read("attempt", |attempt: i16| u8::try_from(attempt).ok())?,
        },
        channel: row.read("channel", Channel::from_name)?,
        provider: ProviderName::new(provider),
        created_at: row.moment("due_at")?,
        state,
        receipt: Receipt {
            message_id: row.optional("provider_message_id", |text: &str| MessageId::new(text))?,
            cost,
        },
        report: report(&row)?,
        follow_up_at: follow_up_at.map(Timestamp::from_millis),
    })
}

fn report(row: &Reader<'_>) -> Result<Option<DeliveryReport>, Fault> {
    let arrival = match row.column("arrival")? {
        None => return Ok(None),
        Some("delivered") => Arrival::Delivered,
        Some("undelivered") => {
            Arrival::Undelivered(row.read("lost_because", SendRefusal::from_name)?)
        }
        Some(_) => return Err(row.corrupt("arrival")),
    };
    let at = row.moment("reported_at")?;
    Ok(Some(DeliveryReport { at, arrival }))
}

/// A session, from columns of their table's names.
pub(super) fn session(row: &Row) -> Result<Session, Fault> {
    let row = Reader::new(row, "sessions");
    let revoked_at: Option<i64> = row.column("revoked_at")?;
    let revoked = match revoked_at {
        None => None,
        Some(at) => Some(Revocation {
            at: Timestamp::from_millis(at),
            reason: row.read("revoke_reason", RevokeReason::from_name)?,
        }),
    };
    let claims: Option<&str> = row.column("claims")?;
    let claims = match claims {
        None => CustomClaims::default(),
        Some(json) => CustomClaims::from_json(json).ok_or_else(|| row.corrupt("claims"))?,
    };
    Ok(Session {
        id: SessionId::from_uuid(row.column("id")?),
        user: UserId::new(row.column("user_id")?),
        origin: row.read("origin", SessionOrigin::from_name)?,
        created_at: row.moment("created_at")?,
        generation: row.read("generation", |count: i64| u32::try_from(count).ok())?,
        rotated_at: row.moment("rotated_at")?,
        expires_at: row.moment("expires_at")?,
        retained_until: row.moment("retained_until")?,
        revoked,
        claims,
    })
}

/// A user, from columns of their table's names.
pub(super) fn user(row: &Row) -> Result<User, Fault> {
    let row = Reader::new(row, "users");
    let phone: Option<i64> = row.column("phone")?;
    let phone = match phone {
        None => None,
        Some(key) => Some(PhoneNumber::from_key(key).ok_or_else(|| row.corrupt("phone"))?),
    };
    let birthday: Option<&str> = row.column("birthday")?;
    let birthday = match birthday {
        None => None,
        Some(date) => Some(date.parse().map_err(|_| row.corrupt("birthday"))?),
    };
    let last_login_at: Option<i64> = row.column("last_login_at")?;
    Ok(User {
        id: UserId::new(row.column("id")?),
        username: row.read("username", |name| Username::parse(name).ok())?,
        phone,
        first_name: row.column("first_name")?,
        last_name: row.column("last_name")?,
        email: row.column("email")?,
        gender: row.read("gender", Gender::from_name)?,
        birthday,
        activity: activity(row.column("is_active")?),
        role: Role {
            staff: row.column("is_staff")?,
            superuser: row.column("is_superuser")?,
        },
        joined_at: row.moment("joined_at")?,
        last_login_at: last_login_at.map(Timestamp::from_millis),
    })
}

/// What the column `is_active` says.
pub(super) fn activity(is_active: bool) -> Activity {
    if is_active {
        Activity::Active
    } else {
        Activity::Inactive
    }
}

/// Reads a row of one table.
pub(super) struct Reader<'r> {
    row: &'r Row,
    table: &'static str,
}

impl<'r> Reader<'r> {
    pub(super) fn new(row: &'r Row, table: &'static str) -> Self {
        Self { row, table }
    }

    /// The column's value; corrupt when it is null and `T` is no `Option`.
    pub(super) fn column<T: FromSql<'r>>(&self, name: &'static str) -> Result<T, Fault> {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    /// What `parse` makes of the column's value; corrupt when it makes nothing of it.
    pub(super) fn read<T: FromSql<'r>, V>(
        &self,
        name: &'static str,
        parse: impl FnOnce(T) -> Option<V>,
    ) -> Result<V, Fault> {
        parse(self.column(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// What `parse` makes of the column's value, if it has one; corrupt when it makes nothing of it.
    pub(super) fn optional<T: FromSql<'r>, V>(
        &self,
        name: &'static str,
        parse: impl FnOnce(T) -> Option<V>,
    ) -> Result<Option<V>, Fault> {
        let value: Option<T> = self.column(name)?;
        match value.map(parse) {
            None => Ok(None),
            Some(Some(parsed)) => Ok(Some(parsed)),
            Some(None) => Err(self.corrupt(name)),
        }
    }

    /// The moment that the column tells.
    pub(super) fn moment(&self, name: &'static str) -> Result<Timestamp, Fault> {
        self.column(name).map(Timestamp::from_millis)
    }

    /// The fault that this column is.
    pub(super) fn corrupt(&self, column: &'static str) -> Fault {
        Fault::Corrupt {
            table: self.table,
            problem: format!("column {column} holds no value that phonekey wrote"),
        }
    }
}

/// One column of many rows, as the parameter of a statement over arrays.
pub(super) fn column<'r, R: 'r, V>(
    rows: impl IntoIterator<Item = &'r R>,
    value: impl FnMut(&'r R) -> V,
) -> Vec<V> {
    rows.into_iter().map(value).collect()
}
