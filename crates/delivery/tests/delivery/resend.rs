//! A code that its person asks for once more.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{Channel, outcome::SendRefusal},
    flow::{Flows, ResendRequest, StartRequest, Started, VerifyRequest},
    id::ChallengeId,
    policy::Enforcement,
    refusal::{Error, Fault, Refusal},
    route::table::RouteRule,
    standing::WaitRule,
};
use phonekey_delivery::senders::Senders;

use crate::{
    fakes::{Fake, everywhere, refused, senders, senders_of, sms, voice},
    world::{LIFETIME, World},
};

const NUMBER: &str = "09121234567";
const SECOND: Duration = Duration::from_secs(1);

/// A challenge whose first message has just gone.
struct Scene {
    world: World,
    flows: Flows,
    challenge: ChallengeId,
}

impl Scene {
    async fn over(senders: Senders) -> Self {
        Self::within(World::new(), senders).await
    }

    async fn within(world: World, senders: Senders) -> Self {
        let flows = world.flows(&Arc::new(world.router(senders)));
        let request = StartRequest {
            receiver: NUMBER,
            languages: &["en"],
            channel: None,
            app_hash: None,
        };
        let challenge = flows.start(request).await.unwrap().challenge;
        Self {
            world,
            flows,
            challenge,
        }
    }

    async fn resend(&self) -> Result<Started, Error> {
        self.resend_by(NUMBER, None).await
    }

    async fn resend_by(&self, receiver: &str, channel: Option<Channel>) -> Result<Started, Error> {
        let request = ResendRequest {
            challenge: self.challenge,
            receiver,
            channel,
        };
        self.flows.resend(request).await
    }

    /// The code as the provider `fake` got it last, which must be right.
    async fn log_in_by(&self, fake: &Fake) {
        let message = fake.messages().pop().unwrap();
        assert_eq!(message.delivery.challenge, self.challenge);
        let request = VerifyRequest {
            challenge: self.challenge,
            receiver: NUMBER,
            code: message.code.expose(),
        };
        self.flows.verify(request).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_code_comes_by_the_next_provider() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let scene = Scene::over(senders([&a, &b])).await;

    let resent = scene.resend().await.unwrap();

    assert_eq!(resent.challenge, scene.challenge);
    assert_eq!((a.sent().len(), b.sent().len()), (1, 1));
    let (first, second) = (a.messages().remove(0), b.messages().remove(0));
    assert!(first.code.matches(&second.code));
    scene.log_in_by(&b).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_resend_gives_the_code_another_minute() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let scene = Scene::over(senders([&a, &b])).await;
    scene.world.clock.advance(119 * SECOND);

    let resent = scene.resend().await.unwrap();

    assert_eq!(resent.expires_in, Duration::from_mins(1));
    assert_eq!(
        b.messages()[0].expires_at,
        scene.world.now().plus(resent.expires_in)
    );
    scene.world.clock.advance(59 * SECOND);
    scene.log_in_by(&b).await;
}

#[tokio::test(start_paused = true)]
async fn it_comes_by_the_channel_that_its_person_asks_for() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let rule = RouteRule {
        on_request: vec![voice("b")],
        ..everywhere(vec![sms("a"), sms("b")])
    };
    let both = [("a", a.silent()), ("b", b.silent())];
    let scene = Scene::over(senders_of(rule, both)).await;

    scene.resend_by(NUMBER, Some(Channel::Voice)).await.unwrap();

    assert_eq!(b.messages()[0].channel, Channel::Voice);
    scene.log_in_by(&b).await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_not_offered_is_refused() {
    let a = Fake::accepting();
    let scene = Scene::over(senders([&a])).await;

    let answer = scene.resend_by(NUMBER, Some(Channel::Telegram)).await;

    assert_eq!(refusal(answer), Refusal::ChannelNotOffered);
    assert_eq!(a.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn its_person_waits_for_the_cool_down() {
    let mut world = World::new();
    world.number.enforcement = Enforcement::On;
    let a = Fake::accepting();
    let scene = Scene::within(world, senders([&a])).await;
    scene.world.clock.advance(12 * SECOND);

    let too_many = Refusal::TooMany {
        rule: WaitRule::CoolDown,
        retry_after: 18 * SECOND,
    };
    assert_eq!(refusal(scene.resend().await), too_many);
    assert_eq!(a.sent().len(), 1);

    scene.world.clock.advance(18 * SECOND);
    let resent = scene.resend().await.unwrap();
    assert_eq!(resent.resend_in, Duration::from_mins(1));
    assert_eq!(a.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_challenge_has_three_messages() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let scene = Scene::over(senders([&a, &b])).await;
    scene.resend().await.unwrap();
    scene.resend().await.unwrap();

    assert_eq!(refusal(scene.resend().await), Refusal::MessagesSpent);

    assert_eq!((a.sent().len(), b.sent().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_names_another_number_learns_nothing() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let scene = Scene::over(senders([&a, &b])).await;

    for receiver in ["09121234568", "no number", ""] {
        let answer = scene.resend_by(receiver, None).await;
        assert_eq!(refusal(answer), Refusal::ChallengeEnded, "{receiver}");
    }

    assert!(b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_or_was_answered_is_not_sent_again() {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let expired = Scene::over(senders([&a, &b])).await;
    expired.world.clock.advance(LIFETIME);
    assert_eq!(refusal(expired.resend().await), Refusal::ChallengeEnded);

    let answered = Scene::over(senders([&a, &b])).await;
    answered.log_in_by(&a).await;
    assert_eq!(refusal(answered.resend().await), Refusal::ChallengeEnded);

    assert!(b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn when_every_way_refuses_its_person_is_told_and_the_first_message_still_counts() {
    let (a, b) = (Fake::accepting(), Fake::refusing(SendRefusal::NoCredit));
    let scene = Scene::over(senders([&a, &b])).await;
    a.answer(refused(SendRefusal::RateLimited));

    let answer = scene.resend().await;

    let fault = answer.expect_err("nobody took it");
    assert!(matches!(fault, Error::Fault(Fault::Delivery(_))), "{fault}");
    scene.log_in_by(&a).await;
}

#[tokio::test(start_paused = true)]
async fn a_number_that_wants_no_message_more_is_unreachable_and_the_first_still_counts() {
    let (a, b) = (Fake::accepting(), Fake::refusing(SendRefusal::OptedOut));
    let scene = Scene::over(senders([&a, &b])).await;

    let answer = scene.resend().await;

    let opted_out = Refusal::NumberUnreachable(SendRefusal::OptedOut);
    assert_eq!(refusal(answer), opted_out);
    scene.log_in_by(&a).await;
}

/// Or else whoever is on a route of two of which one is down could never ask again.
#[tokio::test(start_paused = true)]
async fn when_the_next_provider_refuses_the_one_that_took_the_first_message_takes_another() {
    let (a, b) = (Fake::accepting(), Fake::refusing(SendRefusal::Temporary));
    let scene = Scene::over(senders([&a, &b])).await;

    scene.resend().await.unwrap();

    let attempts: Vec<u8> = a.sent().iter().map(|id| id.attempt).collect();
    assert_eq!(attempts, [1, 3]);
    assert_eq!(b.sent().len(), 1);
}

fn refusal(answer: Result<Started, Error>) -> Refusal {
    match answer {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
