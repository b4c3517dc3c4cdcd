//! `phonekey init`: a sound configuration for production, with its keys.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use phonekey_core::random::{self, Random, SystemRandom};

use super::failure::Failure;
use crate::{
    config::{
        private_file::{self, Creation},
        secret,
    },
    output::Output,
};

/// What to write where.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder, made if need be
    #[arg(long, default_value = ".", value_name = "PATH")]
    dir: PathBuf,
    /// Write phonekey.toml anew; keys that are there stay, since tokens and codes hang on them
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output<'_>) -> Result<(), Failure> {
    let random = SystemRandom;
    let folder = make_folder(&arguments.dir)?;
    let file = folder.join("phonekey.toml");
    if file.exists() && !arguments.force {
        return Err(Failure::with_hint(
            anyhow::anyhow!("{} is there already", file.display()),
            "--force writes it anew; keys that are there stay",
        ));
    }
    let keys = [
        (
            folder.join("secret"),
            format!("{}\n", secret::generate(&random)),
        ),
        (folder.join("token-key.pem"), ed25519_pem(&random)),
    ];
    for (path, content) in &keys {
        let creation = private_file::create(path, content.as_bytes(), &random)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        let verb = match creation {
            Creation::Created => "made",
            Creation::Existed => "kept",
        };
        output.line(format_args!("{verb} {}", path.display()))?;
    }
    private_file::replace(&file, configuration(&folder).as_bytes(), &random)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    output.line(format_args!("made {}", file.display()))?;
    output.line(NEXT_STEPS)?;
    Ok(())
}

const NEXT_STEPS: &str = "
Next: give these files to the user that runs phonekey, and back them up where nobody else reads.
Then name them by --config or PHONEKEY_CONFIG, look with `phonekey doctor`, and start with
`phonekey serve`.";

fn make_folder(folder: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(folder)
        .and_then(|()| fs::canonicalize(folder))
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
        .map_err(Failure::from)
}

/// The configuration: what differs from the defaults, which are those of the Django project's
/// clients, and why (SECURITY.md §2.3, profile `standard`).
fn configuration(folder: &Path) -> String {
    let path = |name: &str| quoted(&folder.join(name).display().to_string());
    let database = quoted(&format!("sqlite:{}", folder.join("phonekey.db").display()));
    format!(
        "\
# phonekey's configuration, made by `phonekey init` for production. It says what differs from the
# defaults; `phonekey config example` prints every setting.

# All internal keys are derived from this file: keep it private, and back it up.
secret_file = {secret}

[http]
# Behind a proxy that speaks HTTPS and limits requests by address.
listen = \"127.0.0.1:8000\"

[database]
url = {database}

[challenge]
# NIST SP 800-63B and ASVS ask for at least 6 digits.
code_length = 6
lifetime = \"5m\"

[tokens]
# Others verify access tokens by the public key alone.
algorithm = \"EdDSA\"
private_key_file = {key}
access_lifetime = \"15m\"

[delivery.routes]
# The developer's page /dev/inbox. Choose a provider that reaches people before you let them in.
default = [\"inbox\"]
",
        secret = path("secret"),
        key = path("token-key.pem"),
    )
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A new Ed25519 private key in PEM.
///
/// The key is 32 random bytes (RFC 8032 §5.1.5) and PKCS #8 puts a fixed head before them (RFC
/// 8410 §7), so no library is needed to make one. The first version of PKCS #8 is the one from
/// which a public key can be exported (`DEPENDENCIES.md`, traps).
#[must_use]
pub fn ed25519_pem(random: &dyn Random) -> String {
    let mut document = ED25519_HEAD.to_vec();
    document.extend(random::bytes::<32>(random));
    let body = STANDARD.encode(document);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

/// DER of `PrivateKeyInfo`: version 0, algorithm id-Ed25519, and the head of an octet string that
/// holds an octet string of 32 bytes.
const ED25519_HEAD: [u8; 16] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
