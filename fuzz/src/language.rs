//! What browsers send as `Accept-Language`.

use std::sync::LazyLock;

use phonekey_web::language::{Catalogue, choices};

use crate::text;

/// It chooses a language that there is, and one that the header names unless that is the default.
pub fn holds(input: &[u8]) {
    let header = text(input);
    let chosen = CATALOGUE.choose(&choices(Some(header))).tag();
    let named = header.to_ascii_lowercase().contains(chosen);
    assert!(named || chosen == DEFAULT, "{chosen}");
}

const DEFAULT: &str = "fa";

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::load(DEFAULT).expect("its texts"));
