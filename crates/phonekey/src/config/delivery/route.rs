//! `[delivery.routes]` and `[[delivery.rules]]`: which providers carry a message to a number.

use phonekey_core::{
    delivery::Channel,
    phone::{Prefix, Region},
    route::{
        Hop,
        order::Strategy,
        table::{RouteRule, RoutingTable, Scope},
    },
};

use super::provider::{KNOWN, Known};
use crate::config::{
    problem::suggestion,
    raw::{self, Raw},
    read::{Read, Reader},
    setting::Setting,
};

const STRATEGIES: [(&str, Strategy); 2] = [
    ("ordered", Strategy::Ordered),
    ("conversion", Strategy::Conversion),
];

pub(super) fn read(raw: &Raw, reader: &mut Reader) -> Read<RoutingTable> {
    let everywhere = read_default(&raw.delivery_routes, reader);
    let rules: Vec<_> = raw
        .delivery_rules
        .iter()
        .map(|rule| read_rule(rule, reader))
        .collect();
    let rules: Read<Vec<Vec<RouteRule>>> = rules.into_iter().collect();
    let mut rules = rules?.concat();
    rules.push(everywhere?);
    Ok(RoutingTable::new(rules))
}

fn read_default(raw: &raw::DeliveryRoutes, reader: &mut Reader) -> Read<RouteRule> {
    let hops = hops(&raw.default, reader);
    let on_request = hops_or_none(&raw.on_request, reader);
    let strategy = reader.choice(&raw.strategy, &STRATEGIES);
    Ok(RouteRule {
        scope: Scope::Everywhere,
        hops: hops?,
        on_request: on_request?,
        strategy: strategy?,
    })
}

/// A rule for each region and prefix that it names.
fn read_rule(raw: &raw::DeliveryRule, reader: &mut Reader) -> Read<Vec<RouteRule>> {
    let regions = reader.list(&raw.regions, |text| {
        let region: Result<Region, _> = text.to_ascii_uppercase().parse();
        region.map(Scope::Region)
    });
    let prefixes = reader.list(&raw.prefixes, |text| {
        let prefix = Prefix::parse(text).map(Scope::Prefix);
        prefix.ok_or_else(|| {
            format!("`{text}` is no beginning of a number; write its digits, such as +98912")
        })
    });
    let hops = hops(&raw.providers, reader);
    let on_request = hops_or_none(&raw.on_request, reader);
    let strategy = reader.choice(&raw.strategy, &STRATEGIES);
    let (regions, prefixes) = (regions?, prefixes?);
    if regions.is_empty() && prefixes.is_empty() {
        let message = "or `prefixes` is required: it says which numbers the rule is for";
        return Err(reader.refuse(&raw.regions, message));
    }
    let (hops, on_request, strategy) = (hops?, on_request?, strategy?);
    let rule = |scope| RouteRule {
        scope,
        hops: hops.clone(),
        on_request: on_request.clone(),
        strategy,
    };
    Ok(regions.into_iter().chain(prefixes).map(rule).collect())
}

fn hops(setting: &Setting, reader: &mut Reader) -> Read<Vec<Hop>> {
    let hops = hops_or_none(setting, reader)?;
    if hops.is_empty() {
        return Err(reader.refuse(setting, "must name at least one provider"));
    }
    Ok(hops)
}

fn hops_or_none(setting: &Setting, reader: &mut Reader) -> Read<Vec<Hop>> {
    let hops = reader.list(setting, parse_hop)?;
    let repeated = (1..hops.len()).find(|index| hops[..*index].contains(&hops[*index]));
    match repeated {
        Some(index) => Err(reader.refuse(setting, format!("names `{}` twice", hops[index]))),
        None => Ok(hops),
    }
}

/// `PROVIDER`, or `PROVIDER:CHANNEL`.
fn parse_hop(text: &str) -> Result<Hop, String> {
    let (name, channel) = match text.split_once(':') {
        None => (text, None),
        Some((name, channel)) => (name, Some(channel)),
    };
    let known = Known::find(name).ok_or_else(|| {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        let hint = suggestion(name, names.iter().copied());
        format!("must be of {}, not `{name}`{hint}", names.join(", "))
    })?;
    let Some(channel) = channel else {
        return Ok(known.hop(known.channels.first().copied().unwrap_or(Channel::Sms)));
    };
    let offered = Channel::from_name(channel).filter(|it| known.channels.contains(it));
    offered.map(|channel| known.hop(channel)).ok_or_else(|| {
        let channels: Vec<&str> = known.channels.iter().map(|it| it.name()).collect();
        format!("`{name}` carries {}, not `{channel}`", channels.join(", "))
    })
}
