//! How providers do, for whoever watches them: as each node sees them, and as the messages add up.

use std::{collections::BTreeMap, fmt};

use super::breaker::Position;
use crate::{
    delivery::{
        DeliveryState, ProviderName,
        outcome::{Cost, Currency, SendRefusal},
    },
    random::{self, Random},
    time::Timestamp,
};

/// Names one run of a server: its machine's name and six random digits, such as `web-1-4f2a9c`.
///
/// A process id would not do: in containers it is 1, on every one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(String);

impl NodeId {
    /// A name for a server that starts on the machine of this name.
    pub fn generate(machine: &str, random: &dyn Random) -> Self {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let machine: String = machine.chars().filter(|c| sound(*c)).take(64).collect();
        let machine = if machine.is_empty() { "node" } else { &machine };
        let [a, b, c] = random::bytes(random);
        Self(format!("{machine}-{a:02x}{b:02x}{c:02x}"))
    }

    /// The name that a database kept.
    #[must_use]
    pub fn from_kept(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What went wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When.
    pub at: Timestamp,
    /// Why the provider refused; `None` when it did not answer.
    pub refusal: Option<SendRefusal>,
}

/// How a provider does, as one node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderHealth {
    /// Which provider.
    pub provider: ProviderName,
    /// Where its breaker stands.
    pub position: Position,
    /// What went wrong last.
    pub last_trouble: Option<Trouble>,
}

/// What a node has told of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenHealth {
    /// Which node.
    pub node: NodeId,
    /// When it told.
    pub seen_at: Timestamp,
    /// What.
    pub health: ProviderHealth,
}

/// What became of a message that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It is on its way to its provider.
    Pending,
    /// Its provider took it.
    Accepted,
    /// Its provider refused it.
    Refused,
    /// Nobody can tell.
    Unknown,
}

impl Fate {
    /// All fates, for the stores' mapping.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Refused, Self::Unknown];

    /// The fate of a message in this state; `None` for one that was never to be sent.
    #[must_use]
    pub const fn of(state: DeliveryState) -> Option<Self> {
        match state {
            DeliveryState::Pending { .. } => Some(Self::Pending),
            DeliveryState::Accepted { .. } => Some(Self::Accepted),
            DeliveryState::Refused { .. } => Some(Self::Refused),
            DeliveryState::Unknown { .. } => Some(Self::Unknown),
            DeliveryState::Dropped { .. } => None,
        }
    }

    /// Its name, which is that of the state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    /// The fate with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.name() == name)
    }
}

/// Messages of one provider that met with the same fate and were paid for in the same currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Who carried them.
    pub provider: ProviderName,
    /// What became of them.
    pub fate: Fate,
    /// How many there are.
    pub count: u64,
    /// What they cost together; `None` for those whose cost is not known.
    pub cost: Option<Cost>,
}

/// What the messages of one provider add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<Fate, u64>,
    spend: BTreeMap<Currency, i64>,
}

impl Tally {
    /// What these figures add up to, by provider.
    #[must_use]
    pub fn by_provider(figures: &[Figure]) -> BTreeMap<ProviderName, Self> {
        let mut tallies: BTreeMap<ProviderName, Self> = BTreeMap::new();
        for figure in figures {
            let tally = tallies.entry(figure.provider.clone()).or_default();
            *tally.counts.entry(figure.fate).or_default() += figure.count;
            if let Some(cost) = &figure.cost {
                let spent = tally.spend.entry(cost.currency).or_default();
                *spent = spent.saturating_add(cost.micros);
            }
        }
        tallies
    }

    /// Messages that met with this fate.
    #[must_use]
    pub fn count(&self, fate: Fate) -> u64 {
        self.counts.get(&fate).copied().unwrap_or_default()
    }

    /// All messages.
    #[must_use]
    pub fn sends(&self) -> u64 {
        self.counts.values().sum()
    }

    /// What they cost, as far as it is known, by currency.
    pub fn spend(&self) -> impl Iterator<Item = Cost> {
        self.spend.iter().map(|(currency, micros)| Cost {
            micros: *micros,
            currency: *currency,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    fn figure(provider: &str, fate: Fate, count: u64, rials: Option<i64>) -> Figure {
        Figure {
            provider: ProviderName::new(provider),
            fate,
            count,
            cost: rials.map(|rials| Cost {
                micros: rials * 1_000_000,
                currency: Currency::RIAL,
            }),
        }
    }

    #[test]
    fn a_node_is_named_after_its_machine_and_never_twice_the_same() {
        let random = SeededRandom::new(1);
        let first = NodeId::generate("web-1.example", &random);
        let second = NodeId::generate("web-1.example", &random);

        assert!(first.as_str().starts_with("web-1.example-"), "{first}");
        assert_eq!(first.as_str().len(), "web-1.example-".len() + 6);
        assert_ne!(first, second);
        let odd = NodeId::generate("\u{1b}[31mشبکه", &random);
        assert!(odd.as_str().starts_with("31m-"), "{odd}");
        let nameless = NodeId::generate("", &random);
        assert!(nameless.as_str().starts_with("node-"), "{nameless}");
    }

    #[test]
    fn figures_of_several_hours_add_up() {
        let figures = [
            figure("a", Fate::Accepted, 3, Some(30)),
            figure("a", Fate::Accepted, 2, None),
            figure("b", Fate::Refused, 1, None),
            figure("a", Fate::Accepted, 4, Some(40)),
            figure("a", Fate::Unknown, 1, None),
        ];

        let tallies = Tally::by_provider(&figures);

        let a = &tallies[&ProviderName::new("a")];
        assert_eq!(a.count(Fate::Accepted), 9);
        assert_eq!(a.count(Fate::Refused), 0);
        assert_eq!(a.sends(), 10);
        let spend: Vec<Cost> = a.spend().collect();
        assert_eq!(spend[0].micros, 70_000_000);
        assert_eq!(tallies[&ProviderName::new("b")].spend().count(), 0);
    }
}
