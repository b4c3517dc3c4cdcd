//! Rows as PostgreSQL's binary `copy` takes them, a table at a time.

use std::pin::Pin;

use phonekey_core::{
    delivery::outcome::MessageId,
    phone::PhoneNumber,
    time::Timestamp,
    user::{Activity, User},
};
use tokio_postgres::{
    Client, Error,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

use super::super::columns;
use super::super::history::{Login, Remembered};

pub(super) async fn users(client: &Client, users: &[User]) -> Result<(), Error> {
    let mut copy = Copy::begin(client, USERS, USERS_TYPES).await?;
    for user in users {
        copy.row(&[
            &user.id.get(),
            &user.username.as_str(),
            &user.phone.map(PhoneNumber::to_key),
            &user.first_name,
            &user.last_name,
            &user.email,
            &user.gender.name(),
            &user.birthday.map(|date| date.to_string()),
            &(user.activity == Activity::Active),
            &user.role.staff,
            &user.role.superuser,
            &user.joined_at.as_millis(),
            &user.last_login_at.map(Timestamp::as_millis),
        ])
        .await?;
    }
    copy.end().await
}

pub(super) async fn challenges(client: &Client, logins: &[Login]) -> Result<(), Error> {
    let mut copy = Copy::begin(client, CHALLENGES, CHALLENGES_TYPES).await?;
    for Login { challenge, .. } in logins {
        let (closed_at, close_reason) = columns::closing(challenge);
        copy.row(&[
            challenge.id.as_uuid(),
            &challenge.phone.to_key(),
            &challenge.key_version.0,
            &i16::from(challenge.code_length.get()),
            &challenge.language,
            &challenge.created_at.as_millis(),
            &challenge.expires_at.as_millis(),
            &i16::from(challenge.wrong_answers),
            &closed_at,
            &close_reason,
        ])
        .await?;
    }
    copy.end().await
}

pub(super) async fn deliveries(client: &Client, logins: &[Login]) -> Result<(), Error> {
    let mut copy = Copy::begin(client, DELIVERIES, DELIVERIES_TYPES).await?;
    for Login { delivery, .. } in logins {
        copy.row(&[
            delivery.id.challenge.as_uuid(),
            &i16::from(delivery.id.attempt),
            &delivery.channel.name(),
            &delivery.provider.as_str(),
            &delivery.created_at.as_millis(),
            &delivery.state.name(),
            &columns::settled_at(delivery),
            &delivery.receipt.message_id.as_ref().map(MessageId::as_str),
        ])
        .await?;
    }
    copy.end().await
}

pub(super) async fn audit_events(client: &Client, logins: &[Login]) -> Result<(), Error> {
    let mut copy = Copy::begin(client, AUDIT_EVENTS, AUDIT_EVENTS_TYPES).await?;
    for Login { event, .. } in logins {
        copy.row(&[
            &event.at.as_millis(),
            &event.kind.name(),
            &event.kind.user().get(),
            &event.kind.session().map(|id| *id.as_uuid()),
            &event.kind.challenge().map(|id| *id.as_uuid()),
            &event.kind.detail(),
        ])
        .await?;
    }
    copy.end().await
}

pub(super) async fn sessions(client: &Client, logins: &[Login]) -> Result<(), Error> {
    let mut copy = Copy::begin(client, SESSIONS, SESSIONS_TYPES).await?;
    for session in logins.iter().filter_map(|login| login.session.as_ref()) {
        let (revoked_at, revoke_reason) = columns::revocation(session);
        copy.row(&[
            &session.user.get(),
            session.id.as_uuid(),
            &session.origin.name(),
            &session.created_at.as_millis(),
            &i64::from(session.generation),
            &session.rotated_at.as_millis(),
            &session.expires_at.as_millis(),
            &session.retained_until.as_millis(),
            &revoked_at,
            &revoke_reason,
            &session.claims.to_json(),
        ])
        .await?;
    }
    copy.end().await
}

pub(super) async fn standings(client: &Client, numbers: &[Remembered]) -> Result<(), Error> {
    let mut copy = Copy::begin(client, STANDINGS, STANDINGS_TYPES).await?;
    for number in numbers {
        copy.row(&[
            &number.phone.to_key(),
            &number.standing.encode(),
            &number.forgettable_at.as_millis(),
        ])
        .await?;
    }
    copy.end().await
}

/// A `copy` under way.
struct Copy(Pin<Box<BinaryCopyInWriter>>);

impl Copy {
    async fn begin(client: &Client, sql: &str, types: &[Type]) -> Result<Self, Error> {
        let sink = client.copy_in(sql).await?;
        Ok(Self(Box::pin(BinaryCopyInWriter::new(sink, types))))
    }

    async fn row(&mut self, values: &[&(dyn ToSql + Sync)]) -> Result<(), Error> {
        self.0.as_mut().write(values).await
    }

    async fn end(mut self) -> Result<(), Error> {
        self.0.as_mut().finish().await?;
        Ok(())
    }
}

const USERS: &str = "
    copy users (
        id, username, phone, first_name, last_name, email, gender, birthday, is_active, is_staff,
        is_superuser, joined_at, last_login_at
    ) from stdin (format binary)";
const USERS_TYPES: &[Type] = &[
    Type::INT8,
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::BOOL,
    Type::BOOL,
    Type::BOOL,
    Type::INT8,
    Type::INT8,
];

const CHALLENGES: &str = "
    copy challenges (
        id, phone, key_version, code_length, language, created_at, expires_at, wrong_answers,
        closed_at, close_reason
    ) from stdin (format binary)";
const CHALLENGES_TYPES: &[Type] = &[
    Type::UUID,
    Type::INT8,
    Type::INT8,
    Type::INT2,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
    Type::INT2,
    Type::INT8,
    Type::TEXT,
];

const DELIVERIES: &str = "
    copy deliveries (
        challenge_id, attempt, channel, provider, created_at, state, settled_at,
        provider_message_id
    ) from stdin (format binary)";
const DELIVERIES_TYPES: &[Type] = &[
    Type::UUID,
    Type::INT2,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
];

const AUDIT_EVENTS: &str = "
    copy audit_events (at, kind, user_id, session_id, challenge_id, detail)
    from stdin (format binary)";
const AUDIT_EVENTS_TYPES: &[Type] = &[
    Type::INT8,
    Type::TEXT,
    Type::INT8,
    Type::UUID,
    Type::UUID,
    Type::TEXT,
];

const SESSIONS: &str = "
    copy sessions (
        user_id, id, origin, created_at, generation, rotated_at, expires_at, retained_until,
        revoked_at, revoke_reason, claims
    ) from stdin (format binary)";
const SESSIONS_TYPES: &[Type] = &[
    Type::INT8,
    Type::UUID,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
];

const STANDINGS: &str = "
    copy standings (phone, standing, forgettable_at)
    from stdin (format binary)";
const STANDINGS_TYPES: &[Type] = &[Type::INT8, Type::BYTEA, Type::INT8];
