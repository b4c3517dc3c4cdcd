//! What a receipt says of its message.
//!
//! Servers put it into fields, or into a text that the specification only sketches (SMPP 3.4,
//! appendix B): `id:n-1 sub:001 … stat:DELIVRD err:000 text:…`. What follows `text:` are words of the
//! message itself, and is not read.

use phonekey_core::delivery::{
    outcome::SendRefusal,
    report::{Arrival, Report},
};
use tracing::info;

use super::{
    NAME,
    deliver::Delivered,
    settings::{ReceiptMark, ReceiptSettings},
};

/// What a message that the server hands us is of (SMPP 3.4 §5.2.12).
const TYPE: u8 = 0b0011_1100;
const RECEIPT: u8 = 0b0000_0100;

/// The most characters of an error that are worth reading.
const LONGEST_ERROR: usize = 8;

/// What a receipt says of its message; `None` if it is none, or does not say of which.
pub(super) fn report(delivered: &Delivered<'_>, how: &ReceiptSettings) -> Option<Report> {
    let text = Text(delivered.text);
    let is_marked = delivered.esm_class & TYPE == RECEIPT;
    let is_one = match how.mark {
        ReceiptMark::Flag => is_marked,
        ReceiptMark::FlagOrText => {
            let reads_so = text.value("id").is_some() && text.value("stat").is_some();
            is_marked || (delivered.esm_class & TYPE == 0 && reads_so)
        }
    };
    if !is_one {
        return None;
    }
    // A field may be there and say nothing.
    let ids = [delivered.receipted_message_id, text.value("id")];
    let message_id = ids
        .into_iter()
        .flatten()
        .find_map(|id| how.id.of_receipt(id))?;
    let error = error(delivered, &text);
    let in_field = delivered.message_state.map(State::of_number);
    let final_one = in_field.filter(|state| *state != State::UnderWay);
    let in_text = text.value("stat").map(State::of_word);
    let state = final_one.or(in_text).or(in_field)?;
    let arrival = arrival(state, error.as_deref(), how);
    if let Some(Arrival::Undelivered(_)) = arrival {
        info!(
            delivery.provider = NAME,
            provider.state = state.name(),
            provider.code = error.as_deref().unwrap_or_default(),
            "a message was lost"
        );
    }
    Some(Report {
        message_id,
        arrival,
        cost: None,
    })
}

/// Why a message was lost, in the server's own words or numbers.
fn error(delivered: &Delivered<'_>, text: &Text<'_>) -> Option<String> {
    let is_error =
        |it: &&[u8]| it.len() <= LONGEST_ERROR && it.iter().all(u8::is_ascii_alphanumeric);
    let in_text = text.value("err").filter(is_error);
    let in_text = in_text.map(|it| String::from_utf8_lossy(it).into_owned());
    in_text.or_else(|| delivered.network_error.map(|it| it.to_string()))
}

fn arrival(state: State, error: Option<&str>, how: &ReceiptSettings) -> Option<Arrival> {
    let refusal = match state {
        State::UnderWay => return None,
        State::Delivered => return Some(Arrival::Delivered),
        State::Rejected => SendRefusal::RejectedContent,
        State::Expired | State::Deleted | State::Undeliverable | State::Unknown => {
            SendRefusal::Temporary
        }
    };
    let known = error.and_then(|error| how.errors.get(significant(error)));
    Some(Arrival::Undelivered(known.copied().unwrap_or(refusal)))
}

/// An error without the zeros before it: some servers write `003`, some `3`.
#[must_use]
pub fn significant(error: &str) -> &str {
    let digits = error.trim_start_matches('0');
    if digits.is_empty() && !error.is_empty() {
        return "0";
    }
    digits
}

/// What became of a message (SMPP 3.4 §5.2.28 and appendix B; `SKIPPED` is of 5.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is on its way; or whoever says so says no more of it.
    UnderWay,
    Delivered,
    Expired,
    Deleted,
    Undeliverable,
    /// The server does not know, and will not.
    Unknown,
    Rejected,
}

impl State {
    const fn of_number(number: u8) -> Self {
        match number {
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 | 9 => Self::Undeliverable,
            7 => Self::Unknown,
            8 => Self::Rejected,
            _ => Self::UnderWay,
        }
    }

    /// By its first letters: some servers write `DELIVERED` for `DELIVRD`.
    fn of_word(word: &[u8]) -> Self {
        let word = word.to_ascii_uppercase();
        match word.get(..5).unwrap_or(&word) {
            b"DELIV" => Self::Delivered,
            b"EXPIR" => Self::Expired,
            b"DELET" => Self::Deleted,
            b"UNDEL" | b"SKIPP" => Self::Undeliverable,
            b"UNKNO" => Self::Unknown,
            b"REJEC" => Self::Rejected,
            _ => Self::UnderWay,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::UnderWay => "under way",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Undeliverable => "undeliverable",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
        }
    }
}

/// The text of a receipt.
struct Text<'t>(&'t [u8]);

impl<'t> Text<'t> {
    /// What stands behind `name:`, up to the next space, whatever the case; nothing behind `text:`.
    fn value(&self, name: &str) -> Option<&'t [u8]> {
        let words = self.0.split(u8::is_ascii_whitespace);
        let fields = words.filter_map(|word| {
            let colon = word.iter().position(|octet| *octet == b':')?;
            Some((&word[..colon], &word[colon + 1..]))
        });
        fields
            .take_while(|(field, _)| !field.eq_ignore_ascii_case(b"text"))
            .find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use phonekey_core::delivery::outcome::MessageId;

    use super::*;
    use crate::providers::smpp::message_id::ReceiptId;

    fn plain() -> ReceiptSettings {
        ReceiptSettings {
            id: ReceiptId::Same,
            mark: ReceiptMark::Flag,
            errors: BTreeMap::from([("3".to_owned(), SendRefusal::InvalidNumber)]),
        }
    }

    fn receipt(text: &str) -> Delivered<'_> {
        Delivered {
            esm_class: RECEIPT,
            text: text.as_bytes(),
            ..Delivered::default()
        }
    }

    fn reported(id: &str, arrival: Option<Arrival>) -> Report {
        Report {
            message_id: MessageId::new(id).unwrap(),
            arrival,
            cost: None,
        }
    }

    const LOST: Option<Arrival> = Some(Arrival::Undelivered(SendRefusal::Temporary));
    const DELIVERED: Option<Arrival> = Some(Arrival::Delivered);

    #[test]
    fn every_state_has_its_meaning_as_a_number_and_as_a_word() {
        let rejected = Some(Arrival::Undelivered(SendRefusal::RejectedContent));
        for (number, word, arrival) in [
            (0, "SCHEDULED", None),
            (1, "ENROUTE", None),
            (2, "DELIVRD", DELIVERED),
            (2, "delivered", DELIVERED),
            (3, "EXPIRED", LOST),
            (4, "DELETED", LOST),
            (5, "UNDELIV", LOST),
            (6, "ACCEPTD", None),
            (7, "UNKNOWN", LOST),
            (8, "REJECTD", rejected),
            (9, "SKIPPED", LOST),
            (99, "?", None),
        ] {
            let text = format!("id:n-1 stat:{word} err:000");
            let in_text = report(&receipt(&text), &plain());
            assert_eq!(in_text, Some(reported("n-1", arrival)), "{word}");

            let in_fields = Delivered {
                receipted_message_id: Some(b"n-1\0"),
                message_state: Some(number),
                ..receipt("")
            };
            let in_fields = report(&in_fields, &plain());
            assert_eq!(in_fields, Some(reported("n-1", arrival)), "{number}");
        }
    }

    #[test]
    fn fields_say_more_than_the_text() {
        let both = Delivered {
            receipted_message_id: Some(b"n-2"),
            message_state: Some(2),
            ..receipt("id:n-1 stat:UNDELIV err:001")
        };

        assert_eq!(report(&both, &plain()), Some(reported("n-2", DELIVERED)));
    }

    #[test]
    fn fields_that_say_nothing_leave_it_to_the_text() {
        for (id, state) in [(&b""[..], 0), (b"\0", 99), (b"n-1", 0)] {
            let both = Delivered {
                receipted_message_id: Some(id),
                message_state: Some(state),
                ..receipt("id:n-1 stat:UNDELIV err:001")
            };

            assert_eq!(report(&both, &plain()), Some(reported("n-1", LOST)));
        }
    }

    #[test]
    fn texts_differ_from_server_to_server() {
        for text in [
            "id:n-1 sub:001 dlvrd:001 submit date:2611231200 done date:2611231201 stat:DELIVRD \
             err:000 text:Your login code",
            "ID:n-1 Stat:DELIVRD Err:0 Text:",
            "stat:DELIVRD id:n-1",
            "id:n-1 submit date:261123120000 stat:DELIVRD\r\n",
        ] {
            assert_eq!(
                report(&receipt(text), &plain()),
                Some(reported("n-1", DELIVERED))
            );
        }
    }

    #[test]
    fn the_words_of_the_message_are_not_read() {
        let text = "id:n-1 stat:UNDELIV text:id:n-2 stat:DELIVRD";
        assert_eq!(
            report(&receipt(text), &plain()),
            Some(reported("n-1", LOST))
        );

        let text = "stat:DELIVRD text: id:n-2";
        assert_eq!(report(&receipt(text), &plain()), None);
    }

    #[test]
    fn an_error_means_what_the_operator_says() {
        let invalid = Some(Arrival::Undelivered(SendRefusal::InvalidNumber));
        for (text, arrival) in [
            ("id:n-1 stat:UNDELIV err:003", invalid),
            ("id:n-1 stat:UNDELIV err:3", invalid),
            ("id:n-1 stat:UNDELIV err:30", LOST),
            ("id:n-1 stat:UNDELIV err:", LOST),
            ("id:n-1 stat:DELIVRD err:003", DELIVERED),
        ] {
            assert_eq!(
                report(&receipt(text), &plain()),
                Some(reported("n-1", arrival))
            );
        }
        let in_field = Delivered {
            network_error: Some(3),
            ..receipt("id:n-1 stat:UNDELIV")
        };
        assert_eq!(report(&in_field, &plain()), Some(reported("n-1", invalid)));
    }

    #[test]
    fn what_somebody_writes_is_no_receipt() {
        let text = "id:n-1 stat:DELIVRD";
        let lenient = ReceiptSettings {
            mark: ReceiptMark::FlagOrText,
            ..plain()
        };
        for (esm_class, strictly, leniently) in [
            (0x00, None, Some(reported("n-1", DELIVERED))),
            (0x40, None, Some(reported("n-1", DELIVERED))),
            // Acknowledgements of a phone's, and notices in between.
            (0x08, None, None),
            (0x10, None, None),
            (0x20, None, None),
            (
                0x44,
                Some(reported("n-1", DELIVERED)),
                Some(reported("n-1", DELIVERED)),
            ),
        ] {
            let written = Delivered {
                esm_class,
                ..receipt(text)
            };
            assert_eq!(report(&written, &plain()), strictly, "{esm_class:#04x}");
            assert_eq!(report(&written, &lenient), leniently, "{esm_class:#04x}");
        }
        let written = Delivered {
            esm_class: 0,
            ..receipt("id:n-1")
        };
        assert_eq!(report(&written, &lenient), None);
    }
}
