//! How a text travels as a text message: in which alphabet, and in how many segments, each of which
//! is charged.

use super::gsm7;

/// The alphabet that a text travels in (3GPP TS 23.038 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet, counted in septets.
    Gsm7,
    /// UCS-2, counted in units of 16 bits, of which a character outside the basic plane takes two:
    /// phones read it as UTF-16.
    Ucs2,
}

impl Encoding {
    /// The alphabet of a text: the smaller one, if it has all of its characters. One character
    /// outside of it more than halves what a segment holds.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|it| gsm7::septets_of(it).is_some()) {
            Self::Gsm7
        } else {
            Self::Ucs2
        }
    }

    /// How many units a text takes in this alphabet. One that is not of GSM-7 counts as an escape and
    /// a letter.
    #[must_use]
    pub fn length(self, text: &str) -> usize {
        text.chars().map(|it| self.length_of(it)).sum()
    }

    /// The most units of a text that is one segment: 140 bytes (3GPP TS 23.040 §9.2.3.24).
    #[must_use]
    pub const fn alone(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// The most units of each segment of a longer text: six bytes name its place in the text
    /// (3GPP TS 23.040 §9.2.3.24.1).
    #[must_use]
    pub const fn concatenated(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    /// Its name, as providers write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    fn length_of(self, character: char) -> usize {
        match self {
            Self::Gsm7 => gsm7::septets_of(character).unwrap_or(2),
            Self::Ucs2 => character.len_utf16(),
        }
    }
}

/// A text cut into its segments: one, or as many as it takes with a header in each.
///
/// No escape is parted from its letter, and no half of a surrogate pair from the other. All segments
/// travel in the alphabet of the whole text, whatever their own letters are.
#[must_use]
pub fn split(text: &str) -> Vec<&str> {
    split_in(text, Encoding::of(text))
}

/// The same for a text that travels in this alphabet, whatever it could.
#[must_use]
pub fn split_in(text: &str, encoding: Encoding) -> Vec<&str> {
    if encoding.length(text) <= encoding.alone() {
        return vec![text];
    }
    let mut segments = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (at, character) in text.char_indices() {
        let more = encoding.length_of(character);
        if length + more > encoding.concatenated() {
            segments.push(&text[start..at]);
            (start, length) = (at, 0);
        }
        length += more;
    }
    segments.push(&text[start..]);
    segments
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lengths(text: &str) -> Vec<usize> {
        let encoding = Encoding::of(text);
        split(text).iter().map(|it| encoding.length(it)).collect()
    }

    #[test]
    fn a_text_is_one_segment_up_to_its_alphabets_bound() {
        assert_eq!(lengths(""), [0]);
        assert_eq!(lengths(&"a".repeat(160)), [160]);
        assert_eq!(lengths(&"a".repeat(161)), [153, 8]);
        assert_eq!(lengths(&"a".repeat(307)), [153, 153, 1]);
        assert_eq!(lengths(&"ک".repeat(70)), [70]);
        assert_eq!(lengths(&"ک".repeat(71)), [67, 4]);
        assert_eq!(lengths(&"ک".repeat(135)), [67, 67, 1]);
    }

    #[test]
    fn one_letter_outside_gsm_7_makes_it_ucs_2() {
        assert_eq!(Encoding::of("Giriş"), Encoding::Ucs2);
        assert_eq!(Encoding::of("à la [carte] €"), Encoding::Gsm7);
        assert_eq!(Encoding::Gsm7.length("à la [carte] €"), 17);
    }

    #[test]
    fn an_escape_is_not_parted_from_its_letter() {
        let text = format!("{}{}", "a".repeat(152), "€".repeat(10));

        assert_eq!(lengths(&text), [152, 20]);
        assert!(split(&text)[1].starts_with('€'));
    }

    #[test]
    fn a_surrogate_pair_is_not_parted() {
        let text = format!("{}{}", "ک".repeat(66), "🔑".repeat(5));

        assert_eq!(lengths(&text), [66, 10]);
        assert!(split(&text)[1].starts_with('🔑'));
    }

    /// Texts of one alphabet and of both, of some segments.
    fn texts() -> impl Strategy<Value = String> {
        let gsm7 = "[ -~€àÖ\n]{0,500}";
        let mixed = "[a-z€کद🔑\u{1F469}]{0,300}";
        prop_oneof![gsm7, mixed, ".{0,300}"]
    }

    proptest! {
        #[test]
        fn segments_are_the_whole_text_and_none_is_too_long(text in texts()) {
            let encoding = Encoding::of(&text);
            let segments = split(&text);

            prop_assert_eq!(segments.concat(), text.clone());
            let most = if segments.len() == 1 { encoding.alone() } else { encoding.concatenated() };
            for segment in &segments {
                prop_assert!(encoding.length(segment) <= most);
                let length = if gsm7::encode(&text).is_some() {
                    gsm7::encode(segment).map(|it| it.len())
                } else {
                    Some(segment.encode_utf16().count())
                };
                prop_assert_eq!(length, Some(encoding.length(segment)));
            }
        }

        #[test]
        fn there_are_no_more_segments_than_it_takes(text in texts()) {
            let encoding = Encoding::of(&text);
            let segments = split(&text);

            prop_assert_eq!(segments.len() == 1, encoding.length(&text) <= encoding.alone());
            for pair in segments.windows(2) {
                let next = pair[1].chars().next().map_or(0, |it| encoding.length_of(it));
                prop_assert!(encoding.length(pair[0]) + next > encoding.concatenated());
            }
        }

        #[test]
        fn septets_are_seven_bits(text in texts()) {
            let septets = gsm7::encode(&text);

            prop_assert_eq!(septets.is_some(), Encoding::of(&text) == Encoding::Gsm7);
            prop_assert!(septets.unwrap_or_default().iter().all(|septet| *septet < 128));
        }
    }
}
