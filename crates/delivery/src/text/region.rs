//! The language that most people of a region read a text message in, of those that are shipped.

/// Regions by their codes (ISO 3166-1) and the language that their people are written to when they
/// ask for none that there is: the official one, or the one that most of them read where it is not
/// shipped. A region of several languages without a common one is in no line.
const LANGUAGES: [(&str, &[&str]); 10] = [
    (
        "ar",
        &[
            "AE", "BH", "DZ", "EG", "IQ", "JO", "KW", "LB", "LY", "MA", "MR", "OM", "PS", "QA",
            "SA", "SD", "SY", "TN", "YE",
        ],
    ),
    (
        "en",
        &[
            "AU", "BB", "BS", "BW", "BZ", "CA", "FJ", "GB", "GG", "GH", "GM", "GY", "IE", "IM",
            "JE", "JM", "KE", "LR", "MW", "NA", "NG", "NZ", "PH", "SG", "SL", "TT", "UG", "US",
            "ZA", "ZM", "ZW",
        ],
    ),
    (
        "es",
        &[
            "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GQ", "GT", "HN", "MX", "NI",
            "PA", "PE", "PR", "PY", "SV", "UY", "VE",
        ],
    ),
    ("fa", &["AF", "IR"]),
    (
        "fr",
        &[
            "BF", "BJ", "CD", "CF", "CG", "CI", "CM", "FR", "GA", "GF", "GN", "GP", "HT", "MC",
            "ML", "MQ", "NC", "NE", "PF", "RE", "SN", "TD", "TG", "YT",
        ],
    ),
    ("hi", &["IN"]),
    ("id", &["ID"]),
    ("pt", &["AO", "BR", "CV", "GW", "MZ", "PT", "ST"]),
    ("ru", &["BY", "KG", "KZ", "RU", "TJ", "UZ"]),
    ("tr", &["TR"]),
];

/// The shipped language of a region.
pub(super) fn language(region: &str) -> Option<&'static str> {
    let of_it = LANGUAGES
        .iter()
        .find(|(_, regions)| regions.contains(&region));
    of_it.map(|(language, _)| *language)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use phonekey_core::phone::Region;

    use super::*;
    use crate::text::shipped;

    #[test]
    fn every_shipped_language_has_its_regions_and_no_region_has_two() {
        let shipped: BTreeSet<String> = shipped::templates().map(|it| it.0.language).collect();
        let languages = LANGUAGES.map(|(language, _)| language.to_owned());
        let regions: Vec<&str> = LANGUAGES
            .iter()
            .flat_map(|it| it.1.iter().copied())
            .collect();

        assert_eq!(BTreeSet::from(languages), shipped);
        let once: BTreeSet<&str> = regions.iter().copied().collect();
        assert_eq!(once.len(), regions.len());
        for region in regions {
            assert!(region.parse::<Region>().is_ok(), "{region}");
        }
    }

    #[test]
    fn a_region_without_a_common_language_has_none() {
        assert_eq!(language("AF"), Some("fa"));
        assert_eq!(language("KZ"), Some("ru"));
        assert_eq!(language("CH"), None);
        assert_eq!(language("001"), None);
    }
}
