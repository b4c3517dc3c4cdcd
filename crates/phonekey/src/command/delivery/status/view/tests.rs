use std::{slice, time::Duration};

use phonekey_core::{
    delivery::outcome::{Cost, Currency},
    route::watch::{Figure, NodeId, ProviderHealth},
    time::Timestamp,
};

use super::*;

/// 2026-08-11T09:15:04Z.
const NOW: Timestamp = Timestamp::from_seconds(1_786_439_704);

fn empty() -> Survey {
    Survey {
        now: NOW,
        seen: Vec::new(),
        hour: BTreeMap::new(),
        day: BTreeMap::new(),
        today: BTreeMap::new(),
        conversions: BTreeMap::new(),
    }
}

fn seen(node: &str, seconds_ago: u64, position: Position) -> SeenHealth {
    SeenHealth {
        node: NodeId::from_kept(node),
        seen_at: NOW.minus(Duration::from_secs(seconds_ago)),
        health: ProviderHealth {
            provider: ProviderName::new("a"),
            position,
            last_trouble: None,
        },
    }
}

fn trouble(seen: SeenHealth, seconds_ago: u64, refusal: Option<SendRefusal>) -> SeenHealth {
    let at = NOW.minus(Duration::from_secs(seconds_ago));
    let last_trouble = Some(Trouble { at, refusal });
    let health = ProviderHealth {
        last_trouble,
        ..seen.health
    };
    SeenHealth { health, ..seen }
}

fn row(survey: &Survey) -> Vec<String> {
    let configured = [ProviderName::new("a")];
    Report::of(survey, configured.iter()).rows().remove(0)
}

fn figures(fate: Fate, count: u64, cost: Option<(&str, i64)>) -> Figure {
    Figure {
        provider: ProviderName::new("a"),
        fate,
        count,
        cost: cost.map(|(currency, micros)| Cost {
            micros,
            currency: Currency::from_code(currency).unwrap(),
        }),
    }
}

#[test]
fn of_a_provider_that_nothing_is_known_of_little_is_said() {
    assert_eq!(row(&empty()), ["a", "", "", "0", "0", "", ""]);
}

#[test]
fn messages_and_their_costs_are_added_up() {
    let figures = [
        figures(Fate::Accepted, 9, Some(("IRR", 10_800_000_000))),
        figures(Fate::Accepted, 1, Some(("EUR", 70_000))),
        figures(Fate::Refused, 2, None),
        figures(Fate::Pending, 1, None),
    ];
    let conversion = Conversion {
        sent: 8,
        verified: 7,
    };
    let survey = Survey {
        hour: Tally::by_provider(&figures[2..]),
        day: Tally::by_provider(&figures),
        today: Tally::by_provider(&figures),
        conversions: BTreeMap::from([(ProviderName::new("a"), conversion)]),
        ..empty()
    };

    assert_eq!(
        row(&survey)[3..],
        [
            "3: 2 refused, 1 under way",
            "13: 10 taken, 2 refused, 1 under way",
            "87 % (7 of 8)",
            "0.07 EUR, 10800 IRR",
        ]
    );
}

#[test]
fn a_breaker_is_told_as_the_servers_that_run_see_it() {
    let open = Position::Open {
        until: NOW.plus(Duration::from_secs(10)),
    };
    let until = "open until 2026-08-11T09:15:14Z";
    let half_open = Position::HalfOpen { probed_at: NOW };
    let gone = seen("gone-1", 201, open);
    let breaker = |seen: &[SeenHealth]| {
        let seen = seen.to_vec();
        row(&Survey { seen, ..empty() }).remove(1)
    };
    let (one, two) = (seen("one", 0, Position::Closed), seen("two", 60, open));

    assert_eq!(breaker(slice::from_ref(&gone)), "");
    assert_eq!(breaker(&[gone.clone(), one.clone()]), "closed");
    assert_eq!(breaker(slice::from_ref(&two)), until);
    let probing = seen("one", 0, half_open);
    assert_eq!(breaker(&[probing]), "half-open since 2026-08-11T09:15:04Z");
    assert_eq!(
        breaker(&[gone, one, two]),
        format!("{until} on two, 1 of 2 not closed")
    );
}

#[test]
fn the_last_error_of_all_servers_is_told_also_of_those_that_are_gone() {
    let closed = |node| seen(node, 300, Position::Closed);
    let survey = Survey {
        seen: vec![
            trouble(closed("one"), 90, Some(SendRefusal::NoCredit)),
            trouble(closed("two"), 30, None),
            trouble(closed("three"), 60, Some(SendRefusal::Temporary)),
        ],
        ..empty()
    };

    assert_eq!(row(&survey)[2], "no_answer, 2026-08-11T09:14:34Z");
}

#[test]
fn a_provider_that_is_no_longer_configured_is_told_of_while_it_has_messages() {
    let survey = Survey {
        day: Tally::by_provider(&[figures(Fate::Accepted, 1, None)]),
        ..empty()
    };

    let rows = Report::of(&survey, [].iter()).rows();

    assert_eq!(rows[0][0], "a");
}

#[test]
fn servers_that_run_are_counted() {
    let closed = Position::Closed;
    let summary = |seen: Vec<SeenHealth>| {
        let survey = Survey { seen, ..empty() };
        Report::of(&survey, [].iter()).summary()
    };

    assert_eq!(summary(vec![seen("one", 0, closed)]), "1 server");
    let both = vec![seen("one", 0, closed), seen("two", 200, closed)];
    assert_eq!(summary(both), "2 servers");
    assert!(summary(vec![seen("gone", 201, closed)]).starts_with("no server"));
}
