//! One provider fails.

use std::time::Duration;

use crate::{
    fault::{Fate, Fault},
    scene::{DEADLINE, Scene},
};

/// All that must hold of one person, whatever the first provider does. What is sent is the same code
/// each time, and no more of it than two messages that nobody asked for (SECURITY.md T68).
async fn one_person_logs_in(fault: Fault) {
    let scene = Scene::of([Some(fault), None, None]);
    let person = scene.person(1).await;

    let came_after = scene.await_code(&person, fault.longest_delay()).await;

    assert!(came_after.is_some(), "{fault:?}: no code in time");
    assert!(person.answered_after <= DEADLINE, "{fault:?}");
    scene.log_in(&person).await;
    scene.pass(Duration::from_mins(3)).await;
    let messages = scene.messages(&person);
    let code = &messages[0].code;
    assert!(messages.iter().all(|sent| sent.code == *code), "{fault:?}");
    let reaching = match fault.fate() {
        Fate::NotSent | Fate::Late => 1,
        Fate::MayHaveGone => 2,
    };
    assert_eq!(scene.reaching(&person), reaching, "{fault:?}: {messages:?}");
    assert!(scene.providers[2].sent().is_empty(), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_the_first_provider_does_every_login_succeeds_in_time() {
    for fault in Fault::ALL {
        one_person_logs_in(fault).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_works_sends_one_message_at_once() {
    let scene = Scene::of([None; 3]);
    let person = scene.person(1).await;

    assert_eq!(
        scene.await_code(&person, Duration::ZERO).await,
        Some(Duration::ZERO)
    );
    scene.log_in(&person).await;
    scene.pass(Duration::from_mins(3)).await;

    assert_eq!(scene.messages(&person), scene.providers[0].sent());
    assert_eq!(scene.reaching(&person), 1);
}
