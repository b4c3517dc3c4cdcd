//! `[tokens]`: how tokens are signed.

use phonekey_core::{
    keys::{Algorithm, KeyError, KeyRing, RefreshKeys, SigningKey},
    policy::TokenPolicy,
    secret::{MasterSecret, Secret, WeakSecret, require_strength},
};
use std::time::Duration;

use super::{
    raw,
    read::{Noted, Read, Reader},
};

/// The keys of the tokens.
#[derive(Clone, Debug)]
pub struct TokensConfig {
    /// How access tokens are signed.
    pub key: TokenKey,
    /// The HS256 key that somebody else knows as well, if there is one; else it is derived.
    pub hs256_secret: Option<Secret>,
}

/// The key that signs access tokens.
#[derive(Clone, Debug)]
pub enum TokenKey {
    /// That of HS256.
    Shared,
    /// A private key.
    Private {
        /// Its algorithm, not HS256.
        algorithm: Algorithm,
        /// The key, in PEM; it has been tried.
        pem: Secret,
    },
}

impl TokensConfig {
    pub(super) fn read(raw: &raw::Tokens, reader: &mut Reader) -> Read<(Self, TokenPolicy)> {
        let algorithms = [
            ("HS256", Algorithm::Hs256),
            ("EdDSA", Algorithm::EdDsa),
            ("ES256", Algorithm::Es256),
            ("RS256", Algorithm::Rs256),
        ];
        let algorithm = reader.choice(&raw.algorithm, &algorithms);
        let hs256_secret = read_hs256_secret(raw, reader);
        let private_key = reader.secret(&raw.private_key);
        let key = match (algorithm, private_key) {
            (Ok(algorithm), Ok(pem)) => token_key(raw, algorithm, pem, reader),
            _ => Err(Noted),
        };
        let access_lifetime = reader.duration(
            &raw.access_lifetime,
            Duration::from_secs(10)..=Duration::from_hours(24),
        );
        let issuer = reader.read(&raw.issuer, |text| {
            let sound = (1..=255).contains(&text.chars().count());
            let text = sound.then(|| text.to_owned());
            text.ok_or("must have 1 to 255 characters")
        });
        let config = Self {
            key: key?,
            hs256_secret: hs256_secret?,
        };
        let policy = TokenPolicy {
            access_lifetime: access_lifetime?,
            issuer: issuer?,
        };
        Ok((config, policy))
    }

    /// The keys of all tokens; those that were given out under `previous` master secrets stay good.
    ///
    /// # Errors
    /// When the private key cannot be used, which reading the configuration has ruled out.
    pub fn key_ring(
        &self,
        master: &MasterSecret,
        previous: &[MasterSecret],
    ) -> Result<KeyRing, KeyError> {
        let shared = self.shared_secret(master);
        let access = match &self.key {
            TokenKey::Shared => SigningKey::hs256(&shared),
            TokenKey::Private { algorithm, pem } => SigningKey::from_pem(*algorithm, pem)?,
        };
        let refresh = |master| RefreshKeys::new(&self.shared_secret(master), master);
        let previous = previous.iter().map(refresh).collect();
        Ok(KeyRing::new(access, refresh(master), previous))
    }

    fn shared_secret(&self, master: &MasterSecret) -> Secret {
        let derived = || master.derived_token_secret();
        self.hs256_secret.clone().unwrap_or_else(derived)
    }

    /// How access tokens are signed.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match &self.key {
            TokenKey::Shared => Algorithm::Hs256,
            TokenKey::Private { algorithm, .. } => *algorithm,
        }
    }
}

fn read_hs256_secret(raw: &raw::Tokens, reader: &mut Reader) -> Read<Option<Secret>> {
    let Some(secret) = reader.secret(&raw.hs256_secret)? else {
        return Ok(None);
    };
    let strength = require_strength(&secret).map_err(|weakness| match weakness {
        WeakSecret::TooShort(bytes) => format!(
            "it has {bytes} bytes; HS256 needs at least 32 (RFC 7518 §3.2). Give Django a longer \
             SECRET_KEY and use it here, or leave this out to have one derived"
        ),
        other => other.to_string(),
    });
    reader.noting(&raw.hs256_secret, strength)?;
    Ok(Some(secret))
}

fn token_key(
    raw: &raw::Tokens,
    algorithm: Algorithm,
    pem: Option<Secret>,
    reader: &mut Reader,
) -> Read<TokenKey> {
    match (algorithm, pem) {
        (Algorithm::Hs256, None) => Ok(TokenKey::Shared),
        (Algorithm::Hs256, Some(_)) => Err(reader.refuse(
            &raw.private_key,
            "is given, but HS256 uses none; set tokens.algorithm to the key's, or leave it out",
        )),
        (algorithm, None) => Err(reader.refuse(
            &raw.private_key,
            format!(
                "is required by {name}; make one with `{command}` and name it in \
                 tokens.private_key_file",
                name = algorithm.name(),
                command = command_for(algorithm),
            ),
        )),
        (algorithm, Some(pem)) => {
            let tried = SigningKey::from_pem(algorithm, &pem).map_err(|error| {
                let command = command_for(algorithm);
                format!("{error}; make one with `{command}`")
            });
            reader.noting(&raw.private_key, tried)?;
            Ok(TokenKey::Private { algorithm, pem })
        }
    }
}

const fn command_for(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Hs256 => "openssl rand -base64 48",
        Algorithm::EdDsa => "openssl genpkey -algorithm ed25519",
        Algorithm::Es256 => "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        Algorithm::Rs256 => "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072",
    }
}
