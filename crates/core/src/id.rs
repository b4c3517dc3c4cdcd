//! Typed ids.
//!
//! Challenge and session ids are UUIDv7 (RFC 9562 §5.7): in order of time, so that new rows land on
//! the same few database pages. They are names, not secrets: no rule relies on their being unknown.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    random::{self, Random},
    time::Timestamp,
};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, later in order than those of earlier milliseconds.
            pub fn generate(random: &dyn Random, now: Timestamp) -> Self {
                Self(time_ordered(random, now))
            }

            /// The first id in order that one of this moment can have.
            #[must_use]
            pub fn first_of(moment: Timestamp) -> Self {
                let millis = u128::try_from(moment.as_millis()).unwrap_or(0);
                Self(Uuid::from_u128(millis << 80))
            }

            /// The id that is this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

uuid_id! {
    /// Names one challenge; the wire calls it `uuid`.
    ChallengeId
}

uuid_id! {
    /// Names one session; the tokens call it `sid`.
    SessionId
}

/// Names one user for good: an integer, as SimpleJWT's `user_id` is. Never given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(i64);

impl UserId {
    /// The id with this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

fn time_ordered(random: &dyn Random, now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random::bytes(random)).into_uuid()
}
