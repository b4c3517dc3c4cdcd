//! How providers in Iran write numbers.

use phonekey_core::phone::PhoneNumber;

/// A number of Iran in its national form, such as `09121234567`; `None` for one of elsewhere.
pub(crate) fn national(number: PhoneNumber) -> Option<String> {
    let e164 = number.e164();
    e164.strip_prefix("+98").map(|rest| format!("0{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_iran_has_a_national_form() {
        let national = |e164| national(PhoneNumber::from_e164(e164).unwrap());

        assert_eq!(national("+989121234567").unwrap(), "09121234567");
        assert_eq!(national("+982188776655").unwrap(), "02188776655");
        assert_eq!(national("+905321234567"), None);
        assert_eq!(national("+9955551234"), None);
    }
}
