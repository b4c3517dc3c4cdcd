//! The configuration: what the program relies on.
//!
//! Two stages. `raw` and `source` say what may be said, and gather it from the file, the
//! environment and the command line. The sections' files make parsed types of it and note every
//! problem, so that an operator sees all of them at once. Nothing behind this module sees a raw
//! value, and nothing global holds the configuration.

pub mod challenge;
pub mod database;
pub mod delivery;
pub mod document;
pub mod effective;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod log;
pub mod messages;
#[cfg(unix)]
mod mounted_secret;
pub mod phone;
pub mod private_file;
pub mod problem;
pub mod raw;
mod read;
pub mod secret;
pub mod sessions;
pub mod setting;
pub mod source;
pub mod test_numbers;
pub mod tokens;
pub mod weakness;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use phonekey_core::{
    code::TestNumber,
    policy::{ChallengePolicy, Enforcement, Policy},
    secret::{MasterSecret, Secret},
};
use phonekey_delivery::providers::{inbox, telegram};

use self::{
    database::DatabaseConfig,
    delivery::DeliveryConfig,
    http::HttpConfig,
    log::LogConfig,
    messages::{MessagesConfig, TextTerms},
    problem::Problems,
    raw::Raw,
    read::{Noted, Read, Reader},
    secret::{SecretConfig, SecretSource},
    sessions::TokenFacts,
    source::{Gathered, Legibility, Sources},
    tokens::TokensConfig,
};

/// Everything that the program is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server.
    pub http: HttpConfig,
    /// Where everything is kept.
    pub database: DatabaseConfig,
    /// The log.
    pub log: LogConfig,
    /// The master secret.
    pub secret: SecretConfig,
    /// The keys of the tokens.
    pub tokens: TokensConfig,
    /// The rules' numbers.
    pub policy: Policy,
    /// Whether the limits keyed by address and network are wanted. There are none yet; see
    /// [`weakness::Weakness::NoNetworkLimits`].
    pub network_limits: Enforcement,
    /// How codes reach their numbers.
    pub delivery: DeliveryConfig,
    /// Numbers that always get the same code.
    pub test_numbers: Vec<TestNumber>,
    /// The texts.
    pub messages: MessagesConfig,
    /// How long things stay.
    pub retention: RetentionConfig,
    /// Where what is for development alone may be used.
    pub development: DevelopmentScope,
    /// The configuration file that was read, if one was.
    pub file: Option<ConfigFile>,
}

/// The configuration file.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it may be read by everybody although it holds a secret.
    pub secrecy: Secrecy,
}

/// Whether a file keeps its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// It does, or has none.
    Kept,
    /// Every user of the machine may read them.
    Broken,
}

/// How long things stay that nothing needs any more.
#[derive(Clone, Copy, Debug)]
pub struct RetentionConfig {
    /// Challenges and their deliveries, after they expired.
    pub challenges: Duration,
    /// Audit events.
    pub audit: Duration,
}

/// Where what is for development alone may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevelopmentScope {
    /// On a loopback address.
    Local,
    /// Anywhere: the configuration says so in as many words.
    Anywhere,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`Problems`] with all that is wrong, in the order in which it was said.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let (gathered, legibility) = Gathered::from(sources);
        Self::from_gathered(gathered, legibility, sources)
    }

    /// Reads no more of the configuration than texts are checked against.
    ///
    /// # Errors
    /// [`Problems`] with those settings, and with what no setting is.
    pub fn load_text_terms(sources: &Sources) -> Result<TextTerms, Problems> {
        let (mut gathered, legibility) = Gathered::from(sources);
        let raw = Raw::new(&mut gathered);
        let mut reader = Reader::with(gathered.into_problems());
        let terms = match legibility {
            Legibility::Legible => TextTerms::read(&raw, &mut reader),
            Legibility::Illegible => Err(Noted),
        };
        let mut problems = reader.into_problems();
        problems.sort();
        match terms {
            Ok(terms) if problems.is_empty() => Ok(terms),
            _ => Err(Problems(problems)),
        }
    }

    fn from_gathered(
        mut gathered: Gathered,
        legibility: Legibility,
        sources: &Sources,
    ) -> Result<Self, Problems> {
        let file = sources.file.as_deref().map(|path| ConfigFile {
            path: path.to_owned(),
            secrecy: secrecy(path, &gathered),
        });
        let raw = Raw::new(&mut gathered);
        let mut reader = Reader::with(gathered.into_problems());
        let config = match legibility {
            Legibility::Legible => Self::read(&raw, &mut reader),
            Legibility::Illegible => Err(Noted),
        };
        let mut problems = reader.into_problems();
        problems.sort();
        match config {
            Ok(config) if problems.is_empty() => Ok(Self { file, ..config }),
            _ => Err(Problems(problems)),
        }
    }

    fn read(raw: &Raw, reader: &mut Reader) -> Read<Self> {
        let http = HttpConfig::read(&raw.http, reader);
        let database = DatabaseConfig::read(&raw.database, reader);
        let log = LogConfig::read(&raw.log, reader);
        let secret = SecretConfig::read(&raw.secret, database.as_ref().ok(), reader);
        let tokens = TokensConfig::read(&raw.tokens, reader);
        let facts = TokenFacts {
            access_lifetime: tokens
                .as_ref()
                .ok()
                .map(|(_, policy)| policy.access_lifetime),
            has_shared_secret: raw.tokens.hs256_secret.is_given(),
        };
        let session = sessions::read(&raw.sessions, &facts, reader);
        let phone = phone::read(&raw.phone, reader);
        let challenge = challenge::read_challenge(&raw.challenge, reader);
        let number =
            challenge::read_number(&raw.challenge, &raw.limits, &raw.limits_number, reader);
        let network_limits = challenge::read_network(&raw.limits_network, reader);
        let delivery = DeliveryConfig::read(raw, reader);
        let test_numbers = test_numbers::read(&raw.test_numbers, phone.as_ref().ok(), reader);
        let messages = MessagesConfig::read(&raw.messages, challenge.as_ref().ok(), reader);
        let retention = read_retention(&raw.retention, reader);
        let development = read_development(&raw.development, reader);
        if let (Ok(http), Ok(delivery), Ok(development)) = (&http, &delivery, &development) {
            refuse_remote_development(raw, http, delivery, *development, reader);
        }
        if let (Ok(challenge), Ok(delivery)) = (&challenge, &delivery) {
            refuse_long_codes(raw, challenge, delivery, reader);
        }
        let (tokens, token) = tokens?;
        if let Ok(secret) = &secret {
            refuse_shared_secrets(raw, secret, &tokens, reader)?;
        }
        Ok(Self {
            http: http?,
            database: database?,
            log: log?,
            secret: secret?,
            tokens,
            policy: Policy {
                phone: phone?,
                challenge: challenge?,
                messages: delivery.as_ref().map_err(|noted| *noted)?.messages,
                app_hashes: messages
                    .as_ref()
                    .map_err(|noted| *noted)?
                    .app_hashes
                    .clone(),
                number: number?,
                session: session?,
                token,
            },
            network_limits: network_limits?,
            delivery: delivery?,
            test_numbers: test_numbers?,
            messages: messages?,
            retention: retention?,
            development: development?,
            file: None,
        })
    }

    /// Whether the developer's pages under `/dev/` are served: while the route uses the inbox.
    #[must_use]
    pub fn serves_inbox(&self) -> bool {
        self.delivery.uses(inbox::NAME)
    }
}

fn secrecy(file: &Path, gathered: &Gathered) -> Secrecy {
    let is_public = || matches!(private_file::public_mode(file), Ok(Some(_)));
    if gathered.has_secret_in_file() && is_public() {
        Secrecy::Broken
    } else {
        Secrecy::Kept
    }
}

fn read_retention(raw: &raw::Retention, reader: &mut Reader) -> Read<RetentionConfig> {
    let bounds = Duration::from_hours(24)..=3650 * Duration::from_hours(24);
    let challenges = reader.duration(&raw.challenges, bounds.clone());
    let audit = reader.duration(&raw.audit, bounds);
    Ok(RetentionConfig {
        challenges: challenges?,
        audit: audit?,
    })
}

fn read_development(raw: &raw::Development, reader: &mut Reader) -> Read<DevelopmentScope> {
    let allowed = reader.switch(&raw.allow_remote)?;
    Ok(if allowed {
        DevelopmentScope::Anywhere
    } else {
        DevelopmentScope::Local
    })
}

/// SECURITY.md T67: what is for development alone does not leave this machine by mistake.
fn refuse_remote_development(
    raw: &Raw,
    http: &HttpConfig,
    delivery: &DeliveryConfig,
    development: DevelopmentScope,
    reader: &mut Reader,
) {
    if http.is_local() || development == DevelopmentScope::Anywhere {
        return;
    }
    let listen = http.listen;
    let advice = "or say development.allow_remote = true if everybody who reaches the server may \
                  log in as anybody";
    let for_development: Vec<&str> = delivery.development_providers().collect();
    if !for_development.is_empty() {
        let names = for_development.join(", ");
        let message = format!(
            "{names}: for development alone, but the server listens on {listen}; route messages \
             to a real provider, listen on 127.0.0.1, {advice}"
        );
        reader.refuse(&raw.delivery_routes.default, message);
    }
    if let Some(first) = raw.test_numbers.first() {
        let message = format!(
            "test numbers are for development alone, but the server listens on {listen}; remove \
             them, listen on 127.0.0.1, {advice}"
        );
        reader.refuse(&first.number, message);
    }
}

/// Telegram takes no code of more digits.
fn refuse_long_codes(
    raw: &Raw,
    challenge: &ChallengePolicy,
    delivery: &DeliveryConfig,
    reader: &mut Reader,
) {
    let most = telegram::MOST_DIGITS;
    if delivery.uses(telegram::NAME) && challenge.code_length.get() > most {
        let message = format!(
            "must be {most} at most, since a route uses `telegram`, which takes no longer codes"
        );
        reader.refuse(&raw.challenge.code_length, message);
    }
}

/// SECURITY.md T48: a secret that somebody else knows makes no other keys.
fn refuse_shared_secrets(
    raw: &Raw,
    secret: &SecretConfig,
    tokens: &TokensConfig,
    reader: &mut Reader,
) -> Read<()> {
    match (&secret.current, &tokens.hs256_secret) {
        (SecretSource::Configured(master), Some(shared)) if is_same(master, shared) => Err(reader.refuse(
            &raw.tokens.hs256_secret,
            "is the same as the master secret; whoever verifies tokens could then compute every \
             code. Make another master secret with `openssl rand -base64 48`",
        )),
        _ => Ok(()),
    }
}

fn is_same(master: &MasterSecret, other: &Secret) -> bool {
    let derived = |master: &MasterSecret| master.derived_token_secret();
    MasterSecret::new(other.clone())
        .is_ok_and(|other| derived(&other).expose() == derived(master).expose())
}

#[cfg(test)]
mod tests;
