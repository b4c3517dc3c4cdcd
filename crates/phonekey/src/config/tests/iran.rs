//! The providers in Iran.

mod ghasedak;
mod kavenegar;
mod melipayamak;
mod smsir;

use phonekey_delivery::settings::ProviderKind;

use super::Case;

/// The settings of the only provider, whose route stands before its section.
fn kind(provider: &str, section: &str) -> ProviderKind {
    let providers = case(provider, section).load().unwrap().delivery.providers;
    let mut kinds = providers.into_values().map(|provider| provider.kind);
    kinds.next().unwrap()
}

fn problems(provider: &str, section: &str) -> Vec<String> {
    case(provider, section).problems()
}

fn case(provider: &str, section: &str) -> Case {
    let route = format!("[delivery.routes]\ndefault = ['{provider}']");
    Case::new().file(&format!("{route}\n[delivery.{provider}]\n{section}"))
}

/// Each of `odd` is refused by a problem of its own that says the text beside it.
fn refuse_each(provider: &str, section: &str, odd: &[(&str, &str)]) {
    for (odd, said) in odd {
        let problems = problems(provider, &format!("{section}\n{odd}"));

        assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
        assert!(problems[0].contains(said), "{problems:?}");
        assert!(!problems[0].contains("k3y"), "{problems:?}");
    }
}
