//! Every number that a rule uses, with its unit, bounds and source.
//!
//! The defaults are those of the profile `compat` (SECURITY.md §2.3): what an app of the Django
//! project expects, and no weaker than it must be for that.

use std::time::Duration;

use crate::{
    challenge::messages::MessagePolicy,
    code::CodeLength,
    delivery::message::AppHash,
    phone::{PhonePolicy, Region},
    rate::{CoolDown, Rate, Rates},
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// All rules' numbers.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which numbers are served.
    pub phone: PhonePolicy,
    /// One challenge.
    pub challenge: ChallengePolicy,
    /// The messages of one challenge.
    pub messages: MessagePolicy,
    /// The Android apps that may read codes out of messages. No other's hash gets into one
    /// (SECURITY.md T24).
    pub app_hashes: Vec<AppHash>,
    /// One number, over all its challenges.
    pub number: NumberPolicy,
    /// Sessions and their refresh tokens.
    pub session: SessionPolicy,
    /// Access tokens.
    pub token: TokenPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            phone: PhonePolicy::only(Region::IRAN),
            challenge: ChallengePolicy::default(),
            messages: MessagePolicy::default(),
            app_hashes: Vec::new(),
            number: NumberPolicy::default(),
            session: SessionPolicy::default(),
            token: TokenPolicy::default(),
        }
    }
}

/// The rules of one challenge. They hold whether or not limits are switched on.
#[derive(Clone, Copy, Debug)]
pub struct ChallengePolicy {
    /// Digits of a code: 4 to 10, default 5 (the Django project's).
    pub code_length: CodeLength,
    /// How long a code is accepted: 30 s to 10 min (NIST SP 800-63B-4 §3.1.3.2: at most ten
    /// minutes), default 120 s (the Django project's).
    pub lifetime: Duration,
    /// Wrong answers that end a challenge: 1 to 10, default 3 (SECURITY.md T01).
    pub wrong_answers: u8,
}

impl Default for ChallengePolicy {
    fn default() -> Self {
        Self {
            code_length: CodeLength::COMPATIBLE,
            lifetime: 2 * MINUTE,
            wrong_answers: 3,
        }
    }
}

/// What one number may do, over all its challenges (SECURITY.md §2.2 D, §2.3, T02, T03, T15).
#[derive(Clone, Debug)]
pub struct NumberPolicy {
    /// Whether the limits below refuse anything; they are counted in any case.
    pub enforcement: Enforcement,
    /// Waits between two codes; they start over after a login or a day without a code. Default
    /// 30 s, 60 s, 120 s, 300 s, 600 s.
    pub cool_down: CoolDown,
    /// Codes sent. Default 3 in 10 min, 5 in 1 h, 10 in 24 h.
    pub sends: Rates,
    /// Wrong answers, which a new code never resets. Default 10 in 24 h, 30 in 30 days.
    pub wrong_answers: Rates,
    /// Challenges open at once: 1 to 20, default 3.
    pub live_challenges: u8,
}

impl Default for NumberPolicy {
    fn default() -> Self {
        Self {
            enforcement: Enforcement::On,
            cool_down: CoolDown::new([30, 60, 120, 300, 600].map(Duration::from_secs)),
            sends: Rates::new([
                Rate {
                    count: 3,
                    window: 10 * MINUTE,
                },
                Rate {
                    count: 5,
                    window: HOUR,
                },
                Rate {
                    count: 10,
                    window: DAY,
                },
            ]),
            wrong_answers: Rates::new([
                Rate {
                    count: 10,
                    window: DAY,
                },
                Rate {
                    count: 30,
                    window: 30 * DAY,
                },
            ]),
            live_challenges: 3,
        }
    }
}

/// Whether limits refuse anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// They refuse.
    On,
    /// They only count.
    Off,
}

/// After this long without a code the cool-down starts over (SECURITY.md §2.3: 24 h).
pub const COOL_DOWN_MEMORY: Duration = DAY;

/// The rules of sessions.
#[derive(Clone, Copy, Debug)]
pub struct SessionPolicy {
    /// How long a refresh token is good for: default 7 days (the Django project's).
    pub refresh_lifetime: Duration,
    /// The longest a session lives however often it is refreshed: default 30 days (NIST SP
    /// 800-63B-4 §2.1.3, AAL1); `None` for no end, as in the Django project.
    pub absolute_lifetime: Option<Duration>,
    /// How long a replaced refresh token is answered with the same successor: 0 to 60 s, default
    /// 10 s (SECURITY.md T32, T33).
    pub refresh_grace: Duration,
    /// What becomes of refresh tokens that the Django server minted with the same key.
    pub foreign_tokens: ForeignTokens,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            refresh_lifetime: 7 * DAY,
            absolute_lifetime: Some(30 * DAY),
            refresh_grace: Duration::from_secs(10),
            foreign_tokens: ForeignTokens::Refuse,
        }
    }
}

/// What becomes of a refresh token that carries our signature but none of our sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignTokens {
    /// It opens a session, once.
    Adopt,
    /// It is refused: nobody else has the key, so nobody else can have minted it.
    Refuse,
}

/// The rules of access tokens.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    /// How long an access token is good for: default 30 min (the Django project's).
    pub access_lifetime: Duration,
    /// The claim `iss`.
    pub issuer: String,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            access_lifetime: 30 * MINUTE,
            issuer: "phonekey".to_owned(),
        }
    }
}

/// How far in the future `iat` and `nbf` may lie, for servers whose clocks differ: 10 s (FAPI 2.0
/// Security Profile §5.3.2.1).
pub const CLOCK_SKEW: Duration = Duration::from_secs(10);
