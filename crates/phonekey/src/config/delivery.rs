//! `[delivery]`: how codes reach their numbers.
//!
//! A provider's settings are read by a file of its own, named in `provider`'s list.

mod file;
mod ghasedak;
mod infobip;
mod kavenegar;
mod melipayamak;
mod messagebird;
mod plivo;
pub mod provider;
mod route;
mod smpp;
mod smsir;
mod sns;
mod telegram;
mod twilio;
mod vonage;
mod webhook;
mod whatsapp;

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use phonekey_core::{
    challenge::messages::MessagePolicy,
    delivery::ProviderName,
    route::{Hop, table::RoutingTable},
    secret::Secret,
};
use phonekey_delivery::settings::{Bounds, Pace, ProviderSettings};

use self::provider::{KNOWN, Known, Need, Reach};
use super::{
    raw::{self, Raw},
    read::{Read, Reader, duration_within},
    setting::Setting,
};

/// How codes reach their numbers.
#[derive(Clone, Debug)]
pub struct DeliveryConfig {
    /// Which providers carry a message to a number.
    pub table: RoutingTable,
    /// The providers that a route uses.
    pub providers: BTreeMap<ProviderName, ProviderSettings>,
    /// The providers that no route uses, though all that they need is there.
    pub unused: BTreeMap<ProviderName, ProviderSettings>,
    /// How long a request waits, and a node owns what it sends.
    pub pace: Pace,
    /// How many messages a challenge may have, and when one follows another.
    pub messages: MessagePolicy,
}

/// How long a provider's whole exchange may take.
pub(super) const TIMEOUT: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_mins(1);

impl DeliveryConfig {
    pub(super) fn read(raw: &Raw, reader: &mut Reader) -> Read<Self> {
        let table = route::read(raw, reader);
        let pace = read_pace(&raw.delivery, reader);
        let messages = read_messages(&raw.delivery, reader);
        let bounds = read_bounds(&raw.delivery_bounds, reader);
        let hops: Vec<Hop> = match &table {
            Ok(table) => table.hops().cloned().collect(),
            Err(_) => Vec::new(),
        };
        let read: Vec<_> = KNOWN
            .iter()
            .map(|known| (known, provider::is_used(&hops, known)))
            .map(|(known, need)| Ok((known, need, known.settings(raw, need, reader)?)))
            .collect();
        let read: Read<Vec<_>> = read.into_iter().collect();
        let (table, bounds) = (table?, bounds?);
        let mut providers = BTreeMap::new();
        let mut unused = BTreeMap::new();
        for (known, need, kind) in read? {
            let Some(kind) = kind else {
                continue;
            };
            let name = ProviderName::new(known.name);
            let bounds = bounds.get(&name).copied().unwrap_or_default();
            let kept = match need {
                Need::Used => &mut providers,
                Need::Unused => &mut unused,
            };
            kept.insert(name, ProviderSettings { kind, bounds });
        }
        Ok(Self {
            providers,
            unused,
            table,
            pace: pace?,
            messages: messages?,
        })
    }

    /// Whether a message may go to the provider of this name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.providers.contains_key(&ProviderName::new(name))
    }

    /// The providers that a route uses and that are for development alone (SECURITY.md T67), by
    /// name.
    pub fn development_providers(&self) -> impl Iterator<Item = &'static str> {
        self.providers
            .keys()
            .filter_map(|name| Known::find(name.as_str()))
            .filter(|known| known.reach == Reach::Operator)
            .map(|known| known.name)
    }
}

/// A key that becomes the value of a header, if one is said.
fn read_header_secret(setting: &Setting, reader: &mut Reader) -> Read<Option<Secret>> {
    let secret = reader.secret(setting)?;
    let fits = |secret: &Secret| secret.expose().iter().all(u8::is_ascii_graphic);
    match secret {
        Some(secret) if !fits(&secret) => {
            Err(reader.refuse(setting, "must be the key as it was given, in one line"))
        }
        secret => Ok(secret),
    }
}

/// The name of a template, or of something in one, if one is said.
fn read_name(setting: &Setting, reader: &mut Reader) -> Read<Option<String>> {
    reader.optional(setting, |text| {
        let is_name = text.trim() == text && !text.chars().any(char::is_control);
        let name = is_name.then(|| text.to_owned());
        name.ok_or("must be the name as it was given, in one line and without spaces around it")
    })
}

/// Whom text messages come from, if it is said: a name, or a number's digits with its country code.
fn read_sender(setting: &Setting, reader: &mut Reader) -> Read<Option<String>> {
    reader.optional(setting, |text| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if (3..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit()) {
            return Ok(digits.to_owned());
        }
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-');
        let is_name = (1..=11).contains(&text.len())
            && text.bytes().all(is_part)
            && text.bytes().any(|byte| byte.is_ascii_alphabetic())
            && text.trim() == text;
        is_name.then(|| text.to_owned()).ok_or(
            "must be a name of 1 to 11 letters, digits, spaces and hyphens, a letter among them, \
             or a number of 3 to 15 digits",
        )
    })
}

/// The number that a provider gave a template, if one is said.
fn read_template_id(setting: &Setting, reader: &mut Reader) -> Read<Option<u64>> {
    reader.optional(setting, |text| {
        let id = text.parse().ok().filter(|id| *id > 0);
        id.ok_or_else(|| format!("must be the template's number, such as 123456, not `{text}`"))
    })
}

/// The name in a template that becomes the code, without the `mark` around it.
fn read_parameter(setting: &Setting, mark: char, reader: &mut Reader) -> Read<String> {
    reader.read(setting, |text| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if !text.is_empty() && text.chars().all(is_part) {
            return Ok(text.to_owned());
        }
        Err(format!(
            "must be the name alone, of letters, digits, `_` and `-`, without its `{mark}`"
        ))
    })
}

fn read_pace(raw: &raw::Delivery, reader: &mut Reader) -> Read<Pace> {
    let deadline = reader.duration(&raw.deadline, TIMEOUT);
    let lease = reader.duration(&raw.lease, Duration::from_secs(5)..=Duration::from_mins(10));
    let (deadline, lease) = (deadline?, lease?);
    if lease <= deadline {
        return Err(reader.refuse(&raw.lease, "must be longer than delivery.deadline"));
    }
    Ok(Pace { deadline, lease })
}

fn read_messages(raw: &raw::Delivery, reader: &mut Reader) -> Read<MessagePolicy> {
    let per_challenge = reader.number(&raw.messages_per_challenge, 1..=10);
    let bounds = Duration::from_secs(5)..=Duration::from_mins(2);
    let unknown_after = reader.duration(&raw.unknown_after, bounds);
    let unreported_after = reader.read(&raw.unreported_after, |text| match text {
        "none" => Ok(None),
        text => {
            let bounds = Duration::from_secs(10)..=Duration::from_mins(5);
            duration_within(text, &bounds).map(Some)
        }
    });
    Ok(MessagePolicy {
        per_challenge: per_challenge?,
        unknown_after: unknown_after?,
        unreported_after: unreported_after?,
    })
}

fn read_bounds(
    raw: &[raw::DeliveryBounds],
    reader: &mut Reader,
) -> Read<BTreeMap<ProviderName, Bounds>> {
    let mut all = BTreeMap::new();
    for raw in raw {
        let names: Vec<(&str, &str)> = KNOWN.iter().map(|it| (it.name, it.name)).collect();
        let provider = reader.choice(&raw.provider, &names);
        let under_way = reader.number(&raw.under_way, 1..=10_000);
        let per_second = reader.optional(&raw.per_second, |text| {
            let count = text
                .parse()
                .ok()
                .filter(|count| (1..=10_000).contains(count));
            count.ok_or_else(|| format!("must be a whole number from 1 to 10000, not `{text}`"))
        });
        let name = ProviderName::new(provider?);
        let bounds = Bounds {
            under_way: under_way?,
            per_second: per_second?,
        };
        if all.insert(name, bounds).is_some() {
            return Err(reader.refuse(&raw.provider, "has bounds already"));
        }
    }
    Ok(all)
}
