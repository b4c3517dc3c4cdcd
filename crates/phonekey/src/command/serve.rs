//! `phonekey serve`.

use super::{Settings, failure::Failure};
use crate::serve::{self, Ended};

pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    match serve::run(settings.load()?)? {
        Ended::InTime | Ended::AtDeadline => Ok(()),
        Ended::AtOnce => Err(Failure::Reported),
    }
}
