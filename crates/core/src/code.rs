//! One-time codes: derived from the challenge, never stored, compared in constant time.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    digits,
    id::ChallengeId,
    phone::PhoneNumber,
    random::{self, Random},
    secret::MasterSecret,
    time::Timestamp,
};

/// How many digits a code has: 4 to 10.
///
/// Each digit is 3.3 bits; NIST SP 800-63B-4 §3.1.3.2 and ASVS 5.0 §6.5.4 ask for at least six.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeLength(u8);

impl CodeLength {
    /// The fewest digits.
    pub const MIN: u8 = 4;
    /// The most digits.
    pub const MAX: u8 = 10;
    /// Five, as the Django project's clients expect.
    pub const COMPATIBLE: Self = Self(5);

    /// A length within the bounds.
    ///
    /// # Errors
    /// [`CodeLengthError`] outside 4 to 10.
    pub fn new(digits: u8) -> Result<Self, CodeLengthError> {
        match digits {
            Self::MIN..=Self::MAX => Ok(Self(digits)),
            _ => Err(CodeLengthError(digits)),
        }
    }

    /// The number of digits.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A number of digits that no code may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code has 4 to 10 digits, not {0}")]
pub struct CodeLengthError(pub u8);

/// A one-time code. Never shows itself; wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code {
    digits: [u8; CodeLength::MAX as usize],
    length: u8,
}

impl Code {
    /// Reads what a person typed: digits of any script, spaces around them.
    ///
    /// `None` for anything that no code can be; such an answer is wrong without being compared.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let folded = digits::fold(text.trim());
        let length = u8::try_from(folded.len()).ok()?;
        let within_bounds = (CodeLength::MIN..=CodeLength::MAX).contains(&length);
        if !within_bounds || !folded.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = [0; CodeLength::MAX as usize];
        digits[..folded.len()].copy_from_slice(folded.as_bytes());
        Some(Self { digits, length })
    }

    /// A code that answers no challenge: for a message that is a test.
    pub fn draw(random: &dyn Random, length: CodeLength) -> Self {
        loop {
            let draw = u64::from_be_bytes(random::bytes(random));
            if let Some(code) = Self::from_draw(draw, length) {
                return code;
            }
        }
    }

    /// The code of a number drawn among all of 64 bits; `None` for one from their incomplete last
    /// stretch, so that every code is exactly as likely.
    fn from_draw(draw: u64, length: CodeLength) -> Option<Self> {
        let modulus = 10_u64.pow(u32::from(length.get()));
        let fair_end = u64::MAX - u64::MAX % modulus;
        (draw < fair_end).then(|| Self::from_number(draw % modulus, length))
    }

    fn from_number(number: u64, length: CodeLength) -> Self {
        let mut digits = [0; CodeLength::MAX as usize];
        let mut rest = number;
        for digit in digits[..usize::from(length.get())].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        Self {
            digits,
            length: length.get(),
        }
    }

    /// The digits, for the message that carries them.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or_default()
    }

    /// How many digits it has.
    #[must_use]
    pub const fn length(&self) -> CodeLength {
        CodeLength(self.length)
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let same_length = self.length.ct_eq(&other.length);
        (same_length & self.digits.ct_eq(&other.digits)).into()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Names the master secret under which a challenge's code was derived.
///
/// It is a fingerprint of that secret, so that nodes agree on it without numbering their secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyVersion(pub i64);

/// A number of the operator's that always gets the same code and never a message.
#[derive(Clone, Debug)]
pub struct TestNumber {
    /// The number.
    pub phone: PhoneNumber,
    /// Its code.
    pub code: Code,
    /// From then on it is a number like any other.
    pub until: Timestamp,
}

/// Knows the code of every challenge without keeping any.
pub struct CodeBook {
    current: CodeKey,
    previous: Vec<CodeKey>,
    test_numbers: Vec<TestNumber>,
}

impl CodeBook {
    /// Codes derived from `current`; those of challenges from before a change of the secret from
    /// `previous`.
    #[must_use]
    pub fn new(
        current: &MasterSecret,
        previous: &[MasterSecret],
        test_numbers: Vec<TestNumber>,
    ) -> Self {
        Self {
            current: CodeKey::derive(current),
            previous: previous.iter().map(CodeKey::derive).collect(),
            test_numbers,
        }
    }

    /// The version that new challenges name.
    #[must_use]
    pub fn current_version(&self) -> KeyVersion {
        self.current.version
    }

    /// The longest code of a test number, if there is one.
    #[must_use]
    pub fn longest_test_code(&self) -> Option<CodeLength> {
        self.test_numbers
            .iter()
            .map(|number| number.code.length())
            .max()
    }

    /// The entry of a test number, while it is one.
    #[must_use]
    pub fn test_number(&self, phone: PhoneNumber, now: Timestamp) -> Option<&TestNumber> {
        self.test_numbers
            .iter()
            .find(|number| number.phone == phone && now < number.until)
    }

    /// The code of a challenge; `None` when its key version is gone.
    ///
    /// A test number's is its fixed code if the challenge was opened (`created_at`) while it was a
    /// test number.
    #[must_use]
    pub fn code(&self, subject: &CodeSubject) -> Option<Code> {
        if let Some(number) = self.test_number(subject.phone, subject.created_at) {
            return Some(number.code.clone());
        }
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.version == subject.key_version)
            .map(|key| key.code(subject))
    }
}

impl fmt::Debug for CodeBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeBook(…)")
    }
}

/// All that a code depends on besides the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeSubject {
    /// The challenge it answers.
    pub challenge: ChallengeId,
    /// The number it is sent to.
    pub phone: PhoneNumber,
    /// The secret it is derived from.
    pub key_version: KeyVersion,
    /// Its number of digits.
    pub length: CodeLength,
    /// When the challenge was opened.
    pub created_at: Timestamp,
}

struct CodeKey {
    version: KeyVersion,
    mac: Hmac<Sha256>,
}

impl CodeKey {
    fn derive(secret: &MasterSecret) -> Self {
        let fingerprint = secret.derive("phonekey/key-version/v1");
        let mut version = [0; 8];
        version.copy_from_slice(&fingerprint[..8]);
        let mac = keyed(&*secret.derive("phonekey/code/v1"));
        Self {
            version: KeyVersion(i64::from_le_bytes(version)),
            mac,
        }
    }

    /// `digits(HMAC-SHA-256(key, "phonekey/code/v1" ‖ challenge ‖ e164), n)`.
    ///
    /// Each eight bytes of the output are one draw; a draw from the incomplete last stretch of
    /// 2^64 is rejected, so every code is exactly as likely. A round that rejects all four draws
    /// (at most once in 10^37 codes) is followed by one whose number is hashed as well.
    fn code(&self, subject: &CodeSubject) -> Code {
        let mut round = 0_u8;
        loop {
            let mut mac = self.mac.clone();
            mac.update(b"phonekey/code/v1");
            mac.update(subject.challenge.as_uuid().as_bytes());
            mac.update(subject.phone.e164().as_bytes());
            if round > 0 {
                mac.update(&[round]);
            }
            let output = mac.finalize().into_bytes();
            for chunk in output.chunks_exact(8) {
                let mut draw = [0; 8];
                draw.copy_from_slice(chunk);
                let code = Code::from_draw(u64::from_be_bytes(draw), subject.length);
                if let Some(code) = code {
                    return code;
                }
            }
            round = round.wrapping_add(1);
        }
    }
}

/// HMAC-SHA-256 under `key`.
#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
pub(crate) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests;
