//! `[delivery.file]`: messages in a file.

use std::path::PathBuf;

use phonekey_delivery::settings::{FileSettings, ProviderKind};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryFile,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let path = reader.optional(&raw.path, |text| Ok::<_, String>(PathBuf::from(text)))?;
    match path {
        Some(path) => Ok(Some(ProviderKind::File(FileSettings { path }))),
        None if need == Need::Unused => Ok(None),
        None => Err(reader.refuse(&raw.path, "is required, since a route uses `file`")),
    }
}
