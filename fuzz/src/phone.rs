//! Numbers as people type them.

use phonekey_core::phone::{PhoneNumber, PhonePolicy, Region, ServedRegions};

use crate::text;

/// A number is the same by its E.164 form and by its key, and is hidden where it is masked.
pub fn holds(input: &[u8]) {
    let policy = PhonePolicy {
        served: ServedRegions::All,
        ..PhonePolicy::only(Region::IRAN)
    };
    if let Ok(number) = PhoneNumber::parse(text(input), &policy) {
        assert_eq!(PhoneNumber::parse(&number.e164(), &policy), Ok(number));
        assert_eq!(PhoneNumber::from_key(number.to_key()), Some(number));
        assert!(!number.masked().contains(&number.e164()[3..]));
    }
}
