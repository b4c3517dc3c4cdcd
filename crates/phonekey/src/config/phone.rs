//! `[phone]`: the numbers that are served.

use phonekey_core::phone::{NumberKind, PhonePolicy, Region, ServedRegions};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error},
};

use super::{
    raw,
    read::{Noted, Read, Reader},
};

pub(super) fn read(raw: &raw::Phone, reader: &mut Reader) -> Read<PhonePolicy> {
    let default_region = reader.read(&raw.default_region, parse_region);
    let words = reader.list(&raw.regions, RegionWord::parse);
    let served = match (default_region, words) {
        (Ok(default), Ok(words)) => served_regions(raw, default, &words, reader),
        _ => Err(Noted),
    };
    let kinds = reader.list(&raw.kinds, |text| {
        let name: serde::de::value::StrDeserializer<'_, Error> = text.into_deserializer();
        NumberKind::deserialize(name).map_err(|error| error.to_string())
    });
    Ok(PhonePolicy {
        default_region: default_region?,
        served: served?,
        kinds: kinds?,
    })
}

fn served_regions(
    raw: &raw::Phone,
    default: Region,
    words: &[RegionWord],
    reader: &mut Reader,
) -> Read<ServedRegions> {
    if let [RegionWord::All] = words {
        return Ok(ServedRegions::All);
    }
    let mut regions = Vec::new();
    for word in words {
        let region = match word {
            RegionWord::All => {
                let message = "`all` includes every region; write it alone";
                return Err(reader.refuse(&raw.regions, message));
            }
            RegionWord::Default => default,
            RegionWord::Region(region) => *region,
        };
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    if !regions.contains(&default) {
        let message = format!(
            "lacks {default}, the region of numbers in national form; add it, or change \
             phone.default_region"
        );
        return Err(reader.refuse(&raw.regions, message));
    }
    Ok(ServedRegions::Only(regions))
}

enum RegionWord {
    All,
    Default,
    Region(Region),
}

impl RegionWord {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "default" => Ok(Self::Default),
            code => parse_region(code).map(Self::Region),
        }
    }
}

fn parse_region(text: &str) -> Result<Region, String> {
    let code = text.to_ascii_uppercase();
    code.parse::<Region>().map_err(|error| error.to_string())
}
