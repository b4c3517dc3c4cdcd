//! Whose access token it is.

use super::Flows;
use crate::{
    refusal::{Error, Refusal},
    token,
    user::{Activity, User},
};

impl Flows {
    /// The active user of an access token.
    ///
    /// # Errors
    /// [`Refusal::Token`], [`Refusal::UserUnknown`], [`Refusal::UserInactive`]; faults of the
    /// store.
    pub async fn identify(&self, access_token: &str) -> Result<User, Error> {
        let now = self.world.clock.now();
        let id = token::read_access(access_token, &self.world.keys, now)?;
        let user = self
            .world
            .store
            .user(id)
            .await?
            .ok_or(Refusal::UserUnknown)?;
        match user.activity {
            Activity::Active => Ok(user),
            Activity::Inactive => Err(Refusal::UserInactive.into()),
        }
    }
}
