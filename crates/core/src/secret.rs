//! The master secret, and the keys that are derived from it.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// The fewest bytes a master secret or an HS256 key of ours may have (RFC 7518 §3.2: a key of at
/// least the size of the hash).
pub const MIN_SECRET_BYTES: usize = 32;

/// Something that must never be shown: `Debug` hides it, and its memory is wiped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over `bytes` as a secret.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the moment in which they are used.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A 256-bit key for one purpose, derived from the master secret.
pub(crate) type DerivedKey = Zeroizing<[u8; 32]>;

/// The secret from which all internal keys are derived (HKDF-SHA-256, RFC 5869).
#[derive(Clone, Debug)]
pub struct MasterSecret(Secret);

impl MasterSecret {
    /// Accepts a secret that is long enough and does not look like a placeholder.
    ///
    /// # Errors
    /// [`WeakSecret`], which names the shortcoming and never the value.
    pub fn new(secret: Secret) -> Result<Self, WeakSecret> {
        require_strength(&secret)?;
        Ok(Self(secret))
    }

    /// The key for one purpose; `purpose` carries its own version, such as `phonekey/code/v1`.
    pub(crate) fn derive(&self, purpose: &str) -> DerivedKey {
        let mut key = Zeroizing::new([0; 32]);
        let filled =
            Hkdf::<Sha256>::new(None, self.0.expose()).expand(purpose.as_bytes(), &mut *key);
        debug_assert!(
            filled.is_ok(),
            "32 bytes are fewer than HKDF-SHA-256 can give (8160)"
        );
        key
    }

    /// The HS256 key for deployments that were given none: derived, so every node has the same.
    #[must_use]
    pub fn derived_token_secret(&self) -> Secret {
        Secret::new(self.derive("phonekey/hs256/v1").to_vec())
    }

    /// What only we and one provider know: the secret part of the path that its reports come to.
    #[must_use]
    pub fn report_token(&self, provider: &str) -> [u8; 16] {
        let key = self.derive(&format!("phonekey/reports/v1/{provider}"));
        let mut token = [0; 16];
        token.copy_from_slice(&key[..16]);
        token
    }

    /// The key that signs what only we verify: the `jti` of refresh tokens.
    pub(crate) fn refresh_key(&self) -> DerivedKey {
        self.derive("phonekey/refresh/v1")
    }
}

/// Why a secret is not good enough to start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeakSecret {
    /// Fewer than [`MIN_SECRET_BYTES`] bytes.
    #[error(
        "it has {0} bytes; at least {MIN_SECRET_BYTES} are needed (try: openssl rand -base64 48)"
    )]
    TooShort(usize),
    /// Long enough, but of so few different bytes that it was hardly drawn at random.
    #[error("it repeats itself too much to be random (try: openssl rand -base64 48)")]
    LowEntropy,
    /// A value that stands in examples.
    #[error("it looks like the placeholder of an example (try: openssl rand -base64 48)")]
    Placeholder,
}

/// Checks a secret against the rules of SECURITY.md T48: 32 bytes, 3.5 bits of entropy a byte (as
/// far as its own byte frequencies tell), no placeholder.
///
/// # Errors
/// [`WeakSecret`] with the first rule it breaks.
pub fn require_strength(secret: &Secret) -> Result<(), WeakSecret> {
    let bytes = secret.expose();
    if bytes.len() < MIN_SECRET_BYTES {
        return Err(WeakSecret::TooShort(bytes.len()));
    }
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    if PLACEHOLDERS
        .iter()
        .any(|placeholder| text.contains(placeholder))
    {
        return Err(WeakSecret::Placeholder);
    }
    if entropy_bits_per_byte(bytes) < 3.5 {
        return Err(WeakSecret::LowEntropy);
    }
    Ok(())
}

const PLACEHOLDERS: [&str; 6] = [
    "changeme",
    "change-me",
    "change_me",
    "your-secret",
    "your_secret",
    "placeholder",
];

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of bytes in a secret are small"
)]
fn entropy_bits_per_byte(bytes: &[u8]) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| *count as f64 / total)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_named_by_their_weakness() {
        let verdict = |text: &str| require_strength(&Secret::new(text));

        assert_eq!(verdict("short"), Err(WeakSecret::TooShort(5)));
        assert_eq!(verdict(&"ab".repeat(40)), Err(WeakSecret::LowEntropy));
        assert_eq!(
            verdict("please-changeme-0123456789-qwertyuiop"),
            Err(WeakSecret::Placeholder)
        );
        assert_eq!(verdict("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue"), Ok(()));
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }

    #[test]
    fn each_purpose_has_its_own_key() {
        let master = MasterSecret::new(Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")).unwrap();

        assert_ne!(*master.derive("a"), *master.derive("b"));
        assert_eq!(*master.derive("a"), *master.derive("a"));
    }
}
