//! A text as octets: in which alphabet, and in how many parts.

use super::settings::LongTexts;
use crate::text::{
    gsm7,
    segments::{self, Encoding},
};

/// The alphabet that a server takes a text to be in that names none (`data_coding` 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultAlphabet {
    /// That of GSM, one letter in each octet.
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
}

impl DefaultAlphabet {
    /// The text in it; `None` if the text has other letters, or some that phones do not have.
    fn encode(self, text: &str) -> Option<Vec<u8>> {
        let septets = gsm7::encode(text)?;
        let octets = |most: u32| {
            let octet = |it: char| u8::try_from(u32::from(it)).ok();
            text.chars()
                .map(|it| octet(it).filter(|_| u32::from(it) <= most))
                .collect()
        };
        match self {
            Self::Gsm7 => Some(septets),
            Self::Latin1 => octets(0xFF),
            Self::Ascii => octets(0x7F),
        }
    }
}

/// What is handed to a server for one text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Coded {
    /// Which alphabet it is in: 0 for the server's default, 8 for UCS-2 (SMPP 3.4 §5.2.19).
    pub(super) data_coding: u8,
    /// Its parts, in order; at least one.
    pub(super) parts: Vec<Part>,
}

/// What one `submit_sm` carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A whole text.
    Whole(Vec<u8>),
    /// One of several: it begins with its place among them (3GPP TS 23.040 §9.2.3.24.1).
    Headed(Vec<u8>),
    /// A text of any length, in a field of its own.
    Payload(Vec<u8>),
}

const DEFAULT_ALPHABET: u8 = 0;
const UCS_2: u8 = 8;

/// The text as octets. `reference` tells the parts of one text from those of another.
///
/// `None` for a text of more parts than can be counted.
pub(super) fn code(
    text: &str,
    alphabet: DefaultAlphabet,
    long: LongTexts,
    reference: u8,
) -> Option<Coded> {
    let (encoding, data_coding) = match alphabet.encode(text) {
        Some(_) => (Encoding::Gsm7, DEFAULT_ALPHABET),
        None => (Encoding::Ucs2, UCS_2),
    };
    let octets = |text: &str| match encoding {
        Encoding::Gsm7 => alphabet.encode(text).unwrap_or_default(),
        Encoding::Ucs2 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    };
    let segments = segments::split_in(text, encoding);
    let parts = match (segments.as_slice(), long) {
        ([whole], _) => vec![Part::Whole(octets(whole))],
        (_, LongTexts::Payload) => vec![Part::Payload(octets(text))],
        (segments, LongTexts::Parts) => {
            let total = u8::try_from(segments.len()).ok()?;
            let places = 1..=total;
            segments
                .iter()
                .zip(places)
                .map(|(segment, place)| {
                    let header = [5, 0, 3, reference, total, place];
                    Part::Headed([&header[..], &octets(segment)].concat())
                })
                .collect()
        }
    };
    Some(Coded { data_coding, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(text: &str) -> Coded {
        code(text, DefaultAlphabet::Gsm7, LongTexts::Parts, 0x2A).unwrap()
    }

    fn headed(coded: &Coded) -> Vec<&[u8]> {
        let headed = coded.parts.iter().map(|part| match part {
            Part::Headed(octets) => octets.as_slice(),
            other => panic!("{other:?}"),
        });
        headed.collect()
    }

    #[test]
    fn a_text_travels_in_the_smaller_alphabet_that_has_it() {
        let latin = parted("Code @_€");
        assert_eq!(latin.data_coding, 0);
        let octets = b"Code \x00\x11\x1B\x65".to_vec();
        assert_eq!(latin.parts, [Part::Whole(octets)]);

        let persian = parted("کد");
        assert_eq!(persian.data_coding, 8);
        assert_eq!(persian.parts, [Part::Whole(vec![0x06, 0xA9, 0x06, 0x2F])]);
    }

    #[test]
    fn the_default_alphabet_is_the_servers() {
        use DefaultAlphabet::{Ascii, Latin1};
        let coding = |text, alphabet| {
            let coded = code(text, alphabet, LongTexts::Parts, 1).unwrap();
            let [Part::Whole(octets)] = coded.parts.as_slice() else {
                panic!("{coded:?}");
            };
            (coded.data_coding, octets.clone())
        };

        assert_eq!(coding("@_é", Latin1), (0, vec![0x40, 0x5F, 0xE9]));
        assert_eq!(coding("@_", Ascii), (0, vec![0x40, 0x5F]));
        assert_eq!(coding("é", Ascii), (8, vec![0, 0xE9]));
        assert_eq!(coding("€", Latin1), (8, vec![0x20, 0xAC]));
        // Latin-1 has it, and no phone's alphabet.
        assert_eq!(coding("ê", Latin1), (8, vec![0, 0xEA]));
    }

    #[test]
    fn a_long_text_goes_in_parts_that_say_their_place() {
        let coded = parted(&"a".repeat(161));

        let parts = headed(&coded);
        assert_eq!(parts.len(), 2);
        assert_eq!(&parts[0][..7], [5, 0, 3, 0x2A, 2, 1, b'a']);
        assert_eq!(&parts[1][..7], [5, 0, 3, 0x2A, 2, 2, b'a']);
        assert_eq!((parts[0].len(), parts[1].len()), (6 + 153, 6 + 8));

        let coded = parted(&"ک".repeat(71));
        assert_eq!(coded.data_coding, 8);
        let lengths = headed(&coded)
            .iter()
            .map(|part| part.len())
            .collect::<Vec<_>>();
        assert_eq!(lengths, [6 + 134, 6 + 8]);
    }

    #[test]
    fn or_as_a_whole_for_the_server_to_part() {
        let long = "a".repeat(161);
        let coded = code(&long, DefaultAlphabet::Gsm7, LongTexts::Payload, 1).unwrap();
        assert_eq!(coded.parts, [Part::Payload(long.into_bytes())]);

        let short = code("a", DefaultAlphabet::Gsm7, LongTexts::Payload, 1).unwrap();
        assert_eq!(short.parts, [Part::Whole(b"a".to_vec())]);
    }

    #[test]
    fn a_text_of_more_parts_than_can_be_counted_is_none() {
        let long = "a".repeat(153 * 256);
        assert_eq!(
            code(&long, DefaultAlphabet::Gsm7, LongTexts::Parts, 1),
            None
        );
    }
}
