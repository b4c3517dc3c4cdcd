//! Which providers may carry a message to a number.

use std::{cell::LazyCell, fmt};

use super::{Hop, order::Strategy};
use crate::{
    delivery::{Channel, ProviderName},
    phone::{PhoneNumber, Prefix, Region},
};

/// The ways for the numbers of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// Which numbers it is for.
    pub scope: Scope,
    /// The ways for a message whose caller asked for no channel, in the operator's order.
    pub hops: Vec<Hop>,
    /// Further ways, for a caller who asks for their channel.
    pub on_request: Vec<Hop>,
    /// How the ways are put in order.
    pub strategy: Strategy,
}

/// Which numbers a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that begin with these digits.
    Prefix(Prefix),
    /// Those of a region.
    Region(Region),
    /// All.
    Everywhere,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "numbers of {prefix}"),
            Self::Region(region) => write!(f, "numbers of {region}"),
            Self::Everywhere => f.write_str("all other numbers"),
        }
    }
}

impl Scope {
    fn covers(self, phone: PhoneNumber, region: impl Fn() -> Option<Region>) -> bool {
        match self {
            Self::Prefix(prefix) => prefix.begins(phone),
            Self::Region(wanted) => region() == Some(wanted),
            Self::Everywhere => true,
        }
    }

    /// A longer prefix comes before a shorter one, that before a region, that before the rest.
    fn narrowness(self) -> u32 {
        match self {
            Self::Prefix(prefix) => 2 + prefix.digits(),
            Self::Region(_) => 1,
            Self::Everywhere => 0,
        }
    }
}

/// The ways that a message may take, before they are put in order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates<'t> {
    /// The ways, in the operator's order.
    pub hops: Vec<&'t Hop>,
    /// How they are put in order.
    pub strategy: Strategy,
}

/// All rules about ways, the narrowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingTable {
    rules: Vec<RouteRule>,
}

impl RoutingTable {
    /// A table of these rules; one of them should be for [`Scope::Everywhere`].
    #[must_use]
    pub fn new(mut rules: Vec<RouteRule>) -> Self {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.scope.narrowness()));
        Self { rules }
    }

    /// All ways of all rules.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.rules
            .iter()
            .flat_map(|rule| rule.hops.iter().chain(&rule.on_request))
    }

    /// All rules, the narrowest first.
    #[must_use]
    pub fn rules(&self) -> &[RouteRule] {
        &self.rules
    }

    /// The ways to a number, by the narrowest rule that has any; `None` when no rule has one, as
    /// for a channel that the operator does not offer.
    #[must_use]
    pub fn candidates(
        &self,
        phone: PhoneNumber,
        channel: Option<Channel>,
    ) -> Option<Candidates<'_>> {
        self.narrowest(phone, |rule| match channel {
            None => rule.hops.iter().collect(),
            Some(wanted) => rule.by_channel(wanted),
        })
    }

    /// The ways that a message of this provider and channel may go on by: if its caller asked for
    /// the channel, those of the channel; else all.
    #[must_use]
    pub fn candidates_after(
        &self,
        phone: PhoneNumber,
        provider: &ProviderName,
        channel: Channel,
    ) -> Option<Candidates<'_>> {
        let has_it = |candidates: &Candidates<'_>| {
            let mut hops = candidates.hops.iter();
            hops.any(|hop| hop.provider == *provider && hop.channel == channel)
        };
        let unasked = self.candidates(phone, None);
        if unasked.as_ref().is_some_and(has_it) {
            return unasked;
        }
        let asked = self.candidates(phone, Some(channel)).filter(has_it);
        asked.or(unasked)
    }

    fn narrowest<'t>(
        &'t self,
        phone: PhoneNumber,
        ways: impl Fn(&'t RouteRule) -> Vec<&'t Hop>,
    ) -> Option<Candidates<'t>> {
        // Looked up at most once, and only for a rule that asks: it takes as long as all the rest.
        let region = LazyCell::new(|| phone.region());
        self.rules
            .iter()
            .filter(|rule| rule.scope.covers(phone, || *region))
            .map(|rule| Candidates {
                hops: ways(rule),
                strategy: rule.strategy,
            })
            .find(|candidates| !candidates.hops.is_empty())
    }
}

impl RouteRule {
    fn by_channel(&self, channel: Channel) -> Vec<&Hop> {
        self.hops
            .iter()
            .chain(&self.on_request)
            .filter(|hop| hop.channel == channel)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    fn hop(provider: &str, channel: Channel) -> Hop {
        Hop {
            channel,
            ..values::hop(provider)
        }
    }

    fn rule(scope: Scope, hops: &[&str], on_request: &[(&str, Channel)]) -> RouteRule {
        let hops = hops.iter().map(|provider| hop(provider, Channel::Sms));
        let on_request = on_request.iter().map(|(name, channel)| hop(name, *channel));
        RouteRule {
            scope,
            hops: hops.collect(),
            on_request: on_request.collect(),
            strategy: Strategy::Ordered,
        }
    }

    fn table() -> RoutingTable {
        RoutingTable::new(vec![
            rule(
                Scope::Everywhere,
                &["twilio", "vonage"],
                &[("whatsapp", Channel::WhatsApp)],
            ),
            rule(
                Scope::Region(Region::IRAN),
                &["kavenegar"],
                &[("kavenegar", Channel::Voice)],
            ),
            rule(
                Scope::Prefix(Prefix::parse("98912").unwrap()),
                &["smsir"],
                &[],
            ),
            rule(
                Scope::Prefix(Prefix::parse("989121").unwrap()),
                &["ghasedak"],
                &[],
            ),
        ])
    }

    fn ways(phone: &str, channel: Option<Channel>) -> Vec<String> {
        let phone = PhoneNumber::from_e164(phone).unwrap();
        let table = table();
        let candidates = table.candidates(phone, channel);
        let hops = candidates
            .map(|candidates| candidates.hops)
            .unwrap_or_default();
        hops.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_narrowest_rule_holds() {
        assert_eq!(ways("+989121234567", None), ["ghasedak:sms"]);
        assert_eq!(ways("+989129234567", None), ["smsir:sms"]);
        assert_eq!(ways("+989351234567", None), ["kavenegar:sms"]);
        assert_eq!(ways("+905321234567", None), ["twilio:sms", "vonage:sms"]);
    }

    #[test]
    fn a_channel_is_looked_for_in_wider_rules_where_the_narrowest_has_none() {
        let asked = |channel| ways("+989121234567", Some(channel));

        assert_eq!(asked(Channel::Sms), ["ghasedak:sms"]);
        assert_eq!(asked(Channel::Voice), ["kavenegar:voice"]);
        assert_eq!(asked(Channel::WhatsApp), ["whatsapp:whatsapp"]);
        assert!(asked(Channel::Telegram).is_empty());
    }

    #[test]
    fn what_was_asked_for_by_its_channel_goes_on_by_its_channel() {
        let phone = PhoneNumber::from_e164("+989351234567").unwrap();
        let table = table();
        let after = |provider: &str, channel| {
            let provider = ProviderName::new(provider);
            let candidates = table.candidates_after(phone, &provider, channel);
            let hops = candidates.unwrap().hops;
            hops.iter().map(ToString::to_string).collect::<Vec<_>>()
        };

        assert_eq!(after("kavenegar", Channel::Voice), ["kavenegar:voice"]);
        assert_eq!(after("kavenegar", Channel::Sms), ["kavenegar:sms"]);
        let whatsapp = after("whatsapp", Channel::WhatsApp);
        assert_eq!(whatsapp, ["whatsapp:whatsapp"], "of a wider rule");
        assert_eq!(
            after("taken off the route", Channel::Sms),
            ["kavenegar:sms"]
        );
    }
}
