//! A number to show what one looks like.

use phonekey_core::phone::{PhoneNumber, PhonePolicy};

/// A number that this server serves, if one of ours is among them.
pub(super) fn number(phone: &PhonePolicy) -> &'static str {
    NUMBERS
        .into_iter()
        .find(|number| PhoneNumber::parse(number, phone).is_ok())
        .unwrap_or(NUMBERS[0])
}

/// The examples of libphonenumber's metadata; Iran's in the form that its people write.
const NUMBERS: [&str; 9] = [
    "09123456789",
    "+12015550123",
    "+447400123456",
    "+905012345678",
    "+971501234567",
    "+93701234567",
    "+9647912345678",
    "+4915123456789",
    "+33612345678",
];
