//! How many of a provider's messages end in a right code.

use std::collections::HashMap;

use super::Hop;
use crate::{
    delivery::{Channel, ProviderName},
    phone::PhoneNumber,
};

/// A share of messages that ended in a right code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// Messages that a provider took, or may have.
    pub sent: u64,
    /// Those after which the right code came.
    pub verified: u64,
}

/// What is taken for granted of a provider that nothing is known of: 20 messages at 70 %, the
/// middle of what Telnyx calls healthy (60 to 80 %, SECURITY.md T20). So a few unlucky messages
/// condemn nobody.
const PRIOR: Conversion = Conversion {
    sent: 20,
    verified: 14,
};

impl Conversion {
    /// The share, 0 to 1, drawn towards 0.7 while there are few messages.
    #[must_use]
    pub fn score(self) -> f64 {
        let share = |part: u64, whole: u64| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a share needs no more precision"
            )]
            let share = part as f64 / whole as f64;
            share
        };
        share(
            self.verified.min(self.sent) + PRIOR.verified,
            self.sent + PRIOR.sent,
        )
    }
}

/// The numbers that share all but their last seven digits: an operator or an area in most
/// countries, such as +98 912 or +1 415.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberBlock(pub i64);

impl NumberBlock {
    /// What a number's key is divided by.
    pub const DIVISOR: i64 = 10_000_000;

    /// The block of a number.
    #[must_use]
    pub fn of(phone: PhoneNumber) -> Self {
        Self(phone.to_key() / Self::DIVISOR)
    }
}

/// Messages of one kind within a stretch of time, and what came of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockConversion {
    /// Who carried them.
    pub provider: ProviderName,
    /// How.
    pub channel: Channel,
    /// To which numbers.
    pub block: NumberBlock,
    /// What came of them.
    pub conversion: Conversion,
}

/// What is known of all ways within a sliding window.
#[derive(Clone, Debug, Default)]
pub struct Conversions {
    by_block: HashMap<(ProviderName, Channel, NumberBlock), Conversion>,
    by_hop: HashMap<(ProviderName, Channel), Conversion>,
}

/// Fewer messages to a block than this tell nothing of it; then the way's messages to all numbers
/// are looked at.
const ENOUGH_FOR_A_BLOCK: u64 = 50;

impl Conversions {
    /// What these figures tell.
    #[must_use]
    pub fn of(figures: Vec<BlockConversion>) -> Self {
        let mut conversions = Self::default();
        for figure in figures {
            let hop = (figure.provider.clone(), figure.channel);
            let all = conversions.by_hop.entry(hop).or_default();
            all.sent += figure.conversion.sent;
            all.verified += figure.conversion.verified;
            let key = (figure.provider, figure.channel, figure.block);
            conversions.by_block.insert(key, figure.conversion);
        }
        conversions
    }

    /// How a way does for numbers like this one.
    #[must_use]
    pub fn for_number(&self, hop: &Hop, phone: PhoneNumber) -> Conversion {
        let (provider, channel) = (hop.provider.clone(), hop.channel);
        let block = (provider.clone(), channel, NumberBlock::of(phone));
        let of_block = self.by_block.get(&block).copied();
        of_block
            .filter(|conversion| conversion.sent >= ENOUGH_FOR_A_BLOCK)
            .or_else(|| self.by_hop.get(&(provider, channel)).copied())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    fn figure(block: i64, sent: u64, verified: u64) -> BlockConversion {
        BlockConversion {
            provider: ProviderName::new("a"),
            channel: Channel::Sms,
            block: NumberBlock(block),
            conversion: Conversion { sent, verified },
        }
    }

    #[test]
    fn a_block_speaks_for_itself_once_it_has_enough_messages() {
        let known = Conversions::of(vec![figure(98912, 50, 10), figure(98935, 49, 49)]);
        let hop = values::hop("a");
        let of = |phone: &str| known.for_number(&hop, PhoneNumber::from_e164(phone).unwrap());
        let conversion = |sent, verified| Conversion { sent, verified };

        assert_eq!(of("+989121234567"), conversion(50, 10));
        assert_eq!(of("+989351234567"), conversion(99, 59));
        let unknown = Hop {
            channel: Channel::Voice,
            ..hop
        };
        let phone = PhoneNumber::from_e164("+989121234567").unwrap();
        assert_eq!(known.for_number(&unknown, phone), Conversion::default());
    }

    #[test]
    fn few_messages_say_little() {
        let score = |sent, verified| Conversion { sent, verified }.score();

        assert!((score(0, 0) - 0.7).abs() < 1e-9);
        assert!(score(3, 0) > 0.6);
        assert!(score(1000, 0) < 0.02);
        assert!(score(1000, 950) > 0.94);
    }
}
