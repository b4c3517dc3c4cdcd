//! The master secret: configured, or made at the first start beside SQLite's file.

use std::{
    io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use phonekey_core::{
    random::{self, Random},
    secret::{MasterSecret, Secret, WeakSecret},
};
use thiserror::Error;

use super::{
    database::DatabaseConfig,
    private_file::{self, Creation, PrivateFileError},
    raw,
    read::{Read, Reader},
};

/// The master secret and those before it.
#[derive(Clone, Debug)]
pub struct SecretConfig {
    /// The present one.
    pub current: SecretSource,
    /// Earlier ones, newest first.
    pub previous: Vec<MasterSecret>,
}

/// Where the master secret is.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// In the configuration.
    Configured(MasterSecret),
    /// In this file, which the first start makes.
    DataFolder(PathBuf),
}

/// The name of the secret's file in the data folder.
const FILE_NAME: &str = "secret";

impl SecretConfig {
    /// Reads the section. `database` is `None` if its own section could not be read.
    pub(super) fn read(
        raw: &raw::SecretSection,
        database: Option<&DatabaseConfig>,
        reader: &mut Reader,
    ) -> Read<Self> {
        let configured = reader.secret(&raw.secret).and_then(|secret| {
            let master = secret.map(MasterSecret::new).transpose();
            reader.noting(&raw.secret, master)
        });
        let previous = reader.secrets(&raw.previous_secrets).and_then(|secrets| {
            let masters: Result<Vec<_>, WeakSecret> =
                secrets.into_iter().map(MasterSecret::new).collect();
            reader.noting(&raw.previous_secrets, masters)
        });
        let data_folder = database.map(|database| database.data_folder());
        let current = configured.and_then(|configured| match (configured, data_folder) {
            (Some(secret), _) => Ok(SecretSource::Configured(secret)),
            (None, Some(Some(folder))) => Ok(SecretSource::DataFolder(folder.join(FILE_NAME))),
            (None, Some(None)) => Err(reader.refuse(
                &raw.secret,
                "is required with PostgreSQL, and the same on every node; make one with \
                 `openssl rand -base64 48` and set PHONEKEY_SECRET or PHONEKEY_SECRET_FILE",
            )),
            (None, None) => Err(super::read::Noted),
        });
        Ok(Self {
            current: current?,
            previous: previous?,
        })
    }
}

/// The master secret, ready for use.
#[derive(Debug)]
pub struct Obtained {
    /// It.
    pub secret: MasterSecret,
    /// The file that was just made for it, if one was.
    pub created: Option<PathBuf>,
}

impl Obtained {
    const fn found(secret: MasterSecret) -> Self {
        Self {
            secret,
            created: None,
        }
    }
}

/// Why there is no master secret to start with.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Its file cannot be used.
    #[error("the master secret: {0}")]
    File(#[from] PrivateFileError),
    /// It is weak.
    #[error("the master secret in {path}: {source}")]
    Weak {
        /// Its file.
        path: String,
        /// How.
        source: WeakSecret,
    },
    /// Its file cannot be made.
    #[error("the master secret cannot be written to {path}: {source}")]
    NotMade {
        /// Its file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl SecretSource {
    /// The secret; makes it if it is to be in the data folder and is not there yet.
    ///
    /// Processes that start at once on one folder all get the same secret.
    ///
    /// # Errors
    /// [`SecretError`]; none holds anything of the secret.
    pub fn obtain(&self, random: &dyn Random) -> Result<Obtained, SecretError> {
        let path = match self {
            Self::Configured(secret) => return Ok(Obtained::found(secret.clone())),
            Self::DataFolder(path) if path.exists() => return read_file(path).map(Obtained::found),
            Self::DataFolder(path) => path,
        };
        let content = format!("{}\n", generate(random));
        let creation = private_file::create(path, content.as_bytes(), random);
        let creation = creation.map_err(|source| SecretError::NotMade {
            path: path.display().to_string(),
            source,
        })?;
        Ok(Obtained {
            secret: read_file(path)?,
            created: (creation == Creation::Created).then(|| path.clone()),
        })
    }

    /// The secret if there is one already.
    ///
    /// # Errors
    /// As [`obtain`](Self::obtain).
    pub fn existing(&self) -> Result<Option<MasterSecret>, SecretError> {
        match self {
            Self::Configured(secret) => Ok(Some(secret.clone())),
            Self::DataFolder(path) if path.exists() => read_file(path).map(Some),
            Self::DataFolder(_) => Ok(None),
        }
    }
}

fn read_file(path: &Path) -> Result<MasterSecret, SecretError> {
    let secret = private_file::read(path)?;
    MasterSecret::new(secret).map_err(|source| SecretError::Weak {
        path: path.display().to_string(),
        source,
    })
}

/// A new secret: 48 random bytes in base64.
#[must_use]
pub fn generate(random: &dyn Random) -> String {
    let secret = Secret::new(random::bytes::<48>(random));
    STANDARD.encode(secret.expose())
}
