//! Renewing tokens.

use super::Flows;
use crate::{
    policy::ForeignTokens,
    ports::store::{PresentedToken, RotateOutcome, RotateSession},
    refusal::{Error, Fault, Refusal},
    session::NewSession,
    token::{RefreshToken, TokenError, TokenPair},
};

impl Flows {
    /// New tokens for a refresh token.
    ///
    /// # Errors
    /// [`Refusal::Token`], [`Refusal::TokenReplayed`]; faults of the store.
    pub async fn refresh(&self, token: &str) -> Result<TokenPair, Error> {
        let now = self.world.clock.now();
        let token = RefreshToken::read(token.trim(), &self.world.keys, now)?;
        let (user, presented) = match token {
            RefreshToken::Own {
                user,
                session,
                generation,
            } => (
                user,
                PresentedToken::Own {
                    session,
                    generation,
                },
            ),
            RefreshToken::Foreign { .. }
                if self.policy.session.foreign_tokens == ForeignTokens::Refuse =>
            {
                return Err(TokenError::Invalid.into());
            }
            RefreshToken::Foreign {
                user,
                jti,
                expires_at,
                claims,
            } => (
                user,
                PresentedToken::Foreign(NewSession::adopting(&jti, expires_at, claims)),
            ),
        };
        let step = RotateSession {
            user,
            presented,
            policy: self.policy.session,
            now,
        };
        match self.world.store.rotate_session(step).await? {
            RotateOutcome::Granted(session) => {
                let (keys, policy) = (&self.world.keys, &self.policy.token);
                let tokens = TokenPair::mint(&session, keys, policy, &*self.world.random, now);
                Ok(tokens.map_err(Fault::Signing)?)
            }
            RotateOutcome::Replayed => Err(Refusal::TokenReplayed.into()),
            RotateOutcome::Ended => Err(TokenError::Invalid.into()),
        }
    }
}
