//! Two providers of three fail, in all pairs of ways.

use std::time::Duration;

use crate::{
    fault::{Fate, Fault},
    scene::{DEADLINE, Scene},
};

/// When a person without a code asks for it once more. All that goes unasked has gone by then.
const PATIENCE: Duration = Duration::from_mins(1);

/// How many messages may reach a number unasked (SECURITY.md T68), and all in all
/// (`delivery.messages_per_challenge`).
const UNASKED: usize = 2;
const MOST: usize = 3;

async fn one_person_logs_in(first: Fault, second: Fault) {
    let pair = [first, second];
    let scene = Scene::of([Some(first), Some(second), None]);
    let person = scene.person(1).await;
    assert!(person.answered_after <= DEADLINE, "{pair:?}");

    let asks_again = pair.map(Fault::fate) == [Fate::MayHaveGone; 2];
    if asks_again {
        let unasked = scene.await_code(&person, PATIENCE).await;
        assert_eq!(unasked, None, "{pair:?}: a third message goes unasked");
        assert_eq!(scene.reaching(&person), UNASKED, "{pair:?}");
        scene.ask_again(&person).await;
        let came_after = scene.await_code(&person, PATIENCE).await;
        assert_eq!(came_after, Some(PATIENCE), "{pair:?}: no code at once");
    } else {
        let longest = first.longest_delay() + second.longest_delay();
        let came_after = scene.await_code(&person, longest).await;
        assert!(came_after.is_some(), "{pair:?}: no code within {longest:?}");
    }

    scene.log_in(&person).await;
    scene.pass(Duration::from_mins(1)).await;
    let messages = scene.messages(&person);
    let code = &messages[0].code;
    assert!(messages.iter().all(|sent| sent.code == *code), "{pair:?}");
    let reaching = scene.reaching(&person);
    let most = if asks_again { MOST } else { UNASKED };
    assert!(reaching <= most, "{pair:?}: {reaching} messages");
    for provider in &scene.providers {
        assert!(provider.sent().len() <= 1, "{pair:?}: asked twice");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_two_providers_of_three_do_every_login_succeeds() {
    for first in Fault::ALL {
        for second in Fault::ALL {
            one_person_logs_in(first, second).await;
        }
    }
}
