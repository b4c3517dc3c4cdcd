//! Numbers and codes as people type them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonekey_core::{
    code::Code,
    phone::{PhoneNumber, PhonePolicy, Region, ServedRegions},
};

fuzz_target!(|text: &str| {
    let policy = PhonePolicy { served: ServedRegions::All, ..PhonePolicy::only(Region::IRAN) };
    if let Ok(number) = PhoneNumber::parse(text, &policy) {
        assert_eq!(PhoneNumber::parse(&number.e164(), &policy), Ok(number));
        assert_eq!(PhoneNumber::from_key(number.to_key()), Some(number));
        assert!(!number.masked().contains(&number.e164()[3..]));
    }
    if let Some(code) = Code::parse(text) {
        assert!(Code::parse(code.expose()).is_some_and(|again| again.matches(&code)));
    }
});
