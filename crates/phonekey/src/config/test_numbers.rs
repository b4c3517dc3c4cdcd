//! `[[test_numbers]]`: numbers that always get the same code.

use jiff::{civil::Date, tz::TimeZone};
use phonekey_core::{
    code::{Code, TestNumber},
    phone::{PhoneNumber, PhonePolicy},
    time::Timestamp,
};

use super::{
    raw,
    read::{Noted, Read, Reader},
};

/// Reads all entries. `policy` is `None` if its own section could not be read.
pub(super) fn read(
    raw: &[raw::TestNumber],
    policy: Option<&PhonePolicy>,
    reader: &mut Reader,
) -> Read<Vec<TestNumber>> {
    let mut numbers: Vec<TestNumber> = Vec::new();
    let mut outcome = Ok(());
    for entry in raw {
        match read_one(entry, policy, reader) {
            Ok(number) if numbers.iter().any(|other| other.phone == number.phone) => {
                outcome = Err(reader.refuse(&entry.number, "is listed twice"));
            }
            Ok(number) => numbers.push(number),
            Err(noted) => outcome = Err(noted),
        }
    }
    outcome.map(|()| numbers)
}

fn read_one(
    raw: &raw::TestNumber,
    policy: Option<&PhonePolicy>,
    reader: &mut Reader,
) -> Read<TestNumber> {
    let phone = match policy {
        Some(policy) => reader.read(&raw.number, |text| {
            PhoneNumber::parse(text, policy).map_err(|error| format!("`{text}`: {error}"))
        }),
        None => Err(Noted),
    };
    let code = reader.secret(&raw.code).and_then(|secret| {
        let text = secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned());
        let code = text.and_then(|text| Code::parse(&text));
        reader.noting(&raw.code, code.ok_or("is required, and has 4 to 10 digits"))
    });
    let until = reader.read(&raw.until, |text| {
        let wrong = || format!("`{text}` is no date; write one such as 2027-01-31");
        let last_day: Date = text.parse().map_err(|_| wrong())?;
        end_of(last_day).ok_or_else(wrong)
    });
    Ok(TestNumber {
        phone: phone?,
        code: code?,
        until: until?,
    })
}

/// The end of a day in UTC.
fn end_of(day: Date) -> Option<Timestamp> {
    let midnight = day.tomorrow().ok()?.at(0, 0, 0, 0);
    let moment = TimeZone::UTC.to_timestamp(midnight).ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}
