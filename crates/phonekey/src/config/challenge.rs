//! `[challenge]` and `[limits]`: the codes, their answers, and what one number may do.

use std::time::Duration;

use phonekey_core::{
    code::CodeLength,
    policy::{ChallengePolicy, Enforcement, NumberPolicy},
    rate::{CoolDown, Rates, Span},
};

use super::{
    raw,
    read::{Read, Reader, duration_within},
    setting::Setting,
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

pub(super) fn read_challenge(raw: &raw::Challenge, reader: &mut Reader) -> Read<ChallengePolicy> {
    let code_length = reader
        .number(&raw.code_length, CodeLength::MIN..=CodeLength::MAX)
        .and_then(|digits| reader.noting(&raw.code_length, CodeLength::new(digits)));
    let lifetime = reader.duration(&raw.lifetime, 30 * SECOND..=600 * SECOND);
    let wrong_answers = reader.number(&raw.wrong_answers, 1..=10);
    Ok(ChallengePolicy {
        code_length: code_length?,
        lifetime: lifetime?,
        wrong_answers: wrong_answers?,
    })
}

pub(super) fn read_number(
    challenge: &raw::Challenge,
    limits: &raw::Limits,
    number: &raw::LimitsNumber,
    reader: &mut Reader,
) -> Read<NumberPolicy> {
    let enabled = reader.switch(&limits.enabled);
    let waits = reader.list(&challenge.cooldown, |text| {
        duration_within(text, &(SECOND..=DAY))
    });
    let live_challenges = reader.number(&challenge.live_per_number, 1..=20);
    let sends = read_rates(&number.sends, 1000, reader);
    let wrong_answers = read_rates(&number.wrong_answers, 100, reader);
    Ok(NumberPolicy {
        enforcement: enforcement(enabled?),
        cool_down: CoolDown::new(waits?),
        sends: sends?,
        wrong_answers: wrong_answers?,
        live_challenges: live_challenges?,
    })
}

/// The limits keyed by address and network, of which there are none yet.
pub(super) fn read_network(raw: &raw::LimitsNetwork, reader: &mut Reader) -> Read<Enforcement> {
    reader.switch(&raw.enabled).map(enforcement)
}

const fn enforcement(enabled: bool) -> Enforcement {
    if enabled {
        Enforcement::On
    } else {
        Enforcement::Off
    }
}

fn read_rates(setting: &Setting, most: u16, reader: &mut Reader) -> Read<Rates> {
    let rates = reader.list(setting, |text| {
        let rates: Rates = text.parse().map_err(|error| format!("{error}"))?;
        for rate in rates.as_slice() {
            if rate.count > most {
                return Err(format!(
                    "a count must be from 1 to {most}, not {}",
                    rate.count
                ));
            }
            duration_within(&Span(rate.window).to_string(), &(SECOND..=365 * DAY))
                .map_err(|error| format!("the time of a rate {error}"))?;
        }
        Ok(rates.as_slice().to_vec())
    })?;
    Ok(Rates::new(rates.concat()))
}
