//! A delivery's name for providers that are told one.

use phonekey_core::delivery::DeliveryId;

/// At most 40 letters, digits and hyphens: some providers put it into a URL as it stands, where the
/// sign `#` of the name in our logs would cut off what follows.
pub(crate) fn of(delivery: DeliveryId) -> String {
    format!("{}-{}", delivery.challenge, delivery.attempt)
}

#[cfg(test)]
mod tests {
    use phonekey_core::testing::values;

    use super::*;

    #[test]
    fn it_is_short_and_needs_no_escape() {
        let reference = of(DeliveryId {
            challenge: values::challenge().id,
            attempt: u8::MAX,
        });

        assert!(reference.ends_with("-255"), "{reference}");
        assert!(reference.len() <= 40, "{reference}");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        assert!(reference.bytes().all(is_plain), "{reference}");
    }
}
