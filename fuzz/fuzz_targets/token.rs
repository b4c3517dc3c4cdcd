//! Refresh and access tokens: whatever comes, and whatever is signed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phonekey_core::{
    keys::{KeyRing, SigningKey},
    secret::{MasterSecret, Secret},
    time::Timestamp,
    token::{self, RefreshToken},
};

static KEYS: LazyLock<KeyRing> = LazyLock::new(|| {
    let secret = Secret::new("Zt3vQm8rXw1pLk6yNc9bHd2sGj5fTa0uVe7iRo4x");
    let master = MasterSecret::new(secret.clone()).expect("a strong secret");
    KeyRing::new(SigningKey::hs256(&secret), &secret, &master)
});

fuzz_target!(|text: &str| {
    let now = Timestamp::from_seconds(1_800_000_000);
    assert!(RefreshToken::read(text, &KEYS, now).is_err());
    assert!(token::read_access(text, &KEYS, now).is_err());
    token::fuzz_claims(text.as_bytes(), now);
});
