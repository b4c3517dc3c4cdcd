//! How a user is printed. Numbers are shown whole: they are the operator's own data.

use phonekey_core::{
    phone::PhoneNumber,
    time::Timestamp,
    user::{Activity, User},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The heading of a list.
pub(super) const HEADING: [&str; 8] = [
    "id",
    "username",
    "phone",
    "name",
    "active",
    "role",
    "joined",
    "last login",
];

/// A user in a list.
pub(super) fn row(user: &User) -> Vec<String> {
    vec![
        user.id.to_string(),
        user.username.to_string(),
        phone(user),
        format!("{} {}", user.first_name, user.last_name)
            .trim()
            .to_owned(),
        yes_no(is_active(user)).to_owned(),
        role(user).to_owned(),
        user.joined_at.to_string(),
        user.last_login_at
            .map(|moment| moment.to_string())
            .unwrap_or_default(),
    ]
}

/// All that is known of a user, field by field.
pub(super) fn fields(user: &User) -> Vec<Vec<String>> {
    let text = |value: Value| match value {
        Value::Null => String::new(),
        Value::Bool(switch) => yes_no(switch).to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    Fields::of(user)
        .0
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), text(value)])
        .collect()
}

/// All that is known of a user, in the order in which it is printed; in JSON an object.
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(super) fn of(user: &User) -> Self {
        let moment = |moment: Timestamp| moment.to_string();
        Self(vec![
            ("id", json!(user.id)),
            ("username", json!(user.username)),
            ("phone", json!(user.phone.map(PhoneNumber::e164))),
            ("first_name", json!(user.first_name)),
            ("last_name", json!(user.last_name)),
            ("email", json!(user.email)),
            ("gender", json!(user.gender.name())),
            ("birthday", json!(user.birthday.map(|day| day.to_string()))),
            ("active", json!(is_active(user))),
            ("staff", json!(user.role.staff)),
            ("superuser", json!(user.role.superuser)),
            ("joined_at", json!(moment(user.joined_at))),
            ("last_login_at", json!(user.last_login_at.map(moment))),
        ])
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A user in a sentence.
pub(super) fn describe(user: &User) -> String {
    let phone = user.phone.map(|phone| format!(", {}", phone.e164()));
    let (id, name) = (user.id, &user.username);
    format!("user {id} ({name}{})", phone.unwrap_or_default())
}

fn phone(user: &User) -> String {
    user.phone.map(PhoneNumber::e164).unwrap_or_default()
}

fn is_active(user: &User) -> bool {
    user.activity == Activity::Active
}

const fn role(user: &User) -> &'static str {
    match (user.role.superuser, user.role.staff) {
        (true, _) => "superuser",
        (false, true) => "staff",
        (false, false) => "",
    }
}

const fn yes_no(switch: bool) -> &'static str {
    if switch { "yes" } else { "no" }
}
