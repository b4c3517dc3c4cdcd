//! How a user is printed. Numbers are shown whole: they are the operator's own data.

use phonekey_core::{
    phone::PhoneNumber,
    user::{Activity, User},
};
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
    let Value::Object(fields) = json(user) else {
        return Vec::new();
    };
    fields
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Null => String::new(),
                Value::Bool(switch) => yes_no(switch).to_owned(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            vec![name, value]
        })
        .collect()
}

/// All that is known of a user, for a program.
pub(super) fn json(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "phone": user.phone.map(PhoneNumber::e164),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "gender": user.gender.name(),
        "birthday": user.birthday.map(|day| day.to_string()),
        "active": is_active(user),
        "staff": user.role.staff,
        "superuser": user.role.superuser,
        "joined_at": user.joined_at.to_string(),
        "last_login_at": user.last_login_at.map(|moment| moment.to_string()),
    })
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
