//! Phone numbers: parsed once at the edge, E.164 inside, masked wherever they could be read.

use std::{fmt, str::FromStr};

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits;

/// A number in E.164 form (ITU-T E.164: at most 15 digits, country code first).
///
/// Kept as the integer of those digits: no country code begins with 0, so nothing is lost, and a
/// database compares eight bytes. `Debug` and [`masked`](Self::masked) hide most of it;
/// [`e164`](Self::e164) is for providers and for the owner's own pages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(u64);

impl PhoneNumber {
    /// Reads what a person typed, in any script and spelling.
    ///
    /// # Errors
    /// [`PhoneError`]: not a number at all, of a region that is not served, or of a type that gets
    /// no SMS.
    pub fn parse(text: &str, policy: &PhonePolicy) -> Result<Self, PhoneError> {
        let spelling = Spelling::read(text).ok_or(PhoneError::Invalid)?;
        if let Some(number) = policy.iranian_mobile(&spelling) {
            return policy.admit_region(number, Region::IRAN);
        }
        let default_region = Some(policy.default_region.0);
        let parsed = PHONE_NUMBER_UTIL
            .parse(spelling.as_str(), default_region)
            .map_err(|_| PhoneError::Invalid)?;
        if !parsed.is_valid() || parsed.extension.is_some() {
            return Err(PhoneError::Invalid);
        }
        let region = parsed
            .get_region_code()
            .map(Region)
            .ok_or(PhoneError::Invalid)?;
        let kind = NumberKind::of(parsed.get_type());
        let number = Self::from_e164(&parsed.format_as(PhoneNumberFormat::E164))
            .ok_or(PhoneError::Invalid)?;
        policy.admit_region(number, region)?;
        policy.admit_kind(number, kind)
    }

    /// The number that these E.164 digits are, such as `+989121234567`; checks their form alone.
    #[must_use]
    pub fn from_e164(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits || digits.starts_with('0') || !(7..=15).contains(&digits.len()) {
            return None;
        }
        digits.parse().ok().map(Self)
    }

    /// The number as a database keeps it: its digits as one integer.
    #[must_use]
    pub fn to_key(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// The number that a database kept; `None` for what [`to_key`](Self::to_key) never gives.
    #[must_use]
    pub fn from_key(key: i64) -> Option<Self> {
        Self::from_e164(&format!("+{key}"))
    }

    /// The whole number, such as `+989121234567`: for providers and the owner's pages, never for
    /// logs.
    #[must_use]
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// The region it belongs to, as far as the metadata tells.
    #[must_use]
    pub fn region(self) -> Option<Region> {
        // New Iranian prefixes appear before the metadata knows them.
        if IRANIAN_MOBILES.begins(self) {
            return Some(Region::IRAN);
        }
        let parsed = PHONE_NUMBER_UTIL.parse(self.e164(), None).ok()?;
        parsed.get_region_code().map(Region)
    }

    /// The number for logs and lists, such as `+98*****4567`.
    #[must_use]
    pub fn masked(self) -> String {
        let digits = self.0.to_string();
        let tail = &digits[digits.len() - 4..];
        format!("+{}*****{tail}", &digits[..2])
    }
}

const IRANIAN_MOBILES: Prefix = Prefix {
    first: 989,
    digits: 3,
};

/// The first digits of numbers in E.164 form, such as +98912 or +1: 1 to 14 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    first: u64,
    digits: u32,
}

impl Prefix {
    /// Reads digits with or without `+`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits || digits.starts_with('0') || !(1..=14).contains(&digits.len()) {
            return None;
        }
        Some(Self {
            first: digits.parse().ok()?,
            digits: u32::try_from(digits.len()).ok()?,
        })
    }

    /// How many digits it has.
    #[must_use]
    pub const fn digits(self) -> u32 {
        self.digits
    }

    /// Whether a number begins with it.
    #[must_use]
    pub const fn begins(self, phone: PhoneNumber) -> bool {
        let length = phone.0.ilog10() + 1;
        length >= self.digits && phone.0 / 10_u64.pow(length - self.digits) == self.first
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.first)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Why a text is no number that we can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PhoneError {
    /// Not a phone number, in any spelling.
    #[error("not a phone number")]
    Invalid,
    /// A number of a region that this server does not serve.
    #[error("numbers of region {0} are not served")]
    RegionNotServed(Region),
    /// A number of a type that gets no SMS, or that is refused by configuration.
    #[error("a {0} number cannot receive the code")]
    KindRefused(NumberKind),
}

/// A region by its two-letter code (ISO 3166-1 alpha-2), as libphonenumber knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region(rlibphonenumber::Region);

impl Region {
    /// Iran, whose mobile numbers have a rule of their own.
    pub const IRAN: Self = Self(rlibphonenumber::Region::IR);
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        rlibphonenumber::Region::from_code(code)
            .ok()
            .filter(|region| {
                PHONE_NUMBER_UTIL
                    .get_supported_regions()
                    .any(|known| known == *region)
            })
            .map(Self)
            .ok_or_else(|| UnknownRegion(code.to_owned()))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_region_str().as_str())
    }
}

/// A text that names no region with phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no region; use a two-letter code such as IR, TR or US")]
pub struct UnknownRegion(pub String);

/// What a number is for, as libphonenumber's metadata tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// A landline.
    FixedLine,
    /// A landline or a mobile: the region's numbers do not tell (the USA's, for one).
    FixedLineOrMobile,
    /// A mobile.
    Mobile,
    /// A pager.
    Pager,
    /// A personal number that follows its owner.
    Personal,
    /// A number that costs its caller extra.
    PremiumRate,
    /// A number whose cost caller and callee share.
    SharedCost,
    /// A number that is free for its caller.
    TollFree,
    /// A company's universal access number.
    UniversalAccess,
    /// A number over the Internet.
    Voip,
    /// A mailbox, or of a type that the metadata does not name.
    Other,
}

impl NumberKind {
    fn of(kind: PhoneNumberType) -> Self {
        match kind {
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::FixedLineOrMobile => Self::FixedLineOrMobile,
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::PersonalNumber => Self::Personal,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::UAN => Self::UniversalAccess,
            PhoneNumberType::VoIP => Self::Voip,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FixedLine => "fixed-line",
            Self::FixedLineOrMobile => "fixed-line or mobile",
            Self::Mobile => "mobile",
            Self::Pager => "pager",
            Self::Personal => "personal",
            Self::PremiumRate => "premium-rate",
            Self::SharedCost => "shared-cost",
            Self::TollFree => "toll-free",
            Self::UniversalAccess => "universal-access",
            Self::Voip => "VoIP",
            Self::Other => "special",
        })
    }
}

/// Which numbers are served.
#[derive(Clone, Debug)]
pub struct PhonePolicy {
    /// The region of numbers in national form.
    pub default_region: Region,
    /// The regions served; numbers of others are refused.
    pub served: ServedRegions,
    /// The types of number that are sent codes.
    pub kinds: Vec<NumberKind>,
}

/// The regions whose numbers are sent codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServedRegions {
    /// Every region: an invitation to SMS pumping where messages cost money.
    All,
    /// These regions.
    Only(Vec<Region>),
}

impl ServedRegions {
    fn contains(&self, region: Region) -> bool {
        match self {
            Self::All => true,
            Self::Only(regions) => regions.contains(&region),
        }
    }
}

/// The types that get SMS everywhere.
pub const DEFAULT_KINDS: [NumberKind; 2] = [NumberKind::Mobile, NumberKind::FixedLineOrMobile];

impl PhonePolicy {
    /// Serves mobile numbers of `region` alone, as the Django project does for Iran.
    #[must_use]
    pub fn only(region: Region) -> Self {
        Self {
            default_region: region,
            served: ServedRegions::Only(vec![region]),
            kinds: DEFAULT_KINDS.to_vec(),
        }
    }

    /// An Iranian mobile number by its form alone: new operator prefixes are in use before the
    /// metadata knows them (WIRE.md, “Numbers”).
    fn iranian_mobile(&self, spelling: &Spelling) -> Option<PhoneNumber> {
        let text = spelling.as_str();
        let international = text.strip_prefix("+98");
        let subscriber = match (international, self.default_region == Region::IRAN) {
            (Some(rest), _) => rest.strip_prefix('0').unwrap_or(rest),
            (None, true) => {
                let national = text.strip_prefix('0');
                national.or_else(|| text.strip_prefix("98")).unwrap_or(text)
            }
            (None, false) => return None,
        };
        let mobile = subscriber.len() == 10 && subscriber.starts_with('9');
        mobile
            .then(|| PhoneNumber::from_e164(&format!("+98{subscriber}")))
            .flatten()
    }

    fn admit_region(&self, number: PhoneNumber, region: Region) -> Result<PhoneNumber, PhoneError> {
        if self.served.contains(region) {
            Ok(number)
        } else {
            Err(PhoneError::RegionNotServed(region))
        }
    }

    fn admit_kind(&self, number: PhoneNumber, kind: NumberKind) -> Result<PhoneNumber, PhoneError> {
        if self.kinds.contains(&kind) {
            Ok(number)
        } else {
            Err(PhoneError::KindRefused(kind))
        }
    }
}

/// A number with its spelling taken off: an optional `+`, then ASCII digits and nothing else.
///
/// Letters, extensions and a second number are no part of a spelling, so a text that has them is
/// refused before the metadata sees it; so is one that is too long to be any number.
struct Spelling(String);

impl Spelling {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LONGEST_SPELLING_BYTES {
            return None;
        }
        let mut plain = String::with_capacity(text.len());
        for character in digits::fold(text).chars() {
            match character {
                '0'..='9' => plain.push(character),
                '+' | '\u{FF0B}' if plain.is_empty() => plain.push('+'),
                _ if is_separator(character) => {}
                _ => return None,
            }
        }
        if let Some(rest) = plain.strip_prefix("00") {
            plain = format!("+{rest}");
        }
        Some(Self(plain))
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// Room for 15 digits of four bytes each and as many separators.
const LONGEST_SPELLING_BYTES: usize = 96;

fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\u{A0}' | '\u{2007}' | '\u{202F}' | '\u{3000}' // spaces
        | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}' // dashes
        | '(' | ')' | '[' | ']' | '\u{FF08}' | '\u{FF09}' | '.' | '/' // brackets, dots, slashes
        | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' // marks without a glyph
        | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests;
