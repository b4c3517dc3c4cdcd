//! A provider fails for everybody, for a while.

use std::time::Duration;

use crate::{
    fault::{Fate, Fault},
    scene::Scene,
};

const PEOPLE: usize = 60;

/// Answers that show that a provider is down (SECURITY.md T69: half of twenty).
const SHOWN_BY: usize = 10;

#[tokio::test(start_paused = true)]
async fn while_a_provider_is_down_few_people_wait_and_all_log_in() {
    for fault in [
        Fault::ConnectionRefused,
        Fault::CutOff,
        Fault::RateLimited,
        Fault::ServerError,
        Fault::Unavailable,
        Fault::BadCredentials,
        Fault::NoCredit,
    ] {
        let scene = Scene::of([Some(fault), None, None]);
        let mut waited = 0;
        for number in 0..PEOPLE {
            let person = scene.person(number).await;
            let came_after = scene.await_code(&person, fault.longest_delay()).await;
            let came_after = came_after.unwrap_or_else(|| panic!("{fault:?}: no code in time"));
            scene.log_in(&person).await;
            waited += usize::from(!came_after.is_zero());
            assert!(scene.reaching(&person) <= 2, "{fault:?}");
        }

        let asked = scene.providers[0].sent().len();
        let most = match fault.fate() {
            Fate::NotSent => 0,
            // Each of them takes ten seconds and more, so each of the pauses, which double, ends
            // with a probe.
            Fate::MayHaveGone | Fate::Late => SHOWN_BY + 5,
        };
        assert!(waited <= most, "{fault:?}: {waited} people waited");
        assert!(asked <= SHOWN_BY + 5, "{fault:?}: asked {asked} times");
        assert_eq!(scene.providers[1].sent().len(), PEOPLE, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_has_recovered_is_used_again() {
    let scene = Scene::of([Some(Fault::NoCredit), None, None]);
    scene.person(1).await;
    let person = scene.person(2).await;
    assert_eq!(scene.providers[0].sent().len(), 1, "it was left out");
    scene.log_in(&person).await;

    scene.providers[0].recover();
    scene.pass(Duration::from_secs(10)).await;
    let person = scene.person(3).await;

    let message = &scene.messages(&person)[0];
    assert_eq!(scene.providers[0].sent().last(), Some(message));
    scene.log_in(&person).await;
}
