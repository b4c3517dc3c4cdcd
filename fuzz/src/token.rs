//! Refresh and access tokens: whatever comes, and whatever is signed.

use std::sync::LazyLock;

use phonekey_core::{
    keys::{KeyRing, RefreshKeys, SigningKey},
    secret::{MasterSecret, Secret},
    time::Timestamp,
    token::{self, RefreshToken},
};

use crate::text;

/// Nobody guesses a token, and claims that were signed break nothing.
pub fn holds(input: &[u8]) {
    let now = Timestamp::from_seconds(1_800_000_000);
    assert!(RefreshToken::read(text(input), &KEYS, now).is_err());
    assert!(token::read_access(text(input), &KEYS, now).is_err());
    token::fuzz_claims(input, now);
}

static KEYS: LazyLock<KeyRing> = LazyLock::new(|| {
    let secret = Secret::new("Zt3vQm8rXw1pLk6yNc9bHd2sGj5fTa0uVe7iRo4x");
    let master = MasterSecret::new(secret.clone()).expect("a strong secret");
    let refresh = RefreshKeys::new(&secret, &master);
    KeyRing::new(SigningKey::hs256(&secret), refresh, Vec::new())
});
