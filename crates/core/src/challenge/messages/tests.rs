use super::*;
use crate::{
    challenge::ChallengeState,
    delivery::{DeliveryState, outcome::SendRefusal},
    policy::Enforcement,
    standing::WaitRule,
    testing::values::{self, plan},
};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
}

/// One challenge, its number and its messages.
struct Scene {
    challenge: Challenge,
    standing: Standing,
    tried: Vec<Delivery>,
    plan: SendPlan,
    messages: MessagePolicy,
    number: NumberPolicy,
}

impl Scene {
    /// A challenge whose first message was just taken by the first of these providers.
    fn over(providers: &[&str]) -> Self {
        let challenge = values::challenge();
        let plan = plan(providers);
        let number = NumberPolicy::default();
        let mut standing = Standing::default();
        super::super::open(&challenge, &mut standing, &number, at(0)).unwrap();
        let first = plan.first(challenge.id, at(0));
        let mut scene = Self {
            challenge,
            standing,
            tried: vec![first],
            plan,
            messages: MessagePolicy::default(),
            number,
        };
        scene.settle(DeliveryState::Accepted { at: at(0) });
        scene
    }

    fn settle(&mut self, state: DeliveryState) {
        self.tried.last_mut().unwrap().state = state;
    }

    fn refuse(&mut self) {
        let reason = SendRefusal::Temporary;
        self.settle(DeliveryState::Refused { at: at(0), reason });
    }

    /// Asks for the code once more; what is sent is taken.
    fn resend(&mut self, now: Timestamp) -> Result<Option<String>, NotAgain> {
        let terms = Terms {
            plan: &self.plan,
            messages: &self.messages,
            number: &self.number,
        };
        let (challenge, standing) = (&mut self.challenge, &mut self.standing);
        let delivery = resend(challenge, standing, &self.tried, &terms, now)?;
        let provider = delivery.as_ref().map(|it| it.provider.to_string());
        if let Some(delivery) = delivery {
            self.tried.push(delivery);
            self.settle(DeliveryState::Accepted { at: now });
        }
        Ok(provider)
    }

    /// Sends the code once more unasked, after the message at `index`.
    fn send_again(&mut self, index: usize, now: Timestamp) -> Result<String, NotAgain> {
        let terms = Terms {
            plan: &self.plan,
            messages: &self.messages,
            number: &self.number,
        };
        let about = &self.tried[index];
        let standing = &mut self.standing;
        let next = send_again(about, &self.challenge, standing, &self.tried, &terms, now)?;
        let provider = next.provider.to_string();
        self.tried.push(next);
        Ok(provider)
    }

    fn after_refusal(&mut self, now: Timestamp) -> Option<String> {
        let (challenge, standing) = (&mut self.challenge, &mut self.standing);
        let next = after_refusal(challenge, standing, &self.tried, Some(&self.plan), now)?;
        let provider = next.provider.to_string();
        self.tried.push(next);
        Some(provider)
    }
}

fn waits(rule: WaitRule, until: Timestamp) -> NotAgain {
    NotAgain::Wait(Wait { rule, until })
}

#[test]
fn a_resend_goes_by_the_next_way_under_the_cool_down() {
    let mut scene = Scene::over(&["a", "b"]);

    assert_eq!(scene.resend(at(29)), Err(waits(WaitRule::CoolDown, at(30))));
    assert_eq!(scene.resend(at(30)), Ok(Some("b".to_owned())));
    assert_eq!(scene.resend(at(89)), Err(waits(WaitRule::CoolDown, at(90))));
}

#[test]
fn a_code_that_is_sent_again_lives_a_minute_yet_but_never_longer_than_ten() {
    let mut scene = Scene::over(&["a"]);
    scene.number.enforcement = Enforcement::Off;
    scene.messages.per_challenge = 20;
    scene.resend(at(30)).unwrap();
    assert_eq!(scene.challenge.expires_at, at(120));

    scene.resend(at(100)).unwrap();
    assert_eq!(scene.challenge.expires_at, at(160));

    for seconds in (155..590).step_by(55) {
        scene.resend(at(seconds)).unwrap();
    }
    assert_eq!(scene.challenge.expires_at, at(600));
    assert_eq!(scene.resend(at(600)), Err(NotAgain::Dead));
}

#[test]
fn the_life_of_a_resent_challenge_is_known_to_its_number() {
    let mut scene = Scene::over(&["a"]);
    scene.number.cool_down = "1s".parse().unwrap();
    scene.number.live_challenges = 1;
    scene.resend(at(100)).unwrap();

    let wait = scene.standing.may_open(&scene.number, at(130)).unwrap_err();

    assert_eq!((wait.rule, wait.until), (WaitRule::LiveChallenges, at(160)));
}

#[test]
fn a_challenge_has_so_many_messages_and_refused_ones_do_not_count() {
    let mut scene = Scene::over(&["a"]);
    scene.number.enforcement = Enforcement::Off;
    scene.refuse();
    for seconds in [1, 2, 3] {
        scene.resend(at(seconds)).unwrap();
    }

    assert_eq!(scene.resend(at(4)), Err(NotAgain::Spent));
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut scene = Scene::over(&["a"]);
    scene.messages.per_challenge = 1;
    let before = (scene.challenge.clone(), scene.standing.clone());

    assert_eq!(scene.resend(at(100)), Err(NotAgain::Spent));

    assert_eq!((scene.challenge, scene.standing), before);
}

#[test]
fn a_test_number_is_sent_nothing_and_waits_all_the_same() {
    let mut scene = Scene::over(&["a"]);
    scene.tried.clear();

    assert_eq!(scene.resend(at(30)), Ok(None));
    assert_eq!(scene.resend(at(31)), Err(waits(WaitRule::CoolDown, at(90))));
}

#[test]
fn t68_one_more_message_goes_unasked_and_no_third() {
    let mut scene = Scene::over(&["a", "b", "c"]);
    scene.settle(DeliveryState::Unknown { at: at(5) });
    assert_eq!(scene.send_again(0, at(15)), Ok("b".to_owned()));
    scene.settle(DeliveryState::Unknown { at: at(20) });

    assert_eq!(scene.send_again(1, at(30)), Err(NotAgain::Spent));
}

#[test]
fn only_the_newest_message_is_followed_by_another() {
    let mut scene = Scene::over(&["a", "b"]);
    scene.settle(DeliveryState::Unknown { at: at(5) });
    scene.resend(at(30)).unwrap();

    assert_eq!(scene.send_again(0, at(31)), Err(NotAgain::Dead));
}

#[test]
fn nothing_goes_again_for_a_challenge_that_has_ended() {
    let mut scene = Scene::over(&["a", "b"]);
    scene.settle(DeliveryState::Unknown { at: at(5) });
    scene.challenge.close(CloseReason::Answered, at(6));

    assert_eq!(scene.send_again(0, at(15)), Err(NotAgain::Dead));
    assert_eq!(scene.resend(at(60)), Err(NotAgain::Dead));
}

#[test]
fn t15_messages_that_nobody_asked_for_count_for_the_caps_but_not_for_the_cool_down() {
    let mut scene = Scene::over(&["a", "b"]);
    scene.settle(DeliveryState::Unknown { at: at(5) });
    scene.send_again(0, at(15)).unwrap();
    let may_open = |scene: &Scene, now| scene.standing.may_open(&scene.number, now);
    assert_eq!(may_open(&scene, at(30)), Ok(()));
    scene.number.sends = "2/10m".parse().unwrap();

    let wait = may_open(&scene, at(30)).unwrap_err();

    assert_eq!((wait.rule, wait.until), (WaitRule::Sends, at(600)));
}

#[test]
fn a_refusal_goes_on_by_another_way_and_the_last_one_ends_the_challenge() {
    let mut scene = Scene::over(&["a", "b"]);
    scene.refuse();
    assert_eq!(scene.after_refusal(at(1)), Some("b".to_owned()));
    scene.refuse();

    assert_eq!(scene.after_refusal(at(2)), None);

    let reason = CloseReason::Undeliverable;
    let closed = ChallengeState::Closed { at: at(2), reason };
    assert_eq!(scene.challenge.state, closed);
}

#[test]
fn a_refused_resend_does_not_end_a_challenge_whose_code_has_gone_out() {
    let mut scene = Scene::over(&["a"]);
    scene.resend(at(30)).unwrap();
    scene.refuse();

    assert_eq!(scene.after_refusal(at(31)), None);

    assert!(scene.challenge.is_live(at(31)));
}
