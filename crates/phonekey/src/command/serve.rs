//! `phonekey serve`.

use super::{Settings, failure::Failure};

pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    Ok(crate::serve::run(settings.load()?)?)
}
