//! SECURITY.md T49: no configuration fails open. Whatever it says, it is refused, or every rule's
//! number is within its bounds.

use std::time::Duration;

use phonekey_core::{
    phone::ServedRegions,
    policy::{ForeignTokens, Policy},
};
use proptest::{prelude::*, sample::select, test_runner::FileFailurePersistence};

use super::super::{
    Config, DevelopmentScope,
    raw::SECTIONS,
    setting::{Declared, Kind, Occurrence, variable},
    source::Sources,
};

const CASES: u32 = 10_000;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_configuration_is_refused_or_within_all_bounds(said in configuration()) {
        let sources = Sources {
            environment: said
                .iter()
                .map(|(path, value)| (variable(path).into(), value.into()))
                .collect(),
            ..Sources::default()
        };
        match Config::load(&sources) {
            Ok(config) => require_bounds(&config)?,
            Err(problems) => prop_assert!(!problems.0.is_empty()),
        }
    }
}

/// One to four settings, each with a value that may fit it or not.
fn configuration() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let settings: Vec<&'static Declared> = SECTIONS
        .iter()
        .filter(|section| section.occurrence == Occurrence::Once)
        .flat_map(|section| section.settings)
        .collect();
    let said = select(settings).prop_flat_map(|setting| {
        let value = value_for(setting.kind);
        (Just(setting.path()), value)
    });
    proptest::collection::vec(said, 1..5)
}

fn value_for(kind: Kind) -> BoxedStrategy<String> {
    let number = prop_oneof![
        (0_u64..25).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
    ];
    let span = (
        prop_oneof![0_u64..130, any::<u64>()],
        select(vec!["ms", "s", "m", "h", "d", ""]),
    )
        .prop_map(|(count, unit)| format!("{count}{unit}"));
    let rate = (0_u32..1200, span.clone()).prop_map(|(count, span)| format!("{count}/{span}"));
    let word = select(vec![
        "true",
        "false",
        "auto",
        "none",
        "all",
        "default",
        "IR",
        "TR",
        "zz",
        "mobile",
        "voip",
        "inbox",
        "file",
        "webhook",
        "HS256",
        "EdDSA",
        "info",
        "json",
        "fa",
        "0.0.0.0:80",
        "127.0.0.1:1",
        "sqlite:x",
        "postgres://h/d",
        "https://h",
        "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x",
    ])
    .prop_map(str::to_owned);
    let anything = prop_oneof![
        3 => number,
        3 => span.clone(),
        2 => word,
        1 => rate.clone(),
        1 => ".{0,40}",
    ]
    .boxed();
    match kind {
        Kind::List => prop_oneof![
            proptest::collection::vec(span, 0..4).prop_map(|items| items.join(",")),
            proptest::collection::vec(rate, 0..4).prop_map(|items| items.join(",")),
            proptest::collection::vec(anything, 0..4).prop_map(|items| items.join(",")),
        ]
        .boxed(),
        _ => anything,
    }
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// Every bound of `policy.rs` and SECURITY.md §2.3.
fn require_bounds(config: &Config) -> Result<(), TestCaseError> {
    let Policy {
        phone,
        challenge,
        messages: _,
        app_hashes: _,
        number,
        session,
        token,
    } = &config.policy;

    prop_assert!((4..=10).contains(&challenge.code_length.get()));
    prop_assert!((30 * SECOND..=600 * SECOND).contains(&challenge.lifetime));
    prop_assert!((1..=10).contains(&challenge.wrong_answers));

    prop_assert!((1..=20).contains(&number.live_challenges));
    let waits = (1..=30).map(|sends| number.cool_down.after(sends));
    let sound = waits.min() >= Some(SECOND);
    prop_assert!(sound && number.cool_down.after(u16::MAX) <= DAY);
    for (rates, most) in [(&number.sends, 1000), (&number.wrong_answers, 100)] {
        prop_assert!(!rates.as_slice().is_empty());
        for rate in rates.as_slice() {
            prop_assert!((1..=most).contains(&rate.count));
            prop_assert!((SECOND..=365 * DAY).contains(&rate.window));
        }
    }

    prop_assert!((10 * SECOND..=DAY).contains(&token.access_lifetime));
    prop_assert!(!token.issuer.is_empty());
    prop_assert!(session.refresh_lifetime > token.access_lifetime);
    prop_assert!(session.refresh_lifetime <= 365 * DAY);
    prop_assert!(session.refresh_grace <= 60 * SECOND);
    prop_assert!(
        session
            .absolute_lifetime
            .is_none_or(|end| end >= 60 * SECOND)
    );
    let adopts = session.foreign_tokens == ForeignTokens::Adopt;
    prop_assert!(!adopts || config.tokens.hs256_secret.is_some());

    prop_assert!(!phone.kinds.is_empty());
    if let ServedRegions::Only(regions) = &phone.served {
        prop_assert!(regions.contains(&phone.default_region));
    }

    let delivery = &config.delivery;
    for rule in delivery.table.rules() {
        prop_assert!(!rule.hops.is_empty());
    }
    for hop in delivery.table.hops() {
        prop_assert!(delivery.providers.contains_key(&hop.provider));
    }
    prop_assert!(delivery.pace.lease > delivery.pace.deadline);
    prop_assert!((1..=10).contains(&delivery.messages.per_challenge));
    prop_assert!(config.http.max_connections > 0);
    prop_assert!(config.retention.challenges >= DAY && config.retention.audit >= DAY);
    let develops = delivery.development_providers().next().is_some();
    let everywhere = config.development == DevelopmentScope::Anywhere;
    prop_assert!(!develops || config.http.is_local() || everywhere);
    Ok(())
}
