//! The name of a message, which servers write in one way when they take it and in another when they
//! report it.

use phonekey_core::delivery::outcome::MessageId;

/// How a message's name in a receipt follows from that in the answer to it.
///
/// Which one a server follows must be known. To try them all would be wrong: a name of digits alone
/// is sound in each, and could be that of another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptId {
    /// It is the same.
    Same,
    /// It is the same number, with or without zeros before it.
    Number,
    /// The answer has it in hexadecimal digits, the receipt in decimal ones.
    HexToDecimal,
    /// The answer has it in decimal digits, the receipt in hexadecimal ones.
    DecimalToHex,
}

impl ReceiptId {
    /// The name of a message as it is kept, from the answer to it; `None` for none.
    pub(super) fn of_answer(self, text: &[u8]) -> Option<MessageId> {
        let text = legible(text)?;
        named(match self {
            Self::Same => text.to_owned(),
            Self::Number => without_zeros(text, u8::is_ascii_digit),
            Self::HexToDecimal => number(text, 16).map_or(text.to_owned(), |it| it.to_string()),
            Self::DecimalToHex => number(text, 10).map_or(text.to_owned(), |it| format!("{it:x}")),
        })
    }

    /// The name of a message as it is kept, from a receipt about it; `None` for none.
    pub(super) fn of_receipt(self, text: &[u8]) -> Option<MessageId> {
        let text = legible(text)?;
        named(match self {
            Self::Same => text.to_owned(),
            Self::Number | Self::HexToDecimal => without_zeros(text, u8::is_ascii_digit),
            Self::DecimalToHex => without_zeros(text, u8::is_ascii_hexdigit).to_ascii_lowercase(),
        })
    }
}

/// Without what some servers put around it.
fn legible(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    Some(text.trim_matches(|it: char| it == '\0' || it.is_ascii_whitespace()))
}

fn named(text: String) -> Option<MessageId> {
    MessageId::new(text)
}

/// A number without the zeros before it; what is no number, and one that is larger than any, stays
/// as it is.
fn number(text: &str, radix: u32) -> Option<u128> {
    // The standard library would take a sign as well.
    let is_digit = |it: char| it.is_digit(radix);
    let all_digits = text.chars().all(is_digit);
    all_digits
        .then(|| u128::from_str_radix(text, radix).ok())
        .flatten()
}

fn without_zeros(text: &str, is_digit: impl Fn(&u8) -> bool) -> String {
    let digits = text.trim_start_matches('0');
    if !text.bytes().all(|it| is_digit(&it)) || text.is_empty() {
        return text.to_owned();
    }
    if digits.is_empty() { "0" } else { digits }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(how: ReceiptId, answer: &str, receipt: &str) -> bool {
        let kept = how.of_answer(answer.as_bytes()).unwrap();
        how.of_receipt(receipt.as_bytes()) == Some(kept)
    }

    #[test]
    fn an_answer_and_its_receipt_meet_as_the_server_writes_them() {
        use ReceiptId::{DecimalToHex, HexToDecimal, Number, Same};
        for (how, answer, receipt, do_meet) in [
            (Same, "Ab-7", "Ab-7", true),
            (Same, "Ab-7", "ab-7", false),
            (Same, "007", "7", false),
            (Same, "1A", "26", false),
            (Number, "007", "7", true),
            (Number, "7", "0000000007", true),
            (Number, "0", "000", true),
            (Number, "00a", "a", false),
            (HexToDecimal, "1A", "26", true),
            (HexToDecimal, "0000001a", "0026", true),
            (HexToDecimal, "10", "10", false),
            (HexToDecimal, "n-1", "n-1", true),
            (HexToDecimal, "+1a", "26", false),
            (DecimalToHex, "26", "001A", true),
            (DecimalToHex, "10", "10", false),
            (
                HexToDecimal,
                "ffffffffffffffffffffffffffffffff",
                "340282366920938463463374607431768211455",
                true,
            ),
        ] {
            let said = format!("{how:?}: {answer} {receipt}");
            assert_eq!(meet(how, answer, receipt), do_meet, "{said}");
        }
    }

    #[test]
    fn a_number_larger_than_any_stays_as_it_is() {
        let large = "f".repeat(40);

        assert!(meet(ReceiptId::HexToDecimal, &large, &large));
    }

    #[test]
    fn what_servers_put_around_a_name_is_left_out() {
        let kept = ReceiptId::Same.of_answer(b" n-1 \0").unwrap();

        assert_eq!(kept.as_str(), "n-1");
        assert_eq!(ReceiptId::Same.of_answer(b""), None);
        assert_eq!(ReceiptId::Same.of_answer(b"\0"), None);
        assert_eq!(ReceiptId::Same.of_answer(b"\xff\xfe"), None);
        assert_eq!(ReceiptId::Number.of_receipt(b" "), None);
    }
}
