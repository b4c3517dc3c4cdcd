//! Users: the fields that the Django project's users have, and the number that makes them one.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    id::UserId,
    phone::PhoneNumber,
    random::{self, Random},
    time::Timestamp,
};

/// A person who logs in, or an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id, for good.
    pub id: UserId,
    /// The name that the admin site lists; unique.
    pub username: Username,
    /// The number that was proven; unique. An operator may have none.
    pub phone: Option<PhoneNumber>,
    /// Given name, or empty.
    pub first_name: String,
    /// Family name, or empty.
    pub last_name: String,
    /// E-mail address, if known.
    pub email: Option<String>,
    /// Gender, if told.
    pub gender: Gender,
    /// Birthday, if told.
    pub birthday: Option<jiff::civil::Date>,
    /// Whether it may log in.
    pub activity: Activity,
    /// What it may do besides.
    pub role: Role,
    /// When it was created.
    pub joined_at: Timestamp,
    /// When it last logged in.
    pub last_login_at: Option<Timestamp>,
}

/// Whether a user may log in and refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// It may.
    Active,
    /// It may not: no token is given out, and its refresh tokens are refused.
    Inactive,
}

/// What a user may do besides logging in. The Django project's two flags allow a superuser that is
/// no staff, who can do nothing with it; such a one is kept as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// May enter the admin site.
    pub staff: bool,
    /// May do everything there.
    pub superuser: bool,
}

/// A gender, as the Django project's field has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// Not told.
    #[default]
    Unknown,
    /// Male.
    Male,
    /// Female.
    Female,
}

impl Gender {
    /// Its name in databases and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// The gender with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Male, Self::Female]
            .into_iter()
            .find(|gender| gender.name() == name)
    }
}

/// A user's name: 1 to 150 letters, digits and `@.+-_` (Django's rule).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// A name that somebody chose.
    ///
    /// # Errors
    /// [`InvalidUsername`] when it breaks Django's rule.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let allowed = |c: char| c.is_alphanumeric() || "@.+-_".contains(c);
        let length = text.chars().count();
        let sound = (1..=150).contains(&length) && text.chars().all(allowed);
        sound.then(|| Self(text.to_owned())).ok_or(InvalidUsername)
    }

    /// `user_` and 8 random letters and digits, as the Django project names its users.
    ///
    /// 62^8 names: two of ten million users share one with a chance of 1 in 4, so the store
    /// refuses a taken name and the caller draws again.
    pub fn generate(random: &dyn Random) -> Self {
        let mut name = String::from("user_");
        while name.len() < "user_".len() + 8 {
            for byte in random::bytes::<16>(random) {
                let place = usize::from(byte & 63);
                if let Some(character) = ALPHABET.get(place)
                    && name.len() < "user_".len() + 8
                {
                    name.push(char::from(*character));
                }
            }
        }
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a username has 1 to 150 letters, digits and @ . + - _")]
pub struct InvalidUsername;

/// A user about to be created; its id is the store's to give.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its name.
    pub username: Username,
    /// Its number.
    pub phone: Option<PhoneNumber>,
    /// Given name, or empty.
    pub first_name: String,
    /// Family name, or empty.
    pub last_name: String,
    /// E-mail address, if known.
    pub email: Option<String>,
    /// What it may do.
    pub role: Role,
}

impl NewUser {
    /// The user whom a first login creates.
    #[must_use]
    pub fn at_first_login(phone: PhoneNumber, username: Username) -> Self {
        Self {
            username,
            phone: Some(phone),
            first_name: String::new(),
            last_name: String::new(),
            email: None,
            role: Role::default(),
        }
    }

    /// The user, created at `now` under `id`.
    #[must_use]
    pub fn create(self, id: UserId, now: Timestamp) -> User {
        User {
            id,
            username: self.username,
            phone: self.phone,
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            gender: Gender::default(),
            birthday: None,
            activity: Activity::Active,
            role: self.role,
            joined_at: now,
            last_login_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    #[test]
    fn a_generated_name_has_the_django_projects_form() {
        let random = SeededRandom::new(1);
        for _ in 0..1000 {
            let name = Username::generate(&random);
            let tail = name.as_str().strip_prefix("user_").unwrap();

            assert_eq!(tail.len(), 8);
            assert!(
                tail.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{name}"
            );
            assert_eq!(Username::parse(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn names_that_django_refuses_are_refused() {
        for text in ["", "a b", "a/b", "<script>", &"x".repeat(151)] {
            assert_eq!(Username::parse(text), Err(InvalidUsername), "{text:?}");
        }
        assert!(Username::parse("علی.رضایی@example+1_-").is_ok());
    }
}
